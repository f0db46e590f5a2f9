"""The first answer to a request, kept with what it changed, and given again to a repetition.

Everything happens in the caller's transaction: a crash leaves neither the change nor the key,
and the next attempt starts anew. To remember a refusal too, run the command in a savepoint,
roll that back, and ``finish`` with the refusal.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from journal import tables

KEPT_HOURS = 24


class KeyReused(Exception):
    """The key came before with another request; a new request needs a new key."""


class InProgress(Exception):
    """The first request with this key is still being answered; ask again shortly."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the first request was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def fingerprint(route: str, body: bytes) -> bytes:
    """What makes two requests the same: the route (method and path) and the exact body."""
    return hashlib.sha256(route.encode() + b"\0" + body).digest()


def begin(
    conn: Connection,
    actor: str,
    key: str,
    route: str,
    print_: bytes,
    at: datetime,
    hours: float = KEPT_HOURS,
) -> Answer | None:
    """The first answer, if there was one; ``None`` means: do it now, then ``finish``.

    Keys are each actor's own. Errors: ``KeyReused``, ``InProgress``.
    """
    table = tables.idempotency
    digest = hashlib.sha256(f"{actor}\0{key}".encode()).digest()
    halves = [int.from_bytes(digest[i : i + 4], "big", signed=True) for i in (0, 4)]
    if not conn.execute(select(func.pg_try_advisory_xact_lock(*halves))).scalar_one():
        raise InProgress(f"A request with the key {key!r} is being answered: ask again shortly.")
    same = (table.c.actor == actor) & (table.c.key == key)
    conn.execute(delete(table).where(same, table.c.expires_at <= at))
    row = conn.execute(select(table).where(same)).mappings().one_or_none()
    if row is None:
        conn.execute(
            insert(table).values(
                actor=actor,
                key=key,
                route=route,
                fingerprint=print_,
                created_at=at,
                expires_at=at + timedelta(hours=hours),
            )
        )
        return None
    if bytes(row["fingerprint"]) != print_:
        raise KeyReused(f"The key {key!r} was used for another request: use a new one.")
    if row["status"] is None:
        # Committed without an answer: the caller forgot ``finish``. Nothing can be replayed.
        raise InProgress(f"The request with the key {key!r} was left without an answer.")
    return Answer(row["status"], row["headers"] or {}, bytes(row["response"] or b""))


def finish(conn: Connection, actor: str, key: str, answer: Answer) -> None:
    """Keep the answer beside what it changed, in the same transaction as ``begin``."""
    table = tables.idempotency
    conn.execute(
        update(table)
        .where(table.c.actor == actor, table.c.key == key)
        .values(status=answer.status, headers=dict(answer.headers), response=answer.body)
    )


def forget_expired(conn: Connection, at: datetime) -> int:
    """Remove keys past their time; how many."""
    table = tables.idempotency
    return conn.execute(delete(table).where(table.c.expires_at <= at)).rowcount
