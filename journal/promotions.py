"""The whole ledger of a model's versions, read from its stream: gates, reasons, ways back."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from journal.journal import Journal
from workflow.facts import ChampionRolledBack, PromotionApproved, PromotionProposed


def judged(journal: Journal, conn: Connection, model: str) -> dict[str, dict[str, Any]]:
    """By proposal: the ``gates`` it was held to, and ``despite`` what it was proposed."""
    found = {}
    for entry in journal.read_stream(conn, f"model/{model}"):
        if isinstance(event := entry.event, PromotionProposed):
            gates = [asdict(gate) | {"figures": dict(gate.figures)} for gate in event.gates]
            found[event.proposal_id] = {
                "asked_for": event.alias,
                "gates": gates,
                "despite": event.despite,
            }
    return found


def rollbacks(journal: Journal, conn: Connection, model: str) -> list[dict[str, Any]]:
    """Every way back, newest first: to which version, from which, by whom, when and why."""
    found = [
        asdict(event) | {"at": entry.recorded_at}
        for entry in journal.read_stream(conn, f"model/{model}")
        if isinstance(event := entry.event, ChampionRolledBack)
    ]
    return found[::-1]


def bundles(journal: Journal, conn: Connection, model: str) -> dict[str, str]:
    """By version: the digest of the bundle that was promoted under it, the last one where two."""
    moves = (PromotionApproved, ChampionRolledBack)
    events = [entry.event for entry in journal.read_stream(conn, f"model/{model}")]
    return {event.version: event.bundle_digest for event in events if isinstance(event, moves)}
