"""What is known about automatic lanes: the clearance in force, audits, and who agreed how often."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, and_, func, select

from journal import tables
from journal.journal import Journal
from workflow.codes import Lane
from workflow.facts import AutomationCleared

_answer = tables.answer
_AUTOMATIC = _answer.c.lane == Lane.AUTOMATIC
_JUDGED = _answer.c.agreed.is_not(None)


def stream_of(point: str) -> str:
    """The stream of a decision point's clearances."""
    return f"automation/{point}"


def history(journal: Journal, conn: Connection, point: str) -> list[AutomationCleared]:
    """Every clearance of a decision point, the oldest first."""
    return [entry.event for entry in journal.read_stream(conn, stream_of(point))]


def clearance(conn: Connection, point: str) -> RowMapping | None:
    """The clearance of a decision point that was recorded last."""
    query = select(tables.automation).where(tables.automation.c.point == point)
    return conn.execute(query).mappings().one_or_none()


def clearances(conn: Connection) -> Sequence[RowMapping]:
    """The clearances in force, by point."""
    query = select(tables.automation).order_by(tables.automation.c.point)
    return conn.execute(query).mappings().all()


def audits(conn: Connection, model: str, version: str) -> list[tuple[float, bool]]:
    """Every blind audit of a version: how sure the answer was, and whether the person agreed."""
    query = (
        select(_answer.c.sureness, _answer.c.agreed)
        .where(_answer.c.model == model, _answer.c.version == version, _answer.c.audited, _JUDGED)
        .order_by(_answer.c.answered_at, _answer.c.return_id, _answer.c.line, _answer.c.part)
    )
    return [(float(sure), bool(agreed)) for sure, agreed in conn.execute(query)]


@dataclass(frozen=True, slots=True)
class Counts:
    """Answers of one version of a model, counted.

    ``passed`` went by without a person, ``lane`` would have but for the audit too. ``lane_audits``
    were judged blind, ``lane_errors`` of them wrong: the realised error of the automatic lane.
    ``seen`` and ``blind`` were judged by people who did and did not see the answer.
    """

    model: str
    version: str
    answers: int
    passed: int
    lane: int
    lane_audits: int
    lane_errors: int
    seen: int
    seen_agreed: int
    blind: int
    blind_agreed: int


def counts(conn: Connection) -> list[Counts]:
    """Every version that ever answered in a case, by name, the newest last."""

    def many(*conditions: object) -> object:
        return func.count().filter(and_(*conditions))  # type: ignore[arg-type]

    blind, agreed = _answer.c.audited, _answer.c.agreed
    columns = {
        "answers": func.count(),
        "passed": many(_AUTOMATIC, ~blind),
        "lane": many(_AUTOMATIC),
        "lane_audits": many(_AUTOMATIC, blind, _JUDGED),
        "lane_errors": many(_AUTOMATIC, blind, ~agreed),
        "seen": many(~blind, _JUDGED),
        "seen_agreed": many(~blind, agreed),
        "blind": many(blind, _JUDGED),
        "blind_agreed": many(blind, agreed),
    }
    query = (
        select(
            _answer.c.model,
            _answer.c.version,
            *(column.label(name) for name, column in columns.items()),  # type: ignore[attr-defined]
        )
        .group_by(_answer.c.model, _answer.c.version)
        .order_by(_answer.c.model, func.min(_answer.c.answered_at))
    )
    return [Counts(**row) for row in conn.execute(query).mappings()]
