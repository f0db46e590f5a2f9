"""Every kind of disagreement between our decisions and the ERP, one at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.ledgers import LATE_DAYS, PERIOD_GRACE_DAYS
from tests.reconciliation.ledger_books import (
    CREDIT,
    RECEIPT,
    SOON,
    Change,
    Story,
    days,
    line,
    memo,
    move,
)

FOUND: dict[str, tuple[Change, str, int, int]] = {
    "receipt of more": (
        lambda s: s.theirs("receipt/W-1", quantity=Decimal(5)), "R3", 1200, -1200,
    ),
    "receipt missing": (lambda s: s.gone("receipt/W-1").interim(-1800).state(), "R3", 1800, 1800),
    "receipt of another item": (lambda s: s.theirs("receipt/W-1", sku="SEAL-8"), "R3", 1800, 0),
    "lot of a receipt": (lambda s: s.theirs("receipt/W-1", lot="L8"), "R4", 1800, 0),
    "lot of a move": (lambda s: s.theirs("1.1/move/1", lot=None), "R4", 1800, 0),
    "move voided": (
        lambda s: s.theirs("1.1/move/1", voided=True).interim(1800), "R6", 1800, 1800,
    ),
    "move of less": (lambda s: s.theirs("1.1/move/1", quantity=Decimal(1)), "R6", 1200, 1200),
    "move elsewhere": (lambda s: s.theirs("1.1/move/1", to_status="scrapped"), "R6", 1800, 0),
    "credit missing": (lambda s: s.gone("1/credit/1"), "R9", 3600, 3600),
    "replacement missing": (lambda s: s.gone("1/replacement/2"), "R9", 1800, 1800),
    "credit too high": (lambda s: s.theirs("1/credit/1", amount_minor=3300), "R10", 300, -300),
    "tax too low": (lambda s: s.theirs("1/credit/1", tax_minor=500), "R10", 100, 100),
    "tax for net": (
        lambda s: s.theirs("1/credit/1", amount_minor=2900, tax_minor=700), "R10", 100, 0,
    ),
    "another customer": (lambda s: s.theirs("1/credit/1", customer_id="C-9"), "R10", 3600, 0),
    "another currency": (lambda s: s.theirs("1/credit/1", currency="EUR"), "R10", 3600, 0),
    "freight forgotten": (
        lambda s: s.ours("1/credit/1", payload={**CREDIT, "freight_minor": 900}), "R10", 900, 900,
    ),
    "replacement of more": (
        lambda s: s.theirs("1/replacement/2", quantity=Decimal(4)), "R10", 600, -600,
    ),
    "claim missing": (lambda s: s.gone("1.1/claim/1"), "R12", 1800, 1800),
    "claim never asked": (
        lambda s: s.never_asked("1.1/claim/1").gone("1.1/claim/1"), "R12", 1800, 1800,
    ),
    "claim of less": (lambda s: s.theirs("1.1/claim/1", amount_minor=1500), "R14", 300, 300),
    "closing missing": (lambda s: s.gone("close"), "R17", 0, 0),
    "RMA missing": (lambda s: s.gone("rma"), "R17", 0, 0),
    "RMA for more": (lambda s: s.theirs("rma", quantity=Decimal(4)), "R17", 1000, -1000),
    "never reached the ERP": (
        lambda s: s.gone("1/credit/1").ours("1/credit/1", status="parked", error="no such item"),
        "R18", 3600, 3600,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_a_document_that_differs_is_one_finding_with_its_money(name: str) -> None:
    """Each slip is found alone, with its code, what is at stake, and ours minus theirs."""
    change, code, exposure, variance = FOUND[name]
    found = change(Story()).one()
    assert (found.code, found.exposure_minor, found.variance_minor) == (code, exposure, variance)
    assert (found.return_id, found.customer_id, found.currency) == ("R-1001", "C-1", "USD")
    assert "R-1001" in found.says and found.says.endswith(".")


def test_books_that_agree_have_no_finding() -> None:
    """Nothing is found where both sides say the same, however a quantity is written."""
    assert Story().found() == []


def test_a_finding_names_both_documents_and_says_the_numbers() -> None:
    """A person reads what was credited, what was approved, and by how much they differ."""
    found = Story().theirs("1/credit/1", amount_minor=3300).one()
    assert found.says == (
        "The ERP credited USD 39.00 for R-1001 line 1 where USD 36.00 was approved: USD 3.00 too"
        " much."
    )
    assert (found.document, found.matched_document) == ("CM-1", "R-1001/1/credit/1")
    assert (found.match, found.line, found.sku, found.supplier_id) == (
        "confirmed", 1, "SEAL-7", "S-1",
    )  # fmt: skip


def test_the_same_credit_again_under_another_key_is_a_duplicate() -> None:
    """A clerk's copy names the case: R11, matched with the first."""
    found = Story().extra(memo("CM-2", "manual/clerk-1/CM-2")).one()
    assert (found.code, found.exposure_minor, found.variance_minor) == ("R11", 3600, -3600)
    assert (found.document, found.matched_document, found.match) == ("CM-2", "CM-1", "confirmed")


def test_the_same_money_without_a_case_is_a_credit_without_receipt() -> None:
    """R8, with the return that it looks like as a suggestion."""
    found = Story().extra(memo("CM-2", None, return_id=None)).one()
    assert (found.code, found.exposure_minor, found.match) == ("R8", 3600, "suggested")
    assert (found.matched_document, found.return_id) == ("CM-1", "R-1001")


def test_a_credit_that_looks_like_nothing_stands_alone() -> None:
    """R8 without a counterpart where no decision is about that customer and amount."""
    other = memo("CM-2", None, return_id=None, customer_id="C-7", line=None)
    found = Story().extra(other).one()
    assert (found.code, found.match, found.matched_document) == ("R8", None, None)
    assert (found.return_id, found.customer_id) == (None, "C-7")


@pytest.mark.parametrize(
    ("kind", "code"),
    [("receipt", "R2"), ("supplier_claim", "R14"), ("rma", "R17"), ("replacement", "R8")],
)
def test_a_document_nobody_decided_is_found(kind: str, code: str) -> None:
    """What the ERP holds without a decision of ours has a code of its kind."""
    extra = line(kind, "D-9", "manual/clerk-1/D-9", quantity=Decimal(1), amount_minor=500)
    codes = [f.code for f in Story().extra(extra).found() if f.code != "R16"]
    assert codes == [code]


def test_a_move_nobody_decided_is_found() -> None:
    """R7; the balance that it leaves is not told a second time as R15."""
    story = Story().extra(move("SM-9", "manual/clerk-1/SM-9"))
    story.interim(-1800)
    assert [f.code for f in story.found()] == ["R7"]


# -- time ------------------------------------------------------------------------------------


def test_a_document_posted_late_is_found_once() -> None:
    """R20 with the whole amount at stake and no difference in it."""
    late = days(LATE_DAYS + 2)
    found = Story().theirs("1/credit/1", at=late).theirs("close", at=late).one(days(20))
    assert (found.code, found.exposure_minor, found.variance_minor) == ("R20", 3600, 0)
    assert "posted on 2026-11-11, 9 days later" in found.says


def test_a_document_still_to_come_keeps_its_name_when_it_comes_late() -> None:
    """Waiting and late are one finding, so it is raised once."""
    waiting = Story().gone("1/credit/1", "close").ours("1/credit/1", status="pending")
    waiting.ours("close", status="pending")
    late = Story().theirs("1/credit/1", at=days(9)).theirs("close", at=days(9))
    assert waiting.one(days(8)).name == late.one(days(10)).name
    assert waiting.found(days(6)) == []


def test_what_waits_behind_a_late_document_is_not_late_itself() -> None:
    """Only the first of a case that is stuck is told."""
    story = Story().gone("1/credit/1", "close").ours("close", status="pending")
    assert story.ours("1/credit/1", status="pending").one(days(20)).line == 1


def test_a_case_we_closed_and_the_erp_did_not_is_a_status_conflict() -> None:
    """R17 where only the closing is still to come after a week."""
    story = Story().gone("close").ours("close", status="pending")
    assert story.one(days(LATE_DAYS)).code == "R17"


def test_another_month_is_another_period_beyond_a_few_days() -> None:
    """Over the end of a month, days count sooner; within the grace they do not."""
    end = datetime(2026, 11, 29, 12, tzinfo=UTC)

    def closed_after(**waited: int) -> Story:
        story = Story()
        for name in story.asked:
            story.ours(name, asked_at=end).theirs(name, at=end)
        return story.theirs("close", at=end + timedelta(**waited))

    assert closed_after(days=PERIOD_GRACE_DAYS).found(days(40)) == []
    assert closed_after(days=PERIOD_GRACE_DAYS, hours=1).one(days(40)).code == "R20"


# -- open ends -------------------------------------------------------------------------------


def nothing_came() -> Story:
    story = Story().state(received=Decimal(0), inspected=Decimal(0), disposed={}, credits_settled=0)
    story.case = replace(story.case, received_at=None, expires_at=days(60))
    names = [name for name in story.asked if name != "rma"]
    story.answers = ()
    return story.never_asked(*names).gone(*names)


def test_authorised_goods_that_never_come_are_found_until_the_authority_ends() -> None:
    """R1 after three weeks at invoiced value; not before, and not once expired."""
    story = nothing_came()
    assert story.found(days(21)) == []
    found = story.one(days(22))
    assert (found.code, found.exposure_minor, found.line) == ("R1", 3000, 1)
    assert story.found(days(61)) == []
    assert nothing_came().state("expired").found(days(22)) == []
    assert nothing_came().state("authorised", goods=False).found(days(22)) == []


def test_received_goods_that_nobody_judges_are_found() -> None:
    """R5 after a week, at cost; only what is left to judge."""
    later = ("1.1/move/1", "1.1/claim/1", "1/credit/1", "1/replacement/2", "close")
    story = Story().state(disposed={"scrap": "1"}).never_asked(*later).gone(*later)
    story.interim(1800).answers = ()
    assert story.found(days(7)) == []
    found = story.one(days(8))
    assert (found.code, found.exposure_minor) == ("R5", 1200)


def test_judged_goods_without_a_word_about_the_money_are_found() -> None:
    """R9 after three weeks at invoiced value; not for goods that go back to the customer."""
    later = ("1/credit/1", "1/replacement/2", "close")

    def story(**disposed: str) -> Story:
        return Story().state(disposed=disposed, credits_settled=0).never_asked(*later).gone(*later)

    assert story(scrap="3").found(days(21)) == []
    found = story(scrap="2", return_to_customer="1").one(days(22))
    assert (found.code, found.exposure_minor) == ("R9", 2000)
    assert story(return_to_customer="3").found(days(22)) == []


def test_a_supplier_is_held_to_the_agreed_share() -> None:
    """R14 for less or more than agreed; a unit of rounding is nothing."""
    story = Story()
    (answer,) = story.answers
    story.answers = (replace(answer, recovered_minor=0, response="SUB"),)
    found = story.one()
    assert (found.code, found.exposure_minor, found.variance_minor) == ("R14", 1440, 1440)
    assert found.supplier_id == "S-1" and "80 % of USD 18.00 is USD 14.40" in found.says
    story.answers = (replace(answer, recovered_minor=1441),)
    assert story.found() == []
    story.answers = (replace(answer, recovered_minor=1800),)
    assert story.one().variance_minor == -360


def test_interim_of_a_closed_case_must_be_zero() -> None:
    """R15 where documents leave a balance, R16 where the general ledger disagrees with them."""
    story = Story().theirs("1.1/move/1", amount_minor=1700)
    story.interim(100)
    found = story.one()
    assert (found.code, found.exposure_minor, found.variance_minor) == ("R15", 100, -100)
    alone = Story().interim(250)
    assert (alone.one().code, alone.one().exposure_minor) == ("R16", 250)


def test_interim_of_a_case_at_work_may_stand() -> None:
    """No R15 while the case, or one of its effects, is still under way."""
    story = Story().theirs("1.1/move/1", amount_minor=1700).state("authorised")
    story.interim(100)
    assert story.found() == []
    assert story.state("closed").ours("close", status="pending").found() == []


# -- whatever the amounts -------------------------------------------------------------------


@given(
    net=st.integers(0, 10**7),
    tax=st.integers(0, 10**6),
    got=st.integers(0, 10**7),
    got_tax=st.integers(0, 10**6),
)
def test_variance_is_ours_minus_theirs(net: int, tax: int, got: int, got_tax: int) -> None:
    """A credit is found exactly where it differs; exposure covers variance and is not negative."""
    story = Story().ours("1/credit/1", payload={**CREDIT, "net_minor": net, "tax_minor": tax})
    found = story.theirs("1/credit/1", amount_minor=got, tax_minor=got_tax).found()
    assert bool(found) == ((net, tax) != (got, got_tax))
    for one in found:
        assert one.variance_minor == net + tax - got - got_tax
        assert one.exposure_minor >= abs(one.variance_minor)


@given(ours=st.decimals("0.1", 500, places=1), theirs=st.decimals("0.1", 500, places=1))
def test_receipts_are_compared_by_quantity(ours: Decimal, theirs: Decimal) -> None:
    """R3 exactly where the quantities differ, valued at cost with the sign of the difference."""
    item = {**RECEIPT["lines"][0], "quantity": str(ours)}
    story = Story().ours("receipt/W-1", payload={**RECEIPT, "lines": [item]})
    found = story.theirs("receipt/W-1", quantity=theirs).found(SOON)
    assert bool(found) == (ours != theirs)
    for one in found:
        assert one.variance_minor == round((ours - theirs) * 600)
        assert one.exposure_minor == abs(one.variance_minor)
