"""Goods back to a supplier as a buyer knows it there: purchase return, shipment, credit note.

The purchase return has one line of negative quantity at what is claimed. Confirmed, the system
makes its return shipment, which we fill in and send. It invoices nothing by itself: what the
supplier accepts is known when the supplier says it, so each payment is a credit note of its own
over exactly that amount, whose origin is the line of the purchase return.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from integrations.erp.booking import GlEntry, transfer
from integrations.erp.documents import ClaimSettlement, SupplierClaim
from integrations.erp.port import Rejected
from integrations.erp.tryton.masters import Masters
from integrations.erp.tryton.money import major
from integrations.erp.tryton.notes import POSTED
from integrations.erp.tryton.stepping import Paper, Step

OWED, BETWEEN = "accounts_payable", "claims_written_off"
PRICE_DIGITS = Decimal("0.0001")

ORDERED = (
    Step("quote", frozenset({"quotation", "confirmed", "processing", "done"})),
    Step("confirm", frozenset({"confirmed", "processing", "done"})),
)
SENT = (
    Step("wait", frozenset({"waiting", "assigned", "done"})),
    Step(
        "assign_try",
        frozenset({"assigned", "done"}),
        "The ERP does not have the claimed goods at the place for goods at suppliers",
    ),
    Step("do", frozenset({"done"})),
)


class Settled(NamedTuple):
    """A supplier's credit note, and what remains to be booked by an entry beside it."""

    note: Paper
    entries: tuple[GlEntry, ...]


def sent_back(masters: Masters, claim: SupplierClaim, warehouse: str) -> list[Paper]:
    """A purchase return and its shipment, from the place for goods at suppliers."""
    party, item = masters.party(claim.supplier_id), masters.item(claim.sku)
    currency = masters.currency(claim.currency)
    price = major(claim.claimed_minor, currency.decimals) / claim.quantity
    said = f"{claim.return_id} line {claim.line}: {claim.sku} {claim.lot or ''}"
    line = {
        "type": "line",
        "product": item.id,
        "unit": item.unit,
        "quantity": -float(claim.quantity),
        "unit_price": price.quantize(PRICE_DIGITS),
        "description": said.strip(),
    }
    order = {
        "party": party.id,
        "invoice_address": party.address,
        "currency": currency.id,
        "warehouse": _returning(masters, warehouse),
        "invoice_method": "manual",
        "lines": [["create", [line]]],
    }
    lot = {"lot": masters.lot(claim.sku, claim.lot)} if claim.lot else {}
    return [
        Paper("purchase.purchase", order, ORDERED),
        Paper("stock.shipment.in.return", lot, SENT, grown_in="shipment_returns"),
    ]


def _returning(masters: Masters, code: str) -> int:
    """The warehouse, where the system takes goods for suppliers from the place we put them."""
    warehouse = masters.warehouse(code)
    if warehouse.supplier_returns != masters.place("at_supplier", code):
        place = masters.map.place("at_supplier", code)
        raise Rejected(
            "unknown_master",
            f"The ERP sends goods to suppliers from another place of {code} than {place}: name "
            "that as the warehouse's location for supplier returns.",
        )
    return warehouse.id


def credited(
    masters: Masters, settled: ClaimSettlement, booked: Sequence[GlEntry], bought: int | None
) -> Settled:
    """The supplier's credit note over what it accepted, posted as ``booked`` says.

    ``bought`` is the line of the purchase return. An account that the system admits on no
    supplier's invoice is reached by way of ``claims_written_off``, with an entry of the same
    amount.
    """
    origin = {"origin": f"purchase.line,{bought}"} if bought else {}
    party, currency = masters.party(settled.supplier_id), masters.currency(settled.currency)
    lines, rest = list[dict[str, Any]](), tuple[GlEntry, ...]()
    for account, _, amount_minor, _ in booked:
        if account == OWED:
            continue
        direct = masters.on_suppliers_notes(account)
        if not direct:
            rest += transfer(BETWEEN, account, amount_minor)
        lines.append(
            {
                "type": "line",
                "quantity": -1.0,
                "unit_price": major(amount_minor, currency.decimals),
                "currency": currency.id,
                "account": masters.account(account if direct else BETWEEN),
                "description": f"{settled.return_id} line {settled.line}: {settled.reason}",
                **origin,
            }
        )
    values = {
        "type": "in",
        "party": party.id,
        "invoice_address": party.address,
        "invoice_date": masters.today(),
        "currency": currency.id,
        "journal": masters.journal("suppliers"),
        "account": masters.account(OWED),
        "lines": [["create", lines]],
    }
    return Settled(Paper("account.invoice", values, POSTED), rest)
