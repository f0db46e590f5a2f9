"""A recall is opened half-way: by HTTP, with the policies that ship."""

from datetime import timedelta

import pytest

from tests.serving.house import House, Json, request_body
from tests.story.test_r1001_http import answer_claim, dispose_and_credit, inspect, receive
from workflow.facts import RecallOpened


def open_recall(house: House, *lots: str) -> Json:
    at = house.services.clock()
    told = house.tell(RecallOpened("RC-7", "PMP-1001", lots, "S-100", "housing cracks", at))
    assert told.status_code == 200, told.text
    found: Json = told.json()
    return found


def until_inspected(house: House) -> None:
    assert house.post("/v1/returns", request_body()).status_code == 201
    receive(house)
    house.clock.forward(hours=2)
    inspect(house)
    house.perform()


def test_a_recall_takes_restock_away_from_goods_that_wait(house: House) -> None:
    """The sealed pump could have been restocked; after the recall no rule leaves that."""
    until_inspected(house)
    before = [t for t in house.case()["tasks"] if t["portion"] == "1.2"]
    assert "restock" in before[0]["allowed"]
    open_recall(house, "L2217")
    (after,) = [t for t in house.case()["tasks"] if t["portion"] == "1.2"]
    assert after["task"] != before[0]["task"]
    assert not {"restock", "return_to_customer", "donate"} & set(after["allowed"])
    told = house.decide(
        after["task"], "quality", "override", value="restock", reason_code="seen", note="Fine."
    )
    assert told.json()["code"] == "not_allowed_value"


@pytest.mark.parametrize("closed", [False, True])
def test_goods_that_were_restocked_become_somebodys_alarm(house: House, closed: bool) -> None:
    """Quality is told which portions of which lot went where, also of a closed return, once."""
    until_inspected(house)
    dispose_and_credit(house)
    if closed:
        house.perform()
        answer_claim(house)
        house.perform()
    assert (house.case()["status"] == "closed") == closed
    open_recall(house, "L2217")
    open_recall(house, "L2217")
    (alarm,) = house.get("/v1/alarms", "quality").json()["items"]
    assert (alarm["kind"], alarm["subject"]) == ("recalled_goods_passed_on", "RC-7")
    assert "R-1001 portion 1.2 (lot L2217: 1 restock)" in alarm["says"]
    reached = [e for e in house.case()["timeline"] if e["type"] == "recall_reached"]
    assert len(reached) == 2


def test_another_lot_disturbs_nobody(house: House) -> None:
    """A recall of lots that did not come back raises nothing and withdraws nothing."""
    until_inspected(house)
    tasks = house.case()["tasks"]
    open_recall(house, "L9999")
    assert house.case()["tasks"] == tasks
    assert house.get("/v1/alarms", "quality").json()["items"] == []


def test_a_case_replayed_after_the_recall_is_the_same(house: House) -> None:
    """``triage verify`` finds nothing: state and rows follow from the events alone."""
    until_inspected(house)
    open_recall(house)
    house.clock.now += timedelta(days=1)
    assert house.differences() == []
