"""Minor units and quantities to and from the numbers of the system."""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

BOOKED = ["debit", "credit", "amount_second_currency", "second_currency", "second_currency.digits"]
"""Fields of a line of an entry that say its amount, for ``booked_minor``."""


def major(amount_minor: int, decimals: int) -> Decimal:
    """30_00 -> 30.00, with the digits of the currency."""
    return Decimal(amount_minor).scaleb(-decimals)


def minor(amount: Decimal, decimals: int) -> int:
    """30.00 -> 30_00, to the nearest minor unit."""
    return int(amount.scaleb(decimals).quantize(Decimal(1), ROUND_HALF_EVEN))


def quantity_of(number: float) -> Decimal:
    """A quantity the system answered with, exactly as it shows it."""
    return exactly(Decimal(str(number)))


def exactly(quantity: Decimal) -> Decimal:
    """The same quantity in one way to write it: 3 for 3.00, 10 for 1E+1."""
    whole = quantity.to_integral()
    return whole.quantize(Decimal(1)) if quantity == whole else quantity.normalize()


def booked_minor(line: Mapping[str, Any], decimals: int) -> int:
    """Debit less credit of a line in the currency that was posted in, of ``decimals`` digits where
    that is the books'."""
    if line["second_currency"]:
        return minor(line["amount_second_currency"], line["second_currency."]["digits"])
    return minor(line["debit"] - line["credit"], decimals)
