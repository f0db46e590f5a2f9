"""Which version is champion: proposed by one, approved by another, written in the journal.

The journal's ledger is the truth; MLflow's alias is set from it afterwards and can be set again
at any time (``project_aliases``). Serving loads by the digest that the approval recorded.
"""

from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from journal.journal import Append, Journal, Recorded
from training.registry import Registry
from workflow.actor import Actor
from workflow.approvals import require_role
from workflow.facts import PromotionApproved, PromotionProposed
from workflow.refused import Refused

ALIAS = "champion"
MODELS = ("reason", "disposition", "credit_anomaly", "exception_rank")

TRAINER = Actor("training", frozenset({"data_scientist"}), "service")
"""Proposes what an unattended training run made."""
BOOTSTRAP = Actor("bootstrap", frozenset({"model_approver"}), "system")
"""Approves the very first version of each model in a demo, and nothing else."""


class Store(Protocol):
    """Where serving finds bundles; ``models.store`` has one for folders and for URLs."""

    def put(self, folder: Path) -> str:
        """Keeps a bundle and answers its digest; the same bundle twice is kept once."""
        ...


def propose(
    journal: Journal,
    conn: Connection,
    model: str,
    version: str,
    by: Actor,
    at: datetime,
    *,
    registry: Registry,
    note: str = "",
) -> str:
    """Records that a version should become champion, with its figures; answers the proposal's id.

    Codes: ``unknown_model``, ``wrong_role`` (a data scientist proposes).
    """
    if model not in MODELS:
        raise Refused("unknown_model", f"{model} is none of {', '.join(MODELS)}.")
    require_role(by, "data_scientist", f"Proposing {model} {version}")
    metrics = registry.metrics(model, version)
    stream = f"model/{model}"
    entries = journal.read_stream(conn, stream)
    number = sum(entry.type == "promotion_proposed" for entry in entries) + 1
    proposal_id = f"{model}/{number}"
    event = PromotionProposed(proposal_id, model, version, by.id, tuple(metrics.items()), note)
    journal.append(conn, [Append(stream, (event,), by, at, expected_version=len(entries))])
    return proposal_id


def approve(
    journal: Journal,
    conn: Connection,
    proposal_id: str,
    by: Actor,
    at: datetime,
    bootstrap: bool = False,
    *,
    registry: Registry,
    store: Store,
) -> PromotionApproved:
    """Makes the proposed version champion: bundle into the store, approval into the journal.

    ``bootstrap`` is refused once a model has had a champion. The caller commits, and then calls
    ``project_aliases``. Codes: ``unknown_proposal``, ``already_decided``,
    ``proposer_is_approver``, ``wrong_role`` (a person who is model approver approves).
    """
    stream = f"model/{proposal_id.rpartition('/')[0]}"
    entries = journal.read_stream(conn, stream)
    proposed = _proposed(entries, proposal_id)
    if proposed.proposed_by == by.id:
        raise Refused(
            "proposer_is_approver", f"{by.id} proposed {proposal_id} and may not approve it."
        )
    _check_approver(entries, proposed, by, bootstrap)
    digest = store.put(registry.bundle(proposed.name, proposed.version))
    event = PromotionApproved(
        proposal_id, proposed.name, proposed.version, by.id, ALIAS, digest, bootstrap
    )
    journal.append(conn, [Append(stream, (event,), by, at, expected_version=len(entries))])
    return event


def project_aliases(journal: Journal, conn: Connection, registry: Registry) -> dict[str, str]:
    """Sets MLflow's aliases to what the journal says; answers model -> champion version."""
    champions: dict[str, str] = {}
    for model in MODELS:
        for entry in journal.read_stream(conn, f"model/{model}"):
            if entry.type == "promotion_approved":
                champions[model] = entry.payload["version"]
    for model, version in champions.items():
        if registry.alias(model, ALIAS) != version:
            registry.set_alias(model, version, ALIAS)
    return champions


def _proposed(entries: list[Recorded], proposal_id: str) -> PromotionProposed:
    found: PromotionProposed | None = None
    for entry in entries:
        if entry.payload.get("proposal_id") != proposal_id:
            continue
        if entry.type == "promotion_approved":
            raise Refused("already_decided", f"{proposal_id} was approved before.")
        if entry.type == "promotion_proposed":
            found = entry.event
    if found is None:
        raise Refused("unknown_proposal", f"There is no proposal {proposal_id}.")
    return found


def _check_approver(
    entries: list[Recorded], proposed: PromotionProposed, by: Actor, bootstrap: bool
) -> None:
    doing = f"Approving {proposed.proposal_id}"
    require_role(by, "model_approver", doing)
    if not bootstrap:
        if by.kind != "person":
            raise Refused("wrong_role", f"{doing} needs a person; {by.id} is a {by.kind}.")
        return
    if any(entry.type == "promotion_approved" for entry in entries):
        raise Refused(
            "already_decided",
            f"{proposed.name} has had a champion: a model approver must decide from now on.",
        )
