"""Goods come back to another unit than the one that sold them: who owes whom their price.

The unit that takes them in is charged the cost of the original issue and what the transfer price
policy adds to it for the two units; what then leaves it without worth (scrap, a gift, back to the
customer) is charged back. The customer's credit is no part of it: that stays with the return, once.
"""

from collections.abc import Sequence
from decimal import Decimal

from workflow.asking import transfer_facts
from workflow.effects import STOCK_STATUS_OF
from workflow.events import (
    ChargedLine,
    DispositionPart,
    GoodsReceived,
    IntercompanyCharged,
    Verdict,
)
from workflow.money import percent_of, share
from workflow.run import Run
from workflow.state import Portion

LEAVES = ("scrap", "donate", "return_to_customer")
"""Dispositions after which the receiving unit has nothing of the goods."""


def charge_receipt(run: Run, received: GoodsReceived) -> None:
    """Charge the unit that owns the warehouse with what it took in, where it did not sell it."""
    own = run.case.requested.business_unit
    if received.unit in ("", own):
        return
    verdict = run.policies.judge("transfer_price", transfer_facts(run.case, received.unit))
    percent = int(dict(verdict.values).get("percent", "0"))
    lines = []
    for got in received.lines:
        known = run.case.line(got.line) if got.line is not None else None
        if known is not None:
            cost = share(known.requested.facts.unit_cost_minor, got.quantity, Decimal(1))
            more = percent_of(cost, percent)
            charged = ChargedLine(known.number, got.sku, got.lot, got.quantity, cost + more, more)
            lines.append(charged)
    if any(line.amount_minor for line in lines):
        cause, units = f"intercompany/{received.receipt_id}", (received.unit, own)
        _charge(run, cause, units, STOCK_STATUS_OF["return_to_customer"], lines, verdict)


def charge_back(
    run: Run, number: int | None, cause: str, disposition: str, lot: str | None, quantity: Decimal
) -> None:
    """Charge goods that leave the unit of the warehouse back to the unit that sold them.

    A share of what it was charged, so that the parts of a split add up to the whole.
    """
    line = run.case.line(number) if number is not None else None
    held = line.elsewhere.get(run.case.unit) if line else None
    if line is None or held is None or held.quantity <= 0 or disposition not in LEAVES:
        return
    gone = min(quantity, held.quantity)
    value = share(held.value_minor, gone, held.quantity)
    margin = share(held.margin_minor, gone, held.quantity)
    charged = ChargedLine(line.number, line.requested.sku, lot, gone, value, margin)
    if value:
        units = (run.case.requested.business_unit, run.case.unit)
        _charge(run, cause, units, STOCK_STATUS_OF[disposition], [charged])


def charge_parts_back(
    run: Run, portion: Portion, parts: Sequence[DispositionPart], before: int = 0
) -> None:
    """The same for parts of a portion, ``before`` of which were moved earlier."""
    for number, part in enumerate(parts, start=before + 1):
        cause = f"{portion.id}/intercompany/{number}"
        lot = portion.inspected.lot
        charge_back(run, portion.line, cause, part.disposition, lot, part.quantity)


def _charge(
    run: Run,
    cause: str,
    units: tuple[str, str],
    status: str,
    lines: list[ChargedLine],
    verdict: Verdict | None = None,
) -> None:
    owing, owed = units
    case = run.case.return_id
    run.emit(IntercompanyCharged(case, cause, owing, owed, status, tuple(lines), run.at, verdict))
