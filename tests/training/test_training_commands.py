"""From the command line: trained, gated, proposed, approved, taken back, told and repaired."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from commands.main import app
from features.catalogue import FOLDS
from journal.accounts import save_account
from journal.codec import decode
from journal.journal import Append, Journal
from serving.settings import Settings
from serving.wiring import wire
from tests.training.small_world import START, SmallWorld
from training.registry import Registry
from training.rows import Rows
from training.train import train
from workflow.actor import SYSTEM

pytestmark = pytest.mark.slow

RUN = CliRunner()


@pytest.fixture
def office(
    engine: Engine, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with a journal of four hundred cases behind it, and two people."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIAGE_DATABASE_URL", database_url)
    journal = Journal(FOLDS)
    with engine.begin() as conn:
        for who, role in (("dana", "data_scientist"), ("milo", "model_approver")):
            save_account(conn, who, who.capitalize(), [role], START)
        told = [
            Append("history", (decode(fact.type, fact.payload),), SYSTEM, fact.recorded_at)
            for fact in SmallWorld(3).facts(400)
        ]
        journal.append(conn, told)
    return tmp_path


def triage(*words: str, code: int = 0) -> str:
    """Output of a command that must end with this code."""
    done = RUN.invoke(app, list(words))
    assert done.exit_code == code, done.output
    return done.output


def document(*words: str) -> dict[str, Any]:
    """The JSON document that a command prints last."""
    printed = triage(*words, "--json")
    found: dict[str, Any] = json.loads(printed[printed.index("{") :])
    return found


def test_a_version_walks_from_training_to_champion_and_back(
    office: Path, database_url: str
) -> None:
    """Gates are told where they stand in the way and kept with the proposal; going back needs
    one person; a hand-set alias changes nothing, is told, and is put right."""
    for version in ("1", "2"):
        assert document("train", "disposition")["version"] == version
    assert "wrong_role" in triage("propose", "disposition", "1", "--by", "milo", code=1)
    assert document("propose", "disposition", "1", "--by", "dana")["proposal"] == "disposition/1"
    own = triage("approve", "disposition/1", "--by", "dana", code=1)
    assert "proposer_is_approver" in own
    assert document("approve", "disposition/1", "--by", "milo")["alias"] == "champion"
    assert "nothing_before" in triage("rollback", "disposition", "--by", "milo", code=1)

    said = triage("propose", "disposition", "2", "--by", "dana", code=1)
    assert "gate_failed" in said and "no better than noise" in said and "--despite" in said
    why = ("--despite", "a newer seal")
    assert document("propose", "disposition", "2", "--by", "dana", *why)["gates"]["noise"] is False
    triage("approve", "disposition/2", "--by", "milo")
    back = document("rollback", "disposition", "--by", "milo", "--because", "It restocks leaks.")
    assert (back["version"], back["from_version"]) == ("1", "2")

    Registry(office / "mlruns").set_alias("disposition", "2", "champion")
    told = document("models")
    assert told["versions"]["disposition"] == ["1", "2"]
    assert [(c["version"], c["alias"]) for c in told["champions"]] == [("1", "champion")]
    assert {row["despite"] for row in told["proposals"]} == {"", "a newer seal"}
    assert told["rollbacks"][0]["because"] == "It restocks leaks."
    assert "MLflow calls version 2" in told["astray"][0]
    assert "MLflow calls version 2" in triage("doctor", code=1)
    wired = wire(Settings(), database_url)
    wired.shelf.refresh()
    assert wired.shelf.get("disposition").ref.version == "1"
    wired.engine.dispose()
    assert document("models", "--repair")["astray"] == []


def test_only_the_reason_model_can_be_tuned() -> None:
    """The others have no encoder, which is said before any journal is opened."""
    said = triage("train", "credit-anomaly", "--finetune", code=1)
    assert "credit-anomaly has not; only reason has one" in said
    with pytest.raises(ValueError, match="credit_anomaly has no sentence encoder"):
        train("credit_anomaly", Rows(), finetune_minutes=1.0)


def test_a_version_is_evaluated_on_what_it_never_saw(office: Path) -> None:
    """Beside the commonest answer, with intervals and parts of the business."""
    triage("train", "disposition")
    told = document("evaluate", "disposition")
    assert told["overall"]["low"] <= told["overall"]["value"] <= told["overall"]["high"]
    assert told["overall"]["value"] > told["baselines"]["commonest answer"]["value"]
    assert "business_unit=industrial" in told["slices"]
    assert "reason=no_longer_needed" in triage("evaluate", "disposition", "--version", "1")
    assert "unknown_model" in triage("evaluate", "disposition", "--version", "9", code=1)
