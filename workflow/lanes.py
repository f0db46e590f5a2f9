"""How far a model's answer is acted on: the rollout's word, and the draw of the audit.

Two questions to the same policy: what it says, and what it would say were the answer sure
enough. The second tells which answers could ever pass without a person; of those a stated share
is drawn, whatever their confidence, and decided by a person who does not see them. So the
drawn ones are a fair sample of all that may be automated, at every confidence.
"""

from dataclasses import dataclass

from workflow.asking import Facts, limit_facts, rollout_facts
from workflow.assessment import Assessment, Clearing
from workflow.codes import Lane
from workflow.events import LaneChosen, Verdict
from workflow.limit_documents import REASON, document_of_credit
from workflow.run import PolicyBook, Run
from workflow.state import Case, Credit, Line, Portion

ALWAYS = 1000
"""The propensity, in thousandths, of an answer that a person judges anyway."""

OBSERVE = "observe"
"""The rollout's word for: a person decides alone, and the model's answer is only recorded."""

AUDIT = Verdict("workflow", OBSERVE, "audit", "Drawn at random: decide without the model's answer.")
"""Shown to who decides a drawn case: it says nothing about what the model answered."""

NO_LIMIT = Verdict(
    "workflow", "ask_human", "no-limit-for-this", "The approval limits do not speak about this."
)
"""Said of a table that was published before there were limits on such decisions."""


def switched_off(stop_id: str) -> Verdict:
    """Why a person decides what a model may not, since somebody threw a switch."""
    because = f"The model is switched off for this ({stop_id}); a person decides."
    return Verdict("workflow", "ask_human", "switched-off", because)


NOBODY = "nobody"
"""Named as the principal of what no limit binds: a rule left one choice, or no model answered."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer at a decision point of a line; ``part`` names its portion, or its credit.

    ``possible``: there is something to act on; ``by_model``: it is the model's, not a rule's,
    so that an audit would say something about the model. ``principal`` is whose row of the
    approval limits binds it, where that was recorded; otherwise it follows from the rest.
    """

    point: str
    said: Assessment
    clearing: Clearing | None
    part: str | None = None
    possible: bool = True
    by_model: bool = True
    principal: str = ""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the rules make of an answer.

    ``lane`` is ``automatic`` only where nobody needs to be asked; ``verdict`` is the rule that
    chose it; ``limit`` is the approval limit's word to ``principal``, ``None`` to nobody;
    ``audit_permille`` the share of such answers that a person judges blind, 0 where no answer
    could ever pass.
    """

    lane: str
    verdict: Verdict
    amount_minor: int
    principal: str
    limit: Verdict | None
    eligible: bool
    audit_permille: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """``passes``: nobody is asked. Otherwise a task opens under ``verdict``, ``blind`` where the
    answer is not shown; ``role`` is the one that a rule named, if any did. ``amount_minor`` is at
    stake."""

    passes: bool
    blind: bool
    verdict: Verdict
    role: str | None
    lane: str
    amount_minor: int
    limit: Verdict | None


def stake(case: Case, line: Line, point: str, part: str | None) -> int:
    """The money at stake at a decision point, in minor units of the case's currency."""
    if point == "reason":
        return line.requested.value_minor
    if point == "disposition":
        portion = case.portion(part or "")
        quantity = portion.inspected.quantity if portion else 0
        return int(quantity * line.requested.facts.unit_cost_minor)
    return next((c.proposed.stake_minor for c in line.credits if str(c.sequence) == part), 0)


def answered_credit(credit: Credit) -> Answered:
    """The answer about a credit. What a policy denied is no question to the model, nor what the
    advance policy asks of a person whatever the model says."""
    if credit.assessment is None:
        raise AssertionError(f"credit {credit.sequence} has no answer")
    proposed = credit.proposed
    asked = proposed.kind == "advance" and proposed.verdict.outcome == "ask_human"
    return Answered(
        "credit",
        credit.assessment,
        credit.clearing,
        str(credit.sequence),
        possible=not asked,
        by_model=proposed.decision != "deny" and not asked,
    )


def answered_disposition(portion: Portion) -> Answered:
    """The answer about a portion, after whatever was proposed: what a rule asked for while there
    was a choice is a person's to agree to, and no answer of the model's."""
    if portion.assessment is None:
        raise AssertionError(f"portion {portion.id} has no answer")
    made = portion.proposal
    return Answered(
        "disposition",
        portion.assessment,
        portion.clearing,
        portion.id,
        possible=made is not None and not made.rule,
        by_model=made is None or made.how == "model",
    )


def principal_of(line: Line, answered: Answered) -> str:
    """Whose row of the limits binds an answer: ``model`` for what a model proposes and for a
    credit that follows from a reason that a model settled; ``system`` for other credits."""
    if answered.point == "credit":
        return "model" if line.reason_how == "model" else "system"
    return "model" if answered.by_model and answered.said.value is not None else NOBODY


def weigh(policies: PolicyBook, case: Case, line: Line, answered: Answered) -> Weighed:
    """Ask the rollout, and the approval limits of who proposes.

    An answer passes only where the limits say ``automatic`` too; what a rule left as the only
    choice is no proposal of the model's. Nothing is recorded: what an answer would have led to is
    asked by the same rule as what it does lead to.
    """
    point, said = answered.point, answered.said
    amount = stake(case, line, point, answered.part)
    facts = rollout_facts(case, line, point, said, amount, answered.clearing)
    verdict = policies.judge("rollout", facts)
    sure_enough = (
        verdict if facts["cleared"] else policies.judge("rollout", facts | {"cleared": True})
    )
    principal = answered.principal or principal_of(line, answered)
    limit = _limit(policies, case, line, answered, amount, principal)
    forbids = _forbids(answered, limit)
    lane, stated = lane_of(verdict), verdict
    if lane == Lane.AUTOMATIC and forbids is not None:
        stated = forbids
    if lane == Lane.AUTOMATIC and (forbids is not None or not answered.possible):
        lane = str(Lane.REVIEW)
    could_pass = forbids is None and lane_of(sure_enough) == Lane.AUTOMATIC
    eligible = answered.by_model and said.value is not None and could_pass
    audit = int(dict(sure_enough.values).get("audit_permille", "0")) if eligible else 0
    return Weighed(lane, stated, amount, principal, limit, eligible, audit)


def _forbids(answered: Answered, limit: Verdict | None) -> Verdict | None:
    """What keeps an answer from passing whatever the rollout says: a switch, then a limit. A
    credit that no model proposes anything about is not the model's to stop."""
    clearing = answered.clearing
    if clearing is not None and clearing.stopped is not None and answered.by_model:
        return switched_off(clearing.stopped)
    return limit if limit is not None and limit.outcome != "automatic" else None


def _limit(
    policies: PolicyBook, case: Case, line: Line, answered: Answered, amount: int, principal: str
) -> Verdict | None:
    """What the limits say to the principal; of a reason that is not settled yet, as proposed."""
    if principal == NOBODY:
        return None
    document = answered.point
    if answered.point == "credit":
        document = document_of_credit(line, int(answered.part or 0), policies)
    asked = limit_facts(case, line, document, amount, principal)
    if answered.point == "reason":
        asked["reason"] = answered.said.value
    return limit_of(policies, asked)


def limit_of(policies: PolicyBook, facts: Facts) -> Verdict:
    """What the approval limits say; ``NO_LIMIT`` where they know of no limits on reasons."""
    if facts["document"] == REASON and not policies.limits_on(REASON):
        return NO_LIMIT
    return policies.judge("approval_limits", facts)


def choose_lane(run: Run, line: Line, answered: Answered) -> Chosen:
    """Ask the rules about an answer and record the lane, once an answer."""
    weighed = weigh(run.policies, run.case, line, answered)
    passes = weighed.lane == Lane.AUTOMATIC
    clearing = answered.clearing
    audited = clearing is not None and clearing.draw < weighed.audit_permille
    run.emit(
        LaneChosen(
            return_id=run.case.return_id,
            point=answered.point,
            line=line.number,
            lane=weighed.lane,
            eligible=weighed.eligible,
            audited=audited,
            review_permille=weighed.audit_permille if passes else ALWAYS,
            verdict=weighed.verdict,
            portion=answered.part,
            principal=weighed.principal,
        )
    )
    return Chosen(
        passes=passes and not audited,
        blind=audited or _observed(answered, weighed.verdict),
        verdict=AUDIT if audited else weighed.verdict,
        role=weighed.verdict.role,
        lane=weighed.lane,
        amount_minor=weighed.amount_minor,
        limit=weighed.limit,
    )


def _observed(answered: Answered, verdict: Verdict) -> bool:
    """Whether a person decides alone, what the model proposed being kept from them until they did.
    A credit's score warns and proposes nothing: it is always shown."""
    proposes = answered.by_model and answered.point != "credit" and answered.said.value is not None
    return proposes and verdict.outcome == OBSERVE


def lane_of(verdict: Verdict) -> str:
    """The lane a verdict of the rollout names; ``review`` where it names none. What is observed
    never passes without a person."""
    lane = dict(verdict.values).get("lane", str(Lane.REVIEW))
    observed = verdict.outcome == OBSERVE and lane == Lane.AUTOMATIC
    return str(Lane.REVIEW) if observed else lane
