"""What stands in the places for returned goods, as the system counts it today."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from integrations.erp.accounts import RETURN_STATUSES
from integrations.erp.booking import StockChange
from integrations.erp.tryton.masters import Masters
from integrations.erp.tryton.money import quantity_of


def balances(masters: Masters) -> Iterator[StockChange]:
    """Every item and lot in every such place of every warehouse; goods without a lot are what
    the lots leave of the item's quantity there."""
    codes = [row["code"] for row in _search(masters, "stock.location", _WAREHOUSES, ["code"], {})]
    wanted = {
        masters.map.place(status, code): (code, status)
        for code in codes
        for status in RETURN_STATUSES
    }
    domain = [["code", "in", sorted(wanted)]]
    for place in _search(masters, "stock.location", domain, ["code"], {}):
        yield from _of_place(masters, place["id"], *wanted[place["code"]])


_WAREHOUSES = [["type", "=", "warehouse"], ["code", "!=", None]]
_NOT_NONE = [["quantity", "!=", 0]]


def _of_place(masters: Masters, place: int, warehouse: str, status: str) -> Iterator[StockChange]:
    # The day is named, or the system counts only what nobody waits for.
    told = {"locations": [place], "with_childs": False, "stock_date_end": masters.today()}
    left: dict[str, Decimal] = {
        row["code"]: quantity_of(row["quantity"])
        for row in _search(masters, "product.product", _NOT_NONE, ["code", "quantity"], told)
    }
    fields = ["number", "product.code", "quantity"]
    for row in _search(masters, "stock.lot", _NOT_NONE, fields, told):
        sku, quantity = row["product."]["code"], quantity_of(row["quantity"])
        left[sku] = left.get(sku, Decimal(0)) - quantity
        yield StockChange(sku, row["number"], warehouse, status, quantity)
    for sku, quantity in left.items():
        yield StockChange(sku, "", warehouse, status, quantity)


def _search(
    masters: Masters, model: str, domain: list[Any], fields: list[str], context: dict[str, Any]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = masters.rpc.read(
        f"model.{model}.search_read", domain, 0, None, [["id", "ASC"]], fields,
        context={"company": masters.company().id, **context},
    )  # fmt: skip
    return found
