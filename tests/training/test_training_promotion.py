"""Promotion: four eyes, a bundle in the store, and an alias that follows the journal."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from journal.codec import encode
from training.promotion import (
    BOOTSTRAP,
    TRAINER,
    approve,
    project_aliases,
    propose,
)
from workflow.actor import Actor
from workflow.refused import Refused

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
DANA = Actor("dana", frozenset({"data_scientist", "model_approver"}))
MO = Actor("mo", frozenset({"model_approver"}))


class FakeJournal:
    """Streams in a dict; checks the expected version as the journal does."""

    def __init__(self) -> None:
        self.streams: dict[str, list[Any]] = {}

    def read_stream(self, conn: object, stream: str) -> list[Any]:
        return list(self.streams.get(stream, []))

    def append(self, conn: object, appends: list[Any]) -> None:
        for append in appends:
            entries = self.streams.setdefault(append.stream, [])
            assert append.expected_version == len(entries)
            for event in append.events:
                name, payload = encode(event)
                entries.append(SimpleNamespace(type=name, payload=payload, event=event))


class FakeRegistry:
    """Knows versions 1 and 2 of every model."""

    def __init__(self) -> None:
        self.aliases: dict[str, str] = {}

    def metrics(self, name: str, version: str) -> dict[str, float]:
        if version not in ("1", "2"):
            raise Refused("unknown_model", f"{name} {version} is not registered.")
        return {"accuracy": 0.9}

    def bundle(self, name: str, version: str) -> Path:
        return Path(name) / version

    def alias(self, name: str, alias: str) -> str | None:
        return self.aliases.get(name)

    def set_alias(self, name: str, version: str, alias: str) -> None:
        assert alias == "champion"
        self.aliases[name] = version


class FakeStore:
    def put(self, folder: Path) -> str:
        return f"sha256:{folder.name}"


class Office:
    """One journal, registry and store, with short ways to propose and approve."""

    def __init__(self) -> None:
        self.journal, self.registry, self.store = FakeJournal(), FakeRegistry(), FakeStore()

    def propose(self, version: str, by: Actor = DANA, model: str = "disposition") -> str:
        journal: Any = self.journal
        registry: Any = self.registry
        conn: Any = None
        return propose(journal, conn, model, version, by, AT, registry=registry)

    def approve(self, proposal: str, by: Actor = MO, bootstrap: bool = False) -> str:
        journal: Any = self.journal
        registry: Any = self.registry
        conn: Any = None
        done = approve(
            journal, conn, proposal, by, AT, bootstrap, registry=registry, store=self.store
        )
        return done.bundle_digest

    def project(self) -> dict[str, str]:
        journal: Any = self.journal
        registry: Any = self.registry
        conn: Any = None
        return project_aliases(journal, conn, registry)


def code_of(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.code


def test_one_proposes_and_another_approves() -> None:
    """The approval records the digest of what the store keeps; the alias follows."""
    office = Office()
    proposal = office.propose("1")
    assert proposal == "disposition/1"
    assert office.approve(proposal) == "sha256:1"
    assert office.registry.aliases == {}
    assert office.project() == {"disposition": "1"} == office.registry.aliases


def test_the_proposer_may_not_approve() -> None:
    """Not even with both roles; nothing is written."""
    office = Office()
    proposal = office.propose("1")
    with pytest.raises(Refused) as refused:
        office.approve(proposal, DANA)
    assert code_of(refused) == "proposer_is_approver"
    assert len(office.journal.streams["model/disposition"]) == 1


def test_roles_are_needed() -> None:
    """A data scientist proposes, a person who is model approver approves."""
    office = Office()
    with pytest.raises(Refused, match="needs the role data_scientist") as refused:
        office.propose("1", MO)
    assert code_of(refused) == "wrong_role"
    proposal = office.propose("1")
    with pytest.raises(Refused, match="needs the role model_approver"):
        office.approve(proposal, Actor("finn", frozenset({"finance_clerk"})))
    with pytest.raises(Refused, match="needs a person"):
        office.approve(proposal, BOOTSTRAP)


def test_the_bootstrap_actor_approves_the_first_version_only() -> None:
    """It is recorded as what it is, and never again for a model that had a champion."""
    office = Office()
    office.approve(office.propose("1", TRAINER), BOOTSTRAP, bootstrap=True)
    approved = office.journal.streams["model/disposition"][-1].event
    assert (approved.approved_by, approved.bootstrap) == ("bootstrap", True)
    second = office.propose("2", TRAINER)
    with pytest.raises(Refused, match="has had a champion"):
        office.approve(second, BOOTSTRAP, bootstrap=True)


def test_a_proposal_is_approved_once_and_must_exist() -> None:
    """The codes tell a second click from a wrong number."""
    office = Office()
    proposal = office.propose("1")
    office.approve(proposal)
    with pytest.raises(Refused) as refused:
        office.approve(proposal)
    assert code_of(refused) == "already_decided"
    with pytest.raises(Refused) as refused:
        office.approve("disposition/9")
    assert code_of(refused) == "unknown_proposal"


def test_only_registered_versions_of_known_models_are_proposed() -> None:
    """Nothing is written for a version that nobody trained."""
    office = Office()
    for version, model in (("7", "disposition"), ("1", "oracle")):
        with pytest.raises(Refused) as refused:
            office.propose(version, DANA, model)
        assert code_of(refused) == "unknown_model"
    assert office.journal.streams == {}


def test_the_newest_approval_is_champion() -> None:
    """Going back to an older version is a promotion like any other."""
    office = Office()
    for version in ("1", "2", "1"):
        office.approve(office.propose(version))
    assert office.project() == {"disposition": "1"}
