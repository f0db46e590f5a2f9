"""State is a fold: ``evolve(state, event)`` says what a fact changed, and decides nothing.

Total over ``CaseEvent``; an event that cannot follow the state is a bug, never input, and
raises ``AssertionError``.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import assert_never

from workflow import advance
from workflow.claim import claims_at_once
from workflow.effects import HELD, effects_of
from workflow.events import (
    AbandonmentProposed,
    AdvanceChargedBack,
    AdvanceJudged,
    AdvanceLetGo,
    AdvanceSettled,
    AssessmentRecorded,
    AuthorisationExpired,
    AuthorisedLine,
    CaseEvent,
    ChargedLine,
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
    DispositionPart,
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
from workflow.state import (
    QUARANTINE,
    REFURBISH,
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
    Elsewhere,
    Expired,
    Line,
    Order,
    Portion,
    Review,
    State,
    Task,
    Unborn,
    UnderReview,
    Work,
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
            return _assessed(case, event)
        case ReasonSettled():
            return _line(
                case, event.line, lambda x: replace(x, reason=event.reason, reason_how=event.how)
            )
        case LaneChosen():
            return case  # what it led to is in the events that follow
        case EligibilityJudged():
            return _line(case, event.line, lambda x: replace(x, eligibility=event.verdict))
        case TaskOpened():
            task = Task(event, event.approved_by, event.approved_for)
            return replace(case, tasks=(*case.tasks, task), tasks_opened=case.tasks_opened + 1)
        case TaskDecided():
            return _decided(case, event)
        case SecondReviewGiven():
            left = tuple(r for r in case.reviews if r.decided.task_id != event.task_id)
            return replace(case, reviews=left)
        case TaskOverdue():
            return replace(case, tasks=_marked(case, event.task_id))
        case TaskWithdrawn() | TaskEscalated():
            return replace(case, tasks=_without(case, event.task_id))
        case ReturnAuthorised():
            for granted in event.lines:
                case = _line(case, granted.line, partial(_grant, granted=granted))
            return case
        case GoodsReceived():
            return _received(case, event)
        case IntercompanyCharged():
            return _charged(case, event)
        case SurplusSettled():
            if event.outcome != "accepted" or event.line is None:
                return case
            grown = event.quantity
            return _line(
                case,
                event.line,
                lambda x: replace(x, authorised=x.authorised + grown, received=x.received + grown),
            )
        case LineInspected():
            portion = Portion(event.portion, event.line, event)
            return _line(case, event.line, lambda x: replace(x, portions=(*x.portions, portion)))
        case DispositionProposed():
            return _portion(case, event.portion, lambda x: replace(x, proposal=event))
        case DispositionConfirmed():
            case = _portion(case, event.portion, lambda x: replace(x, parts=event.parts))
            made = tuple(Claim(x, dict(x.evidence), True) for x in claims_at_once(case, event))
            return replace(case, claims=(*case.claims, *made))
        case ClaimRaised():
            made = (Claim(event, dict(event.evidence)),)
            return replace(case, claims=(*case.claims, *made))
        case ClaimEvidenceGiven() | ClaimSubmitted() | ClaimAnswered() | ClaimWrittenOff():
            return _claim(case, event)
        case PortionReinspected():
            return _portion(case, event.portion, partial(_looked_at_again, event=event))
        case HoldReleaseAsked():
            return _portion(case, event.portion, lambda x: replace(x, asked=event))
        case HoldReleased():
            gone = tuple(Departure(QUARANTINE, part) for part in event.parts)
            return _portion(
                case, event.portion, lambda x: replace(x, departed=(*x.departed, *gone), asked=None)
            )
        case RefurbishOrdered():
            return replace(case, orders=(*case.orders, Order(event)))
        case RefurbishReported() | RefurbishSettled() | RefurbishSentBack():
            return _worked(case, event)
        case RecallReached():
            if event.portion is None:
                return _line(case, event.line, lambda x: replace(x, recalled=True))
            # What was proposed before is void; the same answer is ranked by the rules of now.
            return _portion(
                case,
                event.portion,
                lambda x: replace(x, recalled=True, proposal=None, asked=None),
            )
        case MasterGapsChanged():
            anew = frozenset(event.portions)
            return _line(
                case,
                event.line,
                lambda x: replace(
                    x,
                    gaps=event.blocks,
                    portions=tuple(
                        replace(p, proposal=p.proposal if p.parts else None, asked=None)
                        if p.id in anew
                        else p
                        for p in x.portions
                    ),
                ),
            )
        case CreditProposed():
            return _line(
                case, event.line, lambda x: replace(x, credits=(*x.credits, Credit(event)))
            )
        case CreditApproved():
            return _approved(case, event)
        case CreditReleased():
            return _credit(
                case, event.line, event.sequence, lambda x: replace(x, status="approved")
            )
        case CreditDenied():
            return _credit(case, event.line, event.sequence, lambda x: replace(x, status="denied"))
        case CreditWithdrawn():
            return _credit(
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
            return _line(case, event.line, lambda x: advance.noted(x, event))
        case EffectDone():
            case = replace(case, effects={**case.effects, event.key: "done"})
            return _numbered(case, event)
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


def _approved(case: Case, event: CreditApproved) -> Case:
    held = event.release in HELD
    status, net, tax = ("held" if held else "approved"), event.net_minor, event.tax_minor
    case = _credit(
        case,
        event.line,
        event.sequence,
        lambda x: replace(x, status=status, net_minor=net, tax_minor=tax, approved=event),
    )
    if event.goods_due is None:
        return case
    return _line(case, event.line, lambda x: advance.begun(x, event))


def _looked_at_again(portion: Portion, event: PortionReinspected) -> Portion:
    """What was found now stands; a recall counts only if it is open now."""
    found = replace(
        portion.inspected,
        condition=event.condition,
        inspected_by=event.inspected_by,
        inspected_at=event.inspected_at,
        lot=event.lot,
        damage_code=event.damage_code,
        expires_on=event.expires_on,
        remaining_life_days=event.remaining_life_days,
        temperature_ok=event.temperature_ok,
        recall_open=event.recall_open,
        note=event.note,
        evidence=(*portion.inspected.evidence, *event.evidence),
        serials=portion.inspected.serials if event.serials is None else event.serials,
        required_life=event.required_life,
        seen=event.seen,
    )
    return replace(portion, inspected=found, recalled=False, reinspected=True, asked=None)


def _received(case: Case, event: GoodsReceived) -> Case:
    """Only the authorised part counts as received; a surplus waits for ``SurplusSettled``."""
    for got in event.lines:
        if got.line is None:
            continue
        case = _line(case, got.line, partial(_take_in, quantity=got.quantity))
    if event.final:
        lines = tuple(replace(x, released=x.released + x.outstanding) for x in case.lines)
        case = replace(case, lines=lines)
    receipts, unit = (*case.receipts, event.receipt_id), event.unit or case.requested.business_unit
    freight = case.return_freight_minor + event.freight_minor
    return replace(
        case,
        receipts=receipts,
        warehouse=event.warehouse,
        unit=unit,
        return_freight_minor=freight,
    )


def _charged(case: Case, event: IntercompanyCharged) -> Case:
    """What another unit has of each line: more where it is charged, less where it charges back."""
    own = case.requested.business_unit
    sign = 1 if event.owed_unit == own else -1
    unit = event.owing_unit if sign == 1 else event.owed_unit
    for charged in event.lines:
        case = _line(case, charged.line, partial(_held_by, unit=unit, charged=charged, sign=sign))
    return case


def _held_by(line: Line, unit: str, charged: ChargedLine, sign: int) -> Line:
    held = line.elsewhere.get(unit, Elsewhere(Decimal(0), 0))
    after = Elsewhere(
        held.quantity + sign * charged.quantity,
        held.value_minor + sign * charged.amount_minor,
        held.margin_minor + sign * charged.margin_minor,
    )
    return replace(line, elsewhere={**line.elsewhere, unit: after})


def _grant(line: Line, granted: AuthorisedLine) -> Line:
    return replace(line, authorised=granted.quantity, goods=granted.goods)


def _take_in(line: Line, quantity: Decimal) -> Line:
    return replace(line, received=line.received + min(quantity, line.outstanding))


def _assessed(case: Case, event: AssessmentRecorded) -> Case:
    said, clearing = event.assessment, event.clearing
    if event.point == "reason":
        return _line(
            case, event.line, lambda x: replace(x, reason_assessment=said, reason_clearing=clearing)
        )
    if event.point == "disposition":
        return _portion(
            case, event.portion or "", lambda x: replace(x, assessment=said, clearing=clearing)
        )
    return _credit(
        case,
        event.line,
        int(event.portion or 0),
        lambda x: replace(x, assessment=said, clearing=clearing, left_minor=event.left_minor),
    )


def _said_yes(task: Task, event: TaskDecided) -> Task:
    """One of two people said yes; who names something else is the first of two once more."""
    stands = task.opened.proposal if task.said is None else task.said
    said = event.value if event.decision == "override" else task.said
    other = said not in (task.said, stands) and not event.final
    before = replace(task, approved_by=(), approved_for=()) if other else task
    lent = (event.for_whom,) if event.for_whom else ()
    return replace(
        before,
        approved_by=(*before.approved_by, event.decided_by),
        approved_for=(*before.approved_for, *lent),
        said=said,
    )


def _decided(case: Case, event: TaskDecided) -> Case:
    tasks = tuple(
        _said_yes(task, event) if task.opened.task_id == event.task_id else task
        for task in case.tasks
    )
    case = replace(case, tasks=tasks)
    if not event.final:
        return case
    task = case.task(event.task_id)
    if event.reviewed and task is not None:
        case = replace(case, reviews=(*case.reviews, Review(task, event)))
    return replace(case, tasks=_without(case, event.task_id))


def _marked(case: Case, task_id: str) -> tuple[Task, ...]:
    return tuple(
        replace(task, overdue=True) if task.opened.task_id == task_id else task
        for task in case.tasks
    )


def _without(case: Case, task_id: str) -> tuple[Task, ...]:
    return tuple(task for task in case.tasks if task.opened.task_id != task_id)


def _line(case: Case, number: int, change: Callable[[Line], Line]) -> Case:
    if case.line(number) is None:
        raise AssertionError(f"{case.return_id} has no line {number}")
    lines = tuple(change(line) if line.number == number else line for line in case.lines)
    return replace(case, lines=lines)


def _portion(case: Case, portion_id: str, change: Callable[[Portion], Portion]) -> Case:
    portion = case.portion(portion_id)
    if portion is None:
        raise AssertionError(f"{case.return_id} has no portion {portion_id}")

    def inside(line: Line) -> Line:
        portions = tuple(change(p) if p.id == portion_id else p for p in line.portions)
        return replace(line, portions=portions)

    return _line(case, portion.line, inside)


def _credit(case: Case, number: int, sequence: int, change: Callable[[Credit], Credit]) -> Case:
    def inside(line: Line) -> Line:
        if all(c.sequence != sequence for c in line.credits):
            raise AssertionError(f"{case.return_id}/{number} has no credit {sequence}")
        credits = tuple(change(c) if c.sequence == sequence else c for c in line.credits)
        return replace(line, credits=credits)

    return _line(case, number, inside)


def _claim(
    case: Case, event: ClaimEvidenceGiven | ClaimSubmitted | ClaimAnswered | ClaimWrittenOff
) -> Case:
    claim = case.claim(event.portion, event.part)
    if claim is None:
        raise AssertionError(f"{event.return_id} has no claim {event.portion}.{event.part}")
    match event:
        case ClaimEvidenceGiven():
            after = replace(claim, evidence={**claim.evidence, event.kind: event.reference})
        case ClaimSubmitted():
            after = replace(claim, submitted=True)
        case ClaimAnswered():
            after = replace(claim, answers=(*claim.answers, event))
        case ClaimWrittenOff():
            after = replace(claim, written_off_minor=claim.written_off_minor + event.amount_minor)
    return replace(case, claims=tuple(after if x is claim else x for x in case.claims))


def _worked(case: Case, event: RefurbishReported | RefurbishSettled | RefurbishSentBack) -> Case:
    same = (event.portion, event.part)
    order = next((x for x in case.orders if (x.ordered.portion, x.ordered.part) == same), None)
    if order is None:
        raise AssertionError(f"{event.return_id} has no order {event.portion}.{event.part}")
    if isinstance(event, RefurbishReported):
        work = (*order.work, Work(event))
    else:
        settled = event if isinstance(event, RefurbishSettled) else None
        status = "settled" if settled else "sent_back"
        work = tuple(
            replace(x, status=status, settled=settled)
            if x.reported.sequence == event.sequence
            else x
            for x in order.work
        )
    after = replace(order, work=work)
    case = replace(case, orders=tuple(after if x is order else x for x in case.orders))
    if not isinstance(event, RefurbishSettled):
        return case
    gone = Departure(REFURBISH, DispositionPart(event.disposition, event.quantity))
    return _portion(case, event.portion, lambda x: replace(x, departed=(*x.departed, gone)))


def _numbered(case: Case, event: EffectDone) -> Case:
    """The ERP's number of a claim, once it wrote it."""
    if event.kind != "erp.supplier_claim":
        return case
    number = event.reference
    claims = (replace(x, number=number) if x.key == event.key else x for x in case.claims)
    return replace(case, claims=tuple(claims))


def _ask(state: Born, event: CaseEvent) -> Born:
    """Remember the effects that this event asks of the world, until they are done."""
    asked = effects_of(state.case, event)
    if not asked:
        return state
    effects = {**state.case.effects, **{effect.key: "asked" for effect in asked}}
    return replace(state, case=replace(state.case, effects=effects))
