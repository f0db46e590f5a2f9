"""``decide(state, command, policies) -> events``: the whole workflow, pure and total.

A command is first checked and recorded (this module), then everything that follows from the
new state without anybody else's word is done at once (``progress.py``). A business "no" is
``Refused``; nothing has happened then.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from workflow.abandoning import abandon
from workflow.advancing import ask_for_goods
from workflow.approvals import require_any_role
from workflow.asking import dispositions_left, needs_no_goods
from workflow.claiming import answer_claim, give_evidence, give_up_claim
from workflow.codes import Condition
from workflow.commands import (
    AbandonEffect,
    AcknowledgeEffect,
    AnswerClaim,
    AskForGoods,
    CancelReturn,
    Command,
    CorrectEffect,
    DecideTask,
    DisposePortion,
    EscalateOverdue,
    ExpireAuthorisation,
    GiveClaimEvidence,
    GiveSecondReview,
    GiveUpClaim,
    InspectLine,
    ParkEffect,
    ReceiveGoods,
    RecordAssessment,
    ReinspectPortion,
    ReleaseCredit,
    ReportMasterGaps,
    ReportRecall,
    ReportRefurbishment,
    RequestReturn,
)
from workflow.correcting import correct
from workflow.counting import check_counted
from workflow.damage import check_damage
from workflow.deciding import check_allowed, decide_task
from workflow.escalating import escalate_overdue
from workflow.events import (
    AssessmentRecorded,
    AuthorisationExpired,
    CaseEvent,
    CreditReleased,
    EffectDone,
    EffectParked,
    GoodsReceived,
    LineInspected,
    RequestedLine,
    ReturnCancelled,
    ReturnRequested,
    SourceRef,
    Verdict,
)
from workflow.goods_limits import asked_for, require_limit, value_of
from workflow.holding import MAY_RELEASE, reinspect, release_by_hand
from workflow.mastering import report_master_gaps
from workflow.money import CURRENCIES
from workflow.progress import confirm, progress
from workflow.proposing import open_disposition_task, propose_by_hand
from workflow.recalling import report_recall
from workflow.receiving import receive
from workflow.refurbishing import report_work
from workflow.refused import Refused
from workflow.reviewing import give_second_review
from workflow.run import PolicyBook, Run
from workflow.seen import seen_of
from workflow.serials import check_serials, check_shipped
from workflow.state import ZERO, Authorised, Line, Portion, State, Unborn


@dataclass(frozen=True, slots=True)
class Decision:
    """``own`` is what the commander did; ``followed`` what the rules did next, by themselves."""

    own: tuple[CaseEvent, ...]
    followed: tuple[CaseEvent, ...]


def decide(state: State, command: Command, policies: PolicyBook) -> list[CaseEvent]:
    """The events that a command leads to; empty where it was obeyed before.

    Raises ``Refused`` with a code of ``workflow.refused.CODES``.
    """
    decision = decided(state, command, policies)
    return [*decision.own, *decision.followed]


def decided(state: State, command: Command, policies: PolicyBook) -> Decision:
    """As ``decide``, with the commander's own events apart from those that follow."""
    run = Run(state, policies, command.actor, command.at)
    match command:
        case RequestReturn():
            _request(run, command)
        case RecordAssessment():
            _assess(run, command)
        case DecideTask():
            decide_task(run, command)
        case GiveSecondReview():
            give_second_review(run, command)
        case ReceiveGoods():
            receive(run, command)
        case InspectLine():
            _inspect(run, command)
        case ReinspectPortion():
            reinspect(run, command)
        case DisposePortion():
            _dispose(run, command)
        case ReportRefurbishment():
            report_work(run, command)
        case ReportRecall():
            report_recall(run, command)
        case ReportMasterGaps():
            report_master_gaps(run, command)
        case ReleaseCredit():
            _release(run, command)
        case GiveClaimEvidence():
            give_evidence(run, command)
        case AnswerClaim():
            answer_claim(run, command)
        case GiveUpClaim():
            give_up_claim(run, command)
        case CancelReturn():
            _cancel(run, command)
        case ExpireAuthorisation():
            _expire(run, command)
        case AskForGoods():
            ask_for_goods(run, command)
        case EscalateOverdue():
            escalate_overdue(run, command)
        case AcknowledgeEffect():
            _acknowledge(run, command)
        case ParkEffect():
            _park(run, command)
        case AbandonEffect():
            abandon(run, command)
        case CorrectEffect():
            correct(run, command)
        case _:
            assert_never(command)
    own = len(run.events)
    progress(run)
    return Decision(tuple(run.events[:own]), tuple(run.events[own:]))


def _request(run: Run, command: RequestReturn) -> None:
    if not isinstance(run.state, Unborn):
        raise Refused("return_exists", f"{command.return_id} exists already.")
    if command.currency not in CURRENCIES:
        raise Refused("unknown_currency", f"{command.currency!r} is not an ISO 4217 currency.")
    if not command.lines:
        raise Refused("invalid_quantity", "A return needs at least one line.")
    for line in command.lines:
        _check_line(run, line)
    _check_returnable(command.lines)
    run.emit(
        ReturnRequested(
            return_id=command.return_id,
            customer_id=command.customer_id,
            business_unit=command.business_unit,
            channel=command.channel,
            currency=command.currency,
            requested_by=command.actor.id,
            requested_at=command.at,
            lines=command.lines,
            segment=command.segment,
            credit_hold=command.credit_hold,
            return_window_days=command.return_window_days,
            reference=command.reference,
            contract=command.contract,
            advances_unreturned=command.advances_unreturned,
            advances_open_minor=command.advances_open_minor,
        )
    )


def _check_line(run: Run, line: RequestedLine) -> None:
    if not line.quantity.is_finite() or line.quantity <= 0:
        raise Refused(
            "invalid_quantity", f"Line {line.line}: quantity {line.quantity} is not positive."
        )
    facts = line.facts
    if facts.invoiced_at is not None and facts.invoiced_at > run.at:
        raise Refused("future_date", f"Line {line.line}: its invoice is dated after the request.")
    check_serials(line.serials, line.quantity)
    check_shipped(line.line, line.serials, facts.shipped_serials)
    if line.lot and facts.shipped_lot and line.lot != facts.shipped_lot:
        raise Refused(
            "wrong_lot",
            f"Line {line.line}: lot {line.lot} was not shipped on that invoice line;"
            f" lot {facts.shipped_lot} was.",
        )


def _check_returnable(lines: tuple[RequestedLine, ...]) -> None:
    """What one request takes of a source line must still be returnable (domain asks 1 and 2)."""
    asked: dict[SourceRef, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        if line.source is None or needs_no_goods(line.stated_reason):
            continue
        asked[line.source] += line.quantity
        returnable = line.facts.delivered - line.facts.returned_before
        if asked[line.source] > returnable:
            raise Refused(
                "over_return",
                f"Line {line.line}: {asked[line.source]} asked of invoice"
                f" {line.source.invoice_id} line {line.source.line}, {returnable} still"
                f" returnable ({line.facts.delivered} delivered,"
                f" {line.facts.returned_before} on other returns).",
            )


def _assess(run: Run, command: RecordAssessment) -> None:
    """Record a model's answer, unless one is there or nobody waits for it any more."""
    run.live("an assessment")
    line = _line(run, command.line)
    if command.point == "reason":
        waiting = line.reason is None and line.reason_assessment is None
    elif command.point == "disposition":
        portion = run.case.portion(command.portion or "")
        waiting = bool(portion and portion.assessment is None and not portion.parts)
    else:
        waiting = any(
            str(c.sequence) == command.portion and c.assessment is None and c.status == "proposed"
            for c in line.credits
        )
    if waiting:
        run.emit(
            AssessmentRecorded(
                return_id=run.case.return_id,
                point=command.point,
                line=command.line,
                assessment=command.assessment,
                portion=command.portion,
                clearing=command.clearing,
                left_minor=command.left_minor,
            )
        )


def _line(run: Run, number: int) -> Line:
    line = run.case.line(number)
    if line is None:
        raise Refused("unknown_line", f"{run.case.return_id} has no line {number}.")
    return line


def _inspect(run: Run, command: InspectLine) -> None:
    run.authorised("an inspection")
    require_any_role(command.actor, ("inspector",), "Inspecting")
    if command.condition not in set(Condition):
        allowed = ", ".join(Condition)
        raise Refused("not_allowed_value", f"{command.condition!r} is no condition: {allowed}.")
    check_damage(command.damage_code)
    line = _line(run, command.line)
    check_counted(line, command.quantity)
    waiting = line.received - line.inspected
    if not ZERO < command.quantity <= waiting:
        raise Refused(
            "invalid_quantity",
            f"Line {line.number}: {command.quantity} inspected, {waiting} received and not"
            " yet inspected.",
        )
    taken = [serial for p in line.portions for serial in p.inspected.serials]
    check_serials(command.serials, command.quantity, taken)
    expires_on = command.expires_on or line.requested.facts.expires_on
    run.emit(
        LineInspected(
            return_id=run.case.return_id,
            line=line.number,
            portion=f"{line.number}.{len(line.portions) + 1}",
            quantity=command.quantity,
            condition=command.condition,
            inspected_by=command.actor.id,
            inspected_at=command.at,
            lot=command.lot or line.requested.lot or line.requested.facts.shipped_lot,
            damage_code=command.damage_code,
            expires_on=expires_on,
            remaining_life_days=(expires_on - command.at.date()).days if expires_on else None,
            temperature_ok=command.temperature_ok,
            recall_open=command.recall_open,
            note=command.note,
            evidence=command.evidence,
            customer_id=run.case.requested.customer_id,
            sku=line.requested.sku,
            serials=command.serials,
            required_life=command.required_life,
            seen=seen_of(command.seen),
        )
    )


def _dispose(run: Run, command: DisposePortion) -> None:
    """A person's own disposition. Somebody other than the inspector confirms it, within their
    limit, and a second person where the limits ask for two."""
    run.authorised("a disposition")
    require_any_role(command.actor, ("inspector", *MAY_RELEASE), "Disposing of goods")
    portion = run.case.portion(command.portion)
    if portion is None:
        raise Refused("not_inspected", f"There is no inspected portion {command.portion}.")
    if portion.held > 0:
        release_by_hand(run, command)
        return
    if portion.parts:
        raise Refused("already_decided", f"Portion {portion.id} is disposed of already.")
    _check_parts(run, portion, command)
    actor, own = command.actor, run.case.requested.requested_by
    proposes = actor.id == portion.inspected.inspected_by or not set(MAY_RELEASE) & actor.roles
    if actor.id == own:
        raise Refused("own_request", f"{own} requested {run.case.return_id}.")
    amount = value_of(run, portion, command.parts)
    if not proposes:
        require_limit(run, actor, portion, "disposition", amount)
    allowed = dispositions_left(run.case, portion, run.policies, run.at).allowed
    run.withdraw("disposition", portion.id, "decided otherwise")
    how = "inspector" if actor.id == portion.inspected.inspected_by else "person"
    propose_by_hand(run, portion, command.parts, how, actor.id)
    verdict = Verdict("workflow", "person", "chosen-by-person", command.note or "Chosen by hand.")
    asked = asked_for(run, portion, "disposition", amount)
    if proposes:
        open_disposition_task(run, portion, allowed, verdict, "quality")
        return
    if asked.people > 1:
        open_disposition_task(run, portion, allowed, verdict, asked.role, said_yes=actor)
        return
    confirm(run, portion, command.parts, verdict, "person", actor.id)


def _check_parts(run: Run, portion: Portion, command: DisposePortion) -> None:
    check_counted(run.case.line(portion.line), *(part.quantity for part in command.parts))
    total = sum((part.quantity for part in command.parts), ZERO)
    if any(part.quantity <= 0 for part in command.parts) or total != portion.inspected.quantity:
        raise Refused(
            "invalid_quantity",
            f"Portion {portion.id} holds {portion.inspected.quantity};"
            f" the parts add up to {total}.",
        )
    check_allowed(run, portion, command.parts)


def _release(run: Run, command: ReleaseCredit) -> None:
    run.authorised("releasing a credit")
    require_any_role(command.actor, ("finance_clerk",), "Releasing a credit")
    line = _line(run, command.line)
    credit = next((c for c in line.credits if c.sequence == command.sequence), None)
    if credit is None or credit.status != "held":
        raise Refused(
            "wrong_state", f"Line {line.number} has no credit {command.sequence} waiting."
        )
    if command.actor.id == run.case.requested.requested_by:
        raise Refused("own_request", f"{command.actor.id} requested {run.case.return_id}.")
    run.emit(
        CreditReleased(
            return_id=run.case.return_id,
            line=line.number,
            sequence=command.sequence,
            released_by=command.actor.id,
            released_at=run.at,
            because=command.because,
        )
    )


def _cancel(run: Run, command: CancelReturn) -> None:
    state = run.live("cancelling")
    if command.actor.id != state.case.requested.requested_by:
        require_any_role(command.actor, ("customer_service",), "Cancelling")
    paid = [c for line in state.case.lines for c in line.credits if c.proposed.kind != "advance"]
    given = any(line.advance for line in state.case.lines)
    if paid or given or any(line.received for line in state.case.lines) or state.case.receipts:
        raise Refused(
            "wrong_state", f"{state.case.return_id} has goods or credits; it can only be finished."
        )
    run.emit(ReturnCancelled(state.case.return_id, command.actor.id, command.at, command.because))


def _expire(run: Run, command: ExpireAuthorisation) -> None:
    """Nothing came: expired. Something came: what is outstanding is given up. Goods of an advance
    are waited for until somebody decides."""
    state = run.state
    if not isinstance(state, Authorised) or command.at < state.authority.expires_at:
        return
    if not state.authority.goods_required or state.case.advance_open:
        return
    case = state.case
    if not case.receipts:
        run.emit(AuthorisationExpired(case.return_id, command.at))
    elif any(line.outstanding > 0 for line in case.lines):
        receipt_id = f"{case.return_id}-expired"
        run.emit(
            GoodsReceived(
                case.return_id, receipt_id, case.warehouse, command.actor.id, command.at, (), True
            )
        )


def _acknowledge(run: Run, command: AcknowledgeEffect) -> None:
    status = run.case.effects.get(command.key)
    if status is None:
        raise Refused("unknown_task", f"{run.case.return_id} never asked for {command.key}.")
    if status != "done":
        run.emit(
            EffectDone(run.case.return_id, command.key, command.kind, command.reference, command.at)
        )


def _park(run: Run, command: ParkEffect) -> None:
    status = run.case.effects.get(command.key)
    if status is None:
        raise Refused("unknown_task", f"{run.case.return_id} never asked for {command.key}.")
    if status == "asked":
        run.emit(
            EffectParked(run.case.return_id, command.key, command.kind, command.error, command.at)
        )
