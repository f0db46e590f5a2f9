"""What single events change in a case, where that is more than one field; ``evolve`` picks."""

from dataclasses import replace
from decimal import Decimal
from functools import partial

from workflow import advance
from workflow.case_parts import on_credit, on_line, on_portion
from workflow.effects import HELD
from workflow.events import (
    AssessmentRecorded,
    AuthorisedLine,
    ChargedLine,
    ClaimAnswered,
    ClaimEvidenceGiven,
    ClaimSubmitted,
    ClaimWrittenOff,
    CreditApproved,
    DispositionPart,
    EffectDone,
    GoodsReceived,
    IntercompanyCharged,
    MasterGapsChanged,
    PortionReinspected,
    RecallReached,
    RefurbishReported,
    RefurbishSentBack,
    RefurbishSettled,
    SurplusSettled,
    TaskDecided,
)
from workflow.state import REFURBISH, Case, Departure, Elsewhere, Line, Portion, Review, Task, Work


def assessed(case: Case, event: AssessmentRecorded) -> Case:
    """The answer of a model stands with the line, portion or credit that it is about."""
    said, clearing = event.assessment, event.clearing
    if event.point == "reason":
        return on_line(
            case, event.line, lambda x: replace(x, reason_assessment=said, reason_clearing=clearing)
        )
    if event.point == "disposition":
        return on_portion(
            case, event.portion or "", lambda x: replace(x, assessment=said, clearing=clearing)
        )
    return on_credit(
        case,
        event.line,
        int(event.portion or 0),
        lambda x: replace(x, assessment=said, clearing=clearing, left_minor=event.left_minor),
    )


def approved(case: Case, event: CreditApproved) -> Case:
    """The amount that was approved; what is released later is held, an advance begins."""
    held = event.release in HELD
    status, net, tax = ("held" if held else "approved"), event.net_minor, event.tax_minor
    case = on_credit(
        case,
        event.line,
        event.sequence,
        lambda x: replace(x, status=status, net_minor=net, tax_minor=tax, approved=event),
    )
    if event.goods_due is None:
        return case
    return on_line(case, event.line, lambda x: advance.begun(x, event))


def looked_at_again(portion: Portion, event: PortionReinspected) -> Portion:
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


def received(case: Case, event: GoodsReceived) -> Case:
    """Only the authorised part counts as received; a surplus waits for ``SurplusSettled``."""
    for got in event.lines:
        if got.line is None:
            continue
        case = on_line(case, got.line, partial(_take_in, quantity=got.quantity))
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


def charged(case: Case, event: IntercompanyCharged) -> Case:
    """What another unit has of each line: more where it is charged, less where it charges back."""
    own = case.requested.business_unit
    sign = 1 if event.owed_unit == own else -1
    unit = event.owing_unit if sign == 1 else event.owed_unit
    for charged in event.lines:
        case = on_line(case, charged.line, partial(_held_by, unit=unit, charged=charged, sign=sign))
    return case


def _held_by(line: Line, unit: str, charged: ChargedLine, sign: int) -> Line:
    held = line.elsewhere.get(unit, Elsewhere(Decimal(0), 0))
    after = Elsewhere(
        held.quantity + sign * charged.quantity,
        held.value_minor + sign * charged.amount_minor,
        held.margin_minor + sign * charged.margin_minor,
    )
    return replace(line, elsewhere={**line.elsewhere, unit: after})


def grant(line: Line, granted: AuthorisedLine) -> Line:
    """A line is authorised, with or without its goods."""
    return replace(line, authorised=granted.quantity, goods=granted.goods)


def _take_in(line: Line, quantity: Decimal) -> Line:
    return replace(line, received=line.received + min(quantity, line.outstanding))


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


def decided(case: Case, event: TaskDecided) -> Case:
    """Who said yes is noted; a final answer ends the task, and asks for a review if one is due."""
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
    return replace(case, tasks=without(case, event.task_id))


def marked(case: Case, task_id: str) -> tuple[Task, ...]:
    """The tasks, one of them overdue."""
    return tuple(
        replace(task, overdue=True) if task.opened.task_id == task_id else task
        for task in case.tasks
    )


def without(case: Case, task_id: str) -> tuple[Task, ...]:
    """The tasks but one."""
    return tuple(task for task in case.tasks if task.opened.task_id != task_id)


def claimed(
    case: Case, event: ClaimEvidenceGiven | ClaimSubmitted | ClaimAnswered | ClaimWrittenOff
) -> Case:
    """Evidence, the claim sent, the supplier's answer, or what is given up of it."""
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


def worked(case: Case, event: RefurbishReported | RefurbishSettled | RefurbishSentBack) -> Case:
    """The workshop's report, and what became of it; what is settled left the workshop."""
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
    return on_portion(case, event.portion, lambda x: replace(x, departed=(*x.departed, gone)))


def numbered(case: Case, event: EffectDone) -> Case:
    """The ERP's number of a claim, once it wrote it."""
    if event.kind != "erp.supplier_claim":
        return case
    number = event.reference
    claims = (replace(x, number=number) if x.key == event.key else x for x in case.claims)
    return replace(case, claims=tuple(claims))


def surplus_settled(case: Case, event: SurplusSettled) -> Case:
    """What is accepted counts as authorised and received."""
    if event.outcome != "accepted" or event.line is None:
        return case
    more = event.quantity
    return on_line(
        case,
        event.line,
        lambda x: replace(x, authorised=x.authorised + more, received=x.received + more),
    )


def recalled(case: Case, event: RecallReached) -> Case:
    """What was proposed before is void; the same answer is ranked by the rules of now."""
    if event.portion is None:
        return on_line(case, event.line, lambda x: replace(x, recalled=True))
    return on_portion(
        case, event.portion, lambda x: replace(x, recalled=True, proposal=None, asked=None)
    )


def gaps_changed(case: Case, event: MasterGapsChanged) -> Case:
    """Portions that nobody disposed of yet are proposed anew."""
    anew = frozenset(event.portions)

    def again(portion: Portion) -> Portion:
        if portion.id not in anew:
            return portion
        proposal = portion.proposal if portion.parts else None
        return replace(portion, proposal=proposal, asked=None)

    return on_line(
        case,
        event.line,
        lambda x: replace(x, gaps=event.blocks, portions=tuple(map(again, x.portions))),
    )
