"""The list of ways to other systems, made of rows: nothing is lost or summed that must not be."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from insights.integration import Tries, links, seconds_since

NOW = datetime(2026, 6, 9, tzinfo=UTC)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "system": st.sampled_from(["erp", "wms"]),
            "cause": st.sampled_from(["period_closed", "unknown"]),
            "currency": st.sampled_from(["USD", "EUR", None]),
            "many": st.integers(1, 9),
            "minor": st.integers(0, 10**6),
            "oldest": st.integers(0, 10**6).map(lambda s: NOW - timedelta(seconds=s)),
        }
    ),
    unique_by=lambda row: (row["system"], row["cause"], row["currency"]),
    max_size=8,
)


@settings(max_examples=30)
@given(ROWS)
def test_parked_rows_are_added_up_by_cause(rows: list[dict[str, Any]]) -> None:
    """Every message is in one cause of its system; money only within its currency, and money of no
    currency is not told; the oldest is the oldest of all."""
    found = links("effects", [], [], rows)
    assert [link.system for link in found] == sorted({row["system"] for row in rows})
    told = [one for link in found for one in link.parked]
    assert sum(one.count for one in told) == sum(row["many"] for row in rows)
    for currency in ("USD", "EUR"):
        minor = sum(one.money.get(currency, 0) for one in told)
        assert minor == sum(row["minor"] for row in rows if row["currency"] == currency)
    if rows:
        assert min(one.oldest for one in told) == min(row["oldest"] for row in rows)


def test_a_system_is_listed_whatever_names_it() -> None:
    """What only waits, was only tried, or is only down is a line of its own."""
    waiting = [{"system": "a", "many": 2, "oldest": NOW}]
    tried = {"hour_failed": 1, "hour_done": 3, "day_failed": 1, "day_done": 9}
    tries = [{"system": "b", "last_success": NOW, **tried}]
    a, b, c = links("effects", waiting, tries, [], {"c": NOW})
    assert (a.waiting, a.last_hour.error_share, a.last_success) == (2, None, None)
    assert (b.last_hour, b.last_day.error_share) == (Tries(4, 1), 0.1)
    assert c.down_since == NOW


def test_ages_are_never_negative() -> None:
    """A clock that runs behind the database's says 0."""
    assert seconds_since(NOW + timedelta(seconds=5), NOW) == 0
    assert seconds_since(None, NOW) is None
