"""What a verdict makes of a goods value: shares, fees, and never more than is left."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflow.fakes import FINN, INES, NOON, WALT, FakePolicies, Story, line, request, verdict
from workflow.commands import DecideTask, InspectLine, ReceiptLine, ReceiveGoods
from workflow.credit import amount_of, goods_value
from workflow.events import CreditApproved
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


@settings(max_examples=30)
@given(st.integers(1, 99_99), st.integers(0, 20_00), st.permutations([1, 2, 3, 4]), st.booleans())
def test_all_the_tax_goes_back_with_all_the_goods(
    net: int, tax: int, pieces: list[int], apart: bool
) -> None:
    """Ten pieces in four pieces of a return, or in four returns: net and tax add up to the
    invoice's, to the cent."""
    approved: list[CreditApproved] = []
    story, before = Story(), 0
    if not apart:
        story.send(request(line(1, "10", net_minor=net, tax_minor=tax)))
    for count in pieces:
        if apart:
            story = Story()
            one = line(1, str(count), net_minor=net, tax_minor=tax, returned_before=str(before))
            paid = sum(c.net_minor for c in approved)
            one = replace(one, facts=replace(one.facts, credited_before_minor=paid))
            story.send(request(one))
        come_back(story, Decimal(count))
        before += count
        approved += story.of(CreditApproved)[0 if apart else -1 :]
    assert sum(c.net_minor for c in approved) == net
    assert sum(c.tax_minor for c in approved) == tax


def come_back(story: Story, quantity: Decimal) -> None:
    number = len(story.line().portions) + 1
    goods = (ReceiptLine(1, "SKU-1", quantity),)
    story.send(ReceiveGoods(f"GR-{number}", "W1", goods, WALT, NOON))
    story.send(InspectLine(1, quantity, "defective", INES, NOON))
    story.answer_models(NOON)


def test_another_amount_carries_the_tax_of_its_own_place() -> None:
    """Seven pieces at 99.99 and 8.01 of tax: the first two at half by hand, the rest in full, and
    no cent of tax more than was invoiced."""
    seven = line(1, "7", delivered="7", net_minor=99_99, tax_minor=8_01)
    story = Story(FakePolicies(lanes={"credit": "review"}))
    story.send(request(seven))
    for quantity, amount in (("2", "1428"), ("5", "7142")):
        come_back(story, Decimal(quantity))
        (task,) = story.case.tasks
        told = (task.opened.task_id, "override", FINN, NOON, amount, "agreed", "Agreed.")
        story.send(DecideTask(*told))
    assert [(c.net_minor, c.tax_minor) for c in story.of(CreditApproved)] == [
        (14_28, 1_14),
        (71_42, 5_72),
    ]
