"""How suppliers answer claims: late, in part, or with the excuse they always use."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from simulation.desk import ClaimView
from simulation.masters import Supplier
from simulation.streams import Streams, pick
from workflow.facts import SupplierClaimAnswered


@dataclass(frozen=True, slots=True)
class ClaimTruth:
    """``expected_share`` of the claimed amount is the mean of what this supplier pays."""

    claim_id: str
    expected_share: float
    answer_at: datetime


def answer_day(streams: Streams, claim: ClaimView, supplier: Supplier) -> ClaimTruth:
    """When the answer comes; the same for whoever asks."""
    draw = streams.of("claim", claim.return_id, claim.line, claim.sku)
    days = max(2, round(supplier.answer_days * (0.5 + draw.random())))
    return ClaimTruth(claim.claim_id, expected_share(supplier), claim.claimed_at + timedelta(days))


def expected_share(supplier: Supplier) -> float:
    """Mean share of a claim that a supplier pays."""
    accepts = 1.0 if supplier.fact.accepts_returns else 0.3
    return supplier.pays * accepts * supplier.fact.credit_percent / 100


def answer(
    streams: Streams, claim: ClaimView, supplier: Supplier, at: datetime
) -> SupplierClaimAnswered:
    """The supplier's answer. Responses are X12 element 1172: full, partial, or why not."""
    draw = streams.of("claim", claim.return_id, claim.line, claim.sku, "answer")
    pays = supplier.pays * (1.0 if supplier.fact.accepts_returns else 0.3)
    if draw.random() < pays:
        percent = supplier.fact.credit_percent
        response = "FWC" if percent == 100 else "PWA"
    else:
        percent = 0
        response = pick(draw, {"SUB": 0.3, "IIS": 0.3, "NOP": 0.15, "EW": 0.15, "NEW": 0.1})
    return SupplierClaimAnswered(
        claim_id=claim.claim_id,
        supplier_id=claim.supplier_id,
        return_id=claim.return_id,
        line=claim.line,
        sku=claim.sku,
        claimed_minor=claim.claimed_minor,
        recovered_minor=claim.claimed_minor * percent // 100,
        currency=claim.currency,
        response=response,
        answered_at=at,
    )
