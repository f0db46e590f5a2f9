"""The lane that the policies would have chosen for an answer: what is straight through, and what
a person would have seen. Reads only; nothing here is a decision."""

from dataclasses import dataclass
from datetime import datetime

from workflow.asking import dispositions_left
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
    at: datetime,
) -> Lane:
    """The lane of an answer to what ``asked`` was about, in the case as it was then.

    ``state`` knows the question and nothing after it, ``at`` its moment. ``least`` is how sure an
    answer must be to pass without a person; ``None``: none passes. A switch that was thrown when
    the question arose holds every answer to it.
    """
    line = state.case.line(asked.line)
    if line is None:
        raise AssertionError(f"{asked.return_id} has no line {asked.line}")
    sure = sureness(asked.point, said.confidence)
    cleared = sure is not None and least is not None and sure >= least
    possible = said.value is not None and not _ruled(state, asked, policies, at)
    stopped = asked.clearing.stopped if asked.clearing else None
    clearing = Clearing(cleared, None, 0, stopped)
    answered = Answered(asked.point, said, clearing, asked.portion, possible)
    weighed = weigh(policies, state.case, line, answered)
    return Lane(weighed.lane, weighed.amount_minor, state.case.requested.currency)


def _ruled(state: Born, asked: AssessmentRecorded, policies: PolicyBook, at: datetime) -> bool:
    """Whether a rule asks for a disposition itself, so that no answer is acted on."""
    portion = state.case.portion(asked.portion or "") if asked.point == "disposition" else None
    if portion is None:
        return False
    return dispositions_left(state.case, portion, policies, at).asking is not None
