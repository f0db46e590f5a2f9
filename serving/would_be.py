"""The lane that the policies would have chosen for an answer: what is straight through, and what
a person would have seen. Reads only; nothing here is a decision."""

from collections.abc import Sequence
from dataclasses import dataclass

from journal.entries import Recorded
from workflow.asking import limit_facts, rollout_facts
from workflow.assessment import Assessment, Clearing, sureness
from workflow.events import AssessmentRecorded
from workflow.evolve import fold
from workflow.run import PolicyBook
from workflow.state import Case, Line, Unborn


@dataclass(frozen=True, slots=True)
class Lane:
    """``lane`` is ``None`` outside cases; ``automatic`` only where nobody would be asked."""

    lane: str | None
    amount_minor: int
    currency: str


def lane_of(
    history: Sequence[Recorded],
    asked: AssessmentRecorded,
    said: Assessment,
    policies: PolicyBook,
    least: float | None,
) -> Lane:
    """The lane of an answer to what ``asked`` was about, in the case as ``history`` leaves it.

    ``least`` is how sure an answer must be to pass without a person; ``None``: none passes.
    """
    state = fold(entry.event for entry in history)
    line = None if isinstance(state, Unborn) else state.case.line(asked.line)
    if isinstance(state, Unborn) or line is None:
        raise AssertionError(f"{asked.return_id} has no line {asked.line}")
    case = state.case
    amount = _amount(case, line, asked)
    sure = sureness(asked.point, said.confidence)
    cleared = sure is not None and least is not None and sure >= least
    facts = rollout_facts(case, line, asked.point, said, amount, Clearing(cleared, None, 0))
    lane = str(dict(policies.judge("rollout", facts).values).get("lane", "review"))
    if lane == "automatic" and (said.value is None or _beyond_limits(case, line, asked, policies)):
        lane = "review"
    return Lane(lane, amount, case.requested.currency)


def _amount(case: Case, line: Line, asked: AssessmentRecorded) -> int:
    """The money at stake at a decision point, in minor units."""
    if asked.point == "reason":
        return line.requested.value_minor
    if asked.point == "disposition":
        portion = case.portion(asked.portion or "")
        quantity = portion.inspected.quantity if portion else 0
        return int(quantity * line.requested.facts.unit_cost_minor)
    return next((c.proposed.net_minor for c in line.credits if str(c.sequence) == asked.portion), 0)


def _beyond_limits(case: Case, line: Line, asked: AssessmentRecorded, policies: PolicyBook) -> bool:
    """Whether a credit is more than may pass without a person, whatever a model says."""
    if asked.point != "credit":
        return False
    facts = limit_facts(case, line, "credit_memo", _amount(case, line, asked), "system")
    return policies.judge("approval_limits", facts).outcome != "automatic"
