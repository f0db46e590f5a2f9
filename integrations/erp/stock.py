"""What stands where: goods of returns by place and lot, as a count of the shelves finds them."""

from collections.abc import Iterable

from integrations.erp.accounts import RETURN_STATUSES
from integrations.erp.booking import StockChange
from integrations.erp.documents import OnHand


def on_hand(balances: Iterable[StockChange]) -> list[OnHand]:
    """Balances in return statuses, zeros left out, in the order of place, item and lot."""
    found = [
        OnHand(one.warehouse, one.status, one.sku, one.lot or None, one.quantity)
        for one in balances
        if one.status in RETURN_STATUSES and one.quantity
    ]
    return sorted(found, key=lambda one: (one.warehouse, one.status, one.sku, one.lot or ""))
