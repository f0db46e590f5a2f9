"""From the command line: drafts checked, replayed, proposed, published by another, taken back."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from commands.main import app
from journal.accounts import save_account
from serving.settings import ROOT

RUN = CliRunner()


@pytest.fixture
def office(
    engine: Engine, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of the shipped folder with a newer credit policy in it, and two authors."""
    monkeypatch.setenv("TRIAGE_DATABASE_URL", database_url)
    monkeypatch.setenv("TRIAGE_STATE_DIR", str(tmp_path / "state"))
    with engine.begin() as conn:
        for who in ("paula", "pavel"):
            save_account(conn, who, who, ["policy_author"], datetime.now(UTC))
    folder = tmp_path / "drafts"
    shutil.copytree(ROOT / "policies", folder)
    draft = folder / "credit.toml"
    draft.write_text(draft.read_text().replace("version = 2", "version = 3", 1))
    return folder


def triage(*words: str, code: int = 0) -> str:
    """Output of a command that must end with this code."""
    done = RUN.invoke(app, ["policy", *words])
    assert done.exit_code == code, done.output
    return done.output


def document(*words: str) -> Any:
    """The JSON document that a command prints last."""
    printed = triage(*words, "--json")
    return json.loads(printed[printed.index("{") :])


@pytest.mark.slow
def test_a_folder_is_replayed_proposed_and_published(office: Path) -> None:
    """Only what differs is taken; the author is refused, another person is not; a past day and
    a draft that does not check are refused with a sentence."""
    day = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    (told,) = document("replay", str(office)).values()
    assert (told["verdicts"], told["changed"]) == (0, 0)
    assert "credit@3" in triage("replay", str(office / "credit.toml"), "--since", "2026-01-01")
    assert "past_date" in triage("propose", str(office), "--by", "paula", code=1)
    words = ("propose", str(office), "--by", "paula", "--effective", day, "--note", "Autumn.")
    (made,) = document(*words)["proposals"]
    assert made["proposal"] == "credit:1"
    assert "proposer_is_approver" in triage("publish", "credit:1", "--by", "paula", code=1)
    assert day in triage("publish", "credit:1", "--by", "pavel")
    shown = document("versions")
    assert [(p["proposal_id"], p["status"]) for p in shown["proposals"]] == [
        ("credit:1", "published")
    ]
    assert "Nothing differs" in triage("propose", str(office), "--by", "paula")
    assert "withdrawn" in triage("withdraw", "credit:1", "--by", "paula", "--because", "No.")
    (office / "golden" / "credit.toml").unlink()
    assert "no case reaches it" in triage("replay", str(office / "credit.toml"), code=1)


def test_a_variant_lies_in_its_units_folder(office: Path) -> None:
    """``units/{unit}/credit.toml``, with its own examples beside it, is proposed for that unit,
    and checked with the rest of the folder."""
    place = office / "units" / "food_beverage"
    (place / "golden").mkdir(parents=True)
    shutil.copy(office / "credit.toml", place / "credit.toml")
    assert "units/food_beverage/golden/credit.toml" in triage("check", str(office), code=1)
    shutil.copy(office / "golden" / "credit.toml", place / "golden" / "credit.toml")
    assert "in order" in triage("check", str(office))
    day = datetime.now(UTC).date().isoformat()
    path = str(place / "credit.toml")
    triage("propose", path, "--by", "paula", "--effective", day)
    triage("publish", "credit:1", "--by", "pavel")
    assert "credit/food_beverage@3" in triage("versions")


def test_a_pack_is_adopted_by_a_unit(office: Path) -> None:
    """Its tables are proposed as the unit's own, from today; somebody else publishes them. Adopted
    a second time they are the unit's next version; of an unknown pack it says which there are."""
    assert "falter: George J. Falter (credit, eligibility)" in triage("packs")
    words = ("adopt", "falter", "--unit", "food_beverage", "--by", "paula")
    made = [one["proposal"] for one in document(*words)["proposals"]]
    assert made == ["credit:1", "eligibility:1"]
    assert "proposer_is_approver" in triage("publish", made[0], "--by", "paula", code=1)
    for proposal in made:
        told = document("publish", proposal, "--by", "pavel")
        assert (told["unit"], told["version"]) == ("food_beverage", 1)
    assert "credit 2 from" in triage(*words)
    no = triage("adopt", "acme", "--unit", "food_beverage", "--by", "paula", code=1)
    assert "no pack 'acme'" in no and "battaglia" in no


def test_a_pack_with_a_fault_is_named(office: Path) -> None:
    """``check`` reads the packs of a folder with its tables: each fault says which pack."""
    place = office / "packs" / "rdp" / "eligibility.toml"
    text = place.read_text(encoding="utf-8")
    place.write_text(text.replace("hours_since_delivery < 24", "hours_since_delivery < 25"))
    assert "packs/rdp" in triage("check", str(office), code=1)
    place.write_text(text.replace("handed_over = {", "given_back = {"))
    assert "unknown fact 'handed_over'" in triage("check", str(office), code=1)
