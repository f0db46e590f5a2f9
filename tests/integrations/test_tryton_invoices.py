"""Invoices as distributors have them: numbers that begin anew, lines without an item, dozens."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from integrations.erp.booking import Standing, book
from integrations.erp.port import Rejected
from integrations.erp.tryton.invoices import Invoices
from integrations.erp.tryton.masters import Currency, Item, Masters, Party
from integrations.erp.tryton.papers import Clerk, Known
from tests.integrations.erp_requests import rma

PIECE, DOZEN = 1, 2


def sold(number: int, invoice: int, party: str = "C-1", unit: int | None = PIECE) -> dict[str, Any]:
    about = {"party.": {"code": party}, "currency.": {"code": "USD"}}
    return {
        "id": number, "unit_price": Decimal("10.00"), "origin": None, "unit": unit,
        "invoice": invoice, "invoice.": about,
    }  # fmt: skip


def masters(rows: Sequence[dict[str, Any]], asked: list[Any] | None = None) -> Masters:
    """An ERP that answers every search of lines with these, and counts items in pieces."""

    def read(method: str, *params: Any, **more: Any) -> Any:
        if asked is not None:
            asked.append(params[0])
        return list(rows)

    found = SimpleNamespace(
        rpc=SimpleNamespace(read=read),
        map=SimpleNamespace(defaults={"warehouse": "W1"}),
        company=lambda: SimpleNamespace(id=1),
        account=lambda name: 9,
        party=lambda code: Party(5, 6, 7, 8),
        item=lambda sku: Item(3, PIECE, 0),
        currency=lambda code: Currency(1, "USD", 2, None, 2),
        warehouse=lambda code: SimpleNamespace(id=4),
    )
    return cast(Masters, found)


def test_of_two_invoices_of_a_number_the_customers_is_meant() -> None:
    """Numbers may begin anew each year: lines of two invoices are never counted as one, the
    customer's is taken, and where two are the customer's a person decides."""
    rows = [sold(11, 1, "C-2"), sold(21, 2), sold(12, 1, "C-2"), sold(22, 2)]
    invoices = Invoices(masters(rows))
    assert [invoices.sold("1", line, "C-1").line for line in (1, 2)] == [21, 22]
    assert [invoices.sold("1", line, "C-2").line for line in (1, 2)] == [11, 12]
    with pytest.raises(Rejected) as none:
        invoices.sold("1", 1, "C-3")
    assert none.value.code == "unknown_master"
    with pytest.raises(Rejected) as two:
        Invoices(masters([sold(11, 1), sold(21, 2)])).sold("1", 1, "C-1")
    assert two.value.code == "several_documents"


def test_one_invoice_of_a_number_is_meant_whoever_paid_it() -> None:
    """An invoice may be another's who pays; lines of freight and fees are counted with the rest."""
    invoices = Invoices(masters([sold(11, 1, "PAYER"), sold(12, 1, "PAYER", None)]))
    assert invoices.sold("7", 2, "C-1").line == 12
    with pytest.raises(Rejected):
        invoices.sold("7", 3, "C-1")


def test_lines_without_an_item_are_not_goods() -> None:
    """Freight, fees and discounts that name no item are not asked for: nothing of them comes
    back."""
    asked: list[Any] = []
    assert Invoices(masters([], asked)).lines("INV-1", None, None, 10) == []
    assert ["product", "!=", None] in asked[0]


def test_sold_by_the_dozen_and_counted_in_pieces() -> None:
    """One dozen back is never one piece, nor a piece worth a dozen: such a line is for a person,
    before anything is written."""
    asked = replace(
        rma("R-1"), lines=(replace(rma("R-1").lines[0], invoice_id="1", invoice_line=1),)
    )
    booking = book(asked, Standing())
    for unit, ok in ((PIECE, True), (None, True), (DOZEN, False)):
        found = masters([sold(11, 1, unit=unit)])
        clerk = Clerk(found, Invoices(found))
        if ok:
            assert clerk.papers("k", asked, booking, Known())[0].model == "sale.sale"
            continue
        with pytest.raises(Rejected, match="another unit") as no:
            clerk.papers("k", asked, booking, Known())
        assert no.value.code == "not_covered"
