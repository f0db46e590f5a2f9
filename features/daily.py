"""Daily buckets: a bounded history of whole numbers inside a memory.

A memory holds one series as parallel lists ``[[days], [first column], [second column] ...]``
with the days ascending. A day is kept while it is less than ``keep`` days older than the
newest day of the series. What is kept therefore depends on which facts were learned, not on
their order, and a late fact lands in the day it belongs to.
"""

from bisect import bisect_left
from dataclasses import dataclass

from features.fold import Memory

SLACK_DAYS = 30
"""How far a question may lie behind the newest fact of a series and still be answered."""


@dataclass(frozen=True, slots=True)
class Daily:
    """One series: ``key`` in the memory, names of its columns, longest window in days."""

    key: str
    columns: tuple[str, ...]
    longest: int

    @property
    def keep(self) -> int:
        """Days kept, counted back from the newest one."""
        return self.longest + SLACK_DAYS

    def add(self, memory: Memory, day: int, *values: int) -> None:
        """Adds one value a column to a day's bucket; a day already out of reach is ignored."""
        series = memory.get(self.key)
        if series is None:
            memory[self.key] = [[day], *([value] for value in values)]
            return
        days = series[0]
        if day == days[-1]:
            for column, value in zip(series[1:], values, strict=True):
                column[-1] += value
        elif day > days[-1]:
            for column, value in zip(series, (day, *values), strict=True):
                column.append(value)
            self._prune(series)
        elif day > days[-1] - self.longest - SLACK_DAYS:
            _add_late(series, day, values)

    def _prune(self, series: list[list[int]]) -> None:
        days = series[0]
        oldest = days[-1] - self.longest - SLACK_DAYS + 1
        if days[0] < oldest:
            first = bisect_left(days, oldest)
            for column in series:
                del column[:first]

    def total(self, memory: Memory, column: int, day: int, window: int) -> int | None:
        """Sum of a column over the ``window`` days before ``day``, that day excluded.

        ``None`` where the memory is empty (nobody knows this key) or part of the window has
        already been dropped; ``0`` where it is known that nothing happened.
        """
        if not memory:
            return None
        series = memory.get(self.key)
        if series is None:
            return 0
        days = series[0]
        start = day - window
        if start <= days[-1] - self.longest - SLACK_DAYS:
            return None
        values: list[int] = series[column + 1]
        return sum(values[bisect_left(days, start) : bisect_left(days, day)])

    def today(self, memory: Memory, column: int, day: int) -> int | None:
        """The column's value on ``day`` itself; ``None`` as for ``total``."""
        return self.total(memory, column, day + 1, 1)

    def days_since_last(self, memory: Memory, day: int) -> int | None:
        """Days from the newest bucket before ``day``; ``None`` where none is remembered."""
        series = memory.get(self.key)
        if series is None:
            return None
        index = bisect_left(series[0], day)
        return day - int(series[0][index - 1]) if index else None


def _add_late(series: list[list[int]], day: int, values: tuple[int, ...]) -> None:
    days = series[0]
    index = bisect_left(days, day)
    if days[index] == day:
        for column, value in zip(series[1:], values, strict=True):
            column[index] += value
    else:
        for column, value in zip(series, (day, *values), strict=True):
            column.insert(index, value)
