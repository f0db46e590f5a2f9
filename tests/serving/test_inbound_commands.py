"""Files and parked facts from the command line."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from commands.main import app
from commands.setup import show
from journal import accounts
from tests.integrations.edi_texts import CREDIT, interchange
from tests.serving.house import STAFF, STORY
from tests.serving.test_serving_drops import SUPPLIERS


def run(*words: str, fails: bool = False) -> str:
    done = CliRunner().invoke(app, list(words))
    assert (done.exit_code != 0) == fails, done.output
    return done.output if fails else done.stdout


def test_files_come_in_and_facts_that_wait_are_looked_after(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A credit by EDI waits for its customer; tried in vain, then given up with a reason."""
    monkeypatch.setenv("TRIAGE_DATABASE_URL", database_url)
    monkeypatch.setenv("TRIAGE_STATE_DIR", str(tmp_path / "state"))
    manager = STAFF["returns"]
    with engine.begin() as conn:
        accounts.save_account(conn, manager.id, manager.id, manager.roles, STORY.requested_at)
    edi, drop = tmp_path / "in.x12", tmp_path / "suppliers-1.csv"
    edi.write_text(interchange(CREDIT))
    drop.write_text(SUPPLIERS)
    report = json.loads(run("import", str(edi), "--format", "x12", "--json"))
    (parked,) = (one["parked_id"] for one in report["sets"])
    assert json.loads(run("import", str(edi), "--format", "x12", "--json"))["repeated"]
    taken = json.loads(run("import", str(drop), "--format", "csv", "--json"))
    assert (taken["status"], taken["counts"]) == ("done", {"recorded": 1})
    assert parked in run("events", "parked")
    assert "still waits" in run("events", "retry", parked, "--by", manager.id, fails=True)
    run("events", "abandon", parked, "--by", manager.id, "--because", "A test print.")
    assert "Nothing waits." in run("events", "parked")
    edi.write_text("no edi")
    assert "No X12 interchange" in run("import", str(edi), "--format", "x12", fails=True)


def test_what_others_sent_cannot_speak_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters are shown as they are written in JSON; lines and words stay."""
    show({}, False, "first\n\tsecond\x1b[2J\x00\x9b é")
    assert capsys.readouterr().out == "first\n\tsecond\\u001b[2J\\u0000\\u009b é\n"
