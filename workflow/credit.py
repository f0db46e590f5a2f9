"""How much a credit may be: pro rata of what was really invoiced, never above what is left.

The cap is the value ledger of the house: the sum of credits of an invoice line stays at or
under its invoiced net. Fees and percentages come from the credit policy's verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from workflow.asking import credit_facts, freight_facts
from workflow.codes import CreditDecision
from workflow.events import CreditProposed, Verdict
from workflow.freight import Freight, charge, refund
from workflow.money import percent_of, share
from workflow.run import PolicyBook
from workflow.state import ZERO, Case, Credit, Line, Portion


@dataclass(frozen=True, slots=True)
class Amount:
    """Minor units. ``goods_minor`` is the full net value of the quantity before policy."""

    goods_minor: int
    percent: int
    fee_minor: int
    net_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Worth:
    """What a disposed part is worth to the customer, and by which rule."""

    verdict: Verdict
    amount: Amount
    decision: str


def worth(
    policies: PolicyBook,
    case: Case,
    line: Line,
    portion: Portion | None,
    disposition: str | None,
    quantity: Decimal,
    at: datetime,
) -> Worth:
    """Ask the credit policy; ``portion`` is ``None`` where nothing comes back.

    A credit for which nothing comes back is ``value_only`` unless it is denied or replaced.
    """
    goods = goods_value(line, quantity, comes_back=portion is not None)
    facts = credit_facts(case, line, portion, disposition, goods, at)
    verdict = policies.judge("credit", facts)
    decision = verdict.outcome
    if portion is None and decision not in (CreditDecision.DENY, CreditDecision.REPLACE):
        decision = str(CreditDecision.VALUE_ONLY)
    start = starts_at(line, line.credits, comes_back=portion is not None)
    return Worth(verdict, amount_of(line, goods, verdict, start), decision)


def proposal(
    policies: PolicyBook, case: Case, line: Line, portion: Portion | None, part: int, at: datetime
) -> CreditProposed:
    """The credit of a disposed part by the policy; of the line itself without a portion."""
    chosen = portion.parts[part - 1] if portion else None
    quantity = chosen.quantity if chosen else line.authorised
    disposition = chosen.disposition if chosen else None
    found = worth(policies, case, line, portion, disposition, quantity, at)
    verdict, amount = found.verdict, found.amount
    carried = freight_with(policies, case, line, portion, disposition, quantity, found)
    return CreditProposed(
        return_id=case.return_id,
        line=line.number,
        portion=portion.id if portion else value_part(line),
        sequence=len(line.credits) + 1,
        quantity=quantity,
        decision=found.decision,
        release=dict(verdict.values).get("release", "on_approval"),
        percent=amount.percent,
        fee_minor=amount.fee_minor,
        net_minor=amount.net_minor,
        tax_minor=amount.tax_minor,
        proposed_at=at,
        verdict=verdict,
        part=part,
        disposition=disposition,
        customer_id=case.requested.customer_id,
        sku=line.requested.sku,
        freight_minor=carried.refund_minor,
        freight_tax_minor=carried.refund_tax_minor,
        return_freight_minor=carried.back_minor,
        freight_verdict=carried.verdict,
    )


def freight_with(
    policies: PolicyBook,
    case: Case,
    line: Line,
    portion: Portion | None,
    disposition: str | None,
    quantity: Decimal,
    found: Worth,
) -> Freight:
    """The freight that goes with a credit, by the freight policy; none with a denied one, and none
    with goods that are replaced."""
    if found.decision in (CreditDecision.DENY, CreditDecision.REPLACE):
        return Freight()
    facts = freight_facts(case, line, portion, disposition)
    verdict = policies.judge("freight", facts)
    before = ZERO
    if portion is not None:
        before = line.requested.facts.returned_before + credited_quantity(line)
    net, tax = refund(line, before, quantity, verdict)
    back = charge(case, line, verdict, found.amount.net_minor + net)
    return Freight(net, tax, back, verdict)


def goods_value(line: Line, quantity: Decimal, *, comes_back: bool = True) -> int:
    """Net invoiced value of a quantity of a line; zero where the line has no source.

    A credit for which nothing comes back is about the quantity asked, whatever was returned
    before; it never touches the returnable quantity.

    Computed as a difference of cumulative shares, so that the credits of a line that is
    returned in pieces add up to its invoiced net without a rounding remainder.
    """
    facts = line.requested.facts
    if facts.delivered <= 0:
        return 0
    if not comes_back:
        return share(facts.net_minor, min(quantity, facts.delivered), facts.delivered)
    before = facts.returned_before + credited_quantity(line)
    upto = min(before + quantity, facts.delivered)
    return share(facts.net_minor, upto, facts.delivered) - share(
        facts.net_minor, min(before, facts.delivered), facts.delivered
    )


def credited_quantity(line: Line, credits: Sequence[Credit] | None = None) -> Decimal:
    """How much of what came back was credited so far, by credits of its own (all of the line's, or
    these) or an advance's end."""
    found = line.credits if credits is None else credits
    own = (c.proposed for c in found if c.proposed.kind == "goods")
    settled = line.advance.settled.parts if line.advance and line.advance.settled else ()
    quantities = [one.quantity for one in own if one.decision != "value_only"]
    return sum((*quantities, *(part.quantity for part in settled)), ZERO)


def left_to_credit(line: Line) -> int:
    """Net minor units of the source line that no credit has taken or is about to take."""
    facts = line.requested.facts
    return max(0, facts.net_minor - facts.credited_before_minor - line.promised_minor)


def amount_of(line: Line, goods: int, verdict: Verdict, start_minor: int = 0) -> Amount:
    """What the credit policy's verdict makes of a goods value, capped at what is left.

    ``percent`` (default 100) applies to the goods value, ``fee_percent`` to the result, and
    ``fee_minor`` is taken off besides, down to nothing;
    tax follows the net in the invoice's own proportion (``tax_of``). A replaced or denied quantity
    is zero.
    """
    values = dict(verdict.values)
    percent = int(values.get("percent", "100"))
    if verdict.outcome in ("deny", "replace"):
        return Amount(goods, 0, 0, 0, 0)
    gross = percent_of(goods, percent)
    fee = percent_of(gross, int(values.get("fee_percent", "0")))
    fee = min(gross, fee + int(values.get("fee_minor", "0")))
    net = min(max(0, gross - fee), left_to_credit(line))
    return Amount(goods, percent, fee, net, tax_of(line, net, start_minor))


def starts_at(line: Line, earlier: Sequence[Credit], *, comes_back: bool = True) -> int:
    """Where in the line's net value a credit begins, after those ``earlier`` in the same return:
    with goods where their share of the line begins, else after what was credited."""
    facts = line.requested.facts
    if not comes_back:
        waiting = (one.proposed.net_minor for one in earlier if one.status == "proposed")
        return facts.credited_before_minor + sum(one.net_minor for one in earlier) + sum(waiting)
    if facts.delivered <= 0:
        return 0
    before = facts.returned_before + credited_quantity(line, earlier)
    return share(facts.net_minor, min(before, facts.delivered), facts.delivered)


def tax_again(line: Line, credit: Credit, net_minor: int) -> int:
    """The tax of a credit that was proposed with another net."""
    told = credit.proposed
    if told.kind != "goods":
        return tax_of(line, net_minor)
    earlier = [one for one in line.credits if one.sequence < credit.sequence]
    comes_back = told.portion != value_part(line)
    return tax_of(line, net_minor, starts_at(line, earlier, comes_back=comes_back))


def value_part(line: Line) -> str:
    """What a credit is about for which nothing comes back, in place of a portion."""
    return f"{line.number}.value"


def tax_of(line: Line, net_minor: int, start_minor: int = 0) -> int:
    """The tax that belongs to a credited net, in the source line's own proportion.

    A difference of cumulative shares from where the credit begins, so that the credits of a line
    that comes back in pieces add up to its tax, and never to more.
    """
    facts = line.requested.facts
    if facts.net_minor <= 0:
        return 0
    start = max(0, min(start_minor, facts.net_minor - net_minor))
    upto, begun = (
        share(facts.tax_minor, Decimal(at), Decimal(facts.net_minor))
        for at in (start + net_minor, start)
    )
    return upto - begun
