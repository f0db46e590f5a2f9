"""Effects on their way out: stored and queued with the event, performed at least once.

An effect is a row (what is wanted, what became of it) and a job (who does it next). Both are
written in the transaction of the event, so neither exists without it. The job's lock is the
return, so that the effects of one return reach the world one after the other, in the order
asked: one that is being retried holds back those after it until it is done or parked.

    pending --claim--> doing --done--> done
                         |---failed--> pending (again, later)  or  parked (a person must look)
    parked --retry--> pending, or given up by two people: abandoned

Doing it twice is harmless by contract: the key comes from the decision, and the other side
remembers it. The queue is Procrastinate on the same PostgreSQL.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from procrastinate import App, PsycopgConnector
from sqlalchemy import Connection

from journal.database import raw
from journal.entries import Defer
from journal.tracing import traceparent
from journal.waits import Waits
from workflow.effects import Effect

QUEUE = "effects"
TASK = "perform_effect"
MAX_ATTEMPTS = 12
"""Then a person looks. What a system that is down did not answer is no attempt."""
WAITS = Waits(1, 2, 300)
"""1, 2, 4 ... seconds and at most five minutes, each shortened at random by up to half."""

_deferring = App(connector=PsycopgConnector())  # never opened: it only writes where it is told


@dataclass(frozen=True, slots=True)
class Claimed:
    """An effect somebody works on now. ``attempts`` counts this attempt too; ``system`` is who is
    asked, ``None`` for what is done in-house; ``traceparent`` is the trace of who wanted it."""

    effect: Effect
    attempts: int
    decided_at_position: int
    traceparent: str | None = None

    @property
    def system(self) -> str | None:
        return system_of(self.effect.kind)


def system_of(kind: str) -> str | None:
    """The system that an effect's kind names (``erp`` of ``erp.rma``); ``None``: in-house."""
    system, dot, _ = kind.partition(".")
    return system if dot else None


def store_effects(
    conn: Connection, wanted: Iterable[tuple[Effect, int, datetime]], defer: Defer | None
) -> None:
    """Keep effects with the position that decided them, and queue those not asked before."""
    effects = {effect.key: (effect, position, at) for effect, position, at in wanted}
    if not effects:
        return
    rows = [
        {
            "key": effect.key,
            "kind": effect.kind,
            "return_id": effect.return_id,
            "payload": dict(effect.payload),
            "status": "pending",
            "attempts": 0,
            "created_at": at.isoformat(),
            "updated_at": at.isoformat(),
            "decided_at_position": position,
            "traceparent": traceparent(),
        }
        for effect, position, at in effects.values()
    ]
    new = raw(conn).execute(
        "INSERT INTO effect SELECT * FROM json_populate_recordset(NULL::effect, %s::json)"
        " ON CONFLICT (key) DO NOTHING RETURNING key",
        (orjson.dumps(rows).decode(),),
    )
    if defer is not None:
        for key in sorted({row[0] for row in new}, key=list(effects).index):
            defer(conn, effects[key][0])


def defer_effect(conn: Connection, effect: Effect) -> None:
    """Queue an effect in the caller's transaction: rolled back, there is no job."""
    _defer(conn, effect.key, effect.return_id)


def _defer(conn: Connection, key: str, return_id: str) -> None:
    deferrer = _deferring.configure_task(
        name=TASK,
        allow_unknown=True,
        queue=QUEUE,
        lock=return_id,
        queueing_lock=key,
        connection=raw(conn),
    )
    deferrer.defer(key=key)


def claim(conn: Connection, key: str) -> Claimed | None:
    """Take an effect to work on; ``None`` where it is done, parked or unknown.

    One that is ``doing`` already was left by a worker that died, and is taken again.
    """
    taken = claim_many(conn, [key])
    return taken[0] if taken else None


def claim_many(conn: Connection, keys: Sequence[str]) -> list[Claimed]:
    """As ``claim``, those that can be taken, in the order of ``keys``."""
    rows = raw(conn).execute(
        "UPDATE effect SET status = 'doing', attempts = attempts + 1, updated_at = now()"
        " WHERE key = ANY (%s) AND status IN ('pending', 'doing')"
        " RETURNING key, kind, return_id, payload::text, attempts, decided_at_position,"
        " traceparent",
        (list(keys),),
    )
    taken = {
        key: Claimed(Effect(key, kind, return_id, orjson.loads(payload)), *rest)
        for key, kind, return_id, payload, *rest in rows
    }
    return [taken[key] for key in keys if key in taken]


def done(conn: Connection, references: Mapping[str, str | None]) -> None:
    """The world did these effects; ``references`` are the other system's document numbers."""
    raw(conn).execute(
        "UPDATE effect SET status = 'done', reference = new.reference, error = NULL,"
        " updated_at = now()"
        " FROM unnest(%s::text[], %s::text[]) AS new (key, reference) WHERE effect.key = new.key",
        (list(references), list(references.values())),
    )


def failed(
    conn: Connection, key: str, error: str, *, final: bool = False, counted: bool = True
) -> None:
    """An attempt failed; it stays ``pending`` for the next, or is ``parked`` if ``final``.

    One that is not ``counted`` uses up nothing: the system was down.
    """
    raw(conn).execute(
        "UPDATE effect SET status = %s, error = %s, attempts = attempts - %s, updated_at = now()"
        " WHERE key = %s AND status IN ('pending', 'doing')",
        ("parked" if final else "pending", error[:2000], int(not counted), key),
    )


def hold_parked(conn: Connection, key: str) -> bool:
    """Whether an effect is parked; if so, nobody changes that before the transaction ends."""
    query = "SELECT FROM effect WHERE key = %s AND status = 'parked' FOR UPDATE"
    return raw(conn).execute(query, (key,)).fetchone() is not None


def correct(conn: Connection, key: str, payload: Mapping[str, object]) -> None:
    """What a parked effect asks from now on; the journal says what it asked before."""
    query = "UPDATE effect SET payload = %s::json WHERE key = %s AND status = 'parked'"
    raw(conn).execute(query, (orjson.dumps(dict(payload)).decode(), key))


def retry(conn: Connection, key: str) -> bool:
    """Put a parked effect back in the queue; ``False`` where it is not parked."""
    row = (
        raw(conn)
        .execute(
            "UPDATE effect SET status = 'pending', attempts = 0, updated_at = now()"
            " WHERE key = %s AND status = 'parked' RETURNING return_id",
            (key,),
        )
        .fetchone()
    )
    if row is None:
        return False
    defer_waiting(conn, [key])
    return True


def defer_waiting(conn: Connection, keys: Sequence[str] | None = None, limit: int = 1000) -> int:
    """Queue effects that wait without a job (appended without one, or their job failed).

    Returns how many were queued; those in the queue already are left alone.
    """
    rows = raw(conn).execute(
        "SELECT key, return_id FROM effect WHERE status IN ('pending', 'doing')"
        " AND (%s::text[] IS NULL OR key = ANY (%s::text[]))"
        " AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs AS job WHERE job.queue_name = %s"
        "   AND job.queueing_lock = effect.key AND job.status IN ('todo', 'doing'))"
        " ORDER BY decided_at_position, key LIMIT %s FOR UPDATE SKIP LOCKED",
        (keys, keys, QUEUE, limit),
    ).fetchall()  # fmt: skip
    for key, return_id in rows:
        _defer(conn, key, return_id)
    return len(rows)


def ask(conn: Connection, task: str, queue: str, subject: str, most: int) -> int:
    """Queue an errand about a subject in the caller's transaction, so that ``most`` are there.

    Returns how many were queued; askers of one task and subject take turns until they commit.
    """
    name = f"{task}:{subject}"
    raw(conn).execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (name,))
    rows = raw(conn).execute(
        "SELECT queueing_lock FROM procrastinate_jobs WHERE queue_name = %s"
        " AND status IN ('todo', 'doing') AND queueing_lock LIKE %s",
        (queue, f"{name}:%"),
    )
    there = {row[0] for row in rows}
    missing = [lock for n in range(most) if (lock := f"{name}:{n}") not in there]
    for lock in missing:
        _deferring.configure_task(
            name=task, allow_unknown=True, queue=queue, queueing_lock=lock, connection=raw(conn)
        ).defer(subject=subject)
    return len(missing)
