"""The health of integrations as one list: every way to another system with the same figures."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Kind = Literal["effects", "webhooks", "facts", "broker", "files"]
Row = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class Tries:
    """What was tried within a time, and how much of it failed."""

    attempts: int = 0
    failures: int = 0

    @property
    def error_share(self) -> float | None:
        """In [0, 1]; ``None`` where nothing was tried."""
        return self.failures / self.attempts if self.attempts else None


@dataclass(frozen=True, slots=True)
class Parked:
    """What waits for a person for one ``cause``; ``money`` is minor units by currency, empty where
    it is not known; ``oldest`` is when the first of them stopped."""

    cause: str
    count: int
    oldest: datetime
    money: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """One way to another system. ``oldest`` is since when the longest waiting waits."""

    kind: Kind
    system: str
    waiting: int = 0
    oldest: datetime | None = None
    last_success: datetime | None = None
    last_hour: Tries = Tries()
    last_day: Tries = Tries()
    parked: Sequence[Parked] = ()
    down_since: datetime | None = None


def links(
    kind: Kind,
    waiting: Iterable[Row],
    tries: Iterable[Row],
    parked: Iterable[Row],
    down: Mapping[str, datetime] | None = None,
) -> list[Link]:
    """Every system that any of the rows names (``journal.health.Figures``), by name."""
    waits = {row["system"]: row for row in waiting}
    tried = {row["system"]: row for row in tries}
    stopped: defaultdict[str, list[Row]] = defaultdict(list)
    for row in parked:
        stopped[row["system"]].append(row)
    names = sorted({*waits, *tried, *stopped, *(down or {})})
    return [
        Link(
            kind,
            name,
            waiting=waits[name]["many"] if name in waits else 0,
            oldest=waits[name]["oldest"] if name in waits else None,
            last_success=tried[name]["last_success"] if name in tried else None,
            last_hour=_tries(tried.get(name), "hour"),
            last_day=_tries(tried.get(name), "day"),
            parked=_by_cause(stopped[name]),
            down_since=(down or {}).get(name),
        )
        for name in names
    ]


def _tries(row: Row | None, window: str) -> Tries:
    if row is None:
        return Tries()
    failed = row[f"{window}_failed"]
    return Tries(failed + row[f"{window}_done"], failed)


def _by_cause(rows: Iterable[Row]) -> list[Parked]:
    """Money is never summed over currencies; the causes with the most first."""
    causes: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        causes[row["cause"]].append(row)
    found = [
        Parked(
            cause,
            sum(row["many"] for row in some),
            min(row["oldest"] for row in some),
            {r["currency"]: r["minor"] for r in some if r["currency"] and r["minor"] is not None},
        )
        for cause, some in causes.items()
    ]
    return sorted(found, key=lambda one: (-one.count, one.cause))


def seconds_since(then: datetime | None, now: datetime) -> int | None:
    """Whole seconds, at least 0; ``None`` stays ``None``."""
    return None if then is None else max(0, int((now - then).total_seconds()))
