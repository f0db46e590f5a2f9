"""The lane that the policies would have chosen for an answer: what is straight through, and what
a person would have seen. Reads only; nothing here is a decision."""

from dataclasses import dataclass

from workflow.assessment import Assessment, Clearing, sureness
from workflow.events import AssessmentRecorded
from workflow.lanes import Answered, weigh
from workflow.run import PolicyBook
from workflow.state import Born


@dataclass(frozen=True, slots=True)
class Lane:
    """``lane`` is ``None`` outside cases; ``automatic`` only where nobody would be asked."""

    lane: str | None
    amount_minor: int
    currency: str


def lane_of(
    state: Born,
    asked: AssessmentRecorded,
    said: Assessment,
    policies: PolicyBook,
    least: float | None,
) -> Lane:
    """The lane of an answer to what ``asked`` was about, in the case as it was then.

    ``least`` is how sure an answer must be to pass without a person; ``None``: none passes.
    """
    line = state.case.line(asked.line)
    if line is None:
        raise AssertionError(f"{asked.return_id} has no line {asked.line}")
    sure = sureness(asked.point, said.confidence)
    cleared = sure is not None and least is not None and sure >= least
    possible = said.value is not None
    answered = Answered(asked.point, said, Clearing(cleared, None, 0), asked.portion, possible)
    weighed = weigh(policies, state.case, line, answered)
    return Lane(weighed.lane, weighed.amount_minor, state.case.requested.currency)
