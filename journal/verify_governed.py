"""Read models of governed facts that are no cases, folded again and compared; for ``verify.py``.

Few rows each (what went wrong in a year, not what came back), so all are kept until the end.
"""

from collections.abc import Iterator
from typing import Any

from journal.entries import Recorded
from journal.journal import Driver

ALARM_COLUMNS = (
    "alarm_id", "kind", "subject", "says", "role", "status", "settled_by", "note",
)  # fmt: skip


class Governed:
    """Takes every entry, keeps those it knows; ``differences`` are ``(kind, subject, message)``."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._alarms: dict[str, dict[str, Any]] = {}

    def add(self, entry: Recorded) -> None:
        payload = entry.payload
        if entry.type == "alarm_raised":
            self._alarms[payload["alarm_id"]] = {**payload, "status": "open"}
        elif entry.type == "alarm_settled" and payload["alarm_id"] in self._alarms:
            self._alarms[payload["alarm_id"]].update(payload, status="settled")

    def differences(self) -> Iterator[tuple[str, str, str]]:
        """What the tables show otherwise than the log."""
        query = f"SELECT {', '.join(ALARM_COLUMNS)} FROM alarm"
        found = {row[0]: row for row in self._driver.execute(query.encode())}
        said = {
            alarm_id: tuple(row.get(name) for name in ALARM_COLUMNS)
            for alarm_id, row in self._alarms.items()
        }
        yield from _compared("alarm", found, said)


def _compared(
    kind: str, found: dict[str, tuple[Any, ...]], said: dict[str, tuple[Any, ...]]
) -> Iterator[tuple[str, str, str]]:
    for key in sorted({*found, *said}):
        if key not in said:
            yield kind, key, "is shown, but the log does not know it"
        elif found.get(key) != said[key]:
            yield kind, key, f"is {found.get(key)!r}, should be {said[key]!r}"
