"""A version is proposed with gates and bundle; MLflow's alias follows the ledger."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from features.catalogue import SETS
from journal.codec import encode
from journal.promotions import approve
from models import bundle
from models.protocol import Card
from models.store import Store
from training.gates import NEEDED
from training.promotion import Proposal, project_aliases, propose, strayed
from workflow.actor import Actor
from workflow.facts import GateResult
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
    """Knows versions 1 and 2 of every model, each a sealed bundle with nothing but a card."""

    def __init__(self, folder: Path) -> None:
        self.aliases: dict[tuple[str, str], str] = {}
        self.folder = folder

    def metrics(self, name: str, version: str) -> dict[str, float]:
        if version not in ("1", "2"):
            raise Refused("unknown_model", f"{name} {version} is not registered.")
        return {"accuracy": 0.9}

    def bundle(self, name: str, version: str) -> Path:
        folder = self.folder / name / version
        if not folder.is_dir():
            features = SETS["disposition"].fingerprint
            bundle.write(folder, Card(name, version, (), (), "", features, None, "", {}))
        return folder

    def alias(self, name: str, alias: str) -> str | None:
        return self.aliases.get((name, alias))

    def set_alias(self, name: str, version: str, alias: str) -> None:
        self.aliases[name, alias] = version

    def delete_alias(self, name: str, alias: str) -> None:
        del self.aliases[name, alias]


PASSED = tuple(GateResult(name, True, "passed") for name in NEEDED["champion"])


def gates(**failing: GateResult) -> tuple[GateResult, ...]:
    """Every gate passed, but for those given."""
    return tuple(failing.get(gate.name, gate) for gate in PASSED)


class Office:
    """One journal, registry and store, with short ways to propose and approve."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal, self.registry = FakeJournal(), FakeRegistry(folder / "drawer")
        self.store = Store(folder / "store", folder / "cache")

    def propose(
        self, version: str, by: Actor = DANA, model: str = "disposition", **more: Any
    ) -> str:
        journal: Any = self.journal
        registry: Any = self.registry
        conn: Any = None
        asked = Proposal(model, version, **({"gates": PASSED} | more))
        return propose(journal, conn, asked, by, AT, registry=registry, store=self.store)

    def approve(self, proposal: str) -> str:
        journal: Any = self.journal
        conn: Any = None
        return approve(journal, conn, proposal, MO, AT).bundle_digest

    def project(self) -> dict[str, str]:
        journal: Any = self.journal
        registry: Any = self.registry
        conn: Any = None
        return project_aliases(journal, conn, registry)

    def strayed(self) -> list[str]:
        journal: Any = self.journal
        registry: Any = self.registry
        conn: Any = None
        return strayed(journal, conn, registry)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def code_of(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.code


def test_one_proposes_and_another_approves(office: Office) -> None:
    """The bundle is kept when it is proposed, and the approval names it; the alias follows."""
    proposal = office.propose("1")
    assert proposal == "disposition/1"
    digest = office.approve(proposal)
    assert bundle.digest(office.store.fetch(digest)) == digest
    assert office.registry.aliases == {}
    assert office.project() == {"disposition": "1"}
    assert office.registry.aliases == {("disposition", "champion"): "1"}


def test_a_data_scientist_proposes(office: Office) -> None:
    """An approver's role is not enough."""
    with pytest.raises(Refused, match="needs the role data_scientist") as refused:
        office.propose("1", MO)
    assert code_of(refused) == "wrong_role"


def test_only_registered_versions_of_known_models_are_proposed(office: Office) -> None:
    """Nothing is written for a version that nobody trained."""
    for version, model in (("7", "disposition"), ("1", "oracle")):
        with pytest.raises(Refused) as refused:
            office.propose(version, DANA, model)
        assert code_of(refused) == "unknown_model"
    assert office.journal.streams == {}


def test_the_same_version_is_not_proposed_while_its_proposal_is_open(office: Office) -> None:
    """The open proposal is named and nothing is written; as a challenger it may be proposed."""
    office.propose("1")
    with pytest.raises(Refused, match="in disposition/1, which nobody has decided yet") as refused:
        office.propose("1")
    assert code_of(refused) == "already_proposed"
    assert refused.value.details == {"proposal": "disposition/1"}
    assert len(office.journal.streams["model/disposition"]) == 1
    assert office.propose("1", alias="challenger") == "disposition/2"


def test_a_version_without_its_seal_is_refused(office: Office) -> None:
    """Whose bundle was damaged in the drawer is told so, and not with a stack trace."""
    (office.registry.bundle("disposition", "1") / bundle.SUMS).unlink()
    with pytest.raises(Refused, match="disposition 1 cannot be used") as refused:
        office.propose("1")
    assert code_of(refused) == "bundle_changed"


def test_a_failed_gate_stands_in_the_way(office: Office) -> None:
    """Every gate that failed is named, one that nobody tried too; nothing is written."""
    slow = GateResult("latency", False, "one row in 900 ms of 60")
    with pytest.raises(Refused, match="latency: one row in 900 ms") as refused:
        office.propose("1", gates=gates(latency=slow), despite="it is so much better")
    assert code_of(refused) == "gate_failed"
    with pytest.raises(Refused, match="conformance was not tried"):
        office.propose("1", gates=())
    assert office.journal.streams == {}


def test_only_what_is_excusable_is_excused_and_why_is_kept(office: Office) -> None:
    """Within noise of the champion a reason is enough; the approver finds it in the ledger."""
    same = GateResult("noise", False, "no better than noise", excusable=True)
    with pytest.raises(Refused, match="--despite"):
        office.propose("1", gates=gates(noise=same))
    with pytest.raises(Refused):
        office.propose("1", gates=gates(noise=same), despite="  ")
    office.propose("1", gates=gates(noise=same), despite="three newer weeks")
    (proposed,) = [entry.event for entry in office.journal.streams["model/disposition"]]
    assert proposed.despite == "three newer weeks"
    assert same in proposed.gates


def test_a_reason_that_excuses_nothing_is_a_note(office: Office) -> None:
    """An approver does not read of a failed gate where every gate is passed."""
    office.propose("1", gates=gates(), despite="three newer weeks")
    (proposed,) = [entry.event for entry in office.journal.streams["model/disposition"]]
    assert (proposed.despite, proposed.note) == ("", "three newer weeks")


def test_a_challenger_needs_to_keep_its_promises_only(office: Office) -> None:
    """It decides nothing; being better is what its time in shadow is to show."""
    worse = GateResult("noise", False, "worse")
    proposal = office.propose("2", gates=gates(noise=worse), alias="challenger")
    office.approve(office.propose("1"))
    office.approve(proposal)
    office.project()
    assert office.registry.aliases == {
        ("disposition", "champion"): "1",
        ("disposition", "challenger"): "2",
    }
    with pytest.raises(Refused) as refused:
        office.propose("2", alias="favourite")
    assert code_of(refused) == "unknown_alias"


def test_an_alias_set_by_hand_is_told_and_put_right(office: Office) -> None:
    """MLflow may say what it likes: the ledger is what counts, and restores it."""
    office.approve(office.propose("1"))
    office.project()
    assert office.strayed() == []
    office.registry.set_alias("disposition", "2", "champion")
    office.registry.set_alias("reason", "1", "challenger")
    told = office.strayed()
    assert len(told) == 2
    assert "MLflow calls version 1 of reason challenger, the ledger no version" in told[0]
    assert "MLflow calls version 2 of disposition champion, the ledger version 1" in told[1]
    assert office.project() == {"disposition": "1"}
    assert office.strayed() == []
