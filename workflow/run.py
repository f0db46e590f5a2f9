"""One decision in the making: events emitted so far and the state they lead to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from workflow.actor import Actor
from workflow.events import CaseEvent, TaskWithdrawn, Verdict
from workflow.evolve import evolve
from workflow.policy_table import Left
from workflow.refused import Refused
from workflow.state import Authorised, Born, Case, State, Unborn, UnderReview
from workflow.workdays import Calendar


class PolicyBook(Protocol):
    """The policies a case is judged by, as ``decide`` sees them; ``workflow.policy.Policies`` is
    one, chosen for the case by ``workflow.policy_choice``."""

    def judge(self, name: str, facts: Mapping[str, object]) -> Verdict: ...
    def masks(self, name: str, facts: Mapping[str, object]) -> Left: ...
    def calendar(self, name: str) -> Calendar: ...
    def covers(
        self,
        role: str,
        document: str,
        currency: str,
        amount_minor: int,
        reason: str | None,
        item_class: str | None = None,
    ) -> bool: ...
    def limits_on(self, document: str) -> bool: ...
    def review_permille(self, point: str) -> int: ...
    def refs(self) -> tuple[str, ...]: ...


@dataclass(slots=True)
class Run:
    """``emit`` records an event and moves the state at once, so later steps see it."""

    state: State
    policies: PolicyBook
    actor: Actor
    at: datetime
    events: list[CaseEvent] = field(default_factory=list)

    def emit(self, event: CaseEvent) -> None:
        self.state = evolve(self.state, event)
        self.events.append(event)

    def withdraw(self, point: str, portion: str, why: str) -> None:
        """Withdraw the open tasks of a decision point that are about a portion."""
        for task in self.case.tasks:
            if task.opened.point == point and task.opened.portion == portion:
                self.emit(TaskWithdrawn(self.case.return_id, task.opened.task_id, why))

    @property
    def born(self) -> Born:
        if isinstance(self.state, Unborn):
            raise Refused("unknown_return", "There is no such return.")
        return self.state

    @property
    def case(self) -> Case:
        return self.born.case

    def next_task_id(self) -> str:
        return f"{self.case.return_id}-T{self.case.tasks_opened + 1}"

    def authorised(self, step: str) -> Authorised:
        """The state, if goods and money may move; otherwise a refusal that names the step."""
        state = self.born
        if not isinstance(state, Authorised):
            raise _not_now(state, step)
        return state

    def live(self, step: str) -> UnderReview | Authorised:
        state = self.born
        if not isinstance(state, UnderReview | Authorised):
            raise _not_now(state, step)
        return state


def _not_now(state: Born, step: str) -> Refused:
    """The situation in words: ``UnderReview`` is under review."""
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in type(state).__name__)
    return Refused("wrong_state", f"{state.case.return_id} is{words}: {step} is not possible now.")
