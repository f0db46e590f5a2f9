"""The whole ledger of a model's versions: written by whoever may, and read with gates and reasons.

Which bundle answers is what an approval or a way back names; MLflow's aliases are set from it.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from journal.entries import Append
from journal.journal import Journal
from workflow import promoting
from workflow.actor import Actor
from workflow.facts import (
    ChallengerWithdrawn,
    ChampionRolledBack,
    PromotionApproved,
    PromotionDeclined,
    PromotionProposed,
)
from workflow.promoting import PromotionFact, model_of, stream_of


def history(journal: Journal, conn: Connection, model: str) -> list[PromotionFact]:
    """What happened to a model's versions, the oldest first. Refused: ``unknown_model``."""
    return [entry.event for entry in journal.read_stream(conn, stream_of(model))]


def append(
    journal: Journal,
    conn: Connection,
    fact: PromotionFact,
    by: Actor,
    at: datetime,
    expected_version: int,
) -> None:
    """Write a fact to the ledger of its model. Errors: ``Conflict``."""
    journal.append(conn, [Append(stream_of(fact.name), (fact,), by, at, expected_version)])


def approve(
    journal: Journal,
    conn: Connection,
    proposal_id: str,
    by: Actor,
    at: datetime,
    bootstrap: bool = False,
) -> PromotionApproved:
    """Give a proposed version its alias. Errors: of ``promoting.approved``, ``Conflict``."""
    past = history(journal, conn, model_of(proposal_id))
    fact = promoting.approved(past, proposal_id, by, bootstrap)
    append(journal, conn, fact, by, at, len(past))
    return fact


def decline(
    journal: Journal, conn: Connection, proposal_id: str, by: Actor, at: datetime, because: str
) -> PromotionDeclined:
    """Say no to a proposal. Errors: those of ``promoting.declined``, ``Conflict``."""
    past = history(journal, conn, model_of(proposal_id))
    fact = promoting.declined(past, proposal_id, by, because)
    append(journal, conn, fact, by, at, len(past))
    return fact


def roll_back(
    journal: Journal, conn: Connection, model: str, by: Actor, at: datetime, because: str = ""
) -> ChampionRolledBack:
    """Make the champion before the present one champion again. Errors: ``unknown_model``, those
    of ``promoting.rolled_back``, ``Conflict``."""
    past = history(journal, conn, model)
    fact = promoting.rolled_back(past, model, by, because)
    append(journal, conn, fact, by, at, len(past))
    return fact


def withdraw(
    journal: Journal, conn: Connection, model: str, by: Actor, at: datetime, because: str = ""
) -> ChallengerWithdrawn:
    """End a challenger's time in shadow. Errors: ``unknown_model``, those of
    ``promoting.withdrawn``, ``Conflict``."""
    past = history(journal, conn, model)
    fact = promoting.withdrawn(past, model, by, because)
    append(journal, conn, fact, by, at, len(past))
    return fact


def judged(past: Sequence[PromotionFact]) -> dict[str, dict[str, Any]]:
    """By proposal: the ``gates`` it was held to, and ``despite`` what it was proposed."""
    found = {}
    for event in past:
        if isinstance(event, PromotionProposed):
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
        for entry in journal.read_stream(conn, stream_of(model))
        if isinstance(event := entry.event, ChampionRolledBack)
    ]
    return found[::-1]


def bundles(journal: Journal, conn: Connection, model: str) -> dict[str, str]:
    """By version: the digest of the bundle that was promoted under it, the last one where two."""
    events = history(journal, conn, model)
    moves = (PromotionApproved, ChampionRolledBack)
    return {event.version: event.bundle_digest for event in events if isinstance(event, moves)}
