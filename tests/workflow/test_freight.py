"""Freight of the delivery goes back with the goods, the way back is charged: to the cent."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflow.fakes import INES, NOON, WALT, FakePolicies, Story, line, request, verdict
from workflow.commands import InspectLine, ReceiptLine, ReceiveGoods
from workflow.credit import tax_of
from workflow.events import CreditApproved, RequestedLine
from workflow.freight import spread

BOTH_WAYS = verdict("us", refund_percent="100", return_freight="ours")
STATED = verdict("customer", refund_percent="0", return_freight="stated")
FIXED = verdict("customer", return_freight="fixed", return_fee_minor="690")


def carried(
    one: RequestedLine, freight: int = 60_00, tax: int = 12_00, before: int = 0
) -> RequestedLine:
    facts = replace(
        one.facts,
        freight_minor=freight,
        freight_tax_minor=tax,
        freight_refunded_before_minor=before,
    )
    return replace(one, facts=facts)


def back(story: Story, quantity: str, *, number: int = 1, cost: int = 0) -> None:
    """Goods of a line come, are inspected and restocked; the way back cost so much."""
    receipt = f"GR-{len(story.case.receipts) + 1}"
    goods = (ReceiptLine(number, f"SKU-{number}", Decimal(quantity)),)
    story.send(ReceiveGoods(receipt, "W1", goods, WALT, NOON, freight_minor=cost))
    story.send(InspectLine(number, Decimal(quantity), "sealed", INES, NOON))
    story.answer_models(NOON)


@given(total=st.integers(0, 10**9), nets=st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
@settings(max_examples=60, deadline=None)
def test_freight_is_spread_without_a_remainder(total: int, nets: list[int]) -> None:
    """The lines' shares add up to the invoice's freight, and none is negative."""
    shares = spread(total, nets)
    assert sum(shares) == total and len(shares) == len(nets) and min(shares) >= 0


def test_the_freight_goes_back_with_its_part_of_the_goods() -> None:
    """Four of ten pieces take four tenths of it and of its tax, in the same memo."""
    story = Story(FakePolicies(freight=BOTH_WAYS))
    story.send(request(carried(line())))
    back(story, "4")
    (memo,) = [e.payload for e in story.effects if e.kind == "erp.credit_memo"]
    assert (memo["net_minor"], memo["freight_minor"], memo["freight_tax_minor"]) == (
        40_00, 24_00, 4_80,
    )  # fmt: skip
    assert story.line().credited_minor == 40_00


@given(
    cuts=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    freight=st.integers(0, 99_99),
    tax=st.integers(0, 19_99),
    before=st.integers(0, 5),
)
@settings(max_examples=40, deadline=None)
def test_all_of_it_goes_back_when_all_came_back(
    cuts: list[int], freight: int, tax: int, before: int
) -> None:
    """However many pieces and returns: together the line's freight and tax, never a cent more."""
    story = Story(FakePolicies(freight=BOTH_WAYS))
    gone = freight * before // (before + sum(cuts))
    whole = str(before + sum(cuts))
    one = line(quantity=str(sum(cuts)), delivered=whole, returned_before=str(before))
    story.send(request(carried(one, freight, tax, gone)))
    for cut in cuts:
        back(story, str(cut))
    paid = story.of(CreditApproved)
    assert all(c.freight_minor >= 0 and c.freight_tax_minor >= 0 for c in paid)
    assert gone + sum(c.freight_minor for c in paid) <= freight
    if before == 0:
        assert sum(c.freight_minor for c in paid) == freight
        assert sum(c.freight_tax_minor for c in paid) == (tax if freight else 0)


def test_the_customers_own_reasons_get_no_freight() -> None:
    """Nor do denied credits, nor goods that are replaced."""
    for policies in (
        FakePolicies(freight=STATED),
        FakePolicies(freight=BOTH_WAYS, credit=verdict("deny")),
        FakePolicies(freight=BOTH_WAYS, credit=verdict("replace", percent="0")),
    ):
        story = Story(policies)
        story.send(request(carried(line())))
        back(story, "4")
        assert [c.freight_minor for c in story.of(CreditApproved)] in ([0], [])


def test_the_way_back_is_charged_as_stated() -> None:
    """By the line's part of the value of what came, as far as its credit bears it, and each cost
    once; what came later pays for no way that was paid for."""
    story = Story(FakePolicies(freight=STATED))
    story.send(request(line(1, "4"), line(2, "1"), line(3, "1")))
    goods = (ReceiptLine(1, "SKU-1", Decimal(4)), ReceiptLine(2, "SKU-2", Decimal(1)))
    story.send(ReceiveGoods("GR-1", "W1", goods, WALT, NOON, freight_minor=20_01))
    for number, quantity in ((1, "1"), (1, "3"), (2, "1")):
        story.send(InspectLine(number, Decimal(quantity), "sealed", INES, NOON))
        story.answer_models(NOON)
    back(story, "1", number=3)
    charged = [c.return_freight_minor for c in story.of(CreditApproved)]
    assert charged == [10_00, 6_01, 4_00, 0]
    memos = [e.payload for e in story.effects if e.kind == "erp.credit_memo"]
    assert [memo["return_freight_minor"] for memo in memos] == charged


def test_a_fixed_fee_is_charged_once_a_return() -> None:
    """Whatever the number of pieces and lines; never more than the credit it is taken off."""
    story = Story(FakePolicies(freight=FIXED))
    story.send(request(line(1, "4"), line(2, "1")))
    for quantity, number in (("0.5", 1), ("3.5", 1), ("1", 2)):
        back(story, quantity, number=number)
    assert [c.return_freight_minor for c in story.of(CreditApproved)] == [5_00, 1_90, 0]


def test_an_advance_carries_its_freight_in_the_rest() -> None:
    """What was paid in advance is the goods alone: their freight follows when they came."""
    story = Story(FakePolicies(freight=BOTH_WAYS))
    story.send(request(carried(replace(line(), advance="credit"))))
    story.answer_models(NOON)
    back(story, "4")
    given_first, rest = story.of(CreditApproved)
    assert (given_first.net_minor, given_first.freight_minor) == (40_00, 0)
    assert (rest.net_minor, rest.freight_minor, rest.freight_tax_minor) == (0, 24_00, 4_80)
    assert tax_of(story.line(), 40_00) == given_first.tax_minor
