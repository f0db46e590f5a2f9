"""How a memory answers: windows over daily buckets, rates, remembered facts.

Every answer is ``None`` for an empty memory. A window of ``_90d`` covers the 90 days before
the day of the question, that day excluded, so that the thing asked about does not count
itself; ``_today`` covers the day itself, the thing asked about included.
"""

from collections.abc import Callable
from datetime import datetime

from features.daily import Daily
from features.fold import Memory, Value
from features.units import day_at, permille, rounded

Answer = Callable[[Memory, datetime], Value]


def window(series: Daily, column: str, days: int) -> Answer:
    """Sum of a column over a window; refuses a window longer than the series promises."""
    index = _column(series, column, days)
    return lambda memory, at: series.total(memory, index, day_at(at), days)


def today(series: Daily, column: str) -> Answer:
    """Sum of a column on the day of the question."""
    index = _column(series, column, 1)
    return lambda memory, at: series.today(memory, index, day_at(at))


def rate(part: tuple[Daily, str], whole: tuple[Daily, str], days: int) -> Answer:
    """One window in permille of another; ``None`` where the other is empty."""
    upper, lower = part[0], whole[0]
    up, low = _column(upper, part[1], days), _column(lower, whole[1], days)

    def answer(memory: Memory, at: datetime) -> Value:
        day = day_at(at)
        return permille(
            upper.total(memory, up, day, days),
            lower.total(memory, low, day, days),
        )

    return answer


def mean(part: tuple[Daily, str], whole: tuple[Daily, str], days: int, scale: int = 1) -> Answer:
    """``scale`` x one window divided by another, rounded; ``None`` where the other is empty."""
    upper, lower = part[0], whole[0]
    up, low = _column(upper, part[1], days), _column(lower, whole[1], days)

    def answer(memory: Memory, at: datetime) -> Value:
        day = day_at(at)
        total = upper.total(memory, up, day, days)
        count = lower.total(memory, low, day, days)
        return None if total is None or not count else rounded(scale * total, count)

    return answer


def days_since_last(series: Daily) -> Answer:
    """Days since the newest bucket before the day of the question."""
    return lambda memory, at: series.days_since_last(memory, day_at(at))


def remembered(key: str) -> Answer:
    """A value kept as it was told."""
    return lambda memory, at: memory.get(key)


def counted(key: str) -> Answer:
    """A running number: ``0`` where nothing was counted yet, ``None`` for an unknown key."""
    return lambda memory, at: memory.get(key, 0) if memory else None


def days_since(key: str) -> Answer:
    """Days from a remembered day to the question."""

    def answer(memory: Memory, at: datetime) -> Value:
        day = memory.get(key)
        return None if day is None else day_at(at) - day

    return answer


def days_until(key: str) -> Answer:
    """Days from the question to a remembered day; negative once it is past."""

    def answer(memory: Memory, at: datetime) -> Value:
        day = memory.get(key)
        return None if day is None else day - day_at(at)

    return answer


def _column(series: Daily, column: str, days: int) -> int:
    if days > series.longest:
        raise ValueError(
            f"series {series.key!r} keeps windows of {series.longest} days, not {days}: "
            "raise its longest window and its fold's version"
        )
    return series.columns.index(column)
