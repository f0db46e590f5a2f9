"""The facts that policies are asked with: one function a policy, plain values by name.

Names, types and units are declared in the ``[facts]`` table of each policy; a test asserts
that what is built here is exactly what is declared there. ``None`` is not known.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from workflow import serials
from workflow.assessment import Assessment, Clearing
from workflow.claim import claim_by
from workflow.codes import ItemFlag, ReturnReason
from workflow.events import RequiredLife
from workflow.policy_table import Left
from workflow.run import PolicyBook
from workflow.seen import seen_facts
from workflow.state import Case, Line, Portion
from workflow.workdays import Calendar

Facts = dict[str, object]
HOUR = timedelta(hours=1)


def needs_no_goods(reason: str | None) -> bool:
    """Whether a reason is about money only, so that nothing comes back."""
    return reason == ReturnReason.PRICING_OR_BILLING


def milli(quantity: Decimal) -> int:
    """A quantity in thousandths, so that rules compare integers."""
    return int(quantity * 1000)


def _days(start: datetime | None, end: datetime) -> int | None:
    return None if start is None else (end - start).days


def eligibility_facts(case: Case, line: Line, at: datetime, calendar: Calendar) -> Facts:
    """Windows are counted to the request, however long we took to settle the reason; the date on
    the goods to ``at``."""
    requested, facts = line.requested, line.requested.facts
    remaining = (facts.expires_on - at.date()).days if facts.expires_on else None
    asked_at = case.requested.requested_at
    return {
        "business_unit": case.requested.business_unit,
        "channel": case.requested.channel,
        "item_class": facts.item_class,
        "returnable": facts.returnable,
        "stocked": facts.stocked,
        "regulated": facts.regulated,
        "reason": line.reason,
        "days_since_delivery": _days(facts.delivered_at, asked_at),
        "days_since_invoice": _days(facts.invoiced_at, asked_at),
        **_since_delivery(facts.delivered_at, asked_at, calendar),
        "return_window_days": case.requested.return_window_days,
        "credit_hold": case.requested.credit_hold,
        "recall_open": facts.recall_open or line.recalled,
        "has_source": requested.source is not None,
        "remaining_life_days": remaining,
        "cold_chain": facts.cold_chain,
        "quantity_milli": milli(requested.quantity),
        "pack_multiple": requested.quantity % facts.pack_quantity == 0,
        "returned_before_milli": milli(facts.returned_before),
        "delivered_milli": milli(facts.delivered) if requested.source else None,
        "evidence_count": len(requested.evidence),
        "temperature": facts.temperature,
        **_flags(facts.flags),
        "warranty_days": facts.warranty_days,
        "supplier_takes_unsaleables": facts.supplier_takes_unsaleables,
        "delivery_signed": facts.delivery_signed,
        "stated_condition": requested.stated.condition,
        "handed_over": requested.stated.handed_over,
        "barcode": requested.stated.barcode,
        "soiled": requested.stated.soiled,
        "infested": requested.stated.infested,
    }


def _flags(told: tuple[str, ...] | None) -> Facts:
    """Every flag by its name; all are ``None`` where the item master said nothing of the kind."""
    return {str(flag): None if told is None else flag in told for flag in ItemFlag}


def _since_delivery(delivered: datetime | None, at: datetime, calendar: Calendar) -> Facts:
    """The other ways to count from a delivery: by the clock, by workdays, by the day itself."""
    names = ("hours_since_delivery", "working_days_since_delivery", "same_day_as_delivery")
    if delivered is None:
        return dict.fromkeys(names)
    same_day = calendar.day_of(delivered) == calendar.day_of(at)
    found = ((at - delivered) // HOUR, calendar.working_days(delivered, at), same_day)
    return dict(zip(names, found, strict=True))


def authorisation_facts(case: Case) -> Facts:
    outcomes = [
        line.eligibility.outcome if line.eligibility else "ask_human" for line in case.lines
    ]
    asks = [
        line.eligibility.role
        for line in case.lines
        if line.eligibility and line.eligibility.outcome == "ask_human"
    ]
    keys = [dict(line.eligibility.values) for line in case.lines if line.eligibility]
    regulated = {line.requested.facts.regulated for line in case.lines}
    return {
        "value_minor": sum(line.requested.value_minor for line in case.lines),
        "currency": case.requested.currency,
        "business_unit": case.requested.business_unit,
        "segment": case.requested.segment,
        "channel": case.requested.channel,
        "line_count": len(case.lines),
        "any_ineligible": "ineligible" in outcomes,
        "all_ineligible": all(outcome == "ineligible" for outcome in outcomes),
        "any_ask": bool(asks),
        "ask_role": asks[0] if asks else None,
        "ask_second_role": next((k["second_role"] for k in keys if "second_role" in k), None),
        "any_reason_unclear": any(line.reason is None for line in case.lines),
        "regulated": "drug" if "drug" in regulated else "food" if "food" in regulated else "none",
        "goods_required": not all(needs_no_goods(line.reason) for line in case.lines),
    }


def disposition_facts(case: Case, portion: Portion, at: datetime) -> Facts:
    line = case.line(portion.line)
    if line is None:
        raise AssertionError(f"portion {portion.id} without its line")
    facts, found, again = line.requested.facts, portion.inspected, portion.reinspected
    since = _days(facts.delivered_at, at)
    window = facts.supplier_claim_window_days
    shipped = line.requested.lot or facts.shipped_lot
    # A date passes while goods wait; the day of the inspection is not the day of the decision.
    life = (found.expires_on - at.date()).days if found.expires_on else found.remaining_life_days
    return {
        "condition": found.condition,
        "item_class": facts.item_class,
        "regulated": facts.regulated,
        "cold_chain": facts.cold_chain,
        "temperature_ok": found.temperature_ok,
        "recall_open": found.recall_open or portion.recalled or (facts.recall_open and not again),
        "lot_controlled": facts.lot_controlled,
        "lot_known": found.lot is not None,
        "lot_matches": None if shipped is None else found.lot == shipped,
        "serial_expected": bool(serials.expected(line)),
        "serial_matches": serials.match(line, found.serials),
        "remaining_life_days": life,
        "minimum_life_days": facts.minimum_life_days,
        **_required_life(found.required_life, facts.minimum_life_days, life),
        **seen_facts(found.seen, line.requested.stated),
        "date_kind": facts.date_kind,
        "past_date": None if life is None else life < 0,
        "supplier_accepts_returns": facts.supplier_accepts_returns,
        "claim_window_open": None if window is None or since is None else since <= window,
        "refurbishable": facts.refurbishable,
        "reason": line.reason,
        "goods_value_minor": int(found.quantity * facts.unit_cost_minor),
        "days_since_delivery": since,
        "evidence_count": len(found.evidence),
        "master_gap": "restock" in line.master_blocks,
        "master_gap_vendor": "return_to_vendor" in line.master_blocks,
    }


def _required_life(
    told: RequiredLife | None, returning_days: int | None, life: int | None
) -> Facts:
    """Where nothing was looked up, what the customer of the return must get."""
    required = returning_days if told is None else told.days
    short = None if required is None or life is None else max(0, required - life)
    return {
        "regular_customers": told.customers if told else None,
        "required_life_days": required,
        "strictest_life_days": told.strictest_days if told else returning_days,
        "days_short_of_threshold": short,
    }


def dispositions_left(case: Case, portion: Portion, policies: PolicyBook, at: datetime) -> Left:
    """What the rules leave for a portion, which rule removed what, and what one asks for."""
    return policies.masks("disposition", disposition_facts(case, portion, at))


def credit_facts(
    case: Case,
    line: Line,
    portion: Portion | None,
    disposition: str | None,
    goods_minor: int,
    at: datetime,
) -> Facts:
    """``portion`` is the one that is credited; ``None`` where nothing comes back."""
    facts = line.requested.facts
    # Of goods that stay with the customer nobody but the customer has seen the condition.
    seen = portion.inspected.condition if portion else line.requested.stated.condition
    return {
        "reason": line.reason,
        "disposition": disposition,
        "condition": seen,
        "business_unit": case.requested.business_unit,
        "segment": case.requested.segment,
        "item_class": facts.item_class,
        "currency": case.requested.currency,
        "goods_minor": goods_minor,
        "days_since_delivery": _days(facts.delivered_at, at),
        "has_source": line.requested.source is not None,
    }


def advance_facts(case: Case, line: Line, value_minor: int) -> Facts:
    """``value_minor`` is what was invoiced, net, for what is authorised to come back."""
    requested, facts = case.requested, line.requested.facts
    return {
        "wanted": line.requested.advance,
        "business_unit": requested.business_unit,
        "channel": requested.channel,
        "segment": requested.segment,
        "contract": requested.contract,
        "credit_hold": requested.credit_hold,
        "reason": line.reason,
        "item_class": facts.item_class,
        "regulated": facts.regulated,
        "currency": requested.currency,
        "value_minor": value_minor,
        "has_source": line.requested.source is not None,
        "unreturned": requested.advances_unreturned,
        "open_minor": requested.advances_open_minor,
        "evidence_count": len(line.requested.evidence),
    }


def freight_facts(
    case: Case, line: Line, portion: Portion | None, disposition: str | None
) -> Facts:
    """``portion`` is the one that is credited; ``None`` where nothing comes back."""
    facts, requested = line.requested.facts, case.requested
    seen = portion.inspected.condition if portion else line.requested.stated.condition
    return {
        "reason": line.reason,
        "disposition": disposition,
        "condition": seen,
        "comes_back": portion is not None and disposition != "keep_at_customer",
        "handed_over": line.requested.stated.handed_over,
        "business_unit": requested.business_unit,
        "channel": requested.channel,
        "segment": requested.segment,
        "item_class": facts.item_class,
        "supplier_id": facts.supplier_id,
        "carrier_id": facts.carrier_id,
        "currency": requested.currency,
        "freight_minor": facts.freight_minor,
        "return_freight_minor": case.return_freight_minor,
    }


def claim_facts(case: Case, portion: Portion, part: int, at: datetime) -> Facts:
    """About a part of a disposed portion that goes back; ``part`` counts in ``moved``."""
    line = case.line(portion.line)
    if line is None:
        raise AssertionError(f"portion {portion.id} without its line")
    facts = line.requested.facts
    last_day = claim_by(facts)
    return {
        "supplier_id": facts.supplier_id,
        "business_unit": case.requested.business_unit,
        "reason": line.reason,
        "item_class": facts.item_class,
        "regulated": facts.regulated,
        "lot_controlled": facts.lot_controlled,
        "currency": case.requested.currency,
        "claimed_minor": int(portion.moved[part - 1].quantity * facts.unit_cost_minor),
        "days_left": (last_day - at.date()).days if last_day else None,
    }


def refurbish_facts(case: Case, portion: Portion, part: int) -> Facts:
    """About a part of a portion that goes to the workshop; ``part`` counts in ``moved``."""
    line = case.line(portion.line)
    if line is None:
        raise AssertionError(f"portion {portion.id} without its line")
    facts = line.requested.facts
    return {
        "business_unit": case.requested.business_unit,
        "warehouse": case.warehouse,
        "item_class": facts.item_class,
        "supplier_id": facts.supplier_id,
        "reason": line.reason,
        "condition": portion.inspected.condition,
        "currency": case.requested.currency,
        "goods_value_minor": int(portion.moved[part - 1].quantity * facts.unit_cost_minor),
    }


def transfer_facts(case: Case, receiving_unit: str) -> Facts:
    """Goods that the case's unit sold are taken in by another."""
    return {
        "selling_unit": case.requested.business_unit,
        "receiving_unit": receiving_unit,
        "currency": case.requested.currency,
    }


def limit_facts(case: Case, line: Line | None, document: str, amount: int, kind: str) -> Facts:
    return {
        "document": document,
        "currency": case.requested.currency,
        "amount_minor": amount,
        "reason": line.reason if line else None,
        "item_class": line.requested.facts.item_class if line else None,
        "principal_kind": kind,
    }


def rollout_facts(
    case: Case,
    line: Line,
    point: str,
    assessment: Assessment | None,
    amount: int,
    clearing: Clearing | None = None,
) -> Facts:
    """``confidence`` is the model's; for credit it is the anomaly score and ``level`` its word."""
    return {
        "point": point,
        "business_unit": case.requested.business_unit,
        "warehouse": case.warehouse or line.requested.facts.warehouse,
        "item_class": line.requested.facts.item_class,
        "regulated": line.requested.facts.regulated,
        "reason": line.reason,
        "amount_minor": amount,
        "currency": case.requested.currency,
        "abstained": assessment.abstained if assessment else "no_model",
        "confidence": assessment.confidence if assessment else None,
        "cleared": clearing is not None and clearing.cleared,
        "level": assessment.value if assessment and point == "credit" else None,
    }
