"""Promotions decided from here: the ledger's fact, the bundle tried, the shelf changed.

A server needs no MLflow for it: the bundle was kept when the version was proposed, and MLflow's
aliases follow the ledger when a data scientist looks next (``triage models --repair``).
"""

from typing import Any

from sqlalchemy import Connection

from journal import promotions
from models.bundle import Mismatch
from serving.lifecycle import promotions_of
from serving.shelf import Champion
from serving.wiring import Services
from workflow.actor import Actor
from workflow.facts import ChallengerWithdrawn, ChampionRolledBack, PromotionApproved
from workflow.promoting import model_of
from workflow.refused import Refused


def approve(
    services: Services, conn: Connection, proposal_id: str, by: Actor, bootstrap: bool = False
) -> PromotionApproved:
    """Give a proposed version its alias. The caller's transaction is undone by a refusal.

    Refused: as ``workflow.promoting.approved``; ``bundle_changed`` where the bundle that was
    judged is gone, is not what it was, or cannot answer in this program.
    """
    now = services.clock()
    fact = promotions.approve(services.journal, conn, proposal_id, by, now, bootstrap)
    _check_usable(services, Champion(fact.name, fact.version, fact.bundle_digest, fact.alias))
    return fact


def decline(
    services: Services, conn: Connection, proposal_id: str, by: Actor, because: str
) -> None:
    """Say no to a proposal. Refused: as ``workflow.promoting.declined``."""
    promotions.decline(services.journal, conn, proposal_id, by, services.clock(), because)


def roll_back(
    services: Services, conn: Connection, model: str, by: Actor, because: str
) -> ChampionRolledBack:
    """Go back to the champion before the present one, whose bundle is tried first.

    Refused: as ``journal.promotions.roll_back``, ``bundle_changed``.
    """
    now = services.clock()
    fact = promotions.roll_back(services.journal, conn, model, by, now, because)
    _check_usable(services, Champion(fact.name, fact.version, fact.bundle_digest))
    return fact


def withdraw(
    services: Services, conn: Connection, model: str, by: Actor, because: str
) -> ChallengerWithdrawn:
    """End a challenger's time in shadow. Refused: as ``journal.promotions.withdraw``."""
    return promotions.withdraw(services.journal, conn, model, by, services.clock(), because)


def take_up(services: Services) -> None:
    """Let this server answer with what the ledger says now, and say what may pass by itself."""
    services.shelf.refresh()
    services.clear_automation()


def one(services: Services, conn: Connection, proposal_id: str) -> dict[str, Any]:
    """One proposal as it is listed. Refused: ``unknown_proposal``."""
    for told in promotions_of(services.journal, conn, model_of(proposal_id)):
        if told["proposal_id"] == proposal_id:
            return told
    raise Refused("unknown_proposal", f"There is no proposal {proposal_id}.")


def _check_usable(services: Services, version: Champion) -> None:
    try:
        services.shelf.load(version)
    except Mismatch as error:
        raise Refused(
            "bundle_changed", f"{version.name} {version.version} cannot be used: {error}"
        ) from error
