"""What the door sees is in the receipt: a condition, a damage code, an item of nobody."""

from tests.serving.house import House
from tests.story.walk import Walk


def test_an_item_that_no_master_lists_is_received_and_a_person_is_asked(house: House) -> None:
    """Goods that came are in the house, whatever they are: recorded as unknown, named in the task,
    posted, and set aside by the returns manager's word; nothing differs from the log."""
    one = Walk(house)
    one.request(4)
    body = {
        "receipt_id": "RC-1",
        "warehouse": "W-IND-1",
        "final": True,
        "lines": [
            {"line": 1, "sku": "PMP-1001", "quantity": 4, "lot": "L2217", "condition": "damaged",
             "damage_code": "WC"},
            {"sku": "XX-UNLISTED-9", "quantity": 2, "condition": "opened"},
        ],
    }  # fmt: skip
    answer = house.post("/v1/returns/R-1001/receipts", body, "warehouse")
    assert answer.status_code == 200, answer.text
    (told,) = [e for e in house.case()["timeline"] if e["type"] == "goods_received"]
    pump, stranger = told["data"]["lines"]
    assert (pump["condition"], pump["damage_code"], pump["discrepancies"]) == ("damaged", "WC", [])
    assert (stranger["condition"], stranger["line"]) == ("opened", None)
    assert stranger["discrepancies"] == ["blind", "unknown_item"]
    task = house.task("R-1001", "receipt")
    assert "XX-UNLISTED-9" in task["verdict"]["because"]
    assert "an item that no master lists" in task["verdict"]["because"]
    why = {"reason_code": "other", "note": "Nobody knows it."}
    said = house.decide(task["task"], "returns", "override", value="quarantine", **why)
    assert said.status_code == 200, said.text
    house.perform()
    rows = house.rows("SELECT status, count(*) FROM effect GROUP BY status")
    assert dict(rows).keys() == {"done"}
    assert house.differences() == []
