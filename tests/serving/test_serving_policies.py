"""Policies over HTTP: proposed, replayed, published, in force without a restart, taken back."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from serving.policy_shelf import PolicyShelf
from tests.serving.house import House, Json, request_body
from tests.serving.small_models import SmallModel, says
from tests.story.walk import Walk
from workflow.policy import load

FOLDER = Path(__file__).parents[2] / "policies"
PROPOSALS = "/v1/policies/proposals"


def body(name: str = "credit", old: str = "", new: str = "", **more: Any) -> Json:
    """The next version of a shipped policy, with one change."""
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    version = load(FOLDER)[name].version
    text = text.replace(f"version = {version}", f"version = {version + 1}", 1)
    assert not old or old in text
    examples = (FOLDER / "golden" / f"{name}.toml").read_text(encoding="utf-8")
    return {"text": text.replace(old, new, 1), "examples": examples} | more


def propose(house: House, who: str = "author", **more: Any) -> str:
    day = more.pop("effective", house.clock.now.date().isoformat())
    answer = house.post(PROPOSALS, body(effective=day, **more), who)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{PROPOSALS}/{answer.json()['proposal_id']}"
    return str(answer.json()["proposal_id"])


def publish(house: House, proposal: str, who: str = "author2") -> Json:
    answer = house.post(f"{PROPOSALS}/{proposal}/publication", {}, who)
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told


def in_force(house: House, name: str = "credit") -> dict[str, str]:
    """Version strings in force by unit."""
    items = house.get("/v1/policies").json()["items"]
    return {
        str(i["unit"]): i["ref"].split("#")[0] for i in items if i["name"] == name and i["in_force"]
    }


def test_a_published_policy_is_in_force_on_its_day_without_a_restart(house: House) -> None:
    """Not before it is published, not before its day; who said so is shown."""
    tomorrow = house.clock.now.date() + timedelta(days=1)
    proposal = propose(house, effective=tomorrow.isoformat(), note="Winter.")
    assert in_force(house) == {"None": "credit@2"}
    told = publish(house, proposal)
    assert (told["status"], told["published_by"]) == ("published", "pavel.policy")
    assert in_force(house) == {"None": "credit@2"}
    house.clock.forward(days=1)
    assert in_force(house) == {"None": "credit@3"}
    (shown,) = [
        i for i in house.get("/v1/policies").json()["items"] if i["ref"].startswith("credit@3")
    ]
    assert (shown["proposed_by"], shown["published_by"]) == ("paula.policy", "pavel.policy")
    assert (shown["effective"], shown["shipped"]) == (tomorrow.isoformat(), False)
    assert shown["rules"][0]["when"] == "reason == 'pricing_or_billing'"
    assert house.differences() == []


def test_another_server_takes_it_up_at_its_next_look(house: House) -> None:
    """Policies come from the journal: a second shelf sees what the first one published."""
    other = PolicyShelf(house.services.engine, load(FOLDER))
    now = house.clock.now
    assert other.at(now)["credit"].version == 2
    publish(house, propose(house))
    assert other.at(now)["credit"].version == 2
    assert other.refresh() and not other.refresh()
    assert other.at(now)["credit"].version == 3


def test_what_is_refused_changes_nothing(house: House) -> None:
    """Faults, the wrong people and unknown proposals, each with its code."""
    today = house.clock.now.date().isoformat()
    broken = body(old="percent = 50", new="percent = 51", effective=today)
    before = house.footprint()
    no = house.post(PROPOSALS, broken, "author")
    assert (no.status_code, no.json()["code"]) == (422, "policy_faults")
    assert any("expected" in fault for fault in no.json()["faults"])
    assert house.post(PROPOSALS, body(effective=today), "clerk").json()["code"] == "wrong_role"
    assert house.post(PROPOSALS, body(), "author").json()["code"] == "past_date"
    unknown = house.post(f"{PROPOSALS}/credit:9/publication", {}, "author")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_proposal")
    assert house.get(f"{PROPOSALS}/credit:9").status_code == 404
    assert house.footprint() == before
    proposal = propose(house)
    own = house.post(f"{PROPOSALS}/{proposal}/publication", {}, "author")
    assert (own.status_code, own.json()["code"]) == (403, "proposer_is_approver")


def test_a_unit_has_its_own_rules(house: House) -> None:
    """A variant judges the cases of its unit, and its verdicts name it; others keep the general
    one, and so does the unit once the variant is withdrawn."""
    house.post("/v1/returns", request_body("R-1"))
    unit = house.rows("SELECT payload->>'business_unit' FROM event WHERE type='return_requested'")
    own = propose(house, name="eligibility", unit=unit[0][0])
    foreign = propose(house, name="eligibility", unit="elsewhere")
    for proposal in (own, foreign):
        publish(house, proposal)
    house.post("/v1/returns", request_body("R-2", quantity=1))
    said = house.case("R-2")["lines"][0]["eligibility"]["policy"]
    assert said.startswith(f"eligibility/{unit[0][0]}@")
    taken = house.post(f"{PROPOSALS}/{own}/withdrawal", {"because": "Too strict."}, "author")
    assert taken.json()["status"] == "withdrawn"
    house.post("/v1/returns", request_body("R-3", quantity=1))
    assert house.case("R-3")["lines"][0]["eligibility"]["policy"].startswith("eligibility@")
    assert house.differences() == []


def test_verify_names_a_row_that_the_log_does_not_know(house: House) -> None:
    """Nobody publishes by writing into the table: the shelf reads the log."""
    propose(house)
    house.rows("SELECT 1")
    with house.services.engine.begin() as conn:
        conn.exec_driver_sql(
            "UPDATE policy_proposal SET status = 'published', position = position + 1"
        )
    house.services.policies.refresh()
    assert house.services.policies.at(house.clock.now)["credit"].version == 2
    (found,) = house.differences()
    assert "policy_proposal credit:1: is (" in found


def test_a_unit_observes_before_it_is_assisted(house_with: Callable[..., House]) -> None:
    """A rollout that observes one item class, published over HTTP: the case keeps the model's word
    from quality until they decided; then it is shown, and counted as what automate would have
    done."""
    house = house_with(disposition=SmallModel("disposition", says(("scrap", 0.95))))
    rule = (
        '[[rule]]\nid = "season-one"\n'
        "when = \"point == 'disposition' && reason == 'not_as_described'\"\n"
        'outcome = "observe"\nrole = "quality"\nbecause = "Season one: people decide."\n'
        'lane = "review"\n\n[[rule]]'
    )
    asked = body("rollout", "[[rule]]", rule, effective=house.clock.now.date().isoformat())
    asked["examples"] += (
        '\n[[case]]\nsays = "season one"\nfacts = { reason = "not_as_described" }\n'
        'outcome = "observe"\nrole = "quality"\nrule = "season-one"\n'
    )
    made = house.post(PROPOSALS, asked, "author")
    assert made.status_code == 201, made.text
    publish(house, made.json()["proposal_id"])
    walk = Walk(house)
    walk.request(1, "not_as_described")
    walk.receive(1)
    walk.inspect(1, "damaged")
    task = house.task("R-1001", "disposition")
    assert (task["blind"], task["proposal"]) == (True, None)
    assert "restock" not in task["allowed"] and walk.line()["portions"][0]["assessment"] is None
    assert house.decide(task["task"], "quality", "override", value="scrap").is_success
    assert walk.line()["portions"][0]["assessment"]["value"] == "scrap"
    told = house.get("/v1/policies/rollout/would-have", by="item_class").json()
    (row,) = [one for one in told["items"] if one["point"] == "disposition"]
    assert (row["answers"], row["passed"], row["judged"], row["otherwise"]) == (1, 0, 1, 0)
    assert house.get("/v1/policies/rollout/would-have", by="colour").status_code == 422
