"""How the ways to other systems are doing: what waits, what was tried, what stopped and why.

Four ways: effects to systems, webhooks, facts told to us by source, and the feed on the broker.
Each gives the same three kinds of rows; every query reads what is open, or one day by an index.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, text

from journal.feed_position import published_up_to

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_ROWS = 200
"""Of parked rows, those with the most; likewise of sources, in the order of their names."""
MOST_BEHIND = 10_000
"""Events behind the feed are counted up to here."""


@dataclass(frozen=True, slots=True)
class Figures:
    """``waiting``: ``system``, ``many``, ``oldest``. ``tries``: ``system``, ``hour_failed``,
    ``hour_done``, ``day_failed``, ``day_done``, ``last_success``. ``parked``: ``system``,
    ``cause``, ``currency`` and ``minor`` (``None`` where money is not known), ``many``,
    ``oldest``."""

    waiting: Sequence[RowMapping]
    tries: Sequence[RowMapping]
    parked: Sequence[RowMapping]


def effects(conn: Connection, at: datetime) -> Figures:
    """Effects by the system they ask; what is done in-house is left out.

    Tries that failed are those kept (``attempts``); one that is done is one try more.
    """
    return Figures(*(_rows(conn, query, at) for query in (_WAITING, _TRIES, _PARKED)))


def hooks(conn: Connection, at: datetime) -> Figures:
    """Webhooks by their id; the removed are left out. Parked is what failed for good."""
    return Figures(*(_rows(conn, query, at) for query in (_HOOKS, _HOOK_TRIES, _HOOK_PARKED)))


def facts(conn: Connection, at: datetime) -> Figures:
    """Facts by source. Waiting is what is taken by itself once something else is known; parked is
    what a person must look at. A fact that could not be recorded when it was told is a failure."""
    return Figures(*(_rows(conn, query, at) for query in (_FACTS, _FACT_TRIES, _FACT_PARKED)))


def feed(conn: Connection, name: str, settled: int) -> RowMapping:
    """Of a feed handed on to ``name``: events ``many`` behind (at most ``MOST_BEHIND``) up to the
    ``settled`` position, when the ``oldest`` was recorded, and the last that was handed on."""
    values = {"after": published_up_to(conn, name), "settled": settled, "most": MOST_BEHIND}
    return conn.execute(_FEED, values).mappings().one()


def _rows(conn: Connection, query: str, at: datetime) -> Sequence[RowMapping]:
    values = {"hour": at - HOUR, "day": at - DAY, "most": MOST_ROWS}
    used = {name: value for name, value in values.items() if f":{name}" in query}
    return conn.execute(text(query), used).mappings().all()


_WAITING = """
SELECT split_part(kind, '.', 1) AS system, count(*) AS many, min(created_at) AS oldest
FROM effect WHERE status IN ('pending', 'doing') AND kind LIKE '%.%' GROUP BY 1
"""
_TRIES = """
WITH failed AS (
  SELECT split_part(effect.kind, '.', 1) AS system, count(*) AS day,
    count(*) FILTER (WHERE attempt.at >= :hour) AS hour
  FROM effect_attempt AS attempt JOIN effect USING (key)
  WHERE attempt.at >= :day AND attempt.outcome <> 'done' GROUP BY 1
), done AS (
  SELECT split_part(kind, '.', 1) AS system, count(*) AS day,
    count(*) FILTER (WHERE updated_at >= :hour) AS hour
  FROM effect WHERE status = 'done' AND updated_at >= :day AND kind LIKE '%.%' GROUP BY 1
)
SELECT asked.system, coalesce(failed.hour, 0) AS hour_failed, coalesce(failed.day, 0) AS day_failed,
  coalesce(done.hour, 0) AS hour_done, coalesce(done.day, 0) AS day_done,
  (SELECT updated_at FROM effect WHERE status = 'done' AND split_part(kind, '.', 1) = asked.system
   ORDER BY updated_at DESC LIMIT 1) AS last_success
FROM (SELECT system FROM effect_system UNION SELECT system FROM failed
      UNION SELECT system FROM done) AS asked
LEFT JOIN failed USING (system) LEFT JOIN done USING (system)
"""
_PARKED = """
SELECT split_part(kind, '.', 1) AS system,
  coalesce(left(nullif(split_part(error, ':', 1), ''), 100), 'unknown') AS cause,
  payload ->> 'currency' AS currency, count(*) AS many, min(updated_at) AS oldest,
  sum(coalesce(payload ->> 'net_minor', payload ->> 'amount_minor', payload ->> 'claimed_minor')
      ::bigint + coalesce(payload ->> 'tax_minor', '0')::bigint)::bigint AS minor
FROM effect WHERE status = 'parked' AND kind LIKE '%.%' GROUP BY 1, 2, 3
ORDER BY many DESC, system, cause LIMIT :most
"""
_HOOKS = """
SELECT webhook.webhook_id AS system, count(delivery.position) AS many,
  min(delivery.created_at) AS oldest
FROM webhook LEFT JOIN webhook_delivery AS delivery ON delivery.webhook_id = webhook.webhook_id
  AND delivery.status IN ('waiting', 'sending')
WHERE webhook.status <> 'removed' GROUP BY 1
"""
_HOOK_TRIES = """
SELECT webhook_id AS system, last_success_at AS last_success,
  count(at) FILTER (WHERE NOT taken) AS day_failed, count(at) FILTER (WHERE taken) AS day_done,
  count(at) FILTER (WHERE NOT taken AND at >= :hour) AS hour_failed,
  count(at) FILTER (WHERE taken AND at >= :hour) AS hour_done
FROM webhook LEFT JOIN (
  SELECT webhook_id, at, coalesce(status BETWEEN 200 AND 299, false) AS taken
  FROM webhook_attempt WHERE at >= :day) AS attempt USING (webhook_id)
WHERE status <> 'removed' GROUP BY 1, 2
"""
_HOOK_PARKED = """
SELECT webhook_id AS system, coalesce('http_' || last.status, 'no_answer') AS cause,
  NULL AS currency, NULL AS minor, count(*) AS many, min(delivery.settled_at) AS oldest
FROM webhook_delivery AS delivery JOIN webhook USING (webhook_id) LEFT JOIN LATERAL (
  SELECT status FROM webhook_attempt AS attempt WHERE attempt.webhook_id = delivery.webhook_id
    AND attempt.position = delivery.position ORDER BY attempt_id DESC LIMIT 1) AS last ON true
WHERE delivery.status = 'failed' AND webhook.status <> 'removed' GROUP BY 1, 2
ORDER BY many DESC, system, cause LIMIT :most
"""
_FACTS = """
SELECT source AS system, count(*) AS many, min(received_at) AS oldest
FROM parked_fact WHERE status = 'waiting' AND reason = 'waits'
GROUP BY 1 ORDER BY 2 DESC LIMIT :most
"""
_FACT_TRIES = """
WITH RECURSIVE teller (actor) AS (
  (SELECT actor FROM idempotency WHERE actor >= 'event:' AND actor < 'event;'
   ORDER BY actor LIMIT 1)
  UNION ALL SELECT (SELECT actor FROM idempotency WHERE actor > teller.actor AND actor < 'event;'
   ORDER BY actor LIMIT 1) FROM teller WHERE actor IS NOT NULL
), told AS (
  SELECT actor, substr(actor, 7) AS source FROM teller WHERE actor IS NOT NULL LIMIT :most
)
SELECT told.source AS system, failed.hour AS hour_failed, failed.day AS day_failed,
  greatest(every.hour - failed.hour, 0) AS hour_done,
  greatest(every.day - failed.day, 0) AS day_done,
  (SELECT created_at FROM idempotency AS one WHERE one.actor = told.actor AND NOT EXISTS (
     SELECT FROM parked_fact WHERE source = told.source AND event_id = one.key
     AND status <> 'taken') ORDER BY created_at DESC LIMIT 1) AS last_success
FROM told, LATERAL (
  SELECT count(*) AS day, count(*) FILTER (WHERE created_at >= :hour) AS hour FROM idempotency
  WHERE actor = told.actor AND created_at >= :day) AS every, LATERAL (
  SELECT count(*) AS day, count(*) FILTER (WHERE received_at >= :hour) AS hour FROM parked_fact
  WHERE source = told.source AND received_at >= :day) AS failed
"""
_FACT_PARKED = """
SELECT source AS system, reason AS cause, NULL AS currency, NULL AS minor, count(*) AS many,
  min(received_at) AS oldest
FROM parked_fact WHERE status = 'waiting' AND reason <> 'waits' GROUP BY 1, 2
ORDER BY many DESC, system, cause LIMIT :most
"""
_FEED = text(
    "SELECT (SELECT count(*) FROM (SELECT FROM event WHERE position > :after"
    "   AND position <= :settled LIMIT :most) AS behind) AS many,"
    " (SELECT recorded_at FROM event WHERE position > :after AND position <= :settled"
    "   ORDER BY position LIMIT 1) AS oldest,"
    " (SELECT recorded_at FROM event WHERE position <= :after ORDER BY position DESC LIMIT 1)"
    "   AS last"
)
