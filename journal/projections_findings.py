"""Findings and governance: exceptions, alarms, masters, codes, people, promotions, files."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from journal import tables
from journal.entries import Recorded
from journal.rows import Driver, columns_of, update, upsert

ALIAS_MOVES = ("promotion_approved", "champion_rolled_back", "challenger_withdrawn")
"""Events after which another version carries an alias, or none does."""
ByType = Mapping[str, Sequence[Recorded]]


def project_findings(driver: Driver, by_type: ByType) -> None:
    """Exceptions and findings by id, proposals by id, champions by model and alias, imports."""
    _exceptions(driver, by_type)
    _alarms(driver, by_type)
    _found(driver, by_type)
    _mappings(driver, by_type)
    _delegations(driver, by_type)
    _absences(driver, by_type)
    cleared = by_type.get("automation_cleared", ())
    upsert(driver, tables.automation, (entry.payload for entry in cleared))
    _stops(driver, by_type)
    _promotions(driver, by_type)
    _policies(driver, by_type)
    _imports(driver, by_type)
    _parked(driver, by_type)


def _exceptions(driver: Driver, by_type: ByType) -> None:
    table = tables.reconciliation_exception
    upsert(
        driver,
        table,
        (
            {**columns_of(table, entry.payload), "status": "open"}
            for entry in by_type.get("exception_raised", ())
        ),
    )
    update(
        driver,
        table,
        (
            {
                "exception_id": entry.payload["exception_id"],
                "rank_score": entry.payload["assessment"]["confidence"],
                "assessment": entry.payload["assessment"],
            }
            for entry in by_type.get("exception_assessed", ())
        ),
    )
    update(
        driver,
        table,
        (
            {
                "exception_id": entry.payload["exception_id"],
                "status": "resolved",
                "resolution": entry.payload["resolution"],
                "loss_minor": entry.payload["loss_minor"],
                "recovered_minor": entry.payload["recovered_minor"],
                "note": entry.payload["note"],
                "resolved_by": entry.payload["resolved_by"],
                "resolved_at": entry.payload["resolved_at"],
                "confirmed_by": entry.payload.get("confirmed_by"),
            }
            for entry in by_type.get("exception_resolved", ())
        ),
    )
    _second_words(driver, by_type)


def _second_words(driver: Driver, by_type: ByType) -> None:
    """What the first of two people said stays beside the exception; who rejected it is added."""
    said = [
        (e.position, "proposal = %s", dict(e.payload))
        for e in by_type.get("exception_resolution_proposed", ())
    ]
    said += [
        (e.position, "proposal = proposal || %s", dict(e.payload))
        for e in by_type.get("exception_resolution_rejected", ())
    ]
    for _, change, payload in sorted(said, key=lambda one: one[0]):
        number = payload.pop("exception_id")
        query = f"UPDATE reconciliation_exception SET {change}::jsonb WHERE exception_id = %s"
        driver.execute(query.encode(), (orjson.dumps(payload).decode(), number))


def _alarms(driver: Driver, by_type: ByType) -> None:
    raised = by_type.get("alarm_raised", ())
    upsert(driver, tables.alarm, ({**entry.payload, "status": "open"} for entry in raised))
    settled = by_type.get("alarm_settled", ())
    update(driver, tables.alarm, ({**entry.payload, "status": "settled"} for entry in settled))


def _found(driver: Driver, by_type: ByType) -> None:
    """Opened anew it is as at first. Nobody appends two facts of one finding at once."""
    anew = dict.fromkeys(("accepted_by", "accepted_at", "note", "closed_at", "because"))
    opened = by_type.get("finding_opened", ())
    upsert(driver, tables.finding, ({**e.payload, **anew, "status": "open"} for e in opened))
    for status in ("accepted", "closed"):
        said = by_type.get(f"finding_{status}", ())
        update(driver, tables.finding, ({**e.payload, "status": status} for e in said))


def _mappings(driver: Driver, by_type: ByType) -> None:
    proposed = by_type.get("mapping_proposed", ())
    upsert(driver, tables.code_mapping, ({**e.payload, "status": "proposed"} for e in proposed))
    for status in ("approved", "withdrawn"):
        said = by_type.get(f"mapping_{status}", ())
        update(driver, tables.code_mapping, ({**e.payload, "status": status} for e in said))


def _delegations(driver: Driver, by_type: ByType) -> None:
    given = by_type.get("delegation_given", ())
    upsert(driver, tables.delegation, ({**entry.payload, "status": "given"} for entry in given))
    revoked = by_type.get("delegation_revoked", ())
    update(driver, tables.delegation, ({**e.payload, "status": "revoked"} for e in revoked))


def _absences(driver: Driver, by_type: ByType) -> None:
    begun = by_type.get("absence_recorded", ())
    upsert(driver, tables.absence, ({**entry.payload, "status": "recorded"} for entry in begun))
    ended = by_type.get("absence_ended", ())
    update(driver, tables.absence, ({**entry.payload, "status": "ended"} for entry in ended))


def _stops(driver: Driver, by_type: ByType) -> None:
    stopped = by_type.get("automation_stopped", ())
    rows = ({**entry.payload, "status": "stopped"} for entry in stopped)
    upsert(driver, tables.automation_stop, rows)
    resumed = by_type.get("automation_resumed", ())
    back = ({**entry.payload, "status": "resumed"} for entry in resumed)
    update(driver, tables.automation_stop, back)


def _promotions(driver: Driver, by_type: ByType) -> None:
    upsert(
        driver,
        tables.promotion,
        (
            {
                **columns_of(tables.promotion, entry.payload),
                "status": "proposed",
                "proposed_at": entry.recorded_at.isoformat(),
                "bootstrap": False,
            }
            for entry in by_type.get("promotion_proposed", ())
        ),
    )
    approved = by_type.get("promotion_approved", ())
    update(driver, tables.promotion, map(_approval, approved))
    update(driver, tables.promotion, map(_refusal, by_type.get("promotion_declined", ())))
    moves = [entry for name in ALIAS_MOVES for entry in by_type.get(name, ())]
    for entry in sorted(moves, key=lambda entry: entry.position):
        if entry.type == "challenger_withdrawn":
            gone = "DELETE FROM champion WHERE name = %s AND alias = 'challenger'"
            driver.execute(gone, (entry.payload["name"],))
        else:
            upsert(driver, tables.champion, [_champion(entry)])


def _approval(entry: Recorded) -> dict[str, Any]:
    return {
        "proposal_id": entry.payload["proposal_id"],
        "status": "approved",
        "approved_by": entry.payload["approved_by"],
        "approved_at": entry.recorded_at.isoformat(),
        "alias": entry.payload["alias"],
        "bundle_digest": entry.payload["bundle_digest"],
        "bootstrap": entry.payload["bootstrap"],
    }


def _refusal(entry: Recorded) -> dict[str, Any]:
    return {
        "proposal_id": entry.payload["proposal_id"],
        "status": "declined",
        "declined_by": entry.payload["declined_by"],
        "declined_at": entry.recorded_at.isoformat(),
        "because": entry.payload["because"],
    }


def _champion(entry: Recorded) -> dict[str, Any]:
    return {
        "name": entry.payload["name"],
        "alias": entry.payload.get("alias", "champion"),  # a rollback is always of the champion
        "version": entry.payload["version"],
        "bundle_digest": entry.payload["bundle_digest"],
        "proposal_id": entry.payload["proposal_id"],
        "since": entry.recorded_at.isoformat(),
        "position": entry.position,
    }


def _policies(driver: Driver, by_type: ByType) -> None:
    table = tables.policy_proposal
    proposed = by_type.get("policy_proposed", ())
    upsert(driver, table, (_policy_row(entry, "proposed") for entry in proposed))
    for status in ("published", "withdrawn"):
        said = by_type.get(f"policy_{status}", ())
        update(driver, table, (_policy_row(entry, status) for entry in said))


def _policy_row(entry: Recorded, status: str) -> dict[str, Any]:
    row = columns_of(tables.policy_proposal, entry.payload)
    return {**row, "status": status, "position": entry.position}


def _imports(driver: Driver, by_type: ByType) -> None:
    upsert(
        driver,
        tables.rows_set_aside,
        (
            {
                "source_digest": entry.payload["source_digest"],
                "kind": entry.payload["kind"],
                "first_line": min(entry.payload["source_lines"], default=0),
                "source_lines": entry.payload["source_lines"],
            }
            for entry in by_type.get("rows_set_aside", ())
        ),
    )
    upsert(
        driver,
        tables.file_import,
        (
            {
                **columns_of(tables.file_import, entry.payload),
                "imported_at": entry.recorded_at.isoformat(),
            }
            for entry in by_type.get("file_imported", ())
        ),
    )


def _parked(driver: Driver, by_type: ByType) -> None:
    """Parked again it only has another reason. Nobody appends two facts of one at once."""
    parked = by_type.get("fact_parked", ())
    upsert(driver, tables.parked_fact, ({**e.payload, "status": "waiting"} for e in parked))
    for status in ("taken", "abandoned"):
        said = by_type.get(f"parked_fact_{status}", ())
        update(driver, tables.parked_fact, ({**e.payload, "status": status} for e in said))
