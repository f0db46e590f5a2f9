"""Findings in the journal: what a check found is brought up to date, people accept the rest."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, func, or_, select

from journal import tables
from journal.entries import Append
from journal.journal import Journal
from workflow import findings
from workflow.actor import SYSTEM, Actor
from workflow.facts import FindingOpened
from workflow.findings import FindingFact, Found

_table = tables.finding
DUPLICATE = "customer.duplicate"
UNKNOWN_CODE = "code.unknown"


@dataclass(frozen=True, slots=True)
class Changes:
    """What a check changed. ``touched`` are the records for which something waits, or no longer."""

    opened: tuple[FindingOpened, ...] = ()
    closed: tuple[str, ...] = ()
    touched: frozenset[str] = frozenset()


def bring_up_to_date(
    journal: Journal,
    conn: Connection,
    found: Iterable[Found],
    looked_for: Collection[str],
    at: datetime,
    because: str,
) -> Changes:
    """Open what is new, close what is gone, leave what is known: as many appends as changes.

    ``looked_for`` are the numbers of findings, not closed yet, that the check would have found
    again; those it did not are closed, ``because``. Errors: ``journal.entries.Conflict``.
    """
    by_id = {one.finding_id: one for one in found}
    kept = _rows(conn, {*by_id, *looked_for})
    appends: list[Append] = []
    opened: list[FindingOpened] = []
    closed: list[str] = []
    touched: set[str] = set()
    for finding_id, one in sorted(by_id.items()):
        if _known(kept.get(finding_id), one):
            continue
        history = _history(journal, conn, finding_id) if finding_id in kept else []
        fact = findings.opened(history, one, at)
        if fact is not None:
            appends.append(_append(finding_id, fact, history, SYSTEM, at))
            opened.append(fact)
            blocked = kept[finding_id]["blocks"] if finding_id in kept else ()
            touched |= set(one.records) if one.blocks or blocked else set()
    for finding_id in sorted(set(looked_for) - set(by_id)):
        history = _history(journal, conn, finding_id)
        gone = findings.closed(history, finding_id, at, because)
        if gone is not None:
            appends.append(_append(finding_id, gone, history, SYSTEM, at))
            closed.append(finding_id)
            touched |= set(kept[finding_id]["records"]) if kept[finding_id]["blocks"] else set()
    journal.append(conn, appends)
    return Changes(tuple(opened), tuple(closed), frozenset(touched))


def accept(
    journal: Journal, conn: Connection, finding_id: str, actor: Actor, at: datetime, note: str
) -> None:
    """Record that a finding may stay so; see ``workflow.findings.accepted`` for the codes."""
    history = _history(journal, conn, finding_id)
    fact = findings.accepted(history, finding_id, actor, at, note)
    journal.append(conn, [_append(finding_id, fact, history, actor, at)])


def finding(conn: Connection, finding_id: str) -> RowMapping | None:
    """One finding, open or not."""
    query = select(_table).where(_table.c.finding_id == finding_id)
    return conn.execute(query).mappings().one_or_none()


def not_closed(
    conn: Connection, masters: Collection[str], records: Sequence[str] = ()
) -> list[RowMapping]:
    """Findings of contracts of these masters that are open or accepted; about the records named,
    all of them together. Duplicates are no contract's."""
    query = select(_table).where(_table.c.status != "closed", _table.c.kind != DUPLICATE)
    query = query.where(_master(masters))
    if records:
        query = query.where(_table.c.records.contains(list(records)))
    return list(conn.execute(query).mappings())


def not_closed_of(conn: Connection, kind: str) -> list[RowMapping]:
    """Findings of a kind that are open or accepted."""
    query = select(_table).where(_table.c.status != "closed", _table.c.kind == kind)
    return list(conn.execute(query).mappings())


def blocked(conn: Connection, sku: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The dispositions that wait for gaps in an item's record, and the numbers of those gaps."""
    query = (
        select(_table.c.finding_id, _table.c.blocks)
        .where(_table.c.status == "open", _table.c.records.contains([sku]))
        .where(_master(["product"]))
        .order_by(_table.c.finding_id)
    )
    rows = [row for row in conn.execute(query) if row.blocks]
    blocks = sorted({block for row in rows for block in row.blocks})
    return tuple(blocks), tuple(row.finding_id for row in rows)


def about(conn: Connection, customer_id: str, skus: Collection[str]) -> Sequence[RowMapping]:
    """Open findings about a customer or any of the items, the oldest first, at most 50."""
    mine = _table.c.records.contains([customer_id]) & _master(["customer"])
    for sku in sorted(skus):
        mine |= _table.c.records.contains([sku]) & _master(["product", "lot"])
    query = select(_table).where(_table.c.status == "open", mine)
    query = query.order_by(_table.c.opened_at, _table.c.finding_id)
    return conn.execute(query.limit(50)).mappings().all()


def waiting(conn: Connection) -> Mapping[str, int]:
    """How many findings are open, by the role that owns them."""
    query = select(_table.c.role, func.count()).where(_table.c.status == "open")
    rows = conn.execute(query.group_by(_table.c.role))
    return {str(role): int(count) for role, count in rows}


def _master(masters: Collection[str]) -> ColumnElement[bool]:
    return or_(*(_table.c.kind.startswith(f"{name}.", autoescape=True) for name in masters))


def _rows(conn: Connection, finding_ids: Collection[str]) -> dict[str, RowMapping]:
    query = select(_table).where(_table.c.finding_id.in_(sorted(finding_ids)))
    return {row["finding_id"]: row for row in conn.execute(query).mappings()}


def _known(row: RowMapping | None, one: Found) -> bool:
    """Whether the row says that it is known as it is; what the pure rule would say, cheaply."""
    if row is None or row["status"] == "closed":
        return False
    weighs = (row["severity"], row["role"], tuple(row["blocks"]))
    return weighs == (one.severity, one.role, one.blocks)


def _history(journal: Journal, conn: Connection, finding_id: str) -> list[FindingFact]:
    return [e.event for e in journal.read_stream(conn, findings.stream_of(finding_id))]


def _append(
    finding_id: str, fact: FindingFact, history: Sequence[object], actor: Actor, at: datetime
) -> Append:
    return Append(findings.stream_of(finding_id), (fact,), actor, at, len(history))
