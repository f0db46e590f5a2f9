"""A trained version is proposed with the gates it passed; MLflow's aliases follow the ledger.

Who approves, declines and goes back is ``workflow.promoting``, over HTTP or by command. The
journal's ledger is the truth; an alias is set from it afterwards and can be set again at any
time (``project_aliases``). Serving loads by the digest that the approval recorded.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from journal import promotions
from journal.journal import Journal
from models.bundle import Mismatch, digest
from training.gates import NEEDED, Version, failed, weigh
from training.registry import Registry
from training.rows import Rows
from workflow.actor import Actor
from workflow.approvals import require_role
from workflow.facts import GateResult, PromotionProposed
from workflow.promoting import (
    CHAMPION,
    MODELS,
    Carried,
    PromotionFact,
    check_news,
    succession,
)
from workflow.refused import Refused

TRAINER = Actor("training", frozenset({"data_scientist"}), "service")
"""Proposes what an unattended training run made."""
BOOTSTRAP = Actor("bootstrap", frozenset({"model_approver"}), "system")
"""Approves the very first version of each model in a demo, and nothing else."""


class Store(Protocol):
    """Where serving finds bundles; ``models.store`` has one for folders and for URLs."""

    def put(self, folder: Path) -> str:
        """Keeps a bundle and answers its digest; the same bundle twice is kept once."""
        ...

    def fetch(self, name: str) -> Path:
        """A bundle's folder by digest, verified; ``Mismatch`` where it is gone or changed."""
        ...


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody asks for: ``alias`` for a version that was judged by ``gates``.

    ``despite`` is why it should pass although an excusable gate failed; ``note`` anything else,
    and ``despite`` where no gate stands in the way.
    """

    model: str
    version: str
    gates: Sequence[GateResult]
    alias: str = CHAMPION
    despite: str = ""
    note: str = ""


def check_asked(
    journal: Journal,
    conn: Connection,
    model: str,
    version: str,
    alias: str,
    by: Actor,
    *,
    registry: Registry,
) -> list[PromotionFact]:
    """Whether a proposal may be made at all, before the gates take their minute; answers the
    ledger that says so.

    Codes: ``unknown_model``, ``unknown_alias``, ``wrong_role`` (a data scientist proposes),
    ``already_proposed``, ``already_decided`` (``workflow.promoting.check_news``),
    ``bundle_changed`` (what was trained has no seal any more).
    """
    past = promotions.history(journal, conn, model)
    if alias not in NEEDED:
        raise Refused("unknown_alias", f"{alias!r} is none of {', '.join(NEEDED)}.")
    require_role(by, "data_scientist", f"Proposing {model} {version}")
    try:
        sealed = digest(registry.bundle(model, version))
    except Mismatch as error:
        raise Refused("bundle_changed", f"{model} {version} cannot be used: {error}") from error
    check_news(past, model, version, alias, sealed)
    return past


def propose(
    journal: Journal,
    conn: Connection,
    proposal: Proposal,
    by: Actor,
    at: datetime,
    *,
    registry: Registry,
    store: Store,
) -> str:
    """Keeps the bundle where servers find it, and records the proposal with figures, gates and
    the bundle's digest; answers its id. Whoever approves needs no MLflow.

    Nothing is written where a gate stands in the way. Codes: those of ``check_asked``, and
    ``gate_failed`` (the message names every gate; ``details['gates']`` holds them). Errors:
    ``Conflict`` where somebody wrote to the ledger meanwhile.
    """
    model, version = proposal.model, proposal.version
    past = check_asked(journal, conn, model, version, proposal.alias, by, registry=registry)
    metrics = registry.metrics(model, version)
    _check_gates(proposal)
    note, despite = proposal.note, proposal.despite
    if not failed(proposal.gates, proposal.alias):  # nothing to excuse: it is a note like any other
        note, despite = note or despite, ""
    number = sum(isinstance(fact, PromotionProposed) for fact in past) + 1
    fact = PromotionProposed(
        f"{model}/{number}",
        model,
        version,
        by.id,
        tuple(metrics.items()),
        note,
        proposal.alias,
        store.put(registry.bundle(model, version)),
        tuple(proposal.gates),
        despite,
    )
    promotions.append(journal, conn, fact, by, at, len(past))
    return fact.proposal_id


def tried(
    journal: Journal,
    conn: Connection,
    model: str,
    version: str,
    rows: Rows,
    *,
    registry: Registry,
    store: Store,
) -> tuple[GateResult, ...]:
    """Every gate for a registered version, against the champion of the ledger, on the journal's
    rows. A champion whose bundle is gone or broken is none. Codes: ``unknown_model``."""
    line = succession(promotions.history(journal, conn, model))
    champion = None
    if line:
        with suppress(Mismatch):
            champion = Version(store.fetch(line[-1].bundle_digest))
    return weigh(model, Version(registry.bundle(model, version)), champion, rows)


def carried(journal: Journal, conn: Connection) -> dict[tuple[str, str], Carried]:
    """What the ledger says carries each alias now, by model and alias."""
    found = {}
    for model in MODELS:
        past = promotions.history(journal, conn, model)
        for alias in NEEDED:
            if line := succession(past, alias):
                found[model, alias] = line[-1]
    return found


def strayed(journal: Journal, conn: Connection, registry: Registry) -> list[str]:
    """Sentences about MLflow's aliases that are not what the ledger says; serving ignores them."""
    ledger = carried(journal, conn)
    told = []
    for model in MODELS:
        for alias in NEEDED:
            theirs, ours = registry.alias(model, alias), ledger.get((model, alias))
            if theirs == (ours.version if ours else None):
                continue
            says = f"version {ours.version}" if ours else "no version"
            shown = f"version {theirs}" if theirs else "no version"
            told.append(
                f"MLflow calls {shown} of {model} {alias}, the ledger {says}; servers follow the"
                " ledger. Set the alias right: triage models --repair"
            )
    return told


def project_aliases(journal: Journal, conn: Connection, registry: Registry) -> dict[str, str]:
    """Sets MLflow's aliases to what the journal says; answers model -> champion version."""
    ledger = carried(journal, conn)
    for model in MODELS:
        for alias in NEEDED:
            theirs, ours = registry.alias(model, alias), ledger.get((model, alias))
            if ours is None and theirs is not None:
                registry.delete_alias(model, alias)
            elif ours is not None and theirs != ours.version:
                registry.set_alias(model, ours.version, alias)
    return {model: one.version for (model, alias), one in ledger.items() if alias == CHAMPION}


def _check_gates(proposal: Proposal) -> None:
    """Refuses where a gate failed that nothing excuses, or an excusable one without a reason."""
    in_the_way = [
        gate
        for gate in failed(proposal.gates, proposal.alias)
        if not (gate.excusable and proposal.despite.strip())
    ]
    if in_the_way:
        told = "; ".join(f"{gate.name}: {gate.says}" for gate in in_the_way)
        excuse = " Say why it should pass nevertheless with --despite."
        raise Refused(
            "gate_failed",
            f"{proposal.model} {proposal.version} may not be proposed. {told}."
            + (excuse if all(gate.excusable for gate in in_the_way) else ""),
            gates=[gate.name for gate in in_the_way],
        )
