"""Read models and ledgers folded again from the log and compared; used by ``verify.py`` only.

Yields ``(kind, subject, message)``. Cases are compared in small batches as the walk passes
them; the sums of the ledgers at its end.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from journal.case_rows import CaseRows, apply
from journal.codec import UnknownEvent
from journal.entries import Recorded
from journal.journal import Driver
from journal.ledgers import Movement, Movements, SourceLine
from journal.projections_cases import PREFIX, load_cases
from journal.projections_documents import take_match
from journal.verify_governed import Governed
from workflow.evolve import fold
from workflow.state import Unborn, status_of

Finding = tuple[str, str, str]
CaseSummary = Callable[[Sequence[Any]], Mapping[str, object]]
BATCH_CASES = 100


def summary_of(events: Sequence[Any]) -> Mapping[str, object]:
    """What the state machine says of a case: the columns of ``return_case`` it determines."""
    state = fold(events)
    asked = {} if isinstance(state, Unborn) else dict(state.case.effects)
    return {
        "status": status_of(state),
        "situation": type(state).__name__.lower().replace("underreview", "under_review"),
        "effects": asked,
    }


class Refold:
    """Takes the log stream by stream and says what the tables have otherwise."""

    def __init__(self, driver: Driver, case_summary: CaseSummary | None) -> None:
        self._driver = driver
        self._summary = case_summary
        self._movements = Movements()
        self._governed = Governed(driver)
        self._batch: dict[str, tuple[CaseRows, list[Any]]] = {}
        self._broken: set[str] = set()
        self._stream = ""
        self._asked_by_case = False
        self._delivered: dict[SourceLine, tuple[Decimal, int]] = {}

    def add(self, entry: Recorded) -> Iterator[Finding]:
        """One more entry, in the order of streams and versions."""
        if entry.stream != self._stream:
            self._stream, self._asked_by_case = entry.stream, False
            if len(self._batch) >= BATCH_CASES:
                yield from self._compare()
            if len(self._delivered) >= BATCH_CASES * 10:
                yield from self._compare_invoices()
        self._governed.add(entry)
        if entry.stream.startswith(PREFIX):
            yield from self._add_to_case(entry)
        elif entry.type == "credit_note_recorded":
            self._asked_by_case = entry.payload["return_id"] is not None
        elif entry.type == "credit_matched" and not self._asked_by_case:
            take_match(entry.payload, self._movements)
        elif entry.type == "invoice_recorded":
            for line in entry.payload["lines"]:
                key = (entry.payload["invoice_id"], line["line"])
                self._delivered[key] = (Decimal(line["quantity"]), line["net_minor"])

    def _add_to_case(self, entry: Recorded) -> Iterator[Finding]:
        return_id = entry.stream.removeprefix(PREFIX)
        if return_id in self._broken:
            return
        rows, events = self._batch.setdefault(return_id, (CaseRows(), []))
        try:
            event = entry.event
            apply(rows, event, entry.version, entry.recorded_at, self._movements)
        except (LookupError, AssertionError, ValueError, UnknownEvent) as error:
            # Only a damaged log gets here: say so, and go on with the other cases.
            self._broken.add(return_id)
            del self._batch[return_id]
            yield "case", return_id, f"cannot be replayed at version {entry.version}: {error!r}"
            return
        events.append(event)

    def finish(self) -> Iterator[Finding]:
        """What is left to compare, then both ledgers and the governed rows."""
        yield from self._compare()
        yield from self._compare_invoices()
        yield from self._ledgers()
        yield from self._governed.differences()
        for (return_id,) in self._driver.execute(
            "SELECT return_id FROM return_case WHERE NOT EXISTS"
            " (SELECT 1 FROM event WHERE stream = 'case/' || return_id)"
        ):
            yield "case", return_id, "is shown, but the log does not know it"

    def _compare(self) -> Iterator[Finding]:
        batch, self._batch = self._batch, {}
        stored = load_cases(self._driver, list(batch))
        effects = self._effects(list(batch))
        for return_id, (rows, events) in batch.items():
            found = stored.get(return_id, CaseRows())
            yield from _differences("case", return_id, found.case, rows.case)
            yield from _each(f"{return_id}/", found.lines, rows.lines)
            yield from _each("", found.tasks, rows.tasks)
            yield from _each(f"{return_id} answer ", found.answers, rows.answers)
            yield from _each("second review ", found.reviews, rows.reviews)
            yield from _each("claim ", found.claims, rows.claims)
            yield from self._compare_state(return_id, found, events, effects.get(return_id, {}))

    def _compare_state(
        self, return_id: str, found: CaseRows, events: list[Any], effects: Mapping[str, str]
    ) -> Iterator[Finding]:
        if self._summary is None:
            return
        try:
            said = dict(self._summary(events))
        except (LookupError, AssertionError, ValueError) as error:
            yield "case", return_id, f"the state machine cannot replay it: {error!r}"
            return
        asked = said.pop("effects", None)
        told = {name: found.case.get(name) for name in said}
        yield from _differences("case", return_id, told, said)
        if isinstance(asked, Mapping):
            yield from _effect_differences(effects, asked)

    def _effects(self, return_ids: list[str]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        query = "SELECT return_id, key, status FROM effect WHERE return_id = ANY (%s)"
        for return_id, key, status in self._driver.execute(query, (return_ids,)):
            found.setdefault(return_id, {})[key] = status
        return found

    def _compare_invoices(self) -> Iterator[Finding]:
        said, self._delivered = self._delivered, {}
        if not said:
            return
        rows = self._driver.execute(
            "SELECT line.invoice_id, line.line, delivered_quantity, net_minor"
            " FROM invoice_line AS line JOIN unnest(%s::text[], %s::int[]) AS said (id, line)"
            " ON line.invoice_id = said.id AND line.line = said.line",
            ([invoice for invoice, _ in said], [line for _, line in said]),
        )
        found = {(invoice, line): (quantity, net) for invoice, line, quantity, net in rows}
        for (invoice, line), values in said.items():
            if found.get((invoice, line)) != values:
                message = f"delivered and net are {found.get((invoice, line))}, should be {values}"
                yield "ledger", f"{invoice}/{line}", message

    def _ledgers(self) -> Iterator[Finding]:
        """Every line that moved must hold exactly what the log moved; all others nothing."""
        moved = dict(self._movements.by_line)
        with self._driver.cursor(name="ledgers") as cursor:
            cursor.execute(
                "SELECT invoice_id, line, returned_quantity, credited_minor,"
                " freight_refunded_minor FROM invoice_line WHERE returned_quantity <> 0"
                " OR credited_minor <> 0 OR freight_refunded_minor <> 0"
            )
            for invoice, line, returned, credited, freight in cursor:
                said = moved.pop((invoice, line), Movement())
                if (said.quantity, said.net_minor) != (returned, credited):
                    message = (
                        f"{returned} returned and {credited} credited,"
                        f" should be {said.quantity} and {said.net_minor}"
                    )
                    yield "ledger", f"{invoice}/{line}", message
                if said.freight_minor != freight:
                    message = f"{freight} of freight given back, should be {said.freight_minor}"
                    yield "ledger", f"{invoice}/{line}", message
        for (invoice, line), said in moved.items():
            if said.quantity or said.net_minor or said.freight_minor:
                sums = (said.quantity, said.net_minor, said.freight_minor)
                message = f"nothing, should be {', '.join(map(str, sums))}"
                yield "ledger", f"{invoice}/{line}", message


def _each(
    prefix: str, found: Mapping[Any, Mapping[str, Any]], said: Mapping[Any, Mapping[str, Any]]
) -> Iterable[Finding]:
    for key in sorted({*found, *said}):
        yield from _differences("case", f"{prefix}{key}", found.get(key, {}), said.get(key, {}))


def _differences(
    kind: str, subject: str, found: Mapping[str, Any], said: Mapping[str, Any]
) -> Iterator[Finding]:
    for name in sorted({*found, *said}):
        if found.get(name) != said.get(name):
            yield kind, subject, f"{name} is {found.get(name)!r}, should be {said.get(name)!r}"


def _effect_differences(found: Mapping[str, str], said: Mapping[str, Any]) -> Iterator[Finding]:
    """Every effect asked is in the outbox and none other; what the case knows as done is done."""
    for key in sorted({*found, *said}):
        if key not in found:
            yield "effect", key, "was asked for, but is not in the outbox"
        elif key not in said:
            yield "effect", key, "is in the outbox, but nothing asked for it"
        elif said[key] == "done" and found[key] != "done":
            yield "effect", key, f"is {found[key]}, but the case was told that it is done"
        elif (said[key] == "abandoned") != (found[key] == "abandoned"):
            yield "effect", key, f"is {found[key]}, but the case was told that it is {said[key]}"
