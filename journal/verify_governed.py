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

CARRIED_COLUMNS = ("version", "bundle_digest", "proposal_id")


class Governed:
    """Takes every entry, keeps those it knows; ``differences`` are ``(kind, subject, message)``."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._alarms: dict[str, dict[str, Any]] = {}
        self._carried: dict[str, tuple[Any, ...]] = {}

    def add(self, entry: Recorded) -> None:
        payload = entry.payload
        if entry.type == "alarm_raised":
            self._alarms[payload["alarm_id"]] = {**payload, "status": "open"}
        elif entry.type == "alarm_settled" and payload["alarm_id"] in self._alarms:
            self._alarms[payload["alarm_id"]].update(payload, status="settled")
        elif entry.type in ("promotion_approved", "champion_rolled_back"):
            key = f"{payload['name']} {payload.get('alias', 'champion')}"
            self._carried[key] = tuple(payload[name] for name in CARRIED_COLUMNS)
        elif entry.type == "challenger_withdrawn":
            self._carried.pop(f"{payload['name']} challenger", None)

    def differences(self) -> Iterator[tuple[str, str, str]]:
        """What the tables show otherwise than the log."""
        query = f"SELECT {', '.join(ALARM_COLUMNS)} FROM alarm"
        found = {row[0]: row for row in self._driver.execute(query.encode())}
        said = {
            alarm_id: tuple(row.get(name) for name in ALARM_COLUMNS)
            for alarm_id, row in self._alarms.items()
        }
        yield from _compared("alarm", found, said)
        query = f"SELECT name || ' ' || alias, {', '.join(CARRIED_COLUMNS)} FROM champion"
        carried = {row[0]: tuple(row[1:]) for row in self._driver.execute(query.encode())}
        yield from _compared("model", carried, self._carried)


def _compared(
    kind: str, found: dict[str, tuple[Any, ...]], said: dict[str, tuple[Any, ...]]
) -> Iterator[tuple[str, str, str]]:
    for key in sorted({*found, *said}):
        if key not in said:
            yield kind, key, "is shown, but the log does not know it"
        elif found.get(key) != said[key]:
            yield kind, key, f"is {found.get(key)!r}, should be {said[key]!r}"
