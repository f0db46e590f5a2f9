"""Delivered and invoiced lines as the system has them, with the lots that went out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

from integrations.erp.documents import InvoicedLine
from integrations.erp.port import Rejected
from integrations.erp.tryton.masters import Masters
from integrations.erp.tryton.money import minor, quantity_of
from integrations.erp.tryton.taxes import Tax, each, taxes_of

FINAL = ["posted", "paid"]


class Sold(NamedTuple):
    """An invoice line as a return refers to it. ``order`` and ``warehouse`` are ``None`` where it
    was invoiced without an order."""

    line: int
    unit_price: Decimal
    order: int | None
    warehouse: int | None
    currency: str
    unit: int | None
    """The unit it was sold in, which may be another than the item is counted in."""


@dataclass(frozen=True, slots=True)
class Invoices:
    """Reads what was invoiced; changes nothing."""

    masters: Masters
    _sold: dict[tuple[str, int, str], Sold] = field(default_factory=dict, repr=False)
    """Remembered: what is posted does not change."""

    def lines(
        self, invoice_id: str | None, customer_id: str | None, sku: str | None, limit: int
    ) -> list[InvoicedLine]:
        """Lines of goods that match, newest invoice first. A line's number is its place on its
        invoice, where freight, fees and discounts without an item are counted too."""
        wanted = [
            *([["invoice.number", "=", invoice_id]] if invoice_id else []),
            *([["invoice.party.code", "=", customer_id]] if customer_id else []),
            *([["product.code", "=", sku]] if sku else []),
        ]
        rows = self._search(wanted, limit)
        places = self._places({row["invoice"] for row in rows})
        taxes = self._taxes([row["id"] for row in rows])
        return [self._line(row, places[row["id"]], taxes.get(row["id"], 0)) for row in rows]

    def sold(self, invoice_id: str, line: int, customer_id: str) -> Sold:
        """The line that was invoiced. A system may begin its numbers anew each year: of several
        invoices of a number that of the customer is meant.

        ``Rejected``: ``unknown_master`` where there is none, ``several_documents`` where two fit.
        """
        key = (invoice_id, line, customer_id)
        if key not in self._sold:
            self._sold[key] = self._find(*key)
        return self._sold[key]

    def _find(self, invoice_id: str, line: int, customer_id: str) -> Sold:
        rows = self.masters.rpc.read(
            "model.account.invoice.line.search_read",
            [["invoice.number", "=", invoice_id], ["invoice.type", "=", "out"],
             ["invoice.state", "in", FINAL], ["type", "=", "line"],
             ["company", "=", self.masters.company().id]],
            0, None, [["sequence", "ASC"], ["id", "ASC"]],
            ["unit_price", "origin", "unit", "invoice", "invoice.currency.code",
             "invoice.party.code"],
        )  # fmt: skip
        several = {row["invoice"] for row in rows}
        if len(several) > 1:
            rows = [row for row in rows if row["invoice."]["party."]["code"] == customer_id]
        if len({row["invoice"] for row in rows}) > 1:
            raise Rejected(
                "several_documents",
                f"The ERP has {len(several)} invoices {invoice_id}, several of {customer_id}: post "
                "it there by hand.",
            )
        if not 1 <= line <= len(rows):
            raise Rejected("unknown_master", f"The ERP has no line {line} of invoice {invoice_id}.")
        row = rows[line - 1]
        order, warehouse = self._order(row["origin"])
        currency = row["invoice."]["currency."]["code"]
        return Sold(row["id"], row["unit_price"], order, warehouse, currency, row["unit"])

    def _order(self, origin: str | None) -> tuple[int | None, int | None]:
        model, _, record = (origin or "").partition(",")
        if model != "sale.line":
            return None, None
        fields = ["sale", "sale.warehouse"]
        row = self.masters.rpc.read("model.sale.line.read", [int(record)], fields)[0]
        return row["sale"], row["sale."]["warehouse"]

    def _search(self, wanted: Sequence[Any], limit: int) -> list[dict[str, Any]]:
        only = [
            ["invoice.type", "=", "out"], ["invoice.state", "in", FINAL], ["type", "=", "line"],
            ["quantity", ">", 0], ["company", "=", self.masters.company().id],
            ["product", "!=", None],
            # What is charged back is an invoice too, and nothing was sold by it.
            ["account", "!=", self.masters.account("sales_returns")],
        ]  # fmt: skip
        rows: list[dict[str, Any]] = self.masters.rpc.read(
            "model.account.invoice.line.search_read", [*only, *wanted], 0, limit,
            [["invoice.invoice_date", "DESC"], ["sequence", "ASC"], ["id", "ASC"]],
            ["invoice", "product.code", "quantity", "amount", "invoice.number",
             "invoice.invoice_date", "invoice.party.code", "invoice.currency.code",
             "invoice.currency.digits", "stock_moves.lot.number"],
        )  # fmt: skip
        return rows

    def _places(self, invoices: set[int]) -> dict[int, int]:
        """Invoice line -> its place on its invoice, from 1."""
        rows = self.masters.rpc.read(
            "model.account.invoice.line.search_read",
            [["invoice", "in", sorted(invoices)], ["type", "=", "line"]],
            0, None, [["invoice", "ASC"], ["sequence", "ASC"], ["id", "ASC"]], ["invoice"],
        )  # fmt: skip
        places, last = dict[int, int](), (0, 0)
        for row in rows:
            last = (row["invoice"], last[1] + 1 if row["invoice"] == last[0] else 1)
            places[row["id"]] = last[1]
        return places

    def _taxes(self, lines: Sequence[int]) -> dict[int, int]:
        """Invoice line -> its tax in minor units, where the invoice's taxes are its lines'."""
        rows = self.masters.rpc.read(
            "model.account.invoice.line.read", list(lines),
            ["unit_price", "quantity", "taxes", "taxes_date", "invoice.accounting_date",
             "invoice.invoice_date", "invoice.currency.digits"],
        )  # fmt: skip
        known = taxes_of(self.masters.rpc, {tax for row in rows for tax in row["taxes"]})
        return {row["id"]: _tax_minor(row, [known[tax] for tax in row["taxes"]]) for row in rows}

    def _line(self, row: Mapping[str, Any], place: int, tax_minor: int) -> InvoicedLine:
        invoice, currency = row["invoice."], row["invoice."]["currency."]
        moves = row["stock_moves."]
        lots = {move["lot."]["number"] for move in moves if move.get("lot.")}
        return InvoicedLine(
            invoice["number"],
            place,
            invoice["party."]["code"],
            row["product."]["code"],
            lots.pop() if len(lots) == 1 else None,
            quantity_of(row["quantity"]),
            minor(row["amount"], currency["digits"]),
            tax_minor,
            currency["code"],
            datetime.combine(invoice["invoice_date"], time(), UTC),
        )


def _tax_minor(row: Mapping[str, Any], taxes: Sequence[Tax]) -> int:
    invoice, quantity = row["invoice."], quantity_of(row["quantity"])
    on = row["taxes_date"] or invoice["accounting_date"] or invoice["invoice_date"]
    digits = invoice["currency."]["digits"]
    # Rounded once: what rounding each tax would leave over, the system takes back from one of them.
    return minor(sum(each(taxes, row["unit_price"], on), Decimal(0)) * quantity, digits)
