"""Packs over HTTP: what there is, adopted by a unit, published by the other demo author."""

import orjson

from commands.demo_command import SECOND, add_people
from serving.settings import Settings
from tests.serving.house import House
from tests.serving.test_serving_bad_input import problem
from tests.serving.test_serving_policies import in_force

PACKS = "/v1/policies/packs"


def test_every_pack_is_told_with_its_sentences(empty_house: House) -> None:
    """All eight: what was published, how we read it, and the rules that follow."""
    items = empty_house.get(PACKS).json()["items"]
    assert [item["name"] for item in items] == [
        "alliance", "arko", "battaglia", "falter", "food-supplies", "foodservicedirect",
        "frankferd", "rdp",
    ]  # fmt: skip
    falter = items[3]
    assert "A restocking fee is taken." in falter["published"] and falter["reading"]
    assert [table["name"] for table in falter["policies"]] == ["credit", "eligibility"]
    rules = {rule["id"]: rule["role"] for rule in falter["policies"][1]["rules"]}
    assert rules["unsaleable-unknown"] == "procurement"


def test_a_unit_adopts_a_pack_whole_or_not_at_all(house: House) -> None:
    """Every table is proposed under the unit's name, once a key; what is refused leaves none."""
    asked = {"unit": "foodservice"}
    problem(house.post(f"{PACKS}/falter/adoption", asked, "clerk"), 403, "wrong_role")
    no = problem(house.post(f"{PACKS}/acme/adoption", asked, "author"), 404, "unknown_policy")
    assert "there are: alliance, arko" in no["detail"]
    past = asked | {"effective": "2020-01-01"}
    problem(house.post(f"{PACKS}/falter/adoption", past, "author"), 422, "past_date")
    assert house.get("/v1/policies/proposals").json()["items"] == []
    first = house.post(f"{PACKS}/falter/adoption", asked, "author", key="adopt-1")
    assert first.status_code == 201
    again = house.post(f"{PACKS}/falter/adoption", asked, "author", key="adopt-1")
    assert again.json() == first.json()
    made = [(one["name"], one["unit"], one["version"]) for one in first.json()["items"]]
    assert made == [("credit", "foodservice", 1), ("eligibility", "foodservice", 1)]
    assert len(house.get("/v1/policies/proposals").json()["items"]) == 2


def test_the_demos_two_authors_publish_a_pack_by_their_keys(house: House) -> None:
    """Everybody whom a second word is asked of is there twice; a second start keeps the keys."""
    settings: Settings = house.services.settings
    file = settings.state_dir / "demo-keys.json"
    add_people(house.services)
    keys = file.read_bytes()
    add_people(house.services)
    assert file.read_bytes() == keys
    house.keys.update(orjson.loads(keys))
    assert set(SECOND) | set(SECOND.values()) <= house.keys.keys()
    told = house.post(f"{PACKS}/rdp/adoption", {"unit": "foodservice"}, "policy_author")
    way = f"/v1/policies/proposals/{told.json()['items'][0]['proposal_id']}/publication"
    problem(house.post(way, {}, "policy_author"), 403, "proposer_is_approver")
    assert house.post(way, {}, "pavel").status_code == 200
    assert in_force(house, "eligibility")["foodservice"] == "eligibility/foodservice@1"
