"""``triage masters check``: what is wrong, by owner, for people and for machines."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from commands.main import app
from features.catalogue import FOLDS
from journal.entries import Append
from journal.journal import Journal
from serving.facts_in import stream_of
from simulation.story import SKU, Story
from workflow.actor import SYSTEM
from workflow.facts import CustomerRegistered, ProductListed


def told(*facts: object) -> list[Append]:
    now = datetime.now(UTC)
    return [Append(stream_of(fact), (fact,), SYSTEM, now) for fact in facts]


def test_masters_are_checked_from_the_command_line(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gaps and pairs are opened once and listed by owner; what was corrected is closed."""
    pytest.importorskip("splink")
    monkeypatch.setenv("TRIAGE_DATABASE_URL", database_url)
    masters = Story().masters()
    pump = next(f for f in masters if isinstance(f, ProductListed) and f.sku == SKU)
    one = next(f for f in masters if isinstance(f, CustomerRegistered))
    one = replace(one, street="1 Mill Road", postcode="45401", email_domain="northgate.example")
    twice = replace(one, customer_id="C-9", name="NORTHGATE HYDRAULICS Inc.")
    journal = Journal(FOLDS)
    with engine.begin() as conn:
        journal.append(conn, told(*masters, replace(pump, regulated="food"), one, twice))

    def check(*words: str) -> str:
        done = CliRunner().invoke(app, ["masters", "check", *words])
        assert done.exit_code == 0, done.output
        return done.output

    text = check()
    assert "2 opened, 0 closed, 2 open." in text
    assert "customer_service:\n  medium customer.duplicate:C-1001~C-9" in text
    assert "name: same (northgate hydraulics | northgate hydraulics)" in text
    assert "too few to learn from" in text and "Blocks restock." in text
    with engine.begin() as conn:
        journal.append(conn, told(pump))
    printed = check("--no-duplicates", "--json")
    document = json.loads(printed[printed.index("{") :])
    assert (document["opened"], document["closed"]) == (0, 1)
    (pair,) = document["findings"]
    assert pair["records"] == ["C-1001", "C-9"] and pair["weights"]
