"""What policies there are and what is asked of them, as routes, commands and pages show it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping

from journal import policies as ledger
from journal import policy_replays
from journal.policy_replays import waiting
from serving.http import plain
from serving.policy_replay import replay_json, replay_past
from serving.present import time
from serving.wiring import Services
from workflow.policy import Change, Policy, diff
from workflow.policy_ledger import Entry, read_entry
from workflow.policy_table import Rule
from workflow.refused import Refused


def versions(services: Services, conn: Connection) -> list[dict[str, Any]]:
    """Every version of every policy and variant: rules, days, and who let it decide."""
    now = services.clock()
    force = {policy.ref for policy in services.policies.at(now).versions}
    people = {
        (row["name"], row["unit"], row["version"]): row
        for row in ledger.proposals(conn)
        if row["published_by"] is not None
    }
    known = sorted(services.policies.known.versions, key=lambda p: (p.name, p.unit, p.version))
    return [_version(p, p.ref in force, people.get((p.name, p.unit, p.version))) for p in known]


def _version(policy: Policy, in_force: bool, row: RowMapping | None) -> dict[str, Any]:
    said = row or dict[str, Any]()
    return {
        "name": policy.name,
        "unit": policy.unit or None,
        "version": policy.version,
        "ref": policy.ref,
        "digest": policy.digest,
        "effective": policy.effective.isoformat(),
        "in_force": in_force,
        "shipped": policy.published_at is None,
        "says": policy.says,
        "proposal_id": said.get("proposal_id"),
        "proposed_by": said.get("proposed_by"),
        "proposed_at": said.get("proposed_at"),
        "published_by": said.get("published_by"),
        "published_at": said.get("published_at"),
        "withdrawn_by": said.get("withdrawn_by"),
        "withdrawn_at": said.get("withdrawn_at"),
        "facts": sorted(policy.declared),
        "rules": [_rule(rule) for rule in policy.rules],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {"id": rule.id, **rule.columns()}


def entry_of(conn: Connection, proposal_id: str) -> Entry:
    """A proposal as the log tells it. Refused: ``unknown_proposal``."""
    for entry in ledger.entries(conn):
        if entry.proposed.proposal_id == proposal_id:
            return entry
    raise Refused("unknown_proposal", f"There is no proposal {proposal_id[:60]}.")


def proposal_json(services: Services, conn: Connection, proposal_id: str) -> dict[str, Any]:
    """One proposal: who, when, its text, the rules that differ, and its replay as it was kept.

    ``replay`` is null until a worker has computed it, ``replayed_to`` the journal's position then;
    ``replay_asked`` says that it is on its way (again).
    """
    entry = entry_of(conn, proposal_id)
    row = ledger.proposal(conn, proposal_id)
    policy = policy_of(entry)
    before = replaced(services, policy, services.clock())
    kept = policy_replays.one(conn, proposal_id)
    return {
        **plain(row or {}),
        "text": entry.proposed.text,
        "examples": entry.proposed.examples,
        "replaces": before.ref if before else None,
        "changes": [str(change) for change in diff(before, policy)] if before else [],
        "replay": kept["result"] if kept else None,
        "replayed_to": kept["position"] if kept else None,
        "replayed_at": time(kept["computed_at"]) if kept and kept["computed_at"] else None,
        "replay_asked": kept is None or waiting(kept),
    }


def changes_of(services: Services, policy: Policy) -> list[Change]:
    """How a policy differs, rule by rule, from what it would replace."""
    before = replaced(services, policy, services.clock())
    return diff(before, policy) if before else []


def policy_of(entry: Entry) -> Policy:
    """The policy of a proposal. Refused: ``policy_faults`` where it cannot be read any more."""
    policy, faults = read_entry(entry)
    if policy is None:
        raise Refused("policy_faults", " ".join(str(fault) for fault in faults))
    return policy


def replaced(services: Services, policy: Policy, now: datetime) -> Policy | None:
    """What the policy would replace: the variant in force of its unit, else the general one.

    For a version that is in force or was, the newest other one.
    """
    others = [p for p in services.policies.at(now).versions if p.ref != policy.ref]
    same = [p for p in others if p.name == policy.name and p.unit in ("", policy.unit)]
    if not same:
        same = [
            p for p in services.policies.known.versions
            if p.name == policy.name and p.unit == policy.unit and p.version < policy.version
        ]  # fmt: skip
    return max(same, key=lambda p: (p.unit != "", p.version), default=None)


def replay_of(
    services: Services, conn: Connection, policy: Policy, since: datetime | None = None
) -> dict[str, Any]:
    """What a draft would have changed, as JSON; see ``policy_replay``."""
    found = replay_past(conn, services.policies.known, policy, services.clock(), since)
    return replay_json(found)
