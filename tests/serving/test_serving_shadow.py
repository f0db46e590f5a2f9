"""A challenger in shadow: asked what the champion was asked, heard by nobody but the comparison."""

from collections.abc import Callable

import pytest

from journal.entries import Append
from models.bundle import Mismatch
from models.protocol import Model
from serving.shadow import Shadow
from serving.shelf import Champion, OnShelf
from tests.serving.house import STORY, House, Json, request_body
from tests.serving.small_models import BrokenModel, SmallModel, on_shelf, says
from workflow.actor import SYSTEM
from workflow.facts import ProductListed, PromotionApproved, PromotionProposed

CASE = "/v1/returns/R-1001"
NAME = "disposition"
UNSURE = says(("return_to_vendor", 0.7), ("scrap", 0.3))
OTHER = says(("scrap", 0.95), ("restock", 0.03), ("return_to_vendor", 0.02))


def challenge(house: House, version: str = "8", digest: str = "sha256:" + "1" * 64) -> None:
    """What the approval of a challenger leaves in the ledger."""
    proposal = f"{NAME}/{version}"
    events = (
        PromotionProposed(proposal, NAME, version, "dora", (), alias="challenger"),
        PromotionApproved(proposal, NAME, version, "mona", "challenger", digest),
    )
    with house.services.engine.begin() as conn:
        append = Append(f"model/{NAME}", events, SYSTEM, house.clock.now)
        house.services.journal.append(conn, [append])


def shadow_of(house: House, model: Model, monkeypatch: pytest.MonkeyPatch) -> Shadow:
    """A worker's shadow whose challenger is this model, whatever its bundle."""

    def load(champion: Champion) -> OnShelf:
        return on_shelf(model)

    monkeypatch.setattr(house.services.shelf, "load", load)
    return Shadow(house.services)


def play(house: House) -> Json:
    """R-1001 until the champion has said what should become of the pumps."""
    house.post("/v1/returns", request_body())
    house.perform()
    house.clock.now = STORY.received_at
    line = {"line": 1, "sku": "PMP-1001", "quantity": 4, "lot": "L2217"}
    receipt = {"receipt_id": "RC-4", "warehouse": "W-IND-1", "lines": [line]}
    assert house.post(f"{CASE}/receipts", receipt, "warehouse").status_code == 200
    found = {"line": 1, "quantity": 1, "condition": "defective", "lot": "L2217"}
    assert house.post(f"{CASE}/inspections", found, "inspector").status_code == 200
    return house.case()


def comparison(house: House) -> Json:
    listed = house.get("/v1/models").json()["items"]
    (shown,) = [m for m in listed if m["name"] == NAME]
    told: Json = shown["challenger"]
    return told


def test_the_challenger_is_asked_the_same_and_changes_nothing(
    house_with: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case, its tasks and a replay are what they were; the comparison knows both answers."""
    house = house_with(disposition=SmallModel(NAME, UNSURE))
    shadow = shadow_of(house, SmallModel(NAME, OTHER, "8"), monkeypatch)
    challenge(house)
    house.clear("disposition", "disposition", threshold=0.9)
    before = play(house)
    assert shadow.run() == 1
    assert shadow.run() == 0
    assert house.case() == before
    assert house.differences() == []
    told = comparison(house)
    assert (told["version"], told["against"], told["questions"]) == ("8", ["7"], 1)
    assert told["agreement"] == 0.0
    assert told["lanes"] == {"champion": {"recommend": 1}, "challenger": {"automatic": 1}}
    (pump,) = [f for f in STORY.facts() if isinstance(f, ProductListed) and f.sku == "PMP-1001"]
    value = pump.unit_cost_minor
    assert told["money_minor"]["USD"] == {
        "straight_through_champion": 0,
        "straight_through_challenger": value,
        "only_challenger_holds": 0,
        "only_challenger_passes": value,
    }
    assert told["people"]["decided"] == 0
    house.decide(house.task("R-1001", "disposition")["task"], "quality")
    people = comparison(house)["people"]
    assert people == {
        "decided": 1,
        "champion_right": 1,
        "challenger_right": 0,
        "only_champion_right": 1,
        "only_challenger_right": 0,
    }


@pytest.mark.parametrize(("then", "later"), [(0.9, None), (0.99, 0.5)])
def test_lanes_are_those_of_when_it_was_asked(
    then: float,
    later: float | None,
    house_with: Callable[..., House],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A lane that closed or opened before the worker came round changes no lane of before."""
    house = house_with(disposition=SmallModel(NAME, OTHER))
    shadow = shadow_of(house, SmallModel(NAME, OTHER, "8"), monkeypatch)
    challenge(house)
    house.clear(NAME, NAME, threshold=then)
    play(house)
    house.clear(NAME, NAME, threshold=later, number=2)
    assert shadow.run() == 1
    lane = "automatic" if then < 0.95 else "recommend"
    assert comparison(house)["lanes"] == {"champion": {lane: 1}, "challenger": {lane: 1}}
    assert house.rows("SELECT lane FROM answer WHERE model = 'disposition'") == [(lane,)]


def test_a_switch_that_was_thrown_holds_both(
    house_with: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was stopped for the champion is not counted as what a challenger would have let pass."""
    house = house_with(disposition=SmallModel(NAME, OTHER))
    shadow = shadow_of(house, SmallModel(NAME, OTHER, "8"), monkeypatch)
    challenge(house)
    house.clear(NAME, NAME)
    stop = {"point": NAME, "because": "Wrong shelf."}
    assert house.post("/v1/automation/stops", stop, "mona").status_code < 300
    play(house)
    assert shadow.run() == 1
    assert comparison(house)["lanes"] == {"champion": {"review": 1}, "challenger": {"review": 1}}


def test_a_failing_challenger_disturbs_nobody(
    house_with: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its failures are counted, and it is not asked the same again."""
    house = house_with(disposition=SmallModel(NAME, UNSURE))
    shadow = shadow_of(house, BrokenModel(NAME), monkeypatch)
    challenge(house, version="7")
    before = play(house)
    assert shadow.run() == 1
    assert shadow.run() == 0
    assert house.case() == before
    told = comparison(house)
    assert (told["questions"], told["faults"], told["agreement"]) == (1, 1, None)


def test_a_challenger_that_cannot_be_loaded_is_said(
    house_with: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked; when its bundle is there, what was missed is asked."""
    house = house_with(disposition=SmallModel(NAME, UNSURE))
    challenge(house)
    play(house)
    shadow = Shadow(house.services)

    def gone(champion: Champion) -> OnShelf:
        raise Mismatch("The store holds no bundle.")

    monkeypatch.setattr(house.services.shelf, "load", gone)
    assert shadow.run() == 0
    assert shadow.faults == {NAME: "The store holds no bundle."}
    monkeypatch.setattr(house.services.shelf, "load", lambda _: on_shelf(SmallModel(NAME, OTHER)))
    assert shadow.run() == 1
    assert shadow.faults == {}


def test_without_a_challenger_nobody_is_asked(house_with: Callable[..., House]) -> None:
    """And the page says that there is none."""
    house = house_with(disposition=SmallModel(NAME, UNSURE))
    play(house)
    assert Shadow(house.services).run() == 0
    assert comparison(house) is None
