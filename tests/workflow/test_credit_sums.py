"""However an invoice line is sent back, its credits together are what was invoiced, to the cent."""

from dataclasses import replace
from decimal import Decimal
from itertools import accumulate

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflow.fakes import INES, NOON, WALT, FakePolicies, Story, line, request, verdict
from workflow.commands import InspectLine, ReceiptLine, ReceiveGoods
from workflow.events import CreditApproved, CreditProposed

FREIGHT = verdict("us", refund_percent="100", return_freight="ours")
CUTS = st.lists(st.integers(1, 9), min_size=1, max_size=5)
MONEY = st.integers(0, 99_99)


def case_of(
    pieces: list[int], before: int, whole: int, money: tuple[int, int, int, int], **policies: object
) -> Story:
    """A return of some pieces of a line of which others are on their way back already."""
    net, tax, freight, freight_tax = money
    one = line(
        quantity=str(sum(pieces)),
        delivered=str(whole),
        returned_before=str(before),
        net_minor=net,
        tax_minor=tax,
    )
    facts = replace(one.facts, freight_minor=freight, freight_tax_minor=freight_tax)
    story = Story(FakePolicies(freight=FREIGHT, **policies))  # type: ignore[arg-type]
    story.send(request(replace(one, facts=facts)))
    for number, quantity in enumerate(pieces, 1):
        goods = (ReceiptLine(1, "SKU-1", Decimal(quantity)),)
        story.send(ReceiveGoods(f"GR-{number}", "W1", goods, WALT, NOON))
        story.send(InspectLine(1, Decimal(quantity), "sealed", INES, NOON))
        story.answer_models(NOON)
    return story


@given(cuts=CUTS, net=MONEY, tax=MONEY, freight=MONEY, freight_tax=MONEY, apart=st.booleans())
@settings(max_examples=60, deadline=None)
def test_full_credits_of_a_line_are_its_invoice(
    cuts: list[int], net: int, tax: int, freight: int, freight_tax: int, apart: bool
) -> None:
    """In pieces of one return, or in returns that were all asked for before any was credited: net,
    tax, freight and its tax are given back whole, and never a cent more."""
    money, whole = (net, tax, freight, freight_tax), sum(cuts)
    starts = [0, *accumulate(cuts)]
    asked = [([cut], start) for cut, start in zip(cuts, starts, strict=False)]
    stories = [case_of(p, b, whole, money) for p, b in (asked if apart else [(cuts, 0)])]
    paid = [credit for story in stories for credit in story.of(CreditApproved)]
    assert sum(c.net_minor for c in paid) == net
    assert sum(c.tax_minor for c in paid) == (tax if net else 0)
    assert sum(c.freight_minor for c in paid) == freight
    assert sum(c.freight_tax_minor for c in paid) == (freight_tax if freight else 0)
    assert all(min(c.tax_minor, c.freight_tax_minor) >= 0 for c in paid)


@given(cuts=CUTS, net=MONEY, tax=MONEY, percent=st.integers(1, 100))
@settings(max_examples=40, deadline=None)
def test_the_tax_of_shares_stays_within_the_tax(
    cuts: list[int], net: int, tax: int, percent: int
) -> None:
    """A share of every piece never brings more than the tax of the line."""
    share = verdict("partial", percent=str(percent))
    story = case_of(cuts, 0, sum(cuts), (net, tax, 0, 0), credit=share)
    assert 0 <= sum(c.tax_minor for c in story.of(CreditApproved)) <= tax


def test_freight_that_waits_takes_nothing_from_the_goods() -> None:
    """Two halves of a line of 1,000.00 with 400.00 of freight, both waiting for a person: each is
    500.00 and 200.00 of freight."""
    story = case_of(
        [2, 2],
        0,
        4,
        (1_000_00, 80_00, 400_00, 32_00),
        lanes={"credit": "review"},
    )
    assert not story.of(CreditApproved)
    assert [(c.net_minor, c.freight_minor) for c in story.of(CreditProposed)] == [
        (500_00, 200_00),
        (500_00, 200_00),
    ]
