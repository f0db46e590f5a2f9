"""Facts that wait at the edge: kept, found by what they wait for, listed; and what is known."""

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, Select, func, select, tuple_
from sqlalchemy.dialects.postgresql import array, insert

from journal import tables
from journal.database import raw
from journal.entries import Append
from journal.journal import Journal
from workflow.actor import Actor
from workflow.parked_facts import FactParked, ParkedFactAbandoned, ParkedFactTaken

MOST_ROWS = 200
_table = tables.parked_fact

_ONE = {
    "customer": "SELECT customer_id FROM customer WHERE customer_id = ANY (%s)",
    "supplier": "SELECT supplier_id FROM supplier WHERE supplier_id = ANY (%s)",
    "product": "SELECT sku FROM product WHERE sku = ANY (%s)",
    "invoice": "SELECT invoice_id FROM invoice WHERE invoice_id = ANY (%s)",
    "return": "SELECT return_id FROM return_case WHERE return_id = ANY (%s)",
    "recall": "SELECT recall_id FROM recall WHERE recall_id = ANY (%s)",
}
_TWO = {
    "lot": "SELECT sku || '/' || lot FROM lot WHERE sku = ANY (%s)",
    "invoice": "SELECT invoice_id || '/' || line FROM invoice_line WHERE invoice_id = ANY (%s)",
    "return": "SELECT return_id || '/' || line FROM case_line WHERE return_id = ANY (%s)",
}
"""How references of one part, and of two, are looked up by their first part."""


def parked_id_of(source: str, event_id: str) -> str:
    """The number of a parked fact: the same for every delivery of one event."""
    return "PF-" + hashlib.sha256(f"{source}\0{event_id}".encode()).hexdigest()[:20]


def unknown(conn: Connection, references: Sequence[str]) -> tuple[str, ...]:
    """Which of some references (``workflow.waiting``) nobody has told us of, in their order."""
    wanted: dict[tuple[str, int], set[str]] = {}
    for reference in references:
        kind, *parts = reference.split("/")
        wanted.setdefault((kind, len(parts)), set()).add(parts[0])
    known: set[str] = set()
    for (kind, parts_many), keys in wanted.items():
        query = (_ONE if parts_many == 1 else _TWO)[kind]
        rows = raw(conn).execute(query.encode(), (sorted(keys),))
        known |= {f"{kind}/{row[0]}" for row in rows}
    return tuple(reference for reference in references if reference not in known)


def takes_turn(conn: Connection, stream: str, at: datetime) -> bool:
    """Whether what happened at ``at`` is not older than what was told of the stream; it is the
    newest from here on. Two who tell the same stream take turns until the commit."""
    told = tables.told_time
    made = insert(told).values(stream=stream, at=at)
    newest = made.on_conflict_do_update(
        index_elements=[told.c.stream],
        set_={"at": made.excluded.at},
        where=told.c.at <= made.excluded.at,
    ).returning(told.c.at)
    return conn.execute(newest).first() is not None


def park(journal: Journal, conn: Connection, fact: FactParked, actor: Actor, at: datetime) -> None:
    """Keep a fact until it can be recorded."""
    journal.append(conn, [Append(f"parked/{fact.parked_id}", (fact,), actor, at)])


def take(
    journal: Journal,
    conn: Connection,
    parked_id: str,
    position: int | None,
    actor: Actor,
    at: datetime,
) -> None:
    """Say that a parked fact is recorded."""
    fact = ParkedFactTaken(parked_id, at, position)
    journal.append(conn, [Append(f"parked/{parked_id}", (fact,), actor, at)])


def abandon(
    journal: Journal, conn: Connection, parked_id: str, actor: Actor, at: datetime, because: str
) -> None:
    """Say that a parked fact will never be recorded; whoever asks has locked it."""
    fact = ParkedFactAbandoned(parked_id, actor.id, at, because)
    journal.append(conn, [Append(f"parked/{parked_id}", (fact,), actor, at)])


def one(conn: Connection, parked_id: str) -> RowMapping | None:
    """One parked fact, whatever became of it."""
    query = select(_table).where(_table.c.parked_id == parked_id)
    return conn.execute(query).mappings().one_or_none()


def lock(conn: Connection, parked_id: str) -> RowMapping | None:
    """The same, held against everybody else until the commit."""
    query = select(_table).where(_table.c.parked_id == parked_id).with_for_update()
    return conn.execute(query).mappings().one_or_none()


def listed(
    conn: Connection,
    *,
    status: str | None = "waiting",
    reason: str | None = None,
    after: str | None = None,
    limit: int = MOST_ROWS,
) -> Sequence[RowMapping]:
    """Parked facts, the longest waiting first, at most 200; ``after`` is the last number seen."""
    query = select(_table)
    if status is not None:
        query = query.where(_table.c.status == status)
    if reason is not None:
        query = query.where(_table.c.reason == reason)
    seen = one(conn, after) if after is not None else None
    if seen is not None:
        order = tuple_(_table.c.received_at, _table.c.parked_id)
        query = query.where(order > (seen["received_at"], seen["parked_id"]))
    query = query.order_by(_table.c.received_at, _table.c.parked_id).limit(min(limit, MOST_ROWS))
    return conn.execute(query).mappings().all()


def counts(conn: Connection) -> dict[str, int]:
    """How many wait, by reason."""
    query = (
        select(_table.c.reason, func.count())
        .where(_table.c.status == "waiting")
        .group_by(_table.c.reason)
    )
    return dict(Counter({row[0]: row[1] for row in conn.execute(query)}))


def waiting_for(conn: Connection, references: Collection[str], limit: int) -> list[str]:
    """Facts that wait for any of these, the longest waiting first."""
    return _ids(conn, _waiting().where(_table.c.waits_for.has_any(array(list(references)))), limit)


def waiting_because(conn: Connection, reasons: Collection[str], limit: int) -> list[str]:
    """Facts that wait for one of these reasons, the longest waiting first."""
    return _ids(conn, _waiting().where(_table.c.reason.in_(reasons)), limit)


def _waiting() -> Select[str]:
    return select(_table.c.parked_id).where(_table.c.status == "waiting")


def _ids(conn: Connection, query: Select[str], limit: int) -> list[str]:
    ordered = query.order_by(_table.c.received_at, _table.c.parked_id).limit(limit)
    return list(conn.execute(ordered).scalars())
