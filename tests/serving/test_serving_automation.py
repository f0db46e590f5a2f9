"""Thresholds follow the evidence, audits hide what they must, and a broken promise is told."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from commands.main import app
from journal.entries import Append
from models.bundle import EVIDENCE
from serving.automation import MODEL_OF
from tests.serving.house import STORY, House, build, open_house, request_body
from tests.serving.small_models import SmallModel, says
from workflow.actor import SYSTEM
from workflow.facts import PromotionApproved

SURE = SmallModel("reason", says(("defective_on_arrival", 0.95)))


def entry(right: bool, confidence: float = 0.95) -> dict[str, object]:
    stake = {"business_unit": "industrial", "item_class": "pumps", "reason": None,
             "amount_minor": 100_00, "currency": "USD"}  # fmt: skip
    said = {"value": "defective_on_arrival", "confidence": confidence, "right": right}
    return stake | said


@pytest.fixture
def promoted(database_url: str, tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Call it with evidence for a house whose reason model is promoted and always drawn."""
    houses = []

    def make(evidence: list[dict[str, object]], draw: int = 0) -> House:
        bundle = tmp_path / "bundle"
        bundle.mkdir()
        (bundle / EVIDENCE).write_text(json.dumps(evidence))
        house = open_house(build(database_url, tmp_path, models={"reason": SURE}, draw=draw))
        house.services.shelf.fetch = lambda digest: bundle
        approved = PromotionApproved("reason/1", "reason", "7", "milo", "champion", "sha256:0")
        with house.services.engine.begin() as conn:
            append = Append("model/reason", (approved,), SYSTEM, house.clock())
            house.services.journal.append(conn, [append])
        house.client.__enter__()
        houses.append(house)
        assert house.tell(*STORY.facts()).status_code == 200
        return house

    yield make
    for house in houses:
        house.client.__exit__(None, None, None)


def ask(house: House, return_id: str) -> dict[str, Any]:
    body = request_body(return_id, 1)
    body["lines"][0]["reason_code"] = None
    answer = house.post("/v1/returns", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def overridden(house: House, returns: int) -> None:
    """So many returns are asked for, and a person finds the model's answer to each wrong."""
    for number in range(returns):
        ask(house, f"R-{number}")
        task = house.task(f"R-{number}", "reason")["task"]
        assert house.decide(task, "both", "override", value="missing_parts").status_code == 200


def model(house: House) -> dict[str, Any]:
    (found,) = [m for m in house.get("/v1/models").json()["items"] if m["name"] == "reason"]
    return dict(found)


def test_a_threshold_is_recorded_once_and_used(promoted: Callable[..., House]) -> None:
    """Two hundred judged cases with three errors open the lane; again changes nothing; an answer
    that passes says by which clearance."""
    house = promoted([entry(n >= 3) for n in range(200)], draw=999)
    assert ask(house, "R-1")["lines"][0]["reason"] is None
    (cleared,) = house.services.clear_automation()
    assert (cleared.point, cleared.version, cleared.basis) == ("reason", "7", "held_out")
    assert (cleared.cases, cleared.errors, cleared.tolerated_permille) == (200, 3, 150)
    assert house.services.clear_automation() == []
    case = ask(house, "R-2")
    assert case["lines"][0]["reason_how"] == "model"
    shown = model(house)["automation"]
    assert shown["open"] and (shown["answers"], shown["passed"]) == (2, 1)
    assert house.differences() == []


def test_evidence_that_the_rules_would_never_let_pass_does_not_count(
    promoted: Callable[..., House],
) -> None:
    """The promise is about what is automated: a thousand easy cases elsewhere open nothing."""
    house = promoted([entry(True, 0.2)] * 1000 + [entry(False)] * 40)
    (cleared,) = house.services.clear_automation()
    assert cleared.threshold is None and "No threshold keeps" in cleared.because
    assert ask(house, "R-1")["status"] == "under_review"


def test_an_audit_hides_the_answer_until_it_is_decided(promoted: Callable[..., House]) -> None:
    """Queue, case, timeline, feed and scoring by reference keep it back from people; the same
    reads show it after the decision, and programs get the whole feed."""
    house = promoted([entry(True)] * 100)
    house.services.clear_automation()
    case = ask(house, "R-1")
    assert case["lines"][0]["reason_assessment"] is None
    task = house.task("R-1", "reason")
    assert task["blind"] and task["proposal"] is None
    (row,) = house.get("/v1/queue", who="service", role="customer_service").json()["items"]
    assert row["proposal"] is None and row["rule"] == "audit"
    reads = ["/v1/returns/R-1", f"/v1/queue/{task['task']}", "/v1/events?limit=1000"]
    assert all("candidates" not in house.get(path, "both").text for path in reads)
    assert "withheld" in house.get(reads[0], "both").text
    assert "candidates" in house.get(reads[2], "feed").text
    item = {"items": [{"id": "a", "return_id": "R-1", "line": 1}]}
    scored = house.post("/v1/score/disposition", item).json()["items"][0]
    assert scored["problem"]["code"] == "wrong_state"
    done = house.decide(task["task"], "both", "override", value="missing_parts")
    assert done.status_code == 200, done.text
    said = house.case("R-1")["lines"][0]["reason_assessment"]
    assert said["value"] == "defective_on_arrival"
    agreement = model(house)["agreement"]
    assert (agreement["blind"]["cases"], agreement["blind"]["agreed"]) == (1, 0)
    assert agreement["seen"]["cases"] == 0
    assert house.differences() == []


def test_a_broken_promise_narrows_the_lane_and_tells_somebody(
    promoted: Callable[..., House],
) -> None:
    """Audits that the tolerated error does not explain close the lane: one alarm, and from then
    on audits alone count for this version."""
    house = promoted([entry(True)] * 300)
    (opened,) = house.services.clear_automation()
    assert opened.threshold == 0.5
    overridden(house, 5)
    (closed,) = house.services.clear_automation()
    assert (closed.threshold, closed.basis, closed.evidence) == (None, "audits", 5)
    assert closed.because.startswith("5 of 5 audited answers were wrong")
    (alarm,) = house.get("/v1/alarms").json()["items"]
    assert (alarm["kind"], alarm["subject"]) == ("guarantee_broken", "reason")
    assert alarm["role"] == "data_scientist"
    assert house.services.clear_automation() == []
    shown = model(house)["automation"]
    assert (shown["open"], shown["audits"], shown["audit_errors"]) == (False, 5, 5)
    assert shown["realised_error_low"] > 0.4
    assert house.differences() == []


def test_a_lane_that_audits_close_is_told_too(promoted: Callable[..., House]) -> None:
    """Few wrong audits may shut a lane that stood on little, long before 20 to 1; from then on
    none of its audits could break the promise, so a person hears of it now, and once."""
    house = promoted([entry(True)] * 30)
    (opened,) = house.services.clear_automation()
    assert opened.threshold == 0.5
    overridden(house, 2)
    (closed,) = house.services.clear_automation()
    assert (closed.threshold, closed.basis) == (None, "held_out")
    (alarm,) = house.get("/v1/alarms").json()["items"]
    assert (alarm["kind"], alarm["role"]) == ("lane_closed", "data_scientist")
    assert "lane of reason is closed: 2 of 2 audited answers" in alarm["says"]
    assert house.services.clear_automation() == []
    assert house.differences() == []


def promote(house: House, number: int, version: str) -> None:
    """Let another version be champion, as an approval does."""
    approved = PromotionApproved(
        f"reason/{number}", "reason", version, "milo", "champion", f"sha256:{number}"
    )
    with house.services.engine.begin() as conn:
        append = Append("model/reason", (approved,), SYSTEM, house.clock())
        house.services.journal.append(conn, [append])


def test_a_version_that_broke_its_promise_keeps_to_its_audits(
    promoted: Callable[..., House],
) -> None:
    """Another champion in between does not give its held-out evidence back."""
    house = promoted([entry(True)] * 300)
    house.services.clear_automation()
    overridden(house, 5)
    house.services.clear_automation()
    # Audits that later speak for it lower the odds again: what was recorded stands.
    with house.services.engine.begin() as conn:
        conn.execute(text("UPDATE answer SET agreed = true WHERE audited"))
    promote(house, 2, "8")
    (other,) = house.services.clear_automation()
    assert (other.version, other.basis, other.threshold) == ("8", "held_out", 0.5)
    promote(house, 3, "7")
    (back,) = house.services.clear_automation()
    assert (back.version, back.basis, back.evidence) == ("7", "audits", 5)


def test_the_command_says_why_a_lane_is_closed(
    promoted: Callable[..., House], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that nothing is wrong of no answers, but what the clearance says."""
    house = promoted([entry(False)] * 40)
    house.services.clear_automation()
    monkeypatch.setenv("TRIAGE_DATABASE_URL", house.services.database_url)
    monkeypatch.setenv("TRIAGE_STATE_DIR", str(tmp_path))
    said = CliRunner().invoke(app, ["automation"]).output
    assert "reason by reason 7: closed: No threshold keeps the error at 15" in said


def test_the_worker_recomputes_on_schedule(promoted: Callable[..., House]) -> None:
    """Without anybody asking; every point that can be automatic has its model."""
    from serving.chores import recurring

    house = promoted([entry(True)] * 100)
    (chore,) = [c for c in recurring(house.services) if c.name == "clear_automation"]
    chore.run()
    assert house.rows("SELECT point, threshold FROM automation") == [("reason", 0.5)]
    assert set(MODEL_OF) == {"reason", "disposition", "credit"}
