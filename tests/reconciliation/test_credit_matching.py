"""A credit takes from earlier sales what is left of them, never twice, and says how sure it is."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciliation.credit_findings import finding, matched_fact
from reconciliation.match import CreditLine, Match, Matcher, SaleLine

DAY = datetime(2011, 3, 1, tzinfo=UTC)


def _sale(
    invoice: str, quantity: int, price: str = "2.50", day: int = 0, sku: str = "A"
) -> tuple[str, str, SaleLine]:
    net = int(quantity * Decimal(price) * 100)
    line = SaleLine(invoice, 1, DAY + timedelta(days=day), Decimal(price), Decimal(quantity), net)
    return "C-1", sku, line


def _credit(
    note: str, quantity: int, price: str = "2.50", day: int = 10, sku: str = "A"
) -> CreditLine:
    net = int(quantity * Decimal(price) * 100)
    return CreditLine(
        note, 1, "C-1", sku, Decimal(quantity), Decimal(price), net, DAY + timedelta(days=day)
    )


def _told(*sales: tuple[str, str, SaleLine]) -> Matcher:
    matcher = Matcher()
    for sale in sales:
        matcher.sold(*sale)
    return matcher


def _code(match: Match) -> tuple[str | None, int]:
    raised = finding(match, "online_retail", "GBP")
    return (None, 0) if raised is None else (raised.code, raised.exposure_minor)


def test_the_newest_sale_of_the_same_price_explains_a_credit() -> None:
    """Confirmed, with the days since that sale, and nothing to raise."""
    match = _told(_sale("I1", 5), _sale("I2", 5, day=3), _sale("I3", 5, "2.40", 6)).match(
        _credit("C1", 4)
    )
    fact = matched_fact(match)
    assert fact.match == "confirmed" and fact.days_since_sale == 7
    assert fact.invoices == (("I2", 1, Decimal(4), 1000),)
    assert _code(match) == (None, 0) and match.equals == 2


def test_a_sale_at_the_same_moment_counts_and_a_later_one_does_not() -> None:
    """At or before its time."""
    assert _told(_sale("I1", 5, day=10)).match(_credit("C1", 1)).match == "confirmed"
    later = _told(_sale("I1", 5, day=11)).match(_credit("C1", 1))
    assert later.match == "unmatched" and later.sold_before == 0


def test_a_credit_without_any_sale_is_unmatched() -> None:
    """R8 over its whole value."""
    match = _told(_sale("I1", 5, sku="B")).match(_credit("C1", 2))
    assert match.match == "unmatched" and match.unmatched_minor == 500
    assert _code(match) == ("R8", 500)


def test_a_credit_over_several_sales_is_suggested() -> None:
    """Same price first, most recent first; all of it is explained."""
    matcher = _told(_sale("I1", 3), _sale("I2", 3, day=2), _sale("I3", 9, "2.60", 4))
    match = matcher.match(_credit("C1", 7))
    taken = [(part.sale.invoice_id, part.quantity) for part in match.parts]
    assert taken == [("I2", Decimal(3)), ("I1", Decimal(3)), ("I3", Decimal(1))]
    assert match.match == "suggested" and match.unmatched_minor == 0


def test_more_credited_than_sold_is_a_variance() -> None:
    """R10 over what no sale explains."""
    match = _told(_sale("I1", 3)).match(_credit("C1", 5))
    assert match.unmatched_quantity == 2 and _code(match) == ("R10", 500)


def test_the_same_credit_again_is_a_duplicate_once_the_sales_are_used_up() -> None:
    """R11 over the second, naming the first."""
    matcher = _told(_sale("I1", 4))
    assert matcher.match(_credit("C1", 4)).match == "confirmed"
    again = matcher.match(_credit("C2", 4, day=20))
    raised = finding(again, "online_retail", "GBP")
    assert raised is not None and raised.code == "R11" and raised.matched_document == "C1"
    assert again.match == "unmatched" and raised.exposure_minor == 1000


def test_the_same_credit_within_a_week_is_suspected_even_where_sales_cover_it() -> None:
    """R11 as a suggestion; after a week it is simply another credit."""
    matcher = _told(_sale("I1", 100))
    matcher.match(_credit("C1", 4))
    soon = finding(matcher.match(_credit("C2", 4, day=12)), "online_retail", "GBP")
    assert soon is not None and (soon.code, soon.match) == ("R11", "suggested")
    assert finding(matcher.match(_credit("C3", 4, day=25)), "online_retail", "GBP") is None


def test_a_price_above_the_invoice_is_a_variance() -> None:
    """R10 over the difference; the sale gives no more than it was invoiced at."""
    match = _told(_sale("I1", 4)).match(_credit("C1", 4, "3.00"))
    assert match.price_variance_minor == 200 and match.unmatched_minor == 200
    assert match.parts[0].net_minor == 1000 and _code(match) == ("R10", 200)


def test_a_price_that_no_sale_has_is_a_guess() -> None:
    """R19 over the difference where less was credited than was paid."""
    match = _told(_sale("I1", 4)).match(_credit("C1", 4, "2.00"))
    assert match.match == "suggested" and _code(match) == ("R19", 200)


_PRICES = st.sampled_from(["0.00", "1.25", "2.50", "2.55", "3.333"])


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(1, 9), _PRICES, st.integers(0, 9)), max_size=6),
    st.lists(st.tuples(st.integers(1, 12), _PRICES, st.integers(0, 12)), max_size=8),
)
def test_nothing_is_taken_twice_and_every_penny_is_accounted_for(
    sold: list[tuple[int, str, int]], credited: list[tuple[int, str, int]]
) -> None:
    """Sum of what credits take of a line <= the line; matched + unmatched == credited."""
    sales = [_sale(f"I{n}", q, p, d) for n, (q, p, d) in enumerate(sold)]
    matcher = _told(*sales)
    credits = [_credit(f"C{n}", q, p, d) for n, (q, p, d) in enumerate(credited)]
    matches = [matcher.match(credit) for credit in sorted(credits, key=lambda c: c.at)]
    for _, _, sale in sales:
        parts = [part for m in matches for part in m.parts if part.sale is sale]
        assert sum(part.quantity for part in parts) == sale.taken_quantity <= sale.quantity
        assert sum(part.net_minor for part in parts) == sale.taken_minor <= sale.net_minor
    for match in matches:
        assert all(part.quantity > 0 and part.net_minor >= 0 for part in match.parts)
        assert all(part.sale.at <= match.credit.at for part in match.parts)
        assert match.unmatched_minor >= 0 and match.unmatched_quantity >= 0
        ever = any(sale.at <= match.credit.at for _, _, sale in sales)
        assert (match.sold_before > 0) == ever
        raised = finding(match, "online_retail", "GBP")
        assert raised is None or raised.exposure_minor > 0
        assert match.unmatched_quantity == 0 or match.unmatched_minor <= 1 or raised is not None
