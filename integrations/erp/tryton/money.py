"""Minor units and quantities to and from the numbers of the system."""

from decimal import ROUND_HALF_EVEN, Decimal


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
