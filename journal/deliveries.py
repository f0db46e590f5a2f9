"""Messages to subscribers: made from the feed by a cursor, taken one by one, tried until done.

    waiting --take--> sending --taken--> done
                         |------refused--> waiting (again, later)  or  failed (for good)

A message is an event and a subscription, so it is made once. Of one subject (a return) only the
oldest open message may be taken, so that a receiver hears its events in their order. A
subscription that refuses several messages in a row is paused; one message at a time then probes
whether it is back, and the others' attempts are not used up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, text, update

from journal import tables, webhooks
from journal.entries import Recorded
from journal.journal import Journal
from journal.waits import Waits

MOST_WAITING = 10_000
"""With so many messages open a subscription gets no new ones: the feed waits for it, unread."""
BATCH = 500
MOST_AT_ONCE = 4
"""Messages of one subscription that are under way at the same time."""
MOST_ATTEMPTS = 10
WAITS = Waits(5, 4, 10 * 3600)
"""5 s, 20 s, 80 s, 5 min, 21 min, 85 min, 6 h, 10 h, 10 h: a day and more in all."""
PAUSES = Waits(5, 2, 300)
FAILURES_TO_PAUSE = 5
TAKEN_OVER_AFTER = timedelta(seconds=60)
KEPT_DAYS = 30

_hook, _delivery, _attempt = tables.webhook, tables.webhook_delivery, tables.webhook_attempt
_NEXT = text(
    "SELECT position FROM webhook_delivery AS one WHERE webhook_id = :id AND due_at <= :at"
    " AND status IN ('waiting', 'sending') AND NOT EXISTS (SELECT FROM webhook_delivery AS earlier"
    "   WHERE earlier.webhook_id = :id AND earlier.subject = one.subject"
    "   AND earlier.position < one.position AND earlier.status IN ('waiting', 'sending'))"
    " ORDER BY position LIMIT 1"
)
"""The oldest message that may be sent: due, and no earlier one of its subject is open."""


@dataclass(frozen=True, slots=True)
class Message:
    """One that was taken to be sent now. ``attempt`` counts from 1."""

    webhook_id: str
    position: int
    attempt: int
    url: str


def fill(journal: Journal, conn: Connection, webhook_id: str, at: datetime) -> int:
    """Make messages of what the feed has for a subscription; how many. Never skips an event.

    In the caller's transaction: cursor and messages move together.
    """
    hook = webhooks.one(conn, webhook_id, lock=True)
    room = min(BATCH, MOST_WAITING - hook["waiting"])
    if hook["status"] != "active" or room <= 0:
        return 0
    settled = journal.settled(conn)
    entries = journal.follow(conn, hook["cursor"], room, hook["types"] or None)
    last = entries[-1].position if entries else hook["cursor"]
    cursor = last if len(entries) == room else max(last, settled)
    _store(conn, webhook_id, entries, at)
    conn.execute(update(_hook).where(_hook.c.webhook_id == webhook_id).values(cursor=cursor))
    return len(entries)


def _store(conn: Connection, webhook_id: str, entries: Sequence[Recorded], at: datetime) -> None:
    rows = [
        {
            "webhook_id": webhook_id,
            "position": entry.position,
            "subject": entry.stream,
            "type": entry.type,
            "status": "waiting",
            "due_at": at,
            "created_at": at,
        }
        for entry in entries
    ]
    if rows:
        conn.execute(insert(_delivery), rows)


def due(conn: Connection, webhook_id: str, at: datetime) -> bool:
    """Whether somebody should come and send."""
    paused = select(_hook.c.webhook_id).where(
        _hook.c.webhook_id == webhook_id,
        (_hook.c.status != "active") | (_hook.c.paused_until > at),
    )
    if conn.execute(paused).first() is not None:
        return False
    return conn.execute(_NEXT, {"id": webhook_id, "at": at}).first() is not None


def take(conn: Connection, webhook_id: str, at: datetime) -> Message | None:
    """Take the next message of a subscription; ``None`` where nothing may be sent now.

    Refused: ``unknown_webhook``.
    """
    hook = webhooks.one(conn, webhook_id, lock=True)  # takers of one subscription take turns
    if hook["status"] != "active" or (hook["paused_until"] and hook["paused_until"] > at):
        return None
    own = _delivery.c.webhook_id == webhook_id
    under_way = conn.execute(
        select(func.count()).where(own, _delivery.c.status == "sending", _delivery.c.due_at > at)
    ).scalar_one()
    if under_way >= (1 if hook["failures"] >= FAILURES_TO_PAUSE else MOST_AT_ONCE):
        return None
    position = conn.execute(_NEXT, {"id": webhook_id, "at": at}).scalar()
    if position is None:
        return None
    attempt: int = conn.execute(
        update(_delivery)
        .where(own, _delivery.c.position == position)
        .values(status="sending", attempts=_delivery.c.attempts + 1, due_at=at + TAKEN_OVER_AFTER)
        .returning(_delivery.c.attempts)
    ).scalar_one()
    return Message(webhook_id, position, attempt, hook["url"])


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended. ``status`` is that of HTTP, ``None`` where nobody answered."""

    at: datetime
    took_ms: int
    status: int | None
    answer: str
    error: str | None = None
    wait_seconds: int | None = None

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def record(conn: Connection, message: Message, attempt: Attempt, draw: float) -> str | None:
    """Keep how an attempt ended and what follows; why the subscription was disabled, if it was.

    A receiver that says 410 is disabled, and one that took nothing since the message was made
    when its last attempt fails; the message goes on waiting. A message that is refused while
    others are taken has failed for good. ``draw``: as of ``Waits.after``.
    """
    conn.execute(
        insert(_attempt).values(
            webhook_id=message.webhook_id,
            position=message.position,
            at=attempt.at,
            attempt=message.attempt,
            took_ms=attempt.took_ms,
            status=attempt.status,
            answer=attempt.answer,
            error=attempt.error,
        )
    )
    query = select(_hook).where(_hook.c.webhook_id == message.webhook_id).with_for_update()
    hook = conn.execute(query).mappings().one()
    if not attempt.taken:
        return _refused(conn, hook, message, attempt, draw)
    _taken(conn, message, attempt)
    return None


def _taken(conn: Connection, message: Message, attempt: Attempt) -> None:
    conn.execute(
        update(_hook)
        .where(_hook.c.webhook_id == message.webhook_id)
        .values(failures=0, failing_since=None, paused_until=None, last_success_at=attempt.at)
    )
    _settle(conn, message, status="done", settled_at=attempt.at)


def _settle(conn: Connection, message: Message, **values: object) -> None:
    """Change the message, unless it was taken over or made anew meanwhile."""
    conn.execute(
        update(_delivery)
        .where(
            _delivery.c.webhook_id == message.webhook_id,
            _delivery.c.position == message.position,
            _delivery.c.attempts == message.attempt,
            _delivery.c.status == "sending",
        )
        .values(**values)
    )


def _refused(
    conn: Connection, hook: RowMapping, message: Message, attempt: Attempt, draw: float
) -> str | None:
    failures = hook["failures"] + 1
    wait = max(WAITS.after(message.attempt, draw), timedelta(seconds=attempt.wait_seconds or 0))
    wait = min(wait, timedelta(seconds=WAITS.most_seconds))
    pause = None
    if failures >= FAILURES_TO_PAUSE:
        pause = attempt.at + PAUSES.after(failures - FAILURES_TO_PAUSE + 1, draw)
    conn.execute(
        update(_hook)
        .where(_hook.c.webhook_id == message.webhook_id)
        .values(
            failures=failures,
            failing_since=hook["failing_since"] or attempt.at,
            paused_until=pause,
            last_failure_at=attempt.at,
        )
    )
    because = _hopeless(conn, hook, message, attempt)
    if because is None and message.attempt >= MOST_ATTEMPTS:
        _settle(conn, message, status="failed", settled_at=attempt.at)
        return None
    _settle(conn, message, status="waiting", due_at=attempt.at + wait)
    if because is not None:
        webhooks.disable(conn, message.webhook_id, because)
    return because


def _hopeless(conn: Connection, hook: RowMapping, message: Message, attempt: Attempt) -> str | None:
    """Why nothing more is to be sent to the receiver, if so."""
    if attempt.status == 410:
        return "The receiver answered 410 Gone."
    if message.attempt < MOST_ATTEMPTS:
        return None
    made = select(_delivery.c.created_at).where(
        _delivery.c.webhook_id == message.webhook_id, _delivery.c.position == message.position
    )
    since = conn.execute(made).scalar()
    if since is None or (hook["last_success_at"] and hook["last_success_at"] >= since):
        return None
    return f"The receiver took nothing since {hook['failing_since'] or attempt.at:%Y-%m-%d %H:%M}."


def listed(
    conn: Connection, webhook_id: str, *, status: str | None = None, limit: int = 50
) -> list[dict[str, object]]:
    """Messages of a subscription, the newest first, each with its attempts, the oldest first."""
    query = select(_delivery).where(_delivery.c.webhook_id == webhook_id)
    if status is not None:
        query = query.where(_delivery.c.status == status)
    query = query.order_by(_delivery.c.position.desc()).limit(limit)
    found = [_named(row) for row in conn.execute(query).mappings()]
    tried = (
        select(_attempt)
        .where(
            _attempt.c.webhook_id == webhook_id,
            _attempt.c.position.in_([row["position"] for row in found]),
        )
        .order_by(_attempt.c.attempt_id)
    )
    attempts: dict[object, list[dict[str, object]]] = {}
    for row in conn.execute(tried).mappings():
        attempts.setdefault(row["position"], []).append(_named(row))
    return [row | {"tries": attempts.get(row["position"], [])} for row in found]


def _named(row: RowMapping) -> dict[str, object]:
    hidden = ("webhook_id", "attempt_id")
    return {str(name): value for name, value in row.items() if name not in hidden}


def forget(conn: Connection, at: datetime) -> int:
    """Forget messages that were settled, and attempts, longer ago than ``KEPT_DAYS``; how many."""
    before = at - timedelta(days=KEPT_DAYS)
    conn.execute(delete(_attempt).where(_attempt.c.at < before))
    old = delete(_delivery).where(
        _delivery.c.created_at < before, _delivery.c.status.in_(("done", "failed"))
    )
    return conn.execute(old).rowcount
