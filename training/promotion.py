"""Which version is champion: proposed by one, approved by another, written in the journal.

The journal's ledger is the truth; MLflow's alias is set from it afterwards and can be set again
at any time (``project_aliases``). Serving loads by the digest that the approval recorded.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from features.catalogue import SETS
from journal.journal import Append, Journal, Recorded
from models.bundle import Mismatch, digest, read_card
from training.gates import NEEDED, Version, failed, weigh
from training.registry import Registry
from training.rows import Rows
from workflow.actor import Actor
from workflow.approvals import require_any_role, require_role
from workflow.facts import (
    ChallengerWithdrawn,
    ChampionRolledBack,
    GateResult,
    PromotionApproved,
    PromotionProposed,
)
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

    def fetch(self, name: str) -> Path:
        """A bundle's folder by digest, verified; ``Mismatch`` where it is gone or changed."""
        ...


@dataclass(frozen=True, slots=True)
class Carried:
    """A version that carries an alias by the ledger, and the proposal by which it came to it."""

    version: str
    bundle_digest: str
    proposal_id: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody asks for: ``alias`` for a version that was judged by ``gates``.

    ``despite`` is why it should pass although an excusable gate failed; ``note`` anything else.
    """

    model: str
    version: str
    gates: Sequence[GateResult]
    alias: str = ALIAS
    despite: str = ""
    note: str = ""


def propose(
    journal: Journal,
    conn: Connection,
    proposal: Proposal,
    by: Actor,
    at: datetime,
    *,
    registry: Registry,
) -> str:
    """Records the proposal with figures, gates and the bundle's digest; answers its id.

    Nothing is written where a gate stands in the way. Codes: ``unknown_model``,
    ``unknown_alias``, ``wrong_role`` (a data scientist proposes), ``gate_failed`` (the message
    names every gate; ``details['gates']`` holds them).
    """
    model, version = proposal.model, proposal.version
    if model not in MODELS:
        raise Refused("unknown_model", f"{model} is none of {', '.join(MODELS)}.")
    if proposal.alias not in NEEDED:
        raise Refused("unknown_alias", f"{proposal.alias!r} is none of {', '.join(NEEDED)}.")
    require_role(by, "data_scientist", f"Proposing {model} {version}")
    metrics = registry.metrics(model, version)
    bundle_digest = digest(registry.bundle(model, version))
    _check_gates(proposal)
    stream = f"model/{model}"
    entries = journal.read_stream(conn, stream)
    number = sum(entry.type == "promotion_proposed" for entry in entries) + 1
    event = PromotionProposed(
        f"{model}/{number}",
        model,
        version,
        by.id,
        tuple(metrics.items()),
        proposal.note,
        proposal.alias,
        bundle_digest,
        tuple(proposal.gates),
        proposal.despite,
    )
    journal.append(conn, [Append(stream, (event,), by, at, expected_version=len(entries))])
    return event.proposal_id


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
    line = succession(journal.read_stream(conn, f"model/{model}"))
    champion = None
    if line:
        with suppress(Mismatch):
            champion = Version(store.fetch(line[-1].bundle_digest))
    return weigh(model, Version(registry.bundle(model, version)), champion, rows)


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
    """Gives the proposed version its alias: bundle into the store, approval into the journal.

    ``bootstrap`` is refused once a model has had a champion. The caller commits, and then calls
    ``project_aliases``. Codes: ``unknown_proposal``, ``already_decided``,
    ``proposer_is_approver``, ``wrong_role`` (a person who is model approver approves),
    ``bundle_changed`` (it is not the bundle whose gates were tried).
    """
    stream = f"model/{proposal_id.rpartition('/')[0]}"
    entries = journal.read_stream(conn, stream)
    proposed = _proposed(entries, proposal_id)
    if proposed.proposed_by == by.id:
        raise Refused(
            "proposer_is_approver", f"{by.id} proposed {proposal_id} and may not approve it."
        )
    _check_approver(entries, proposed, by, bootstrap)
    bundle_digest = store.put(registry.bundle(proposed.name, proposed.version))
    if proposed.bundle_digest and bundle_digest != proposed.bundle_digest:
        raise Refused(
            "bundle_changed",
            f"The bundle of {proposed.name} {proposed.version} is no longer the one that was"
            f" judged for {proposal_id}.",
        )
    event = PromotionApproved(
        proposal_id,
        proposed.name,
        proposed.version,
        by.id,
        proposed.alias,
        bundle_digest,
        bootstrap,
    )
    journal.append(conn, [Append(stream, (event,), by, at, expected_version=len(entries))])
    return event


def roll_back(
    journal: Journal,
    conn: Connection,
    model: str,
    by: Actor,
    at: datetime,
    *,
    store: Store,
    because: str = "",
) -> ChampionRolledBack:
    """Makes the version before the present champion champion again; repeated, the one before.

    One model approver is enough: two people let that version in before, and whoever sees a
    model do harm must not wait for a colleague. The caller commits, and then calls
    ``project_aliases``. Codes: ``unknown_model``, ``wrong_role`` (a person who is model
    approver), ``nothing_before``, ``bundle_changed`` (the old bundle could not answer).
    """
    if model not in MODELS:
        raise Refused("unknown_model", f"{model} is none of {', '.join(MODELS)}.")
    _check_person(by, f"Rolling back {model}")
    stream = f"model/{model}"
    entries = journal.read_stream(conn, stream)
    line = succession(entries)
    if len(line) < 2:
        raise Refused("nothing_before", f"{model} has had no champion before the present one.")
    now, before = line[-1], line[-2]
    _check_usable(model, before, store)
    event = ChampionRolledBack(
        before.proposal_id, model, before.version, by.id, before.bundle_digest, now.version, because
    )
    journal.append(conn, [Append(stream, (event,), by, at, expected_version=len(entries))])
    return event


def withdraw(
    journal: Journal, conn: Connection, model: str, by: Actor, at: datetime, because: str = ""
) -> ChallengerWithdrawn:
    """Ends a challenger's time in shadow. Whoever may propose or approve one may end it.

    The caller commits, and then calls ``project_aliases``. Codes: ``unknown_model``,
    ``wrong_role``, ``nothing_before`` (there is no challenger).
    """
    if model not in MODELS:
        raise Refused("unknown_model", f"{model} is none of {', '.join(MODELS)}.")
    require_any_role(by, ("data_scientist", "model_approver"), f"Withdrawing from {model}")
    stream = f"model/{model}"
    entries = journal.read_stream(conn, stream)
    line = succession(entries, "challenger")
    if not line:
        raise Refused("nothing_before", f"{model} has no challenger.")
    event = ChallengerWithdrawn(model, line[-1].version, by.id, because)
    journal.append(conn, [Append(stream, (event,), by, at, expected_version=len(entries))])
    return event


def succession(entries: Sequence[Recorded], alias: str = ALIAS) -> list[Carried]:
    """Versions that carried an alias, the present one last; what was rolled back is gone."""
    line: list[Carried] = []
    for entry in entries:
        event = entry.payload
        if entry.type == "promotion_approved" and event["alias"] == alias:
            line.append(Carried(event["version"], event["bundle_digest"], event["proposal_id"]))
        elif entry.type == "champion_rolled_back" and alias == ALIAS:
            line.pop()
        elif entry.type == "challenger_withdrawn" and alias == "challenger":
            line.clear()
    return line


def carried(journal: Journal, conn: Connection) -> dict[tuple[str, str], Carried]:
    """What the ledger says carries each alias now, by model and alias."""
    found = {}
    for model in MODELS:
        entries = journal.read_stream(conn, f"model/{model}")
        for alias in NEEDED:
            if line := succession(entries, alias):
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
    return {model: one.version for (model, alias), one in ledger.items() if alias == ALIAS}


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


def _check_usable(model: str, before: Carried, store: Store) -> None:
    try:
        card = read_card(store.fetch(before.bundle_digest))
    except Mismatch as error:
        raise Refused("bundle_changed", f"{model} {before.version} is unusable: {error}") from error
    expected = SETS.get(model)
    if expected is not None and card.feature_set != expected.fingerprint:
        raise Refused(
            "bundle_changed",
            f"{model} {before.version} reads features that this program no longer computes.",
        )


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
    if not bootstrap:
        _check_person(by, doing)
        return
    require_role(by, "model_approver", doing)
    if any(entry.type == "promotion_approved" for entry in entries):
        raise Refused(
            "already_decided",
            f"{proposed.name} has had a champion: a model approver must decide from now on.",
        )


def _check_person(by: Actor, doing: str) -> None:
    """A person who is model approver."""
    require_role(by, "model_approver", doing)
    if by.kind != "person":
        raise Refused("wrong_role", f"{doing} needs a person; {by.id} is a {by.kind}.")
