"""How far a model's answer is acted on: the rollout's word, and the draw of the audit.

Two questions to the same policy: what it says, and what it would say were the answer sure
enough. The second tells which answers could ever pass without a person; of those a stated share
is drawn, whatever their confidence, and decided by a person who does not see them. So the
drawn ones are a fair sample of all that may be automated, at every confidence.
"""

from dataclasses import dataclass

from workflow.asking import rollout_facts
from workflow.assessment import Assessment, Clearing
from workflow.codes import Lane
from workflow.events import LaneChosen, Verdict
from workflow.run import Run
from workflow.state import Line

ALWAYS = 1000
"""The propensity, in thousandths, of an answer that a person judges anyway."""

AUDIT = Verdict(
    "workflow", "observe", "audit", "Drawn at random: decide without the model's answer."
)
"""Shown to who decides a drawn case: it says nothing about what the model answered."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """``passes``: nobody is asked. Otherwise a task opens under ``verdict``, an audit where
    ``blind``; ``role`` is the one that a rule named, if any did."""

    passes: bool
    blind: bool
    verdict: Verdict
    role: str | None
    lane: str


def choose_lane(
    run: Run,
    line: Line,
    point: str,
    said: Assessment,
    clearing: Clearing | None,
    amount: int,
    portion: str | None = None,
    limit: Verdict | None = None,
    possible: bool = True,
    by_model: bool = True,
) -> Chosen:
    """Ask the rollout about an answer and record the lane, once an answer.

    ``limit`` is the approval limit's verdict where money is at stake: an answer passes only
    where it says ``automatic`` too. ``possible``: there is something to act on; ``by_model``:
    it is the model's, not a rule's, so that an audit would say something about the model.
    """
    facts = rollout_facts(run.case, line, point, said, amount, clearing)
    verdict = run.policies.judge("rollout", facts)
    sure_enough = (
        verdict if facts["cleared"] else run.policies.judge("rollout", facts | {"cleared": True})
    )
    free = limit is None or limit.outcome == "automatic"
    passes = possible and free and lane_of(verdict) == Lane.AUTOMATIC
    eligible = (
        by_model and said.value is not None and free and lane_of(sure_enough) == Lane.AUTOMATIC
    )
    audit = int(dict(sure_enough.values).get("audit_permille", "0")) if eligible else 0
    blind = clearing is not None and clearing.draw < audit
    if not free and limit is not None and lane_of(verdict) == Lane.AUTOMATIC:
        lane, stated = str(Lane.REVIEW), limit
    else:
        lane, stated = lane_of(verdict), verdict
    run.emit(
        LaneChosen(
            return_id=run.case.return_id,
            point=point,
            line=line.number,
            lane=lane,
            eligible=eligible,
            audited=blind,
            review_permille=audit if passes else ALWAYS,
            verdict=stated,
            portion=portion,
        )
    )
    return Chosen(passes and not blind, blind, AUDIT if blind else stated, stated.role, lane)


def lane_of(verdict: Verdict) -> str:
    """The lane a verdict of the rollout names; ``review`` where it names none."""
    return dict(verdict.values).get("lane", str(Lane.REVIEW))
