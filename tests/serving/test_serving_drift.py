"""Drift: what champions read and say is measured against their bundle; a person gets a task."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from commands.main import app
from journal.alarms import listed, settle_alarm
from journal.entries import Append
from models import drift
from models.store import Store
from serving.drift_watch import NotMeasured, latest, measure_now, watch
from tests.serving.house import House
from tests.training.small_world import VERDICT, SmallWorld
from training import disposition, judging
from training.made import Made
from training.rows import Example, Rows, gather
from training.train import background_of, card_of, seal
from workflow.actor import SYSTEM, Actor
from workflow.assessment import Assessment, ModelRef
from workflow.events import AssessmentRecorded, DispositionConfirmed, DispositionPart
from workflow.facts import PromotionApproved, PromotionProposed

pytestmark = pytest.mark.slow

NAME = "disposition"
DANA = Actor("dana", frozenset({"data_scientist"}))


@pytest.fixture(scope="module")
def rows() -> Rows:
    return gather(SmallWorld(3).facts(900))


@pytest.fixture(scope="module")
def made(rows: Rows) -> Made:
    some = rows.of(NAME)[:600]
    return disposition.fit(some, seed=1)


@pytest.fixture
def champion(empty_house: House, made: Made, rows: Rows, tmp_path: Path) -> House:
    """A house whose disposition model was made from the first six hundred cases."""
    folder, when = tmp_path / "made", "2026-06-01T00:00:00+00:00"
    folder.mkdir()
    seal(made, card_of(made, "1", when), folder, background_of(made, rows, when, 1))
    digest = Store(tmp_path / "bundles", tmp_path / "shelf").put(folder)
    events = (
        PromotionProposed(f"{NAME}/1", NAME, "1", "dora", ()),
        PromotionApproved(f"{NAME}/1", NAME, "1", "mona", "champion", digest),
    )
    house = empty_house
    with house.services.engine.begin() as conn:
        append = Append(f"model/{NAME}", events, SYSTEM, house.clock.now)
        house.services.journal.append(conn, [append])
    house.clock.forward(hours=1)
    return house


def answer(house: House, made: Made, examples: list[Example], agreed: bool = True) -> None:
    """The champion answers, and a person decides: as they did, or always otherwise."""
    model = made.build(card_of(made, "1", None))
    ref = ModelRef(NAME, "1", "champion", made.feature_set)
    said = model.predict([example.row for example in examples])
    events: list[Any] = []
    for example, one in zip(examples, said, strict=True):
        case, _, portion = example.subject.partition("/")
        told = Assessment(
            ref, one.value, one.confidence, one.abstained, one.candidates, one.set,
            row=dict(example.row),
        )  # fmt: skip
        events.append(AssessmentRecorded(case, "disposition", 1, told, portion))
        right = str(example.label) if agreed else "donate"
        parts = (DispositionPart(right, Decimal(2)),)
        events.append(
            DispositionConfirmed(
                case, 1, portion, parts, "ines", house.clock.now, VERDICT, "person", "C-1", "SKU-1"
            )
        )
    with house.services.engine.begin() as conn:
        append = Append("played", tuple(events), SYSTEM, house.clock.now)
        house.services.journal.append(conn, [append])


def open_alarms(house: House) -> list[Any]:
    with house.services.engine.connect() as conn:
        return list(listed(conn))


def test_nothing_is_measured_on_few_answers(champion: House, made: Made, rows: Rows) -> None:
    """Two hundred are needed by the thresholds as shipped."""
    answer(champion, made, rows.of(NAME)[600:700])
    assert watch(champion.services) == []
    told = measure_now(champion.services, NAME)
    assert isinstance(told, NotMeasured)
    assert "100 answers of version 1 since" in told.because
    assert told.because.endswith("and 200 are needed.")


def test_more_of_the_same_is_no_drift(champion: House, made: Made, rows: Rows) -> None:
    """A measurement is recorded and shown, and nobody is called."""
    answer(champion, made, rows.of(NAME)[600:])
    (measured,) = watch(champion.services)
    assert not measured.alarming, measured.findings
    assert open_alarms(champion) == []
    listed_models = champion.get("/v1/models").json()["items"]
    (shown,) = [m for m in listed_models if m["name"] == NAME]
    assert (shown["drift"]["rows"], shown["drift"]["alarming"]) == (300, False)
    assert shown["drift"]["realised"]["decided"] == 300
    assert champion.differences() == []


def test_values_never_seen_call_a_data_scientist_once(
    champion: House, made: Made, rows: Rows
) -> None:
    """Once while the task is open; again when it was settled and it goes on."""
    strange = [
        replace(e, row={**e.row, "line_condition": "soaked", "portion_damage_code": None})
        for e in rows.of(NAME)[600:]
    ]
    answer(champion, made, strange)
    (measured,) = watch(champion.services)
    assert measured.alarming
    assert any("line_condition holds values never seen" in says for says in measured.findings)
    (alarm,) = open_alarms(champion)
    assert (alarm["kind"], alarm["subject"], alarm["role"]) == ("drift", NAME, "data_scientist")
    watch(champion.services)
    assert len(open_alarms(champion)) == 1
    with champion.services.engine.begin() as conn:
        settle_alarm(
            champion.services.journal, conn, alarm["alarm_id"], DANA, champion.clock.now, "Seen."
        )
    champion.clock.forward(days=1)
    watch(champion.services)
    assert len(open_alarms(champion)) == 1


def test_being_wrong_more_often_than_claimed_is_an_alarm(
    champion: House, made: Made, rows: Rows
) -> None:
    """People decide otherwise than a model that is sure: the sentence has both shares."""
    answer(champion, made, rows.of(NAME)[600:], agreed=False)
    (measured,) = watch(champion.services)
    assert measured.alarming
    assert measured.findings[0].startswith("It claims to be right in ")
    assert measured.findings[0].endswith("and was in 0%.")


def test_only_the_window_counts(champion: House, made: Made, rows: Rows) -> None:
    """Answers older than the window are no news."""
    answer(champion, made, rows.of(NAME)[600:])
    champion.clock.forward(days=30)
    assert watch(champion.services) == []


def test_it_is_measured_when_asked_for(
    champion: House, made: Made, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`triage drift` records what the nightly job would, prints it, calls the same person, and says
    of every other model why there is nothing to tell."""
    monkeypatch.setenv("TRIAGE_DATABASE_URL", champion.services.database_url)
    monkeypatch.setenv("TRIAGE_STATE_DIR", str(tmp_path))
    champion.clock.now = datetime.now(UTC)
    answer(champion, made, rows.of(NAME)[600:], agreed=False)
    printed = CliRunner().invoke(app, ["drift", NAME])
    assert printed.exit_code == 0, printed.output
    assert "disposition 1: somebody must look" in printed.output
    assert "are right, and 0.0% were." in printed.output
    assert [alarm["subject"] for alarm in open_alarms(champion)] == [NAME]
    with champion.services.engine.connect() as conn:
        recorded = latest(conn, NAME)
    assert recorded is not None
    again = CliRunner().invoke(app, ["drift", "--json"])
    told = json.loads(again.stdout[again.stdout.index("{") :])["models"]
    assert [one["name"] for one in told if one["measured"]] == [NAME]
    assert {one["because"] for one in told if not one["measured"]} == {"No version is promoted."}
    (shown,) = (one for one in told if one["measured"])
    assert shown["report"] == recorded["report"]
    assert len(open_alarms(champion)) == 1


def test_the_reference_holds_no_rows(made: Made, rows: Rows) -> None:
    """Quantiles and shares only, however many rows there were."""
    model = made.build(card_of(made, "1", None))
    told = judging.answered(model, made.test)
    reference = drift.summarise(made.columns, told)
    assert set(reference["columns"]) >= {"line_condition", "answer", "confidence"}
    same = drift.compare(reference, made.columns, told, 1)
    assert max(one.effect for one in same) < 0.02
    assert timedelta(days=drift.thresholds()["window"]["days"]) == timedelta(days=28)
