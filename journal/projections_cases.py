"""Cases, lines, tasks and models' answers, kept by ``case_rows``; effects acknowledged."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from psycopg.rows import dict_row

from journal import tables
from journal.answer_rows import Row
from journal.case_rows import CaseRows, apply
from journal.entries import Recorded
from journal.ledgers import Movements
from journal.rows import Driver, update, upsert
from workflow.claim import claim_id_of

PREFIX = "case/"
_LEASES = ("lease_holder", "lease_until")


def project_cases(driver: Driver, entries: Sequence[Recorded], movements: Movements) -> None:
    """Apply case events in order; the stream's lock makes the rows ours until the commit."""
    ours = [entry for entry in entries if entry.stream.startswith(PREFIX)]
    if not ours:
        return
    born = {entry.stream for entry in ours if entry.version == 1}
    known = sorted(
        {entry.stream.removeprefix(PREFIX) for entry in ours if entry.stream not in born}
    )
    cases = load_cases(driver, known)
    before = {id(row): dict(row) for rows in cases.values() for row in _all_rows(rows)}
    for entry in ours:
        rows = cases.setdefault(entry.stream.removeprefix(PREFIX), CaseRows())
        apply(rows, entry.event, entry.version, entry.recorded_at, movements)

    def changed(rows: Iterable[Row]) -> list[Row]:
        return [row for row in rows if before.get(id(row)) != row]

    for table, shown in (
        (tables.return_case, [rows.case for rows in cases.values()]),
        (tables.case_line, [row for rows in cases.values() for row in rows.lines.values()]),
        (tables.task, [row for rows in cases.values() for row in rows.tasks.values()]),
        (tables.second_review, [row for rows in cases.values() for row in rows.reviews.values()]),
        (tables.answer, [row for rows in cases.values() for row in rows.answers.values()]),
        (tables.claim, [row for rows in cases.values() for row in rows.claims.values()]),
    ):
        upsert(driver, table, changed(shown))
    _effects(driver, ours)
    _answers_noted(driver, ours)


def _all_rows(rows: CaseRows) -> Iterator[Row]:
    yield rows.case
    yield from rows.lines.values()
    yield from rows.tasks.values()
    yield from rows.answers.values()
    yield from rows.reviews.values()
    yield from rows.claims.values()


def load_cases(driver: Driver, return_ids: Sequence[str]) -> dict[str, CaseRows]:
    """The stored rows of cases, as ``case_rows`` folds them; unknown cases are absent."""
    cases: dict[str, CaseRows] = {}
    if not return_ids:
        return cases
    for row in _select(driver, "return_case", return_ids):
        cases[row["return_id"]] = CaseRows(case=row)
    for row in _select(driver, "case_line", return_ids):
        cases[row["return_id"]].lines[row["line"]] = row
    for row in _select(driver, "task", return_ids):
        for name in _LEASES:
            del row[name]
        cases[row["return_id"]].tasks[row["task_id"]] = row
    for row in _select(driver, "answer", return_ids):
        cases[row["return_id"]].answers[row["point"], row["line"], row["part"]] = row
    for row in _select(driver, "second_review", return_ids):
        cases[row["return_id"]].reviews[row["task_id"]] = row
    for row in _select(driver, "claim", return_ids):
        cases[row["return_id"]].claims[row["claim_id"]] = row
    return cases


def _select(driver: Driver, table: str, return_ids: Sequence[str]) -> Iterable[dict[str, Any]]:
    with driver.cursor(row_factory=dict_row) as cursor:
        key = "task_id" if table == "task" else "return_id"
        query = f"SELECT * FROM {table} WHERE return_id = ANY (%s) ORDER BY {key}"
        return cursor.execute(query.encode(), (list(return_ids),)).fetchall()


def _answers_noted(driver: Driver, entries: Sequence[Recorded]) -> None:
    """What we were told of a claim shows with which claim of ours it was noted."""
    update(
        driver,
        tables.supplier_claim,
        (
            {
                "claim_id": said["told_as"],
                "answer_id": said["answer_id"],
                "claim": claim_id_of(said["return_id"], said["portion"], said["part"]),
            }
            for said in (e.payload for e in entries if e.type == "claim_answered")
        ),
    )


def _effects(driver: Driver, entries: Sequence[Recorded]) -> None:
    """The case was told what became of an effect; the outbox shows the same."""
    update(
        driver,
        tables.effect,
        (
            {
                "key": entry.payload["key"],
                "status": "done",
                "reference": entry.payload["reference"],
                "error": None,
                "updated_at": entry.recorded_at,
            }
            for entry in entries
            if entry.type == "effect_done"
        ),
    )
    update(
        driver,
        tables.effect,
        (
            {
                "key": entry.payload["key"],
                "status": "parked",
                "error": entry.payload["error"],
                "updated_at": entry.recorded_at,
            }
            for entry in entries
            if entry.type == "effect_parked"
        ),
    )
    update(
        driver,
        tables.effect,
        (
            {
                "key": entry.payload["key"],
                "status": "abandoned",
                "updated_at": entry.recorded_at,
            }
            for entry in entries
            if entry.type == "effect_abandoned"
        ),
    )
    asked = ("reason", "note", "proposed_by", "proposed_at")
    update(
        driver,
        tables.effect,
        (
            {
                "key": entry.payload["key"],
                "giving_up": None
                if entry.type == "effect_corrected"
                else {name: entry.payload[name] for name in asked},
                "updated_at": entry.recorded_at,
            }
            for entry in entries
            if entry.type in ("effect_corrected", "abandonment_proposed")
        ),
    )
