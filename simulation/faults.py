"""A world that misbehaves: deliveries twice, late, out of order, never, or with a lie.

``FaultyDesk`` wraps any desk and disturbs what is told to it; ``FaultyCall`` wraps the function
that performs one effect. Both draw from the world's seed, so a failure repeats, and keep a
``log`` of what they did.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Generic, TypeVar

from simulation.desk import CaseView, ClaimView, Desk, ExceptionView, TaskView
from simulation.intents import (
    CancelIntent,
    InspectionIntent,
    LedgerError,
    ReceiptIntent,
    RequestIntent,
)
from simulation.streams import Streams, pick
from workflow.actor import Actor
from workflow.facts import (
    CreditNoteRecorded,
    InvoiceRecorded,
    RecallOpened,
    StockWriteOffRecorded,
    SupplierClaimAnswered,
)
from workflow.refused import Refused

_MESSAGES = (
    CreditNoteRecorded, InvoiceRecorded, RecallOpened, StockWriteOffRecorded,
    SupplierClaimAnswered,
)  # fmt: skip
"""What travels as a message; masters are loaded in one piece and stay as they are."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Chance of each fault a delivery, in [0, 1]; their sum must stay under 1."""

    duplicate: float = 0.03
    delay: float = 0.03
    reorder: float = 0.03
    drop: float = 0.004
    lie: float = 0.01

    def __post_init__(self) -> None:
        if not 0 <= self.total < 1:
            raise ValueError(f"the rates add up to {self.total}; keep them under 1")

    @property
    def total(self) -> float:
        return self.duplicate + self.delay + self.reorder + self.drop + self.lie

    def weights(self) -> dict[str, float]:
        """Every fault and ``none``, for a draw."""
        return {
            "none": 1 - self.total, "duplicate": self.duplicate, "delay": self.delay,
            "reorder": self.reorder, "drop": self.drop, "lie": self.lie,
        }  # fmt: skip


class FaultyDesk:
    """A ``Desk`` whose messages are disturbed. A *lie* tells a fact again with other content
    under its old identity; the house must keep what it was told first."""

    def __init__(self, desk: Desk, seed: int, rates: Rates | None = None) -> None:
        self._desk = desk
        self._draw = Streams(seed).of("faults")
        self._rates = rates or Rates()
        self._late: list[tuple[date, object]] = []
        self._today = date.min
        self.log: list[tuple[str, object]] = []

    @contextmanager
    def day(self, on: date) -> Iterator[None]:
        self._today = on
        with self._desk.day(on):
            due = [fact for when, fact in self._late if when <= on]
            self._late = [entry for entry in self._late if entry[0] > on]
            if due:
                self._desk.record(due, datetime.combine(on, time(0, 1), UTC))
            yield

    def record(self, facts: Sequence[object], at: datetime) -> None:
        told: list[object] = []
        again: list[object] = []
        for fact in facts:
            fault = "none"
            if isinstance(fact, _MESSAGES):
                fault = pick(self._draw, self._rates.weights())
            if fault != "none":
                self.log.append((fault, fact))
            match fault:
                case "drop":
                    continue
                case "delay":
                    when = self._today + timedelta(days=self._draw.randrange(1, 6))
                    self._late.append((when, fact))
                    continue
                case "reorder":
                    told.insert(self._draw.randrange(len(told) + 1), fact)
                    continue
                case "duplicate":
                    again.append(fact)
                case "lie":
                    again.append(_lied(fact))
            told.append(fact)
        for batch in (told, again):
            if batch:
                self._desk.record(batch, at)

    def request(self, intent: RequestIntent) -> str:
        return_id = self._desk.request(intent)
        if self._draw.random() < self._rates.duplicate:
            self._again("request", intent, lambda: self._desk.request(intent))
        return return_id

    def receive(self, intent: ReceiptIntent) -> None:
        self._desk.receive(intent)
        if self._draw.random() < self._rates.duplicate:
            self._again("receive", intent, lambda: self._desk.receive(intent))

    def _again(self, step: str, intent: object, call: Callable[[], object]) -> None:
        """Do it once more; the house may answer the same or refuse, but never do it twice."""
        self.log.append((f"duplicate_{step}", intent))
        try:
            call()
        except Refused as no:
            self.log.append((f"refused:{no.code}", intent))

    def run_effects(self, at: datetime) -> int:
        if self._draw.random() < self._rates.delay:
            self.log.append(("delay_effects", at))
            return 0
        done = self._desk.run_effects(at)
        if self._draw.random() < self._rates.duplicate:
            self.log.append(("duplicate_effects", at))
            done += self._desk.run_effects(at)
        return done

    def cancel(self, intent: CancelIntent) -> None:
        self._desk.cancel(intent)

    def case(self, return_id: str) -> CaseView:
        return self._desk.case(return_id)

    def inspect(self, intent: InspectionIntent) -> None:
        self._desk.inspect(intent)

    def open_tasks(self) -> Sequence[TaskView]:
        return self._desk.open_tasks()

    def decide(
        self,
        task_id: str,
        decision: str,
        *,
        value: str | None,
        reason_code: str | None,
        note: str,
        actor: Actor,
        at: datetime,
    ) -> None:
        self._desk.decide(
            task_id, decision, value=value, reason_code=reason_code, note=note, actor=actor, at=at
        )

    def expire(self, at: datetime) -> int:
        return self._desk.expire(at)

    def misbook(self, error: LedgerError) -> None:
        self._desk.misbook(error)

    def open_claims(self) -> Sequence[ClaimView]:
        return self._desk.open_claims()

    def reconcile(self, at: datetime) -> int:
        return self._desk.reconcile(at)

    def open_exceptions(self) -> Sequence[ExceptionView]:
        return self._desk.open_exceptions()

    def resolve_exception(
        self,
        exception_id: str,
        *,
        resolution: str,
        loss_minor: int,
        recovered_minor: int,
        note: str,
        actor: Actor,
        at: datetime,
    ) -> None:
        self._desk.resolve_exception(
            exception_id,
            resolution=resolution,
            loss_minor=loss_minor,
            recovered_minor=recovered_minor,
            note=note,
            actor=actor,
            at=at,
        )


def _lied(fact: object) -> object:
    """The same document with another amount."""
    match fact:
        case InvoiceRecorded():
            first = fact.lines[0]
            return replace(
                fact, lines=(replace(first, net_minor=first.net_minor + 1_00), *fact.lines[1:])
            )
        case CreditNoteRecorded():
            line = fact.lines[0]
            return replace(
                fact, lines=(replace(line, net_minor=line.net_minor + 1_00), *fact.lines[1:])
            )
        case RecallOpened():
            return replace(fact, reason=f"{fact.reason}?")
        case StockWriteOffRecorded():
            return replace(fact, value_minor=fact.value_minor + 1_00)
        case SupplierClaimAnswered():
            return replace(fact, recovered_minor=0, response="NOP")
        case _:
            raise AssertionError(f"no lie about a {type(fact).__name__}")


Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


class FaultyCall(Generic[Asked, Answered]):
    """One call to another system, disturbed: performed twice; refused for now without being
    performed (``unavailable``); or performed with the answer lost (``unknown_outcome``).

    The two functions make the errors to raise, so that this room needs nobody else's classes.
    """

    def __init__(
        self,
        call: Callable[[Asked], Answered],
        seed: int,
        *,
        unavailable: Callable[[str], Exception],
        unknown_outcome: Callable[[str], Exception],
        rates: Rates | None = None,
    ) -> None:
        self._call = call
        self._draw = Streams(seed).of("faulty call")
        self._unavailable = unavailable
        self._unknown_outcome = unknown_outcome
        self._rates = rates or Rates()
        self.log: list[str] = []

    def __call__(self, asked: Asked) -> Answered:
        fault = pick(self._draw, self._rates.weights())
        self.log.append(fault)
        if fault in ("delay", "reorder"):
            raise self._unavailable("down for a moment (simulated)")
        answered = self._call(asked)
        if fault == "duplicate":
            return self._call(asked)
        if fault in ("drop", "lie"):
            raise self._unknown_outcome("the answer was lost (simulated)")
        return answered
