"""Two lots of one line come in the same carton and are received as what they are."""

from tests.serving.house import House
from tests.story.test_r1001_http import refused
from tests.story.walk import Walk


def test_a_line_is_received_by_lot_in_one_receipt(house: House) -> None:
    """Three of the lot shipped and two of another, four authorised: the other lot is named, the
    fifth piece is a surplus of that lot, and nothing is short; books and ledgers agree."""
    walk = Walk(house)
    walk.request(4)
    pumps = {"line": 1, "sku": "PMP-1001"}
    lots = [pumps | {"quantity": 3, "lot": "L2217"}, pumps | {"quantity": 2, "lot": "L9999"}]
    told = {"receipt_id": "GR-1", "warehouse": "W-IND-1", "final": True}
    twice = told | {"lines": [lots[0], lots[0]]}
    no = refused(house.post(f"{walk.path}/receipts", twice, "warehouse"), 422, "invalid_quantity")
    assert no["detail"] == "Line 1 of lot L2217 stands twice in one receipt; add it up."
    answer = house.post(f"{walk.path}/receipts", told | {"lines": lots}, "warehouse")
    assert answer.status_code == 200, answer.text
    event = next(e for e in walk.case["timeline"] if e["type"] == "goods_received")
    found = [(x["lot"], x["quantity"], x["discrepancies"]) for x in event["data"]["lines"]]
    assert found == [("L2217", "3", []), ("L9999", "2", ["over", "wrong_lot"])]
    quantities = walk.line()["quantities"]
    assert (quantities["received"], quantities["released"], quantities["outstanding"]) == (4, 0, 0)
    (surplus,) = walk.case["tasks"]
    assert (surplus["point"], surplus["verdict"]["because"]) == (
        "receipt", "1 of PMP-1001: more than was authorised.",
    )  # fmt: skip
    walk.inspect(3)
    refused(walk.inspect(2, lot="L9999"), 422, "invalid_quantity")
    assert walk.inspect(1, lot="L9999").status_code == 200
    assert house.rows("SELECT lot, quantity FROM erp.goods_receipt_line ORDER BY lot") == [
        ("L2217", 3), ("L9999", 2),
    ]  # fmt: skip
    assert house.differences() == []
