"""Every question that policies were asked about a case, to be asked again of any version.

A case's events are folded up to each verdict, and the facts are taken from that state by the same
functions that took them then (``asking.py``). Nothing of today enters: neither the case as it
ended nor a master that changed since. Later steps are not played on: a credit is compared at the
moment it was proposed, with the credits that really stood before it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from workflow.asking import (
    advance_facts,
    authorisation_facts,
    claim_facts,
    dispositions_left,
    eligibility_facts,
    freight_facts,
    refurbish_facts,
    transfer_facts,
)
from workflow.assessment import Masked
from workflow.credit import worth
from workflow.events import (
    AdvanceJudged,
    AssessmentRecorded,
    CaseEvent,
    ClaimRaised,
    CreditProposed,
    EligibilityJudged,
    IntercompanyCharged,
    LaneChosen,
    RefurbishOrdered,
    ReturnAuthorised,
    ReturnRefused,
    TaskOpened,
    Verdict,
)
from workflow.evolve import evolve
from workflow.lanes import NOBODY, Answered, Weighed, answered_credit, answered_disposition, weigh
from workflow.policy import Policies, Policy
from workflow.policy_choice import policies_for
from workflow.policy_table import Left
from workflow.state import Born, Line, State, Unborn

Story = Sequence[tuple[CaseEvent, datetime]]
"""A case's events in order, each with the moment it was recorded."""

_BASE = (
    "return_requested", "reason_settled", "eligibility_judged", "recall_reached",
    "master_gaps_changed",
)  # fmt: skip
_GOODS = (
    *_BASE, "return_authorised", "goods_received", "surplus_settled", "line_inspected",
    "disposition_confirmed", "credit_proposed", "credit_approved", "credit_denied",
    "credit_withdrawn", "advance_judged", "goods_awaited", "goods_given_up", "advance_settled",
    "advance_charged_back", "advance_let_go",
)  # fmt: skip
_WAITED = (
    *_GOODS, "hold_release_asked", "hold_released", "portion_reinspected", "refurbish_ordered",
    "refurbish_reported", "refurbish_settled", "refurbish_sent_back",
)  # fmt: skip
_ANSWERED = (*_GOODS, "assessment_recorded", "disposition_proposed", "lane_chosen")

NEEDED: Mapping[str, tuple[str, ...]] = {
    "eligibility": _BASE,
    "authorisation": (*_BASE, "return_authorised", "return_refused", "task_opened"),
    "disposition": (*_GOODS, "assessment_recorded"),
    "credit": _GOODS,
    "rollout": _ANSWERED,
    "approval_limits": _ANSWERED,
    "advance": (*_BASE, "return_authorised", "advance_judged"),
    "freight": _GOODS,
    "claims": (*_WAITED, "claim_raised"),
    "refurbish": _WAITED,
    "transfer_price": ("return_requested", "return_authorised", "intercompany_charged"),
}
"""The journal's names of the events that a policy's questions depend on; the rest is left out."""

ASKED: Mapping[str, tuple[str, ...]] = {
    "eligibility": ("eligibility_judged",),
    "authorisation": ("return_authorised", "return_refused", "task_opened"),
    "disposition": ("assessment_recorded",),
    "credit": ("credit_proposed",),
    "rollout": ("lane_chosen",),
    "approval_limits": ("lane_chosen",),
    "advance": ("advance_judged",),
    "freight": ("credit_proposed",),
    "claims": ("claim_raised",),
    "refurbish": ("refurbish_ordered",),
    "transfer_price": ("intercompany_charged",),
}
"""The journal's names of the events that hold a policy's verdicts."""


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict in short: the rule, what it led to, and for a credit its net minor units.

    ``more`` holds whatever else of a verdict counts as a difference (role, values).
    """

    rule: str
    outcome: str
    net_minor: int | None = None
    more: tuple[object, ...] = field(default=(), repr=False)

    def same(self, other: "Said") -> bool:
        """The same for the case; which rule says so is not a difference."""
        return (self.outcome, self.net_minor, self.more) == (
            other.outcome, other.net_minor, other.more,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was really asked: what was said, and what a policy says to the same.

    ``ref`` is the string of the policy that said it, where it was noted; ``then`` gives the
    policies of that moment.
    """

    policy: str
    return_id: str
    line: int | None
    part: str | None
    at: datetime
    unit: str
    currency: str
    said: Said
    again: Callable[[Policy], Said]
    then: Callable[[], Policies]
    ref: str | None = None


def questions(known: Policies, names: Sequence[str], story: Story) -> Iterator[Asked]:
    """Every question that these policies were asked about one case, in order.

    The story may leave out events that are in none of their ``NEEDED``.
    """
    state: State = Unborn()
    for event, at in story:
        if not isinstance(state, Unborn):
            for name in names:
                found = _ASKING[name](_Moment(known, state, event, at))
                if found is not None:
                    yield found
        state = evolve(state, event)


@dataclass(frozen=True, slots=True)
class _Moment:
    """An event about to be told, and what was known before it."""

    known: Policies
    state: Born
    event: CaseEvent
    at: datetime

    def asked(
        self,
        policy: str,
        said: Said,
        again: Callable[[Policy], Said],
        part: str | None = None,
        ref: str | None = None,
    ) -> Asked:
        requested = self.state.case.requested
        line = getattr(self.event, "line", None)
        return Asked(
            policy, requested.return_id, line, part, self.at, requested.business_unit,
            requested.currency, said, again, self.policies, ref,
        )  # fmt: skip

    def policies(self) -> Policies:
        return policies_for(self.known, self.state, self.at)


def _short(verdict: Verdict) -> Said:
    values = tuple(sorted(verdict.values))
    return Said(verdict.rule, verdict.outcome, None, (verdict.role, values))


def _eligibility(now: _Moment) -> Asked | None:
    state, event, at = now.state, now.event, now.at
    if not isinstance(event, EligibilityJudged):
        return None
    line = _line(state, event.line)

    def again(policy: Policy) -> Said:
        facts = eligibility_facts(state.case, line, at, policy.calendar)
        return _short(policy.judge(policy.reads(facts)))

    return now.asked("eligibility", _short(event.verdict), again, ref=event.verdict.policy)


def _authorisation(now: _Moment) -> Asked | None:
    """Asked once a case: the system's own grant or refusal, or the first task it opened."""
    state, event = now.state, now.event
    match event:
        case ReturnAuthorised(authorised_by="system", verdict=verdict):
            pass
        case ReturnRefused(refused_by="system", verdict=verdict):
            pass
        case TaskOpened(point="authorisation", approved_by=(), verdict=verdict) if not any(
            task.opened.point == "authorisation" for task in state.case.tasks
        ):
            pass
        case _:
            return None
    facts = authorisation_facts(state.case)

    def again(policy: Policy) -> Said:
        return _short(policy.judge(policy.reads(facts)))

    return now.asked("authorisation", _short(verdict), again, ref=verdict.policy)


def _disposition(now: _Moment) -> Asked | None:
    """What the rules left for a portion, as the model was told it, and what one asked for."""
    state, event, at = now.state, now.event, now.at
    if not isinstance(event, AssessmentRecorded) or event.point != "disposition":
        return None
    portion = state.case.portion(event.portion or "")
    if portion is None:
        return None

    def left(book: Policies) -> Left:
        return dispositions_left(state.case, portion, book, at)

    def again(policy: Policy) -> Said:
        now_left = left(Policies((policy,)))
        return _removed(now_left.masked, now_left.proposed)

    said = _removed(event.assessment.masked, left(now.policies()).proposed)
    return now.asked("disposition", said, again, event.portion)


def _removed(masked: Sequence[Masked], asked_for: str | None) -> Said:
    named = sorted({m.rule for m in masked})
    options = "+".join(sorted(m.value for m in masked))
    left = f"without {options}" if options else "all allowed"
    return Said("+".join(named) or "none", f"{left}, {asked_for} proposed" if asked_for else left)


def _credit(now: _Moment) -> Asked | None:
    state, event, at = now.state, now.event, now.at
    if not isinstance(event, CreditProposed) or event.kind != "goods":
        return None
    line, portion = _line(state, event.line), state.case.portion(event.portion)

    def again(policy: Policy) -> Said:
        found = worth(
            Policies((policy,)), state.case, line, portion, event.disposition, event.quantity, at
        )
        release = dict(found.verdict.values).get("release", "on_approval")
        return Said(found.verdict.rule, found.decision, found.amount.net_minor, (release,))

    said = Said(event.verdict.rule, event.decision, event.net_minor, (event.release,))
    return now.asked("credit", said, again, event.portion, event.verdict.policy)


def _advance(now: _Moment) -> Asked | None:
    state, event = now.state, now.event
    if not isinstance(event, AdvanceJudged):
        return None
    facts = advance_facts(state.case, _line(state, event.line), event.value_minor)

    def again(policy: Policy) -> Said:
        return _short(policy.judge(policy.reads(facts)))

    return now.asked("advance", _short(event.verdict), again, ref=event.verdict.policy)


def _freight(now: _Moment) -> Asked | None:
    """Asked with each credit of goods; who bears it, not the amounts, is compared."""
    state, event = now.state, now.event
    if not isinstance(event, CreditProposed) or event.kind != "goods":
        return None
    said = event.freight_verdict
    if said is None:
        return None
    line, portion = _line(state, event.line), state.case.portion(event.portion)
    facts = freight_facts(state.case, line, portion, event.disposition)

    def again(policy: Policy) -> Said:
        return _short(policy.judge(policy.reads(facts)))

    return now.asked("freight", _short(said), again, event.portion, said.policy)


def _rollout(now: _Moment) -> Asked | None:
    state, event = now.state, now.event
    answered = _answered(state, event)
    if answered is None or not isinstance(event, LaneChosen):
        return None
    said = Said(event.verdict.rule, event.lane, None, (event.verdict.role,))

    def again(policy: Policy) -> Said:
        weighed = _weighed(now, event.line, answered, policy)
        return Said(weighed.verdict.rule, weighed.lane, None, (weighed.verdict.role,))

    return now.asked("rollout", said, again, event.portion, event.verdict.policy)


def _limits(now: _Moment) -> Asked | None:
    """The limits are not noted where the rollout speaks first; so what they said is asked of the
    version of that moment."""
    state, event = now.state, now.event
    answered = _answered(state, event)
    if answered is None or not isinstance(event, LaneChosen) or answered.principal == NOBODY:
        return None

    def again(policy: Policy | None) -> Said:
        limit = _weighed(now, event.line, answered, policy).limit
        if limit is None:
            raise AssertionError(f"{event.return_id}/{event.line} has no limit")
        return _short(limit)

    return now.asked("approval_limits", again(None), again, event.portion)


def _claims(now: _Moment) -> Asked | None:
    state, event, at = now.state, now.event, now.at
    if not isinstance(event, ClaimRaised):
        return None
    portion = state.case.portion(event.portion)
    if portion is None:
        return None
    facts = claim_facts(state.case, portion, event.part, at)
    said, ref = _short(event.verdict), event.verdict.policy
    return now.asked("claims", said, lambda p: _short(p.judge(facts)), event.portion, ref)


def _refurbish(now: _Moment) -> Asked | None:
    state, event = now.state, now.event
    if not isinstance(event, RefurbishOrdered):
        return None
    portion = state.case.portion(event.portion)
    if portion is None:
        return None
    facts = refurbish_facts(state.case, portion, event.part)
    said, ref = _short(event.verdict), event.verdict.policy
    return now.asked("refurbish", said, lambda p: _short(p.judge(facts)), event.portion, ref)


def _transfer_price(now: _Moment) -> Asked | None:
    event = now.event
    if not isinstance(event, IntercompanyCharged) or event.verdict is None:
        return None
    facts = transfer_facts(now.state.case, event.owing_unit)
    said, ref = _short(event.verdict), event.verdict.policy
    return now.asked("transfer_price", said, lambda p: _short(p.judge(facts)), event.cause, ref)


def _weighed(now: _Moment, number: int, answered: Answered, by: Policy | None) -> Weighed:
    """An answer weighed by the policies of its moment, with one of them replaced."""
    book = now.policies()
    if by is not None:
        book = Policies((by, *(p for p in book.versions if p.name != by.name)))
    return weigh(book, now.state.case, _line(now.state, number), answered)


def _answered(state: Born, event: CaseEvent) -> Answered | None:
    """The answer that a lane was chosen for, as ``progress`` had it."""
    if not isinstance(event, LaneChosen):
        return None
    line = _line(state, event.line)
    if event.point == "reason" and line.reason_assessment is not None:
        said = line.reason_assessment
        possible = said.value is not None
        found = Answered("reason", said, line.reason_clearing, None, possible)
    elif event.point == "disposition":
        portion = state.case.portion(event.portion or "")
        if portion is None or portion.assessment is None:
            return None
        found = answered_disposition(portion)
    else:
        credit = next((c for c in line.credits if str(c.sequence) == event.portion), None)
        if credit is None or credit.assessment is None:
            return None
        found = answered_credit(credit)
    return replace(found, principal=event.principal or _principal_before(found))


def _principal_before(answered: Answered) -> str:
    """Whose limits bound an answer before that was noted: none did a model's reason, and a credit
    was the system's whoever had settled its reason."""
    if answered.point == "disposition" and answered.by_model:
        return "model"
    return "system" if answered.point == "credit" else NOBODY


def _line(state: Born, number: int) -> Line:
    line = state.case.line(number)
    if line is None:
        raise AssertionError(f"{state.case.return_id} has no line {number}")
    return line


_ASKING: Mapping[str, Callable[[_Moment], Asked | None]] = {
    "eligibility": _eligibility,
    "authorisation": _authorisation,
    "disposition": _disposition,
    "credit": _credit,
    "rollout": _rollout,
    "approval_limits": _limits,
    "advance": _advance,
    "freight": _freight,
    "claims": _claims,
    "refurbish": _refurbish,
    "transfer_price": _transfer_price,
}
