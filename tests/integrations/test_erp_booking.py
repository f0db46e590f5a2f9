"""Golden postings, and what holds for any sequence of them."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.erp.accounts import ACCOUNT_OF_STATUS, ACCOUNTS
from integrations.erp.booking import (
    KIND_OF,
    PREFIX_OF,
    Booking,
    GlEntry,
    Standing,
    book,
    credit_entries,
    fingerprint,
)
from integrations.erp.documents import Receipt, Request
from integrations.erp.port import REJECTIONS, Rejected
from tests.integrations.erp_requests import (
    charge,
    claim,
    closing,
    intercompany,
    memo,
    move,
    receipt,
    refurbish_order,
    refurbished,
    rma,
    settlement,
    whole_case,
)

CASE = "R-1001"


@pytest.mark.parametrize(
    ("request_", "entries"),
    [
        (rma(CASE), ()),
        (
            receipt(CASE),
            (GlEntry("returns_interim", 18_00, 0), GlEntry("cost_of_goods_sold", 0, 18_00)),
        ),
        (
            memo(CASE),
            (
                GlEntry("sales_returns", 30_00, 0),
                GlEntry("tax_payable", 6_00, 0),
                GlEntry("accounts_receivable", 0, 36_00),
            ),
        ),
        (
            memo(CASE, tax=0),
            (GlEntry("sales_returns", 30_00, 0), GlEntry("accounts_receivable", 0, 30_00)),
        ),
        (
            replace(
                memo(CASE), freight_minor=9_00, freight_tax_minor=1_80, return_freight_minor=4_00
            ),
            (
                GlEntry("sales_returns", 30_00, 0),
                GlEntry("freight_refunded", 9_00, 0),
                GlEntry("tax_payable", 7_80, 0),
                GlEntry("freight_charged", 0, 4_00),
                GlEntry("accounts_receivable", 0, 42_80),
            ),
        ),
        (
            charge(CASE),
            (
                GlEntry("sales_returns", 0, 5_00),
                GlEntry("tax_payable", 0, 1_00),
                GlEntry("accounts_receivable", 6_00, 0),
            ),
        ),
        (
            claim(CASE),
            (
                GlEntry("supplier_claims_receivable", 18_00, 0),
                GlEntry("goods_at_supplier", 0, 18_00),
            ),
        ),
        (
            settlement(CASE),
            (
                GlEntry("accounts_payable", 10_00, 0),
                GlEntry("supplier_claims_receivable", 0, 10_00),
            ),
        ),
        (
            settlement(CASE, outcome="written_off"),
            (
                GlEntry("claims_written_off", 10_00, 0),
                GlEntry("supplier_claims_receivable", 0, 10_00),
            ),
        ),
        (
            replace(settlement(CASE, outcome="written_off"), claimed=False),
            (GlEntry("claims_written_off", 10_00, 0), GlEntry("goods_at_supplier", 0, 10_00)),
        ),
        (
            replace(settlement(CASE), settles_minor=4_00),
            (
                GlEntry("accounts_payable", 10_00, 0),
                GlEntry("supplier_claims_receivable", 0, 4_00),
                GlEntry("claims_written_off", 0, 6_00),
            ),
        ),
        (
            intercompany(CASE),
            (
                GlEntry("cost_of_goods_sold", 18_00, 0, "food"),
                GlEntry("intercompany_payable", 0, 18_00, "food"),
                GlEntry("intercompany_receivable", 18_00, 0, "industrial"),
                GlEntry("cost_of_goods_sold", 0, 18_00, "industrial"),
            ),
        ),
        (
            replace(
                intercompany(CASE),
                lines=(
                    replace(intercompany(CASE).lines[0], amount_minor=20_00, margin_minor=2_00),
                ),
            ),
            (
                GlEntry("cost_of_goods_sold", 18_00, 0, "food"),
                GlEntry("transfer_price_difference", 2_00, 0, "food"),
                GlEntry("intercompany_payable", 0, 20_00, "food"),
                GlEntry("intercompany_receivable", 20_00, 0, "industrial"),
                GlEntry("cost_of_goods_sold", 0, 18_00, "industrial"),
                GlEntry("transfer_price_difference", 0, 2_00, "industrial"),
            ),
        ),
        (refurbish_order(CASE), ()),
        (refurbished(CASE, 0), ()),
        (
            refurbished(CASE),
            (GlEntry("refurbish_expense", 3_00, 0), GlEntry("workshop_absorbed", 0, 3_00)),
        ),
        (
            refurbished(CASE, costing="capitalised"),
            (GlEntry("inventory", 3_00, 0), GlEntry("workshop_absorbed", 0, 3_00)),
        ),
        (closing(CASE), ()),
    ],
)
def test_golden_entries(request_: Request, entries: tuple[GlEntry, ...]) -> None:
    """Each document posts exactly the entries its accounting says."""
    assert book(request_, Standing()).gl == entries


@given(
    received=st.integers(1, 10_000),
    cost=st.integers(0, 10_000),
    cuts=st.lists(st.integers(1, 10_000), max_size=6),
)
def test_splits_clear_the_interim(received: int, cost: int, cuts: list[int]) -> None:
    """However a receipt is split over moves, their values add up to what it booked."""
    quantity = Decimal(received) / 8
    standing = book(receipt(CASE, str(quantity), cost), Standing()).standing
    booked = sum(held.value_minor for held in standing.unjudged.values())
    left, values = quantity, []
    for cut in cuts:
        part = Decimal(cut) / 8
        if part >= left:
            break
        moved = book(move(CASE, str(part)), standing)
        standing, left = moved.standing, left - part
        values.append(_value(moved))
    last = book(move(CASE, str(left)), standing)
    assert sum(values) + _value(last) == booked
    assert book(closing(CASE), last.standing).standing.closed


def _value(booking: Booking) -> int:
    value = booking.details["stock_move"][0]["value_minor"]
    assert isinstance(value, int)
    assert sum(e.debit_minor for e in booking.gl) == value
    return value


@given(net=st.integers(-(10**12), 10**12), tax=st.integers(-(10**12), 10**12))
def test_credit_entries_balance(net: int, tax: int) -> None:
    """Credit entries balance for any amounts, corrections downwards included."""
    entries = credit_entries(net, tax)
    assert sum(e.debit_minor for e in entries) == sum(e.credit_minor for e in entries)
    assert all((e.debit_minor > 0) != (e.credit_minor > 0) for e in entries)


@given(
    steps=st.lists(st.tuples(st.sampled_from(["receive", "move"]), st.integers(1, 5)), max_size=20)
)
def test_stock_is_conserved(steps: list[tuple[str, int]]) -> None:
    """Only receipts bring stock in; a move never takes more from returns than is there."""
    standing, held, total = Standing(), 0, Decimal(0)
    for what, quantity in steps:
        asked = receipt if what == "receive" else move
        if what == "move" and quantity > held:
            with pytest.raises(Rejected, match="cannot leave"):
                book(move(CASE, str(quantity)), standing)
            continue
        booking = book(asked(CASE, str(quantity)), standing)
        standing = booking.standing
        held += quantity if what == "receive" else -quantity
        total += sum(change.quantity for change in booking.stock)
    received = sum(quantity for what, quantity in steps if what == "receive")
    assert total == received
    assert sum(shelf.quantity for shelf in standing.unjudged.values()) == held


def test_moves_between_other_statuses_use_the_cost_given() -> None:
    """Goods that left returns before move at the unit cost of the request."""
    blocked = replace(move(CASE), from_status="blocked", to_status="scrapped")
    booking = book(blocked, Standing())
    assert booking.gl == (
        GlEntry("scrap_expense", 18_00, 0),
        GlEntry("inventory_blocked", 0, 18_00),
    )


def test_receipt_of_several_lots_is_valued_by_item() -> None:
    """Each item of a receipt is valued at its own cost, and all of them balance as one."""
    one = receipt(CASE).lines[0]
    got = Receipt(CASE, "GR-1", "W1", receipt(CASE).received_at, "USD", (one, one))
    booking = book(got, Standing())
    assert [row["item"] for row in booking.details["goods_receipt_line"]] == [1, 2]
    assert booking.gl[0].debit_minor == 36_00


def test_fingerprint_tells_types_apart() -> None:
    """Requests of different types never count as the same content."""
    digests = {fingerprint(asked) for _, asked in whole_case(CASE)}
    assert len(digests) == len(whole_case(CASE))


def test_what_was_written_before_freight_is_the_same_content() -> None:
    """A memo without freight has the digest it had before memos knew of any; one with it has
    another."""
    without = "99052deeb9446649249df37010feaf8135cdd0a551c3e234fd71a5f4738d4033"
    assert fingerprint(memo(CASE)) != fingerprint(replace(memo(CASE), freight_minor=1))
    assert fingerprint(memo(CASE)) == without


def test_tables_are_complete() -> None:
    """Every status has an account, every kind a number range, every rejection its advice."""
    assert set(ACCOUNT_OF_STATUS.values()) <= set(ACCOUNTS)
    assert set(KIND_OF.values()) == set(PREFIX_OF)
    assert all(advice.endswith(".") for advice in REJECTIONS.values())
