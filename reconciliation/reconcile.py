"""Our journal against the ERP's ledgers: new exceptions are recorded, then ranked.

Nothing is corrected here and nothing is closed: an exception is a question to a person. A run
that finds nothing new writes nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from features.catalogue import EXCEPTION_RANK
from features.fold import Fact, Memory, Value
from features.questions import about_exception, questions_of, resolve, subjects
from features.sets import Wanted
from journal import findings_source as source
from journal.codec import encode
from journal.entries import Append
from journal.journal import Journal
from models.protocol import Model
from reconciliation.assessing import rows_of
from reconciliation.books import Asked, Books, Case, CaseLine, Claim, ClaimAnswer
from reconciliation.claim_windows import claim_windows
from reconciliation.erp_side import LOCAL, ErpSide
from reconciliation.findings import Finding, news, raised
from reconciliation.ledgers import compare
from reconciliation.open_ends import open_ends
from reconciliation.shelves import counted_otherwise, differing
from workflow.actor import SYSTEM, Actor
from workflow.assessment import Assessment, ModelRef
from workflow.facts import ExceptionAssessed, ExceptionRaised

RANKER = Actor("models", frozenset(), "model")
TOP_PUSHES = 8
"""How many reasons of a rank are kept; the rest are summed into one."""
MOST_ROWS = 2_000
"""Exceptions ranked at a time."""


def reconcile(
    journal: Journal,
    conn: Connection,
    at: datetime,
    *,
    rank: Model | None = None,
    ref: ModelRef | None = None,
    codes: Collection[str] | None = None,
    erp: ErpSide = LOCAL,
) -> list[ExceptionRaised]:
    """Raise every disagreement that nobody was told yet, in the caller's transaction.

    ``codes`` limits what is raised (R1 to R20). ``rank`` scores the new ones; ``ref`` is how
    the answers name it (its card, where absent). A model that is not there (``no_model``)
    leaves no trace. ``erp`` is where the other side is read. Returns what was
    raised, the largest exposure first.
    """
    books = read_books(conn, erp)
    found = [finding for finding in _found(books, at) if codes is None or finding.code in codes]
    new = news(found, source.exceptions_known(conn))
    new.sort(key=lambda named: (-named[1].exposure_minor, named[0]))
    units = _units(conn, books, [finding for _, finding in new])
    facts = [
        raised(finding, exception_id, unit, at)
        for (exception_id, finding), unit in zip(new, units, strict=True)
    ]
    wanted = _wanted(journal, conn, facts, at) if rank is not None else set()
    before, _ = journal.memories(conn, sorted(wanted))
    recorded = journal.append(
        conn, [Append(_stream(x.exception_id), (x,), SYSTEM, at) for x in facts]
    )
    if rank is not None:
        rows = rows_of(recorded, wanted, before)
        for start in range(0, len(rows), MOST_ROWS):
            some = rows[start : start + MOST_ROWS]
            asked = [_Row(row.subject, row.cells, row.position) for row in some]
            _assess(journal, conn, asked, at, rank, ref)
    return facts


def rerank(
    journal: Journal,
    conn: Connection,
    at: datetime,
    *,
    rank: Model,
    ref: ModelRef | None = None,
) -> int:
    """Score every open exception again, for when another model was promoted; answers how many."""
    exception_ids = source.open_exception_ids(conn)
    scored = 0
    for start in range(0, len(exception_ids), MOST_ROWS):
        rows = _rows(journal, conn, exception_ids[start : start + MOST_ROWS], at)
        scored += _assess(journal, conn, rows, at, rank, ref)
    return scored


def _found(books: Books, at: datetime) -> Iterator[Finding]:
    yield from compare(books, at)
    yield from open_ends(books, at)
    yield from claim_windows(books, at)
    yield from counted_otherwise(books.shelves)


def read_books(conn: Connection, erp: ErpSide = LOCAL) -> Books:
    """Both sides as the connection sees them.

    Our side is read first: what the ERP holds and we seem not to have asked is looked for once
    more, since it may have been asked and posted between the two reads.
    """
    asked = [Asked(**row) for row in source.effects_asked(conn)]
    cases = [Case(**row) for row in source.cases(conn)]
    lines = [CaseLine(**row) for row in source.case_lines(conn)]
    answers = [ClaimAnswer(**row) for row in source.claims_answered(conn)]
    claims = [Claim(**row) for row in source.claims(conn)]
    before, posted = erp.on_hand(conn), erp.posted(conn)
    known = {one.key for one in asked}
    unknown = {line.key for line in posted if line.key is not None and line.key not in known}
    newer = source.keys_asked(conn, unknown)
    return Books(
        asked=asked,
        posted=[line for line in posted if line.key not in newer] if newer else posted,
        cases={case.return_id: case for case in cases},
        lines={(line.return_id, line.line): line for line in lines},
        answers=answers,
        claims=claims,
        interim_minor=erp.interim_minor(conn),
        shelves=differing(before, posted, erp.on_hand(conn)),
    )


def _units(conn: Connection, books: Books, findings: Sequence[Finding]) -> list[str | None]:
    """Business unit of each finding: that of its case, or else of its customer."""
    others = {
        finding.customer_id
        for finding in findings
        if finding.return_id not in books.cases and finding.customer_id
    }
    by_customer = source.business_units(conn, others)
    units: list[str | None] = []
    for finding in findings:
        case = books.cases.get(finding.return_id or "")
        units.append(case.business_unit if case else by_customer.get(finding.customer_id or ""))
    return units


def _stream(exception_id: str) -> str:
    return f"exception/{exception_id}"


# -- ranking ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    """What the model sees of one exception, and the position its features had learned."""

    exception_id: str
    cells: Mapping[str, Value]
    position: int


def _wanted(
    journal: Journal, conn: Connection, facts: Sequence[ExceptionRaised], at: datetime
) -> set[Wanted]:
    """The memories that the questions about these facts will need."""
    questions = []
    for fact in facts:
        type_name, payload = encode(fact)
        for asked in questions_of(Fact(0, at, type_name, payload)):
            questions.append(asked.question)
    wanted = {key for question in questions for key in subjects(question)}
    memories, _ = journal.memories(conn, sorted(wanted))
    for question in questions:
        wanted.update(EXCEPTION_RANK.needs(resolve(question, memories)))
    return wanted


def _rows(
    journal: Journal, conn: Connection, exception_ids: Sequence[str], at: datetime
) -> list[_Row]:
    """Rows of many exceptions as of now, with three reads for all of them."""
    position = 0

    def read(wanted: Iterable[Wanted]) -> dict[Wanted, Memory]:
        nonlocal position
        memories, seen = journal.memories(conn, sorted(set(wanted)))
        position = max(position, seen)
        return memories

    questions = [about_exception(exception_id, at) for exception_id in exception_ids]
    memories = read(key for question in questions for key in subjects(question))
    questions = [resolve(question, memories) for question in questions]
    memories = read(key for question in questions for key in EXCEPTION_RANK.needs(question))
    return [
        _Row(name, EXCEPTION_RANK.row(memories, question), position)
        for name, question in zip(exception_ids, questions, strict=True)
    ]


def _assess(
    journal: Journal,
    conn: Connection,
    rows: Sequence[_Row],
    at: datetime,
    rank: Model,
    ref: ModelRef | None,
) -> int:
    """Record the model's answers, save those of a model that is not there; says how many."""
    appends = [
        Append(_stream(row.exception_id), (ExceptionAssessed(row.exception_id, said),), RANKER, at)
        for row, said in zip(rows, _answers(rank, ref, rows), strict=True)
        if said.abstained != "no_model"
    ]
    journal.append(conn, appends)
    return len(appends)


def _answers(rank: Model, ref: ModelRef | None, rows: Sequence[_Row]) -> list[Assessment]:
    if not rows:
        return []
    cells = [row.cells for row in rows]
    card = rank.card
    named = ref or ModelRef(
        card.name,
        card.version,
        None,
        card.feature_set or EXCEPTION_RANK.fingerprint,
        card.trained_at,
    )
    return [
        Assessment(
            model=named,
            value=said.value,
            confidence=said.confidence,
            abstained=said.abstained,
            candidates=said.candidates,
            set=said.set,
            explanation=why,
            row=row.cells,
            asked_at_position=row.position,
        )
        for row, said, why in zip(
            rows, rank.predict(cells), rank.explain(cells, TOP_PUSHES), strict=True
        )
    ]
