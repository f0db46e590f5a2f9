"""What the desk shows of a case, folded from its events: pure, the same live and in ``verify``.

Rows are plain dicts with the columns of ``return_case``, ``case_line``, ``task`` (leases apart,
which are nobody's history), ``answer``, ``second_review`` and ``claim``. Quantities are
``Decimal``. The rules of what an event changes are those of ``workflow.evolve``; ``tests/journal``
holds the two together.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from journal.advance_rows import note_advance
from journal.answer_rows import AnswerKey, Row, note_answer
from journal.claim_rows import ClaimRows, note_claim, note_claims_at_once
from journal.ledgers import Movements, SourceLine
from journal.review_rows import note_review
from workflow.claim import claim_by
from workflow.codes import Disposition
from workflow.events import (
    AssessmentRecorded,
    AuthorisationExpired,
    CaseEvent,
    CreditApproved,
    CreditDenied,
    CreditProposed,
    CreditWithdrawn,
    DispositionConfirmed,
    DispositionPart,
    EligibilityJudged,
    GoodsReceived,
    HoldReleased,
    LineInspected,
    ReasonSettled,
    RefurbishSettled,
    RequestedLine,
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

ZERO = Decimal(0)


@dataclass(slots=True)
class CaseRows:
    """The rows of one case; ``case`` is empty until it is requested."""

    case: Row = field(default_factory=dict)
    lines: dict[int, Row] = field(default_factory=dict)
    tasks: dict[str, Row] = field(default_factory=dict)
    answers: dict[AnswerKey, Row] = field(default_factory=dict)
    reviews: dict[str, Row] = field(default_factory=dict)
    claims: ClaimRows = field(default_factory=dict)


def apply(
    rows: CaseRows, event: CaseEvent, version: int, recorded_at: datetime, ledger: Movements
) -> None:
    """Change the rows as the event says, and add to ``ledger`` what it moves there."""
    note_answer(rows.answers, event, recorded_at)
    note_claim(rows.claims, rows.case, event)
    note_advance(rows.case, rows.lines, event, ledger)
    match event:
        case ReturnRequested():
            _requested(rows, event)
        case ReasonSettled():
            rows.lines[event.line].update(reason=event.reason, reason_how=event.how)
        case EligibilityJudged():
            rows.lines[event.line]["eligibility"] = event.verdict.outcome
        case AssessmentRecorded() if event.point == "credit":
            _risk(rows, event)
        case TaskOpened() | TaskDecided() | TaskEscalated() | TaskOverdue() | TaskWithdrawn():
            _task(rows, event, recorded_at)
            if isinstance(event, TaskDecided):
                note_review(rows.reviews, rows.tasks, event)
        case SecondReviewGiven():
            note_review(rows.reviews, rows.tasks, event)
        case (
            ReturnAuthorised()
            | ReturnRefused()
            | ReturnCancelled()
            | AuthorisationExpired()
            | ReturnClosed()
        ):
            _turned(rows, event, recorded_at, ledger)
        case GoodsReceived() | SurplusSettled():
            _arrived(rows, event, ledger)
        case LineInspected():
            rows.lines[event.line]["inspected"] += event.quantity
        case DispositionConfirmed():
            _disposed(rows.lines[event.line], event)
            note_claims_at_once(rows.claims, rows.case, rows.lines[event.line], event)
        case HoldReleased():
            _left(rows.lines[event.line], Disposition.QUARANTINE, event.parts)
        case RefurbishSettled():
            part = DispositionPart(event.disposition, event.quantity)
            _left(rows.lines[event.line], Disposition.REFURBISH, [part])
        case CreditProposed() | CreditApproved() | CreditDenied() | CreditWithdrawn():
            _credit(rows.lines[event.line], event, ledger)
        case _:
            pass  # proposals, releases and effects change nothing that these rows show
    rows.case.update(version=version, updated_at=recorded_at, status=status(rows))


def status(rows: CaseRows) -> str:
    """``workflow.state.status_of``, read off the rows."""
    situation = str(rows.case["situation"])
    if situation != "authorised":
        return "refused" if situation == "declined" else situation
    lines = [line for line in rows.lines.values() if line["authorised"] > 0]
    credited = bool(lines) and all(
        line["credits_settled"] and not line["credits_proposed"] for line in lines
    )
    goods = [line for line in lines if line["goods"]]
    if not goods:
        return "credited" if credited else "authorised"
    if all(line["received"] == 0 for line in goods):
        return "authorised"
    if any(outstanding(line) > 0 for line in lines):
        return "partially_received"
    if any(line["inspected"] < line["received"] for line in lines):
        return "received"
    if any(disposed(line) < line["inspected"] for line in lines):
        return "inspected"
    return "credited" if credited else "disposed"


def outstanding(line: Row) -> Decimal:
    """Authorised to come back, not received, not given up."""
    if not line["goods"]:
        return ZERO
    left: Decimal = line["authorised"] - line["received"] - line["released"]
    return left


def disposed(line: Row) -> Decimal:
    return sum((Decimal(quantity) for quantity in line["disposed"].values()), ZERO)


def source_of(line: Row) -> SourceLine | None:
    if line["invoice_id"] is None:
        return None
    return line["invoice_id"], line["invoice_line"]


def _requested(rows: CaseRows, event: ReturnRequested) -> None:
    rows.case.update(
        return_id=event.return_id,
        situation="under_review",
        customer_id=event.customer_id,
        business_unit=event.business_unit,
        channel=event.channel,
        segment=event.segment,
        currency=event.currency,
        value_minor=sum(line.value_minor for line in event.lines),
        goods_required=None,
        reference=event.reference,
        requested_by=event.requested_by,
        requested_at=event.requested_at,
        authorised_by=None,
        authorised_at=None,
        expires_at=None,
        warehouse=None,
        received_at=None,
        closed_at=None,
        because=None,
    )
    for line in event.lines:
        rows.lines[line.line] = _line(event.return_id, line)


def _line(return_id: str, line: RequestedLine) -> Row:
    return {
        "return_id": return_id,
        "line": line.line,
        "sku": line.sku,
        "lot": line.lot,
        "uom": line.uom,
        "invoice_id": line.source.invoice_id if line.source else None,
        "invoice_line": line.source.line if line.source else None,
        "item_class": line.facts.item_class,
        "supplier_id": line.facts.supplier_id,
        "value_minor": line.value_minor,
        "reason_text": line.reason_text,
        "stated_reason": line.stated_reason,
        "reason": None,
        "reason_how": None,
        "eligibility": None,
        "requested": line.quantity,
        "authorised": ZERO,
        "goods": True,
        "received": ZERO,
        "released": ZERO,
        "inspected": ZERO,
        "unit_cost_minor": line.facts.unit_cost_minor,
        "vendor_takes_back": line.facts.supplier_accepts_returns,
        "claim_by": claim_by(line.facts),
        "disposed": {},
        "credited_minor": 0,
        "credits_proposed": 0,
        "credits_settled": 0,
        "risk": None,
        "advance_minor": None,
        "goods_due": None,
    }


def _risk(rows: CaseRows, event: AssessmentRecorded) -> None:
    """The newest anomaly confidence of a line, shown on its open credit tasks too, audits apart."""
    rows.lines[event.line]["risk"] = event.assessment.confidence
    for task in rows.tasks.values():
        ours = task["status"] == "open" and task["point"] == "credit" and not task["blind"]
        if ours and task["line"] == event.line:
            task["risk"] = event.assessment.confidence


def _task(
    rows: CaseRows,
    event: TaskOpened | TaskDecided | TaskEscalated | TaskOverdue | TaskWithdrawn,
    recorded_at: datetime,
) -> None:
    match event:
        case TaskOpened():
            rows.tasks[event.task_id] = _opened(rows, event)
        case TaskDecided() if not event.final:
            approved = rows.tasks[event.task_id]["approved_by"]
            rows.tasks[event.task_id]["approved_by"] = [*approved, event.decided_by]
        case TaskDecided():
            rows.tasks[event.task_id].update(
                status="decided",
                decision=event.decision,
                decided_by=event.decided_by,
                decided_for=event.for_whom,
                closed_at=event.decided_at,
            )
        case TaskEscalated():
            rows.tasks[event.task_id].update(
                status="decided",
                decision="escalate",
                decided_by="system",
                closed_at=event.escalated_at,
            )
        case TaskOverdue():
            rows.tasks[event.task_id]["overdue_at"] = event.marked_at
        case TaskWithdrawn():
            rows.tasks[event.task_id].update(status="withdrawn", closed_at=recorded_at)


def _opened(rows: CaseRows, event: TaskOpened) -> Row:
    line = rows.lines.get(event.line) if event.line is not None else None
    return {
        "task_id": event.task_id,
        "return_id": event.return_id,
        "point": event.point,
        "role": event.role,
        "status": "open",
        "line": event.line,
        "portion": event.portion,
        "amount_minor": event.amount_minor,
        "currency": event.currency,
        "business_unit": rows.case["business_unit"],
        "customer_id": rows.case["customer_id"],
        "opened_at": event.opened_at,
        "due_at": event.due_at,
        "proposal": event.proposal,
        "allowed": list(event.allowed),
        "approvals_needed": event.approvals_needed,
        "approved_by": list(event.approved_by),
        "policy": event.verdict.policy,
        "rule": event.verdict.rule,
        "because": event.verdict.because,
        "decision": None,
        "decided_by": None,
        "decided_for": None,
        "closed_at": None,
        "overdue_at": None,
        "risk": line["risk"] if line and event.point == "credit" and not event.blind else None,
        "blind": event.blind,
        "asked_by": event.asked_by,
        "note": event.note or None,
    }


def _turned(
    rows: CaseRows,
    event: ReturnAuthorised | ReturnRefused | ReturnCancelled | AuthorisationExpired | ReturnClosed,
    recorded_at: datetime,
    ledger: Movements,
) -> None:
    """A new situation: reserve what may come back, or give back what never will."""
    match event:
        case ReturnAuthorised():
            rows.case.update(
                situation="authorised",
                goods_required=event.goods_required,
                authorised_by=event.authorised_by,
                authorised_at=event.authorised_at,
                expires_at=event.expires_at,
            )
            for granted in event.lines:
                line = rows.lines[granted.line]
                line.update(authorised=granted.quantity, goods=granted.goods)
                if granted.goods:
                    ledger.returned(source_of(line), granted.quantity)
            return
        case ReturnRefused():
            rows.case.update(
                situation="declined", closed_at=event.refused_at, because=event.because
            )
        case ReturnCancelled():
            _give_back(rows, rows.lines.values(), ledger)
            rows.case.update(
                situation="cancelled", closed_at=event.cancelled_at, because=event.because
            )
        case AuthorisationExpired():
            _give_back(rows, rows.lines.values(), ledger)
            rows.case.update(situation="expired", closed_at=event.expired_at)
        case ReturnClosed():
            rows.case.update(situation="closed", closed_at=event.closed_at)
    for task in rows.tasks.values():
        if task["status"] == "open":
            task.update(status="withdrawn", closed_at=recorded_at)


def _give_back(rows: CaseRows, lines: Iterable[Row], ledger: Movements) -> None:
    """What was reserved on the invoice and will not come."""
    for line in lines:
        ledger.returned(source_of(line), -outstanding(line))


def _arrived(rows: CaseRows, event: GoodsReceived | SurplusSettled, ledger: Movements) -> None:
    if isinstance(event, SurplusSettled):
        if event.outcome == "accepted" and event.line is not None:
            line = rows.lines[event.line]
            line["authorised"] += event.quantity
            line["received"] += event.quantity
            if line["goods"]:
                ledger.returned(source_of(line), event.quantity)
        return
    for got in event.lines:
        if got.line is not None:
            line = rows.lines[got.line]
            line["received"] += min(got.quantity, outstanding(line))
    if event.final:
        _give_back(rows, rows.lines.values(), ledger)
        for line in rows.lines.values():
            line["released"] += outstanding(line)
    rows.case.update(warehouse=event.warehouse, received_at=event.received_at)


def _disposed(line: Row, event: DispositionConfirmed) -> None:
    _moved(line, [(part.disposition, part.quantity) for part in event.parts])


def _left(line: Row, where: Disposition, parts: Iterable[DispositionPart]) -> None:
    """Goods that waited somewhere are elsewhere now."""
    for part in parts:
        _moved(line, [(where.value, -part.quantity), (part.disposition, part.quantity)])


def _moved(line: Row, changes: Iterable[tuple[str, Decimal]]) -> None:
    sums = {name: Decimal(quantity) for name, quantity in line["disposed"].items()}
    for name, quantity in changes:
        sums[name] = sums.get(name, ZERO) + quantity
    line["disposed"] = {name: f"{many:f}" for name, many in sorted(sums.items()) if many}


def _credit(
    line: Row,
    event: CreditProposed | CreditApproved | CreditDenied | CreditWithdrawn,
    ledger: Movements,
) -> None:
    """Held credits count too: the customer's entitlement is taken when it is approved."""
    if isinstance(event, CreditProposed):
        line["credits_proposed"] += 1
        return
    line["credits_proposed"] -= 1
    if isinstance(event, CreditWithdrawn):
        return
    line["credits_settled"] += 1
    if isinstance(event, CreditApproved):
        line["credited_minor"] += event.net_minor
        ledger.credited(source_of(line), event.net_minor)
        ledger.carried(source_of(line), event.freight_minor)
