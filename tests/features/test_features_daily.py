"""Daily buckets on their own: order does not matter, and forgetting is said."""

import random

from hypothesis import given
from hypothesis import strategies as st

from features.daily import SLACK_DAYS, Daily
from features.fold import Memory

SERIES = Daily("sold", ("lines", "minor"), 10)
KEEP = 10 + SLACK_DAYS

happenings = st.lists(
    st.tuples(st.integers(0, 90), st.integers(0, 3), st.integers(0, 999)), max_size=40
)


def learned(rows: list[tuple[int, int, int]]) -> Memory:
    memory: Memory = {}
    for row in rows:
        SERIES.add(memory, *row)
    return memory


@given(happenings, st.randoms())
def test_order_of_facts_does_not_matter(
    rows: list[tuple[int, int, int]], rng: random.Random
) -> None:
    """What is remembered depends on which facts came, not on when each was told."""
    shuffled = [*rows]
    rng.shuffle(shuffled)
    assert learned(shuffled) == learned(rows)


@given(happenings, st.integers(0, 100), st.integers(1, 10))
def test_totals_equal_a_loop(rows: list[tuple[int, int, int]], day: int, window: int) -> None:
    """A window is the sum over its days, or not known where some of them were forgotten."""
    memory = learned(rows)
    total = SERIES.total(memory, 1, day, window)
    if not rows or day - window <= max(row[0] for row in rows) - KEEP:
        assert total is None
    else:
        assert total == sum(row[2] for row in rows if day - window <= row[0] < day)


@given(happenings, st.integers(0, 100))
def test_last_day_before_equals_a_loop(rows: list[tuple[int, int, int]], day: int) -> None:
    """Days since the last happening count from the newest one that is still remembered."""
    newest = max((row[0] for row in rows), default=0)
    before = [row[0] for row in rows if newest - KEEP < row[0] < day]
    expected = day - max(before) if before else None
    assert SERIES.days_since_last(learned(rows), day) == expected


@given(happenings)
def test_days_are_ascending_and_bounded(rows: list[tuple[int, int, int]]) -> None:
    """The series stays sorted, with one bucket a day and none beyond its reach."""
    days = learned(rows).get("sold", [[]])[0]
    assert days == sorted(set(days))
    assert not days or days[-1] - days[0] < KEEP


def test_today_counts_the_day_itself() -> None:
    """A window ends the day before the question; today's bucket is asked for by name."""
    memory = learned([(5, 1, 100), (6, 2, 50)])
    assert SERIES.total(memory, 1, 6, 10) == 100
    assert SERIES.today(memory, 1, 6) == 50


def test_known_to_be_none_is_not_unknown() -> None:
    """A key that somebody named has 0; a key that nobody named has None."""
    assert SERIES.total({"named": True}, 0, 5, 3) == 0
    assert SERIES.total({}, 0, 5, 3) is None
