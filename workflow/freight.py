"""Freight: what of the delivery's is given back with the goods, and what the way back costs.

An invoice's freight is spread over its lines by their net, in cumulative shares, so that each line
has a ledger of its own and all returns of the invoice together get the whole, never more. Who bears
it, and who pays for the way back, is the freight policy's word for each disposed part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING

from workflow.events import Verdict
from workflow.money import percent_of, share

if TYPE_CHECKING:
    from workflow.state import Case, Line

OURS, FIXED, STATED = "ours", "fixed", "stated"
"""Who pays for the way back: we do; the customer a fixed fee once a return; the customer what the
receipts say it cost, by the line's share of the value."""


def spread(total_minor: int, weights: Sequence[int]) -> list[int]:
    """A total over weights that are not negative, without a remainder; evenly where all are zero.

    Each share is a difference of cumulative shares; none is negative where the total is not.
    """
    told = list(weights) if any(weights) else [1] * len(weights)
    whole = Decimal(sum(told))
    upto = [share(total_minor, Decimal(part), whole) for part in accumulate(told)]
    return [after - before for before, after in zip([0, *upto], upto, strict=False)]


@dataclass(frozen=True, slots=True)
class Freight:
    """Minor units. ``refund_minor`` of the delivery's freight, net, with its tax; ``back_minor``
    is charged for the way back."""

    refund_minor: int = 0
    refund_tax_minor: int = 0
    back_minor: int = 0
    verdict: Verdict | None = None


def refund(line: "Line", before: Decimal, quantity: Decimal, verdict: Verdict) -> tuple[int, int]:
    """Net and tax of the delivery's freight that a quantity takes with it.

    ``before`` is what came back of the invoice line earlier. Capped at the line's freight less
    what earlier returns and this one took of it.
    """
    facts = line.requested.facts
    if facts.freight_minor <= 0 or facts.delivered <= 0:
        return 0, 0
    taken = facts.freight_refunded_before_minor + sum(c.freight_minor for c in line.credits)
    first, last = (min(upto, facts.delivered) for upto in (before, before + quantity))
    whole = share(facts.freight_minor, last, facts.delivered) - share(
        facts.freight_minor, first, facts.delivered
    )
    percent = int(dict(verdict.values).get("refund_percent", "0"))
    net = min(percent_of(whole, percent), max(0, facts.freight_minor - taken))
    begins = min(
        max(taken, share(facts.freight_minor, first, facts.delivered)), facts.freight_minor - net
    )
    after, tax_before = (
        share(facts.freight_tax_minor, Decimal(upto), Decimal(facts.freight_minor))
        for upto in (begins + net, begins)
    )
    return net, after - tax_before


def charge(case: "Case", line: "Line", verdict: Verdict, most_minor: int) -> int:
    """What the customer pays for the way back with this credit: what is due and not charged yet, at
    most ``most_minor``, so that no credit falls below nothing."""
    values = dict(verdict.values)
    how = values.get("return_freight", OURS)
    charged = sum(c.return_freight_minor for one in case.lines for c in one.credits)
    if how == FIXED:
        due = int(values.get("return_fee_minor", "0")) - charged
    elif how == STATED:
        own = sum(c.return_freight_minor for c in line.credits)
        due = min(stated_of(case, line.number) - own, case.return_freight_minor - charged)
    else:
        return 0
    return max(0, min(due, most_minor))


def stated_of(case: "Case", number: int) -> int:
    """A line's share of what the receipts say that the way back cost, by what was invoiced for
    the lines that came."""
    came = [x.requested.value_minor if x.received > 0 else 0 for x in case.lines]
    shares = spread(case.return_freight_minor, came)
    numbers = [x.number for x in case.lines]
    return shares[numbers.index(number)]
