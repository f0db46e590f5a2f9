"""A request as the papers that the ERP writes for it, the one with the number first.

| request | papers |
|---|---|
| RMA | a confirmed return order, shipped and invoiced by papers of their own |
| receipt | a customer's return shipment into the place for ``returns``; a journal entry |
| stock move | an internal shipment, or a delivery to the customer; a journal entry |
| credit memo | a posted credit note with exactly our net and tax |
| charge back | a posted invoice with them, against the same accounts |
| replacement | a confirmed order at no charge with its delivery waiting |
| supplier claim | a purchase return with its shipment, where goods stand there; a journal entry |
| settlement | a supplier's credit note over what was paid; a journal entry over the rest |
| intercompany, work done | a journal entry |
| workshop order, closing | none |
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.erp.booking import Booking
from integrations.erp.documents import (
    ChargeBack,
    ClaimSettlement,
    CreditMemo,
    Receipt,
    Replacement,
    Request,
    Rma,
    RmaLine,
    StockMove,
    SupplierClaim,
)
from integrations.erp.port import Rejected
from integrations.erp.tryton import supplier_returns
from integrations.erp.tryton.entries import entry
from integrations.erp.tryton.invoices import Invoices, Sold
from integrations.erp.tryton.mapping import AT_CUSTOMER
from integrations.erp.tryton.masters import Currency, Item, Masters, Party
from integrations.erp.tryton.money import major
from integrations.erp.tryton.notes import charge, credit_note
from integrations.erp.tryton.stepping import Paper, Step

ORDERED = (
    Step("quote", frozenset({"quotation", "confirmed", "processing", "done"})),
    Step("confirm", frozenset({"confirmed", "processing", "done"})),
)
RECEIVED = (
    Step("receive", frozenset({"received", "done"})),
    Step("do", frozenset({"done"})),  # behind already where goods are received where they stay
)
MOVED = (
    Step("wait", frozenset({"waiting", "assigned", "packed", "shipped", "done"})),
    Step(
        "assign_try",
        frozenset({"assigned", "packed", "shipped", "done"}),
        "The ERP does not have these goods at that place",
    ),
    Step("do", frozenset({"done"})),
)
DELIVERED = (
    *MOVED[:2],
    Step("pack", frozenset({"packed", "shipped", "done"})),
    Step("do", frozenset({"done"})),
)

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier documents of the case say: who the customer is, and its return order's lines."""

    customer_id: str | None = None
    order_lines: Mapping[int, int] | None = None
    """Our line -> line of the return order."""
    left_from: str | None = None
    """The warehouse whose goods stand at the supplier, for a claim on them."""
    bought: int | None = None
    """The line of the purchase return, for what a supplier pays."""


@dataclass(frozen=True, slots=True)
class Clerk:
    """Fills in papers; reads masters and invoices for it and writes nothing but lots."""

    masters: Masters
    invoices: Invoices

    def papers(self, key: str, request: Request, booking: Booking, known: Known) -> list[Paper]:
        """All papers of a request, in the order they are written. Raises ``Rejected``."""
        make = _MAKE.get(type(request), Clerk.nothing)
        made, entries = make(self, key, request, known), booking.gl
        if isinstance(request, CreditMemo | ChargeBack):
            entries = ()
        elif isinstance(request, ClaimSettlement) and request.outcome == "recovered":
            note, entries = supplier_returns.credited(
                self.masters, request, booking.gl, known.bought
            )
            made = [note]
        return [
            *made,
            *([entry(self.masters, request, self._in(request), entries)] if entries else []),
        ]

    def rma(self, key: str, rma: Rma, known: Known) -> list[Paper]:
        """The return order: what may come back, at the price it was sold for."""
        party = self.masters.party(rma.customer_id)
        order, warehouse, lines = None, None, []
        for line in rma.lines:
            item, price = self.masters.item(line.sku), Decimal(0)
            if line.invoice_id is not None and line.invoice_line is not None:
                sold = self.invoices.sold(line.invoice_id, line.invoice_line, rma.customer_id)
                _counted_as_sold(line, sold, item)
                price, order, warehouse = sold.unit_price, sold.order, sold.warehouse
            lines.append(
                {
                    "type": "line",
                    "product": item.id,
                    "unit": item.unit,
                    "quantity": -float(line.quantity),
                    "unit_price": price,
                    "description": f"{line.sku} {line.lot or ''}".strip(),
                }
            )
        values = self._order(party, self._in(rma), lines) | {
            "warehouse": warehouse or self._default_warehouse(),
            "origin": f"sale.sale,{order}" if order else None,
        }
        return [Paper("sale.sale", values, ORDERED)]

    def receipt(self, key: str, receipt: Receipt, known: Known) -> list[Paper]:
        """From the customer straight into the place for ``returns``."""
        currency = self._in(receipt)
        moves = [
            {
                **self._goods(got.sku, got.quantity, got.lot),
                "unit_price": major(got.unit_cost_minor, currency.decimals),
                "currency": currency.id,
                "origin": _origin(known, got.line),
            }
            for got in receipt.lines
        ]
        return [self._return(known, receipt.warehouse, "returns", moves)]

    def move(self, key: str, move: StockMove, known: Known) -> list[Paper]:
        """From place to place within the warehouse, or out of it."""
        goods = self._goods(move.sku, move.quantity, move.lot)
        if move.from_status == AT_CUSTOMER:
            currency = self._in(move)
            back = {**goods, "unit_price": major(move.unit_cost_minor, currency.decimals)}
            back["currency"] = currency.id
            return [self._return(known, move.warehouse, move.to_status, [back])]
        if move.to_status == AT_CUSTOMER:
            return [self._delivery(known, move, goods)]
        places = {
            "from_location": self.masters.place(move.from_status, move.warehouse),
            "to_location": self.masters.place(move.to_status, move.warehouse),
        }
        moves = [["create", [{**goods, **places}]]]
        return [Paper("stock.shipment.internal", {**places, "moves": moves}, MOVED)]

    def credit(self, key: str, memo: CreditMemo, known: Known) -> list[Paper]:
        """A posted credit note; see ``notes.py``."""
        return [credit_note(self.masters, self.invoices, memo)]

    def charge(self, key: str, asked: ChargeBack, known: Known) -> list[Paper]:
        """A posted invoice; see ``notes.py``."""
        return [charge(self.masters, self.invoices, asked)]

    def nothing(self, key: str, request: Request, known: Known) -> list[Paper]:
        """Only a journal entry, where the request is in the books at all."""
        return []

    def claim(self, key: str, claim: SupplierClaim, known: Known) -> list[Paper]:
        """Claimed goods leave for the supplier; a claim without goods is an entry alone."""
        if known.left_from is None:
            return []
        return supplier_returns.sent_back(self.masters, claim, known.left_from)

    def replacement(self, key: str, order: Replacement, known: Known) -> list[Paper]:
        """An order at no charge; the ERP delivers it as any other."""
        party, item = self.masters.party(order.customer_id), self.masters.item(order.sku)
        line = {
            "type": "line",
            "product": item.id,
            "unit": item.unit,
            "quantity": float(order.quantity),
            "unit_price": Decimal(0),
            "description": f"{order.return_id} line {order.line}: replacement at no charge",
        }
        values = self._order(party, self._in(order), [line]) | {
            "warehouse": self._default_warehouse(),
            "shipment_method": "order",
        }
        return [Paper("sale.sale", values, ORDERED)]

    def _order(self, party: Party, currency: Currency, lines: Sequence[Values]) -> Values:
        return {
            "party": party.id,
            "invoice_address": party.address,
            "shipment_address": party.address,
            "currency": currency.id,
            "invoice_method": "manual",
            "shipment_method": "manual",
            "lines": [["create", list(lines)]],
        }

    def _goods(self, sku: str, quantity: Decimal, lot: str | None) -> Values:
        item = self.masters.item(sku)
        goods: Values = {
            "product": item.id,
            "unit": item.unit,
            "quantity": float(quantity),
            "company": self.masters.company().id,
        }
        return goods | ({"lot": self.masters.lot(sku, lot)} if lot else {})

    def _in(self, request: Request) -> Currency:
        """The currency of a request, that of the books where it names none."""
        return self.masters.currency(getattr(request, "currency", None))

    def _default_warehouse(self) -> int:
        return self.masters.warehouse(self.masters.map.defaults["warehouse"]).id

    def _customer(self, known: Known) -> Party:
        return self.masters.party(known.customer_id or self.masters.map.defaults["customer"])

    def _return(self, known: Known, warehouse: str, status: str, moves: Sequence[Values]) -> Paper:
        party, place = self._customer(known), self.masters.place(status, warehouse)
        ends = {"from_location": party.customer_place, "to_location": place}
        values = {
            "customer": party.id,
            "contact_address": party.address,
            "warehouse": self.masters.warehouse(warehouse).id,
            "warehouse_input": place,
            "warehouse_storage": place,
            "incoming_moves": [["create", [{**move, **ends} for move in moves]]],
        }
        return Paper("stock.shipment.out.return", values, RECEIVED)

    def _delivery(self, known: Known, move: StockMove, goods: Values) -> Paper:
        party = self._customer(known)
        place = self.masters.place(move.from_status, move.warehouse)
        out = {
            **goods,
            "from_location": place,
            "to_location": party.customer_place,
            "unit_price": Decimal(0),
            "currency": self._in(move).id,
        }
        values = {
            "customer": party.id,
            "delivery_address": party.address,
            "warehouse": self.masters.warehouse(move.warehouse).id,
            "warehouse_storage": place,
            "warehouse_output": place,
            "outgoing_moves": [["create", [out]]],
        }
        return Paper("stock.shipment.out", values, DELIVERED)


def _counted_as_sold(line: RmaLine, sold: Sold, item: Item) -> None:
    """Refuse what was sold in another unit than its goods are counted in: one of ours would be a
    dozen there, or a dozen's price that of one."""
    if sold.unit is not None and sold.unit != item.unit:
        raise Rejected(
            "not_covered",
            f"Line {line.invoice_line} of {line.invoice_id} was sold in another unit than the ERP "
            f"counts {line.sku} in: take it back there by hand.",
        )


def _origin(known: Known, line: int | None) -> str | None:
    found = (known.order_lines or {}).get(line or 0)
    return f"sale.line,{found}" if found else None


_MAKE: dict[type, Callable[[Clerk, str, Any, Known], list[Paper]]] = {
    Rma: Clerk.rma,
    Receipt: Clerk.receipt,
    StockMove: Clerk.move,
    CreditMemo: Clerk.credit,
    ChargeBack: Clerk.charge,
    SupplierClaim: Clerk.claim,
    Replacement: Clerk.replacement,
}
"""What has papers beside the journal entry; every other request has that alone, or nothing."""
