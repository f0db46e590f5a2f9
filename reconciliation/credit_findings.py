"""What a match of a credit with earlier sales means: at most one typed exception a line.

The gravest finding wins: nothing was ever sold (R8), the same credit twice (R11), more credited
than was sold or above its price (R10), a match that is only a guess (R19).
"""

from decimal import Decimal

from reconciliation.match import ROUNDING_MINOR, Match
from workflow.codes import ExceptionCode
from workflow.facts import CreditMatched, ExceptionRaised
from workflow.money import money_text


def matched_fact(match: Match) -> CreditMatched:
    """The match as the journal records it, dated as the credit."""
    credit = match.credit
    return CreditMatched(
        credit_note_id=credit.credit_note_id,
        line=credit.line,
        customer_id=credit.customer_id,
        sku=credit.sku,
        match=match.match,
        quantity=credit.quantity,
        net_minor=credit.net_minor,
        unmatched_quantity=match.unmatched_quantity,
        unmatched_minor=match.unmatched_minor,
        price_variance_minor=match.price_variance_minor,
        days_since_sale=match.days_since_sale,
        invoices=tuple(
            (part.sale.invoice_id, part.sale.line, part.quantity, part.net_minor)
            for part in match.parts
        ),
        matched_at=credit.at,
    )


def finding(match: Match, business_unit: str, currency: str) -> ExceptionRaised | None:
    """The exception a match calls for; ``None`` where it reconciles."""
    judged = _judged(match, currency)
    if judged is None:
        return None
    code, exposure, other, says = judged
    credit = match.credit
    return ExceptionRaised(
        exception_id=f"{code}-{credit.credit_note_id}-{credit.line}",
        code=code.value,
        business_unit=business_unit,
        currency=currency,
        exposure_minor=exposure,
        variance_minor=credit.net_minor - sum(part.invoiced_minor for part in match.parts),
        subject=f"credit note {credit.credit_note_id} line {credit.line} / sales",
        opened_at=credit.at,
        says=says,
        line=credit.line,
        customer_id=credit.customer_id,
        sku=credit.sku,
        document=credit.credit_note_id,
        matched_document=other,
        match=_match_of(code, match),
    )


def _match_of(code: ExceptionCode, match: Match) -> str | None:
    """How sure the pairing is; a repetition that sales cover is only a suspicion."""
    if code == ExceptionCode.DUPLICATE_CREDIT and match.unmatched_quantity == 0:
        return "suggested"
    return match.match if match.parts else None


_Judged = tuple[ExceptionCode, int, str | None, str]


def _judged(match: Match, currency: str) -> _Judged | None:
    """Code, exposure, the other document, and the sentence."""
    credit, left = match.credit, match.unmatched_minor
    what = (
        f"{credit.credit_note_id} credits {_units(credit.quantity)} of {credit.sku} for "
        f"{money_text(credit.net_minor, currency)} to customer {credit.customer_id}"
    )
    if credit.net_minor == 0:
        return None  # nothing is at stake
    if match.sold_before == 0:
        says = f"{what}, who was never sold this item by then."
        return ExceptionCode.CREDIT_WITHOUT_RECEIPT, credit.net_minor, None, says
    newest = match.parts[0].sale.invoice_id if match.parts else None
    first = match.repeats
    if match.unmatched_quantity > 0 and first is not None and left > 0:
        says = (
            f"{what}: the same as {first.credit_note_id} line {first.line} of "
            f"{first.at:%Y-%m-%d}, and the sales cover only one of them."
        )
        return ExceptionCode.DUPLICATE_CREDIT, left, first.credit_note_id, says
    if match.unmatched_quantity > 0 and left > 0:
        says = (
            f"{what}, {_units(match.unmatched_quantity)} more than the "
            f"{_units(match.sold_before)} sold by then leave after earlier credits."
        )
        return ExceptionCode.CREDIT_VARIANCE, left, newest, says
    if first is not None and match.entered_twice:
        says = (
            f"{what}: the same as {first.credit_note_id} line {first.line} of "
            f"{first.at:%Y-%m-%d}. Each finds a sale of its own, so it may be right."
        )
        return ExceptionCode.DUPLICATE_CREDIT, credit.net_minor, first.credit_note_id, says
    above = max(match.price_variance_minor, left)
    if above > ROUNDING_MINOR * max(len(match.parts), 1):
        says = f"{what}, {money_text(above, currency)} above what invoice {newest} charged."
        return ExceptionCode.CREDIT_VARIANCE, above, newest, says
    if match.match == "suggested" and match.price_variance_minor:
        below = abs(match.price_variance_minor)
        says = (
            f"{what}, {money_text(below, currency)} less than invoice {newest} charged; "
            "no sale has this price, so the match is a guess."
        )
        return ExceptionCode.AMBIGUOUS_MATCH, below, newest, says
    return None


def _units(quantity: Decimal) -> str:
    """``1 unit``, ``2.5 units``."""
    return f"{quantity:f} unit{'' if quantity == 1 else 's'}"
