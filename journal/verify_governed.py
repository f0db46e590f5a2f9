"""Read models of governed facts that are no cases, folded again and compared; for ``verify.py``.

Few rows each (what went wrong in a year, not what came back), so all are kept until the end.
"""

from collections.abc import Iterator
from typing import Any

from journal.entries import Recorded
from journal.journal import Driver

CLEARANCE_COLUMNS = (
    "point", "clearance_id", "model", "version", "threshold", "tolerated_permille", "basis",
)  # fmt: skip
ALARM_COLUMNS = (
    "alarm_id", "kind", "subject", "says", "role", "status", "settled_by", "note",
)  # fmt: skip
FINDING_COLUMNS = (
    "finding_id", "kind", "subject", "records", "severity", "role", "blocks", "says", "status",
    "policy", "accepted_by", "note", "because",
)  # fmt: skip
MAPPING_COLUMNS = (
    "mapping_id", "vocabulary", "system", "code", "ours", "match", "loss", "status",
    "proposed_by", "approved_by", "withdrawn_by", "because",
)  # fmt: skip
DELEGATION_COLUMNS = (
    "delegation_id", "delegator", "delegate", "roles", "first_day::text", "last_day::text",
    "because", "given_by", "status", "revoked_by", "note",
)  # fmt: skip
ABSENCE_COLUMNS = (
    "absence_id", "person", "first_day::text", "last_day::text", "recorded_by", "status",
    "ended_by",
)  # fmt: skip
STOP_COLUMNS = (
    "stop_id", "point", "reason", "item_class", "because", "stopped_by", "status", "note",
    "resumed_by",
)  # fmt: skip
POLICY_COLUMNS = (
    "proposal_id", "name", "unit", "version", "digest", "status", "note", "proposed_by",
    "published_by", "withdrawn_by", "because",
)  # fmt: skip
PARKED_COLUMNS = (
    "parked_id", "source", "event_id", "reason", "waits_for", "event", "status", "position",
    "abandoned_by", "because",
)  # fmt: skip
PROMOTION_COLUMNS = (
    "proposal_id", "name", "version", "status", "proposed_by", "note", "approved_by",
    "declined_by", "because",
)  # fmt: skip
CARRIED_COLUMNS = ("version", "bundle_digest", "proposal_id")


class Governed:
    """Takes every entry, keeps those it knows; ``differences`` are ``(kind, subject, message)``."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._alarms: dict[str, dict[str, Any]] = {}
        self._carried: dict[str, tuple[Any, ...]] = {}
        self._clearances: dict[str, dict[str, Any]] = {}
        self._delegations: dict[str, dict[str, Any]] = {}
        self._absences: dict[str, dict[str, Any]] = {}
        self._stops: dict[str, dict[str, Any]] = {}
        self._policies: dict[str, dict[str, Any]] = {}
        self._findings: dict[str, dict[str, Any]] = {}
        self._mappings: dict[str, dict[str, Any]] = {}
        self._parked: dict[str, dict[str, Any]] = {}
        self._promotions: dict[str, dict[str, Any]] = {}

    def add(self, entry: Recorded) -> None:
        payload = entry.payload
        if entry.type == "promotion_proposed":
            self._promotions[payload["proposal_id"]] = {**payload, "status": "proposed"}
        elif entry.type in ("promotion_approved", "promotion_declined"):
            known = self._promotions.get(payload["proposal_id"], {})
            known.update(payload, status=entry.type.removeprefix("promotion_"))
        if entry.type == "alarm_raised":
            self._alarms[payload["alarm_id"]] = {**payload, "status": "open"}
        elif entry.type == "alarm_settled" and payload["alarm_id"] in self._alarms:
            self._alarms[payload["alarm_id"]].update(payload, status="settled")
        elif entry.type in ("promotion_approved", "champion_rolled_back"):
            key = f"{payload['name']} {payload.get('alias', 'champion')}"
            self._carried[key] = tuple(payload[name] for name in CARRIED_COLUMNS)
        elif entry.type == "challenger_withdrawn":
            self._carried.pop(f"{payload['name']} challenger", None)
        elif entry.type == "automation_cleared":
            self._clearances[payload["point"]] = payload
        elif entry.type in ("automation_stopped", "automation_resumed"):
            known = self._stops.setdefault(payload["stop_id"], {})
            known.update(payload, status=entry.type.removeprefix("automation_"))
        elif entry.type in ("policy_proposed", "policy_published", "policy_withdrawn"):
            known = self._policies.setdefault(payload["proposal_id"], {})
            known.update(payload, status=entry.type.removeprefix("policy_"))
        elif entry.type == "finding_opened":
            self._findings[payload["finding_id"]] = {**payload, "status": "open"}
        elif entry.type in ("finding_accepted", "finding_closed"):
            known = self._findings.setdefault(payload["finding_id"], {})
            known.update(payload, status=entry.type.removeprefix("finding_"))
        elif entry.type in ("mapping_proposed", "mapping_approved", "mapping_withdrawn"):
            known = self._mappings.setdefault(payload["mapping_id"], {})
            known.update(payload, status=entry.type.removeprefix("mapping_"))
        elif entry.type in ("fact_parked", "parked_fact_taken", "parked_fact_abandoned"):
            status = {"fact_parked": "waiting"}.get(entry.type, entry.type.rpartition("_")[2])
            self._parked.setdefault(payload["parked_id"], {}).update(payload, status=status)
        elif entry.type == "delegation_given":
            self._delegations[payload["delegation_id"]] = {**payload, "status": "given"}
        elif entry.type == "delegation_revoked" and payload["delegation_id"] in self._delegations:
            self._delegations[payload["delegation_id"]].update(payload, status="revoked")
        elif entry.type == "absence_recorded":
            self._absences[payload["absence_id"]] = {**payload, "status": "recorded"}
        elif entry.type == "absence_ended" and payload["absence_id"] in self._absences:
            self._absences[payload["absence_id"]].update(payload, status="ended")

    def differences(self) -> Iterator[tuple[str, str, str]]:
        """What the tables show otherwise than the log."""
        yield from self._compared("alarm", ALARM_COLUMNS, self._alarms)
        yield from self._compared("finding", FINDING_COLUMNS, self._findings)
        yield from self._compared("code_mapping", MAPPING_COLUMNS, self._mappings)
        yield from self._compared("delegation", DELEGATION_COLUMNS, self._delegations)
        yield from self._compared("absence", ABSENCE_COLUMNS, self._absences)
        yield from self._compared("automation", CLEARANCE_COLUMNS, self._clearances)
        yield from self._compared("automation_stop", STOP_COLUMNS, self._stops)
        yield from self._compared("policy_proposal", POLICY_COLUMNS, self._policies)
        yield from self._compared("parked_fact", PARKED_COLUMNS, self._parked)
        yield from self._compared("promotion", PROMOTION_COLUMNS, self._promotions)
        yield from self._carried_differences()

    def _compared(
        self, table: str, columns: tuple[str, ...], rows: dict[str, dict[str, Any]]
    ) -> Iterator[tuple[str, str, str]]:
        query = f"SELECT {', '.join(columns)} FROM {table}"
        found = {row[0]: row for row in self._driver.execute(query.encode())}
        names = [name.partition("::")[0] for name in columns]
        said = {key: tuple(row.get(name) for name in names) for key, row in rows.items()}
        yield from _differences(table, found, said)

    def _carried_differences(self) -> Iterator[tuple[str, str, str]]:
        query = f"SELECT name || ' ' || alias, {', '.join(CARRIED_COLUMNS)} FROM champion"
        carried = {row[0]: tuple(row[1:]) for row in self._driver.execute(query.encode())}
        yield from _differences("model", carried, self._carried)


def _differences(
    kind: str, found: dict[str, tuple[Any, ...]], said: dict[str, tuple[Any, ...]]
) -> Iterator[tuple[str, str, str]]:
    for key in sorted({*found, *said}):
        if key not in said:
            yield kind, key, "is shown, but the log does not know it"
        elif found.get(key) != said[key]:
            yield kind, key, f"is {found.get(key)!r}, should be {said[key]!r}"
