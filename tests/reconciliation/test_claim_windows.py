"""Windows of suppliers: announced before they close, lost after, silent otherwise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from reconciliation.books import Books, Case, CaseLine, Claim
from reconciliation.claim_windows import WARNED_DAYS, claim_windows
from reconciliation.findings import Finding

LAST = datetime(2026, 6, 28, 12, tzinfo=UTC)
CLAIM = Claim(
    "R-1:1.1:1", "R-1", 1, "1.1", 1, "S-1", "PMP-1", Decimal(4), 36_400, "USD", LAST.date(),
    submitted=False,
)  # fmt: skip
LINE = CaseLine(
    "R-1", 1, "PMP-1", "S-1", 56_000, Decimal(4), Decimal(4), received=Decimal(4),
    reason="defective_on_arrival", unit_cost_minor=91_00, vendor_takes_back=True,
    claim_by=LAST.date(),
)  # fmt: skip
CASE = Case("R-1", "authorised", "C-1", "industrial", "USD")


def found(
    days_before: int, claim: Claim | None = None, line: CaseLine | None = None
) -> list[Finding]:
    books = Books(
        cases={"R-1": CASE},
        lines={("R-1", 1): line} if line else {},
        claims=[claim] if claim else [],
    )
    return list(claim_windows(books, LAST - timedelta(days_before)))


@given(days=st.integers(-400, 400))
def test_a_claim_that_waits_is_announced_in_its_last_days_and_lost_after(days: int) -> None:
    """One finding, of one code at a time, for the whole amount, due on the last day."""
    findings = found(days, CLAIM)
    if days > WARNED_DAYS:
        assert findings == []
        return
    (finding,) = findings
    assert finding.code == ("R13" if days >= 0 else "R12")
    assert (finding.exposure_minor, finding.due_on) == (36_400, LAST.date())


@given(days=st.integers(-400, 400))
def test_what_was_claimed_or_settled_is_not_announced(days: int) -> None:
    """A claim that was made, one of which nothing is left, and one without a window."""
    for claim in (
        replace(CLAIM, submitted=True),
        replace(CLAIM, submitted=True, response="SUB"),
        replace(CLAIM, rest_minor=0),
        replace(CLAIM, claim_by=None),
    ):
        assert found(days, claim) == []


def test_a_supplier_who_wants_more_has_to_get_it_in_time() -> None:
    """An answer IIS is announced like a claim that waits; after the window it is no R12, since it
    was claimed."""
    again = replace(CLAIM, submitted=True, response="IIS")
    (finding,) = found(3, again)
    assert finding.code == "R13" and "claimed again" in finding.says
    assert found(-1, again) == []


def test_goods_that_nobody_judged_count_if_the_supplier_would_pay() -> None:
    """At cost of what is not judged yet; not for a reason of the customer's, nor where the
    supplier takes nothing back, nor once everything is judged."""
    (finding,) = found(5, line=replace(LINE, disposed={"scrap": "1"}))
    assert (finding.code, finding.exposure_minor) == ("R13", 3 * 91_00)
    assert found(-1, line=LINE)[0].code == "R12"
    for line in (
        replace(LINE, reason="no_longer_needed"),
        replace(LINE, vendor_takes_back=False),
        replace(LINE, disposed={"return_to_vendor": "4"}),
        replace(LINE, received=Decimal(0)),
        replace(LINE, claim_by=None),
    ):
        assert found(5, line=line) == []
