"""What a verdict makes of a goods value: shares, fees, and never more than is left."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.workflow.fakes import line, verdict
from workflow.credit import amount_of, goods_value
from workflow.state import Line


@pytest.mark.parametrize(
    ("values", "fee", "net"),
    [
        ({}, 0, 40_00),
        ({"fee_percent": "15"}, 6_00, 34_00),
        ({"fee_minor": "500"}, 5_00, 35_00),
        ({"fee_percent": "15", "fee_minor": "500"}, 11_00, 29_00),
        ({"percent": "50", "fee_minor": "500"}, 5_00, 15_00),
        ({"fee_minor": "900000"}, 40_00, 0),
    ],
)
def test_a_fee_is_a_share_or_fixed_or_both(values: dict[str, str], fee: int, net: int) -> None:
    """Of four pieces worth 40.00 the fee is taken off, down to nothing and never below."""
    four = Line(line())
    amount = amount_of(four, goods_value(four, Decimal(4)), verdict("partial", **values))
    assert (amount.fee_minor, amount.net_minor) == (fee, net)


def test_what_other_credits_took_is_not_credited_again() -> None:
    """Of an invoice line of 100.00 with 90.00 credited before, four pieces bring 10.00."""
    one = line(credited_before_minor=90_00)
    four = Line(replace(one, quantity=Decimal(4)))
    assert amount_of(four, goods_value(four, Decimal(4)), verdict("full")).net_minor == 10_00
