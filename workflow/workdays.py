"""The calendar of a business: its days, which of them are worked, counted without a clock.

Written in a policy as ``[calendar]``: ``time_zone`` (a name of the IANA database), ``weekdays``
(``mon`` to ``sun``) and ``holidays`` (days). What is left out is UTC, Monday to Friday, none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_KEYS = {"time_zone", "weekdays", "holidays"}


@dataclass(frozen=True, slots=True)
class Calendar:
    """``weekdays`` are those worked, Monday is 0; ``holidays`` are not worked."""

    time_zone: str = "UTC"
    weekdays: frozenset[int] = frozenset(range(5))
    holidays: frozenset[date] = frozenset()

    def day_of(self, moment: datetime) -> date:
        """The business's own day of an aware moment."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date()

    def works(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.holidays

    def working_days(self, start: datetime, end: datetime) -> int:
        """Working days after the day of ``start``, up to and including the day of ``end``.

        From a Friday to the Monday after it is 1; 0 where ``end`` is not on a later day.
        """
        first, last = self.day_of(start), self.day_of(end)
        weeks, rest = divmod(max(0, (last - first).days), 7)
        some = (first + timedelta(days=n) for n in range(1, rest + 1))
        free = sum(1 for day in self.holidays if first < day <= last and self._weekly(day))
        return weeks * len(self.weekdays) + sum(map(self._weekly, some)) - free

    def _weekly(self, day: date) -> bool:
        return day.weekday() in self.weekdays


MONDAY_TO_FRIDAY = Calendar()


def read_calendar(table: Mapping[str, Any]) -> tuple[Calendar, list[str]]:
    """The calendar of a ``[calendar]`` table, and what is wrong with it."""
    faults = [f"the unknown entry {key!r}" for key in table if key not in _KEYS]
    zone = table.get("time_zone", "UTC")
    named = table.get("weekdays", list(WEEKDAYS[:5]))
    holidays = table.get("holidays", [])
    if not _is_zone(zone):
        faults.append(f"the unknown time_zone {zone!r}")
    if not isinstance(named, list) or not named or not set(map(str, named)) <= set(WEEKDAYS):
        faults.append(f"weekdays that are not some of {', '.join(WEEKDAYS)}")
    if not isinstance(holidays, list) or any(type(day) is not date for day in holidays):
        faults.append("holidays that are not a list of days")
    if faults:
        return MONDAY_TO_FRIDAY, faults
    worked = frozenset(WEEKDAYS.index(name) for name in named)
    return Calendar(zone, worked, frozenset(holidays)), []


def _is_zone(name: object) -> bool:
    try:
        return isinstance(name, str) and bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
