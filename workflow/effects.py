"""Effects: values that say what should change outside us. Nothing here performs one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.claim import is_claimed
from workflow.events import (
    AdvanceChargedBack,
    CaseEvent,
    ClaimAnswered,
    ClaimSubmitted,
    ClaimWrittenOff,
    CreditApproved,
    CreditProposed,
    CreditReleased,
    DispositionConfirmed,
    DispositionPart,
    GoodsReceived,
    HoldReleased,
    IntercompanyCharged,
    LineInspected,
    RefurbishOrdered,
    RefurbishSettled,
    ReturnAuthorised,
    ReturnClosed,
    ReturnRequested,
    SurplusSettled,
)

if TYPE_CHECKING:
    from workflow.state import Case, Claim, Line

STOCK_STATUS_OF = {
    "restock": "unrestricted",
    "quarantine": "blocked",
    "refurbish": "quality_inspection",
    "return_to_vendor": "at_supplier",
    "scrap": "scrapped",
    "donate": "donated",
    "return_to_customer": "at_customer",
    "keep_at_customer": "at_customer",
}
"""Stock status that a disposition leads to (names after SAP's stock types and CBV)."""


HELD = ("after_vendor_credit", "on_request")
"""Releases that keep an approved credit back until ``CreditReleased``."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One change asked of another system.

    ``key`` comes from the business decision (``case/line/kind/sequence``), never from the
    attempt, so that doing it twice is doing it once. ``kind``: ``erp.rma``, ``erp.receipt``,
    ``erp.stock_move``, ``erp.credit_memo``, ``erp.charge_back``, ``erp.replacement``,
    ``erp.supplier_claim``, ``erp.claim_settlement``, ``erp.intercompany``,
    ``erp.refurbish_order``, ``erp.refurbish_completion``, ``erp.close``, ``assess`` (ask a model,
    in-house). ``payload`` is plain JSON: quantities are decimal strings, money integer minor units.
    """

    key: str
    kind: str
    return_id: str
    payload: Mapping[str, object]


def effects_of(case: "Case", event: CaseEvent) -> tuple[Effect, ...]:
    """What an event asks of the world, given the case just after it."""
    match event:
        case ReturnRequested():
            return tuple(
                _assess(case, "reason", line.number, None)
                for line in case.lines
                if line.requested.stated_reason is None
            )
        case ReturnAuthorised() if event.goods_required:
            return (_rma(case, event),)
        case GoodsReceived() if event.lines:
            return (_receipt(case, event),)
        case IntercompanyCharged():
            return (_intercompany(case, event),)
        case SurplusSettled() if event.outcome != "accepted":
            return (_surplus_move(case, event),)
        case LineInspected():
            return (_assess(case, "disposition", event.line, event.portion),)
        case DispositionConfirmed():
            at_once = not event.claims_follow
            return _moves(case, event.line, event.portion, event.parts, at_once=at_once)
        case HoldReleased():
            portion = case.portion(event.portion)
            gone = len(portion.moved) - len(event.parts) if portion else 0
            return _moves(case, event.line, event.portion, event.parts, gone, "blocked")
        case RefurbishOrdered():
            return (_refurbish_order(case, event),)
        case RefurbishSettled():
            return _refurbished(case, event)
        case ClaimSubmitted():
            return (_claim(_claim_of(case, event.portion, event.part)),)
        case ClaimAnswered() if event.recovered_minor:
            return (_recovery(_claim_of(case, event.portion, event.part), event),)
        case ClaimWrittenOff():
            return (_written_off(_claim_of(case, event.portion, event.part), event),)
        case CreditProposed():
            return (_assess(case, "credit", event.line, str(event.sequence)),)
        case CreditApproved() if event.release not in HELD and event.release != "never":
            return _payout(case, event.line, event.sequence, event.decision)
        case CreditReleased():
            line = _line_of(case, event.line)
            credit = next(c for c in line.credits if c.sequence == event.sequence)
            return _payout(case, event.line, event.sequence, credit.proposed.decision)
        case AdvanceChargedBack():
            return (_charge_back(case, event),)
        case ReturnClosed():
            key = f"{case.return_id}/close"
            return (Effect(key, "erp.close", case.return_id, {"return_id": case.return_id}),)
        case _:
            return ()


def _line_of(case: "Case", number: int) -> "Line":
    line = case.line(number)
    if line is None:
        raise AssertionError(f"{case.return_id} has no line {number}")
    return line


def _assess(case: "Case", point: str, line: int, portion: str | None) -> Effect:
    key = f"{case.return_id}/{line}/assess/{point}" + (f"/{portion}" if portion else "")
    payload = {"return_id": case.return_id, "point": point, "line": line, "portion": portion}
    return Effect(key, "assess", case.return_id, payload)


def _rma(case: "Case", event: ReturnAuthorised) -> Effect:
    lines = []
    for authorised in event.lines:
        if not authorised.goods:
            continue
        requested = _line_of(case, authorised.line).requested
        lines.append(
            {
                "line": authorised.line,
                "sku": requested.sku,
                "quantity": str(authorised.quantity),
                "uom": requested.uom,
                "lot": requested.lot,
                "invoice_id": requested.source.invoice_id if requested.source else None,
                "invoice_line": requested.source.line if requested.source else None,
            }
        )
    payload = {
        "return_id": case.return_id,
        "customer_id": case.requested.customer_id,
        "business_unit": case.requested.business_unit,
        "currency": case.requested.currency,
        "lines": lines,
        "expires_at": event.expires_at.isoformat(),
    }
    return Effect(f"{case.return_id}/rma", "erp.rma", case.return_id, payload)


def _receipt(case: "Case", event: GoodsReceived) -> Effect:
    lines = [
        {
            "line": got.line,
            "sku": got.sku,
            "lot": got.lot,
            "quantity": str(got.quantity),
            "unit_cost_minor": _line_of(case, got.line).requested.facts.unit_cost_minor
            if got.line is not None
            else 0,
        }
        for got in event.lines
    ]
    payload = {
        "return_id": case.return_id,
        "receipt_id": event.receipt_id,
        "warehouse": event.warehouse,
        "received_at": event.received_at.isoformat(),
        "currency": case.requested.currency,
        "lines": lines,
    }
    key = f"{case.return_id}/receipt/{event.receipt_id}"
    return Effect(key, "erp.receipt", case.return_id, payload)


def _intercompany(case: "Case", event: IntercompanyCharged) -> Effect:
    payload = {
        "return_id": case.return_id,
        "owing_unit": event.owing_unit,
        "owed_unit": event.owed_unit,
        "status": event.status,
        "currency": case.requested.currency,
        "lines": [
            {
                "line": line.line,
                "sku": line.sku,
                "lot": line.lot,
                "quantity": str(line.quantity),
                "amount_minor": line.amount_minor,
                "margin_minor": line.margin_minor,
            }
            for line in event.lines
        ],
    }
    key = f"{case.return_id}/{event.cause}"
    return Effect(key, "erp.intercompany", case.return_id, payload)


def _surplus_move(case: "Case", event: SurplusSettled) -> Effect:
    disposition = "quarantine" if event.outcome == "quarantined" else "return_to_customer"
    cost = _line_of(case, event.line).requested.facts.unit_cost_minor if event.line else 0
    payload = {
        "return_id": case.return_id,
        "line": event.line,
        "portion": None,
        "part": 1,
        "sku": event.sku,
        "lot": event.lot,
        "warehouse": case.warehouse,
        "quantity": str(event.quantity),
        "disposition": disposition,
        "from_status": "returns",
        "to_status": STOCK_STATUS_OF[disposition],
        "unit_cost_minor": cost,
        "currency": case.requested.currency,
    }
    key = f"{case.return_id}/surplus/{event.task_id}"
    return Effect(key, "erp.stock_move", case.return_id, payload)


def _moves(
    case: "Case",
    number: int,
    portion_id: str,
    parts: tuple[DispositionPart, ...],
    before: int = 0,
    from_status: str = "returns",
    at_once: bool = False,
) -> tuple[Effect, ...]:
    """A stock move a part; and, in cases from before claims were documents of their own
    (``at_once``), a claim on the supplier where goods go back there.

    ``before`` parts of the portion were moved earlier, so that no part shares their keys.
    """
    line = _line_of(case, number)
    portion = case.portion(portion_id)
    lot = portion.inspected.lot if portion else None
    effects = []
    for at, part in enumerate(parts, start=before + 1):
        facts = line.requested.facts
        payload: dict[str, object] = {
            "return_id": case.return_id,
            "line": number,
            "portion": portion_id,
            "part": at,
            "sku": line.requested.sku,
            "lot": lot,
            "warehouse": case.warehouse,
            "quantity": str(part.quantity),
            "disposition": part.disposition,
            "from_status": from_status,
            "to_status": STOCK_STATUS_OF[part.disposition],
            "unit_cost_minor": facts.unit_cost_minor,
            "currency": case.requested.currency,
        }
        key = f"{case.return_id}/{portion_id}/move/{at}"
        effects.append(Effect(key, "erp.stock_move", case.return_id, payload))
        if at_once and is_claimed(line, part.disposition):
            effects.append(_claim(_claim_of(case, portion_id, at)))
    return tuple(effects)


def _refurbish_order(case: "Case", event: RefurbishOrdered) -> Effect:
    payload = {
        "return_id": case.return_id,
        "line": event.line,
        "portion": event.portion,
        "part": event.part,
        "sku": event.sku,
        "lot": event.lot,
        "warehouse": case.warehouse,
        "quantity": str(event.quantity),
        "due_on": event.due_at.date().isoformat(),
    }
    key = f"{case.return_id}/{event.portion}/refurbish/{event.part}"
    return Effect(key, "erp.refurbish_order", case.return_id, payload)


def _refurbished(case: "Case", event: RefurbishSettled) -> tuple[Effect, ...]:
    """The move of goods out of the workshop, and what the work on them has cost."""
    portion = case.portion(event.portion)
    gone = len(portion.moved) - 1 if portion else 0
    part = DispositionPart(event.disposition, event.quantity)
    moves = _moves(case, event.line, event.portion, (part,), gone, STOCK_STATUS_OF["refurbish"])
    payload = {
        "return_id": case.return_id,
        "line": event.line,
        "portion": event.portion,
        "part": event.part,
        "sequence": event.sequence,
        "sku": event.sku,
        "quantity": str(event.quantity),
        "outcome": event.outcome,
        "status": STOCK_STATUS_OF[event.disposition],
        "costing": event.costing,
        "cost_minor": event.cost_minor,
        "currency": event.currency,
    }
    key = f"{case.return_id}/{event.portion}/refurbished/{event.sequence}"
    return (*moves, Effect(key, "erp.refurbish_completion", case.return_id, payload))


def _claim_of(case: "Case", portion: str, part: int) -> "Claim":
    claim = case.claim(portion, part)
    if claim is None:
        raise AssertionError(f"{case.return_id} has no claim {portion}.{part}")
    return claim


def _claim(claim: "Claim") -> Effect:
    raised = claim.raised
    payload = {
        "return_id": raised.return_id,
        "line": raised.line,
        "portion": raised.portion,
        "supplier_id": raised.supplier_id,
        "sku": raised.sku,
        "lot": raised.lot,
        "quantity": str(raised.quantity),
        "claimed_minor": raised.claimed_minor,
        "currency": raised.currency,
        "reason": raised.reason,
        "claim_by": raised.claim_by.isoformat() if raised.claim_by else None,
    }
    return Effect(claim.key, "erp.supplier_claim", raised.return_id, payload)


def _recovery(claim: "Claim", event: ClaimAnswered) -> Effect:
    """What this answer pays; what goes beyond the open rest takes back a write-off."""
    before = sum(a.recovered_minor for a in claim.answers if a.sequence < event.sequence)
    open_minor = max(0, claim.raised.claimed_minor - claim.written_off_minor - before)
    key = f"{event.return_id}/{event.portion}/recovery/{event.part}.{event.sequence}"
    paid = event.recovered_minor
    return _settlement(claim, key, "recovered", paid, min(paid, open_minor), event.response)


def _written_off(claim: "Claim", event: ClaimWrittenOff) -> Effect:
    key = f"{event.return_id}/{event.portion}/write_off/{event.part}"
    amount = event.amount_minor
    return _settlement(claim, key, "written_off", amount, amount, event.reason)


def _settlement(
    claim: "Claim", key: str, outcome: str, amount_minor: int, settles_minor: int, reason: str
) -> Effect:
    raised = claim.raised
    payload = {
        "return_id": raised.return_id,
        "line": raised.line,
        "portion": raised.portion,
        "supplier_id": raised.supplier_id,
        "outcome": outcome,
        "amount_minor": amount_minor,
        "settles_minor": settles_minor,
        "currency": raised.currency,
        "reason": reason,
        "claimed": claim.submitted,
    }
    return Effect(key, "erp.claim_settlement", raised.return_id, payload)


def _charge_back(case: "Case", event: AdvanceChargedBack) -> Effect:
    line = _line_of(case, event.line)
    source = line.requested.source
    payload = {
        "return_id": event.return_id,
        "line": event.line,
        "sequence": event.sequence,
        "customer_id": event.customer_id,
        "sku": event.sku,
        "invoice_id": source.invoice_id if source else None,
        "invoice_line": source.line if source else None,
        "net_minor": event.net_minor,
        "tax_minor": event.tax_minor,
        "currency": event.currency,
        "given": event.given,
        "reason": line.reason,
    }
    key = f"{event.return_id}/{event.line}/charge_back/{event.sequence}"
    return Effect(key, "erp.charge_back", event.return_id, payload)


def _payout(case: "Case", number: int, sequence: int, decision: str) -> tuple[Effect, ...]:
    line = _line_of(case, number)
    credit = next(c for c in line.credits if c.sequence == sequence)
    if decision == "replace":
        payload: dict[str, object] = {
            "return_id": case.return_id,
            "line": number,
            "portion": credit.proposed.portion,
            "customer_id": case.requested.customer_id,
            "sku": line.requested.sku,
            "quantity": str(credit.proposed.quantity),
            "uom": line.requested.uom,
        }
        key = f"{case.return_id}/{number}/replacement/{sequence}"
        return (Effect(key, "erp.replacement", case.return_id, payload),)
    if not (credit.net_minor or credit.tax_minor or credit.freight_minor):
        return ()
    source = line.requested.source
    payload = {
        "return_id": case.return_id,
        "line": number,
        "sequence": sequence,
        "customer_id": case.requested.customer_id,
        "sku": line.requested.sku,
        "invoice_id": source.invoice_id if source else None,
        "invoice_line": source.line if source else None,
        "net_minor": credit.net_minor,
        "tax_minor": credit.tax_minor,
        "currency": case.requested.currency,
        "decision": decision,
        "reason": line.reason,
        "freight_minor": credit.freight_minor,
        "freight_tax_minor": credit.freight_tax_minor,
        "return_freight_minor": credit.return_freight_minor,
    }
    key = f"{case.return_id}/{number}/credit/{sequence}"
    return (Effect(key, "erp.credit_memo", case.return_id, payload),)
