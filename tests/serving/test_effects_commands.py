"""Effects and receivers from the command line: tables that say what to do, codes that say no."""

import json

import pytest
from typer.testing import CliRunner

from commands.main import app
from integrations.webhooks.sending import Answer
from tests.serving.house import STAFF, House
from tests.serving.test_serving_effects import RMA, park, requested
from tests.serving.test_serving_webhooks import Receiving, carry, subscribe
from tests.serving.test_serving_webhooks import house as sending_house  # may send to loopback

__all__ = ["sending_house"]

LEAD, LEAD2, CLERK, ADMIN = (STAFF[part].id for part in ("lead", "lead2", "clerk", "admin"))


def move_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands' own settings are those of the house."""
    monkeypatch.setenv("TRIAGE_DATABASE_URL", house.services.database_url)
    monkeypatch.setenv("TRIAGE_STATE_DIR", str(house.services.settings.state_dir))


def run(*words: str, fails: bool = False) -> str:
    done = CliRunner().invoke(app, list(words))
    assert (done.exit_code != 0) == fails, done.output
    return done.output if fails else done.stdout


def test_parked_effects_are_looked_after(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list says what to do about each cause, one effect what it asks and which commands help;
    a no says who may, and exits with 1; two people give up."""
    move_in(house, monkeypatch)
    requested(house, "R-1001", "R-1002")
    park(house)
    park(house, "R-1002/rma", "unknown_master", "No unit industrial.")
    listed = run("effects", "list")
    assert "1 case_closed: The case is closed in the ERP; post a correction there" in listed
    (row,) = [line for line in listed.splitlines() if line.startswith(RMA)]
    assert "erp.rma" in row and row.endswith("case_closed: Closed.")
    assert "R-1002" not in run("effects", "list", "--cause", "case_closed")
    assert "'nonsense' is not one of" in run("effects", "list", "--status", "nonsense", fails=True)
    shown = run("effects", "show", "R-1002/rma")
    assert "lines.1.sku" in shown and "rejected" in shown
    assert "triage effects correct R-1002/rma --set business_unit=VALUE" in shown
    no = run("effects", "retry", RMA, "--by", CLERK, fails=True)
    assert "needs the role" in no and "Ask somebody who holds the role named." in no
    assert "no active account" in run("effects", "retry", "--by", "ghost", fails=True)
    wrong = ("--set", "business_unit", "--because", "x", "--by", LEAD)
    assert "FIELD=VALUE" in run("effects", "correct", "R-1002/rma", *wrong, fails=True)
    right = ("--set", "business_unit=ind", "--because", "Their name.", "--by", LEAD)
    assert "is corrected and pending" in run("effects", "correct", "R-1002/rma", *right)
    reason = ("--reason", "posted_by_hand", "--note", "PV-7")
    assert "Somebody else must agree" in run("effects", "abandon", RMA, *reason, "--by", LEAD)
    assert f"{LEAD} asked to give it up (posted_by_hand)" in run("effects", "show", RMA)
    run("effects", "abandon", RMA, *reason, "--by", LEAD, fails=True)
    assert "is given up" in run("effects", "abandon", RMA, *reason, "--by", LEAD2)
    assert run("effects", "list").strip() == "No effect is parked."
    assert json.loads(run("effects", "retry", "--by", LEAD, "--json")) == {"queued": []}


def test_receivers_are_looked_after(sending_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is disabled, why, and what waits; sent to again, told again, under a new secret; the
    checkup says what to type."""
    house = sending_house
    move_in(house, monkeypatch)
    assert "Nobody subscribed" in run("webhooks", "list")
    receiving = Receiving()
    house.services.courier.send = receiving
    hook = subscribe(house, types=["return_requested"])
    receiving.answer = Answer(410, "no longer here")
    requested(house)
    carry(house, hook)
    name = hook["webhook_id"]
    assert "disabled" in run("webhooks", "list") and "410 Gone" in run("webhooks", "list")
    shown = run("webhooks", "show", name)
    assert "return_requested" in shown and f"triage webhooks activate {name} --by WHO" in shown
    assert f"triage webhooks activate {name}" in run("doctor", fails=True)
    assert "needs the role admin" in run("webhooks", "activate", name, "--by", LEAD, fails=True)
    assert "messages waiting: 1" in run("webhooks", "activate", name, "--by", ADMIN)
    assert "told again" in run("webhooks", "replay", name, "--by", ADMIN, "--since", _yesterday())
    secret = json.loads(run("webhooks", "rotate", name, "--by", ADMIN, "--json"))["secret"]
    assert secret.startswith("whsec_") and secret != hook["secret"]
    assert "There is no webhook" in run("webhooks", "show", "wh-none", fails=True)


def _yesterday() -> str:
    from datetime import UTC, datetime, timedelta

    return f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
