"""State is a fold: ``evolve(state, event)`` says what a fact changed, and decides nothing.

Total over ``CaseEvent``; an event that cannot follow the state is a bug, never input, and
raises ``AssertionError``.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import assert_never

from workflow import advance
from workflow.case_parts import on_credit, on_line, on_portion
from workflow.claim import claims_at_once
from workflow.effects import effects_of
from workflow.events import (
    AbandonmentProposed,
    AdvanceChargedBack,
    AdvanceJudged,
    AdvanceLetGo,
    AdvanceSettled,
    AssessmentRecorded,
    AuthorisationExpired,
    CaseEvent,
    ClaimAnswered,
    ClaimEvidenceGiven,
    ClaimRaised,
    ClaimSubmitted,
    ClaimWrittenOff,
    CreditApproved,
    CreditDenied,
    CreditProposed,
    CreditReleased,
    CreditWithdrawn,
    DispositionConfirmed,
    DispositionProposed,
    EffectAbandoned,
    EffectCorrected,
    EffectDone,
    EffectParked,
    EligibilityJudged,
    GoodsAwaited,
    GoodsGivenUp,
    GoodsReceived,
    HoldReleaseAsked,
    HoldReleased,
    IntercompanyCharged,
    LaneChosen,
    LineInspected,
    MasterGapsChanged,
    PortionReinspected,
    ReasonSettled,
    RecallReached,
    RefurbishOrdered,
    RefurbishReported,
    RefurbishSentBack,
    RefurbishSettled,
    ReturnAuthorised,
    ReturnCancelled,
    ReturnClosed,
    ReturnRefused,
    ReturnRequested,
    SecondReviewGiven,
    SurplusSettled,
    TaskDecided,
    TaskEscalated,
    TaskOpened,
    TaskOverdue,
    TaskWithdrawn,
)
from workflow.noting import (
    approved,
    assessed,
    charged,
    claimed,
    decided,
    gaps_changed,
    grant,
    looked_at_again,
    marked,
    numbered,
    recalled,
    received,
    surplus_settled,
    without,
    worked,
)
from workflow.state import (
    QUARANTINE,
    Authorised,
    Authority,
    Born,
    Cancelled,
    Case,
    Claim,
    Closed,
    Credit,
    Declined,
    Departure,
    Expired,
    Line,
    Order,
    Portion,
    State,
    Task,
    Unborn,
    UnderReview,
)


def fold(events: Iterable[CaseEvent]) -> State:
    """The state after all events of one case stream, in order."""
    state: State = Unborn()
    for event in events:
        state = evolve(state, event)
    return state


def evolve(state: State, event: CaseEvent) -> State:
    """The state after one more event."""
    if isinstance(event, ReturnRequested):
        if not isinstance(state, Unborn):
            raise AssertionError(f"{event.return_id} was requested twice")
        case = Case(event, tuple(Line(line) for line in event.lines))
        return _ask(UnderReview(case), event)
    if isinstance(state, Unborn):
        raise AssertionError(f"{type(event).__name__} before the request")
    return _ask(_move(_note(state, event), event), event)


def _move(state: Born, event: CaseEvent) -> Born:
    """Situations that an event leads into."""
    case = state.case
    match event:
        case ReturnAuthorised():
            authority = Authority(
                event.authorised_by,
                event.authorised_at,
                event.expires_at,
                event.verdict,
                event.goods_required,
                event.policies,
            )
            return Authorised(case, authority)
        case ReturnRefused():
            return Declined(case, event.code, event.because)
        case ReturnCancelled():
            return Cancelled(case, event.because)
        case AuthorisationExpired():
            return Expired(case)
        case ReturnClosed():
            if not isinstance(state, Authorised):
                raise AssertionError(f"{event.return_id} closed without an authority")
            return Closed(case, state.authority, event.closed_at)
        case CreditApproved(goods_due=due) | GoodsAwaited(goods_due=due) if due is not None:
            return _awaiting(state, due)
        case _:
            return state


def _awaiting(state: Born, due: datetime) -> Born:
    """An authorisation lasts at least until the goods of an advance are due."""
    if not isinstance(state, Authorised):
        raise AssertionError("an advance without an authority")
    until = max(state.authority.expires_at, due)
    return replace(state, authority=replace(state.authority, expires_at=until))


def _note(state: Born, event: CaseEvent) -> Born:
    return replace(state, case=_noted(state.case, event))


def _noted(case: Case, event: CaseEvent) -> Case:
    """What an event changed in the lines, tasks and effects."""
    match event:
        case AssessmentRecorded():
            return assessed(case, event)
        case ReasonSettled():
            return on_line(
                case, event.line, lambda x: replace(x, reason=event.reason, reason_how=event.how)
            )
        case LaneChosen():
            return case  # what it led to is in the events that follow
        case EligibilityJudged():
            return on_line(case, event.line, lambda x: replace(x, eligibility=event.verdict))
        case TaskOpened():
            task = Task(event, event.approved_by, event.approved_for)
            return replace(case, tasks=(*case.tasks, task), tasks_opened=case.tasks_opened + 1)
        case TaskDecided():
            return decided(case, event)
        case SecondReviewGiven():
            left = tuple(r for r in case.reviews if r.decided.task_id != event.task_id)
            return replace(case, reviews=left)
        case TaskOverdue():
            return replace(case, tasks=marked(case, event.task_id))
        case TaskWithdrawn() | TaskEscalated():
            return replace(case, tasks=without(case, event.task_id))
        case ReturnAuthorised():
            for granted in event.lines:
                case = on_line(case, granted.line, partial(grant, granted=granted))
            return case
        case GoodsReceived():
            return received(case, event)
        case IntercompanyCharged():
            return charged(case, event)
        case SurplusSettled():
            return surplus_settled(case, event)
        case LineInspected():
            portion = Portion(event.portion, event.line, event)
            return on_line(case, event.line, lambda x: replace(x, portions=(*x.portions, portion)))
        case DispositionProposed():
            return on_portion(case, event.portion, lambda x: replace(x, proposal=event))
        case DispositionConfirmed():
            case = on_portion(case, event.portion, lambda x: replace(x, parts=event.parts))
            made = tuple(Claim(x, dict(x.evidence), True) for x in claims_at_once(case, event))
            return replace(case, claims=(*case.claims, *made))
        case ClaimRaised():
            made = (Claim(event, dict(event.evidence)),)
            return replace(case, claims=(*case.claims, *made))
        case ClaimEvidenceGiven() | ClaimSubmitted() | ClaimAnswered() | ClaimWrittenOff():
            return claimed(case, event)
        case PortionReinspected():
            return on_portion(case, event.portion, partial(looked_at_again, event=event))
        case HoldReleaseAsked():
            return on_portion(case, event.portion, lambda x: replace(x, asked=event))
        case HoldReleased():
            gone = tuple(Departure(QUARANTINE, part) for part in event.parts)
            return on_portion(
                case, event.portion, lambda x: replace(x, departed=(*x.departed, *gone), asked=None)
            )
        case RefurbishOrdered():
            return replace(case, orders=(*case.orders, Order(event)))
        case RefurbishReported() | RefurbishSettled() | RefurbishSentBack():
            return worked(case, event)
        case RecallReached():
            return recalled(case, event)
        case MasterGapsChanged():
            return gaps_changed(case, event)
        case CreditProposed():
            return on_line(
                case, event.line, lambda x: replace(x, credits=(*x.credits, Credit(event)))
            )
        case CreditApproved():
            return approved(case, event)
        case CreditReleased():
            return on_credit(
                case, event.line, event.sequence, lambda x: replace(x, status="approved")
            )
        case CreditDenied():
            return on_credit(
                case, event.line, event.sequence, lambda x: replace(x, status="denied")
            )
        case CreditWithdrawn():
            return on_credit(
                case, event.line, event.sequence, lambda x: replace(x, status="withdrawn")
            )
        case (
            AdvanceJudged()
            | GoodsAwaited()
            | GoodsGivenUp()
            | AdvanceSettled()
            | AdvanceChargedBack()
            | AdvanceLetGo()
        ):
            return on_line(case, event.line, lambda x: advance.noted(x, event))
        case EffectDone():
            case = replace(case, effects={**case.effects, event.key: "done"})
            return numbered(case, event)
        case EffectParked():
            return replace(case, effects={**case.effects, event.key: "parked"})
        case EffectCorrected():
            still = {key: told for key, told in case.giving_up.items() if key != event.key}
            return replace(case, giving_up=still)
        case AbandonmentProposed():
            asked = (event.reason, event.proposed_by)
            return replace(case, giving_up={**case.giving_up, event.key: asked})
        case EffectAbandoned():
            return replace(case, effects={**case.effects, event.key: "abandoned"})
        case ReturnRequested() | ReturnRefused() | ReturnCancelled():
            return replace(case, tasks=())
        case AuthorisationExpired() | ReturnClosed():
            return replace(case, tasks=())
        case _:
            assert_never(event)


def _ask(state: Born, event: CaseEvent) -> Born:
    """Remember the effects that this event asks of the world, until they are done."""
    asked = effects_of(state.case, event)
    if not asked:
        return state
    effects = {**state.case.effects, **{effect.key: "asked" for effect in asked}}
    return replace(state, case=replace(state.case, effects=effects))
