"""What the desk shows of the claims of a case, folded from its events; part of ``case_rows``."""

from datetime import datetime

from journal.answer_rows import Row
from workflow.claim import AT_ONCE, claim_id_of, standing
from workflow.events import (
    CaseEvent,
    ClaimAnswered,
    ClaimEvidenceGiven,
    ClaimRaised,
    ClaimSubmitted,
    ClaimWrittenOff,
    DispositionConfirmed,
    EffectDone,
)

ClaimRows = dict[str, Row]


def note_claim(claims: ClaimRows, case: Row, event: CaseEvent) -> None:
    """Change the rows of table ``claim`` as the event says."""
    match event:
        case ClaimRaised():
            _raise(claims, case, event)
        case ClaimEvidenceGiven():
            row = _of(claims, event)
            row["evidence"] = {**row["evidence"], event.kind: event.reference}
        case ClaimSubmitted():
            _of(claims, event)["submitted_at"] = event.submitted_at
        case ClaimAnswered():
            row = _of(claims, event)
            row["answers"] = [*row["answers"], _answer(event)]
            row["recovered_minor"] += event.recovered_minor
            row["status"] = _standing(row)
        case ClaimWrittenOff():
            row = _of(claims, event)
            row["written_off_minor"] += event.amount_minor
            row["written_off_because"] = event.reason
            row["status"] = _standing(row)
        case EffectDone(kind="erp.supplier_claim"):
            for row in claims.values():
                if row["key"] == event.key:
                    row["number"] = event.reference
        case _:
            pass


def note_claims_at_once(
    claims: ClaimRows, case: Row, line: Row, event: DispositionConfirmed
) -> None:
    """What a disposition claimed by itself, before claims were documents of their own; the lot
    is not shown, since no row holds it."""
    if event.claims_follow or line["supplier_id"] is None:
        return
    for number, part in enumerate(event.parts, start=1):
        if part.disposition == "return_to_vendor":
            raised = ClaimRaised(
                return_id=event.return_id,
                line=event.line,
                portion=event.portion,
                part=number,
                supplier_id=line["supplier_id"],
                sku=line["sku"],
                lot=None,
                quantity=part.quantity,
                claimed_minor=int(part.quantity * line["unit_cost_minor"]),
                currency=case["currency"],
                reason=line["reason"],
                claim_by=line["claim_by"],
                demanded=(),
                evidence=(),
                raised_at=event.confirmed_at,
                verdict=AT_ONCE,
            )
            _raise(claims, case, raised, event.confirmed_at)


def _raise(
    claims: ClaimRows, case: Row, event: ClaimRaised, submitted_at: datetime | None = None
) -> None:
    percent = dict(event.verdict.values).get("expected_percent")
    claim_id = claim_id_of(event.return_id, event.portion, event.part)
    claims[claim_id] = {
        "claim_id": claim_id,
        "return_id": event.return_id,
        "line": event.line,
        "portion": event.portion,
        "part": event.part,
        "key": f"{event.return_id}/{event.portion}/claim/{event.part}",
        "supplier_id": event.supplier_id,
        "customer_id": case["customer_id"],
        "business_unit": case["business_unit"],
        "sku": event.sku,
        "lot": event.lot,
        "quantity": event.quantity,
        "claimed_minor": event.claimed_minor,
        "currency": event.currency,
        "reason": event.reason,
        "claim_by": event.claim_by,
        "raised_at": event.raised_at,
        "submitted_at": submitted_at,
        "number": None,
        "demanded": list(event.demanded),
        "evidence": dict(event.evidence),
        "answers": [],
        "recovered_minor": 0,
        "written_off_minor": 0,
        "written_off_because": None,
        "status": "open",
        "expected_percent": int(percent) if percent else None,
        "policy": event.verdict.policy,
        "rule": event.verdict.rule,
    }


def _of(
    claims: ClaimRows, event: ClaimEvidenceGiven | ClaimSubmitted | ClaimAnswered | ClaimWrittenOff
) -> Row:
    return claims[claim_id_of(event.return_id, event.portion, event.part)]


def _answer(event: ClaimAnswered) -> Row:
    return {
        "told_as": event.told_as,
        "answer_id": event.answer_id,
        "response": event.response,
        "recovered_minor": event.recovered_minor,
        "answered_at": event.answered_at.isoformat(),
    }


def _standing(row: Row) -> str:
    responses = [answer["response"] for answer in row["answers"]]
    money = (row["claimed_minor"], row["recovered_minor"], row["written_off_minor"])
    return standing(*money, responses)
