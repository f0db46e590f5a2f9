"""The calendar of a business: its own days, which of them are worked, and how they are counted."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.workdays import MONDAY_TO_FRIDAY, WEEKDAYS, Calendar, read_calendar

FRIDAY = datetime(2026, 11, 6, 9, tzinfo=UTC)
DAY = timedelta(days=1)
moments = st.integers(-1_000_000, 1_000_000).map(lambda n: FRIDAY + timedelta(minutes=n))
calendars = st.builds(
    Calendar,
    st.sampled_from(["UTC", "America/New_York", "Asia/Tokyo"]),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.frozensets(st.dates(date(2020, 1, 1), date(2030, 1, 1)), max_size=5),
)


@given(calendars, moments, st.integers(0, 60 * 24))
def test_working_days_are_the_days_that_are_worked(
    calendar: Calendar, start: datetime, hours: int
) -> None:
    """The sum agrees with looking at every day after the first, one by one."""
    end = start + timedelta(hours=hours)
    first, last = calendar.day_of(start), calendar.day_of(end)
    days = ((first + n * DAY) for n in range(1, (last - first).days + 1))
    assert calendar.working_days(start, end) == sum(map(calendar.works, days))


def test_a_weekend_does_not_count() -> None:
    """From a Friday to Monday is one working day, to Sunday none, and back in time none."""
    assert MONDAY_TO_FRIDAY.working_days(FRIDAY, FRIDAY + 3 * DAY) == 1
    assert MONDAY_TO_FRIDAY.working_days(FRIDAY, FRIDAY + 2 * DAY) == 0
    assert MONDAY_TO_FRIDAY.working_days(FRIDAY, FRIDAY - 9 * DAY) == 0


def test_the_day_is_the_businesss_own() -> None:
    """Three in the morning in London is still the evening before in New York."""
    late = datetime(2026, 11, 7, 3, tzinfo=UTC)
    assert Calendar("America/New_York").day_of(late) == FRIDAY.date()
    assert MONDAY_TO_FRIDAY.day_of(late) == late.date()


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"time_zone": "America/Northgate"}, "time_zone"),
        ({"weekdays": ["monday"]}, "weekdays"),
        ({"weekdays": []}, "weekdays"),
        ({"holidays": ["2026-12-25"]}, "holidays"),
        ({"holiday": []}, "holiday"),
    ],
)
def test_a_calendar_with_a_fault_is_named(table: dict[str, object], says: str) -> None:
    """Each fault says which entry; nothing is read from a calendar that has one."""
    calendar, faults = read_calendar(table)
    assert calendar == MONDAY_TO_FRIDAY
    assert len(faults) == 1 and says in faults[0]


def test_what_is_left_out_is_utc_and_monday_to_friday() -> None:
    """An empty table is the default; every name of a weekday is known."""
    assert read_calendar({}) == (MONDAY_TO_FRIDAY, [])
    assert read_calendar({"weekdays": list(WEEKDAYS)})[0].weekdays == frozenset(range(7))
