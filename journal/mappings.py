"""What foreign codes mean, in the journal: proposed, approved, withdrawn; and codes seen so far."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, literal, select, union

from journal import tables
from journal.entries import Append
from journal.journal import Journal
from workflow import mappings
from workflow.actor import Actor
from workflow.facts import MappingProposed
from workflow.mappings import ForeignCode, MappingFact, as_told
from workflow.refused import Refused

_table = tables.code_mapping
_SAID = ("mapping_id", "vocabulary", "system", "code", "ours", "match", "loss", "proposed_by",
         "proposed_at")  # fmt: skip


def propose(
    journal: Journal,
    conn: Connection,
    foreign: ForeignCode,
    ours: str | None,
    match: str,
    loss: str,
    by: Actor,
    at: datetime,
) -> MappingProposed:
    """Record what somebody says a code means; see ``workflow.mappings.proposed`` for the codes.

    Errors: ``journal.entries.Conflict`` (somebody was faster: roll back and repeat).
    """
    mappings.check_foreign(foreign)
    history = _history(journal, conn, foreign)
    fact = mappings.proposed(history, foreign, ours, match, loss, by, at)
    journal.append(conn, [Append(mappings.stream_of(foreign), (fact,), by, at, len(history))])
    return fact


def approve(
    journal: Journal, conn: Connection, mapping_id: str, by: Actor, at: datetime
) -> ForeignCode:
    """Let a mapping be used; answers the code it is about. See ``workflow.mappings.approved``."""
    foreign = _foreign(conn, mapping_id)
    history = _history(journal, conn, foreign)
    fact = mappings.approved(history, mapping_id, by, at)
    journal.append(conn, [Append(mappings.stream_of(foreign), (fact,), by, at, len(history))])
    return foreign


def withdraw(
    journal: Journal, conn: Connection, mapping_id: str, by: Actor, at: datetime, because: str
) -> ForeignCode:
    """Take a mapping back; answers the code. See ``workflow.mappings.withdrawn``."""
    foreign = _foreign(conn, mapping_id)
    history = _history(journal, conn, foreign)
    fact = mappings.withdrawn(history, mapping_id, by, at, because)
    journal.append(conn, [Append(mappings.stream_of(foreign), (fact,), by, at, len(history))])
    return foreign


def agreed(conn: Connection, foreign: ForeignCode) -> MappingProposed | None:
    """The mapping in use for a code: the one approved last that nobody withdrew."""
    query = (
        select(*(_table.c[name] for name in _SAID))
        .where(_table.c.status == "approved")
        .where(_table.c.vocabulary == foreign.vocabulary)
        .where(_table.c.system == foreign.system, _table.c.code == foreign.code)
        .order_by(_table.c.approved_at.desc(), _table.c.mapping_id.desc())
        .limit(1)
    )
    row = conn.execute(query).mappings().one_or_none()
    return MappingProposed(**row) if row else None


def mapping(conn: Connection, mapping_id: str) -> RowMapping | None:
    query = select(_table).where(_table.c.mapping_id == mapping_id)
    return conn.execute(query).mappings().one_or_none()


def listed(conn: Connection, status: str | None = None, limit: int = 200) -> Sequence[RowMapping]:
    """Mappings, the newest first; of a status where named."""
    query = select(_table).order_by(_table.c.proposed_at.desc(), _table.c.mapping_id.desc())
    if status is not None:
        query = query.where(_table.c.status == status)
    return conn.execute(query.limit(limit)).mappings().all()


def seen_codes(conn: Connection) -> list[ForeignCode]:
    """Every foreign code that a document or a report told, each once."""
    line, note = tables.credit_note_line, tables.credit_note
    report = tables.stock_status_report
    told = union(
        select(
            literal("return_reason").label("vocabulary"),
            note.c.system.label("system"),
            line.c.reason.label("code"),
        )
        .join(note, note.c.credit_note_id == line.c.credit_note_id)
        .where(line.c.reason.is_not(None)),
        select(literal("stock_status"), report.c.system, report.c.status).where(
            report.c.status.is_not(None)
        ),
        select(literal("disposition"), report.c.system, report.c.disposition).where(
            report.c.disposition.is_not(None)
        ),
    )
    codes = {as_told(*row) for row in conn.execute(told)}
    return sorted((one for one in codes if one), key=lambda one: one.subject)


def _foreign(conn: Connection, mapping_id: str) -> ForeignCode:
    row = mapping(conn, mapping_id)
    if row is None:
        raise Refused("unknown_mapping", f"There is no mapping {mapping_id[:80]}.")
    return ForeignCode(row["vocabulary"], row["system"], row["code"])


def _history(journal: Journal, conn: Connection, foreign: ForeignCode) -> list[MappingFact]:
    return [e.event for e in journal.read_stream(conn, mappings.stream_of(foreign))]
