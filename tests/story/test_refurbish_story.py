"""Goods go to the workshop and out of it again: by HTTP, with what ships."""

from tests.serving.house import House, Json
from tests.story.test_hold_story import held
from tests.story.test_r1001_http import refused
from tests.story.test_recall_story import open_recall

CASE = "/v1/returns/R-1001"


def work(house: House, who: str = "warehouse", **more: object) -> Json:
    """A report that is taken."""
    told = house.post(f"{CASE}/refurbishments", {"portion": "1.1", **more}, who)
    assert told.status_code == 200, told.text
    found: Json = told.json()
    return found


def test_leaking_pumps_are_made_good_and_sold_again(house: House) -> None:
    """Two of three are made good, which quality accepts; one is scrapped. The goods leave quality
    inspection, the cost of the work is booked, and the case closes with balanced books."""
    case = held(house, "refurbish")
    assert house.post(f"{CASE}/dispositions", _sealed("restock"), "quality").status_code == 200
    (task,) = [t for t in case["tasks"] if t["point"] == "refurbish"]
    assert (task["role"], task["amount_minor"]) == ("warehouse", 273_00)
    done = {"portion": "1.1", "quantity": 2, "outcome": "as_new", "cost_minor": 41_50}
    refused(house.post(f"{CASE}/refurbishments", done, "service"), 403, "wrong_role")
    more = done | {"quantity": 4}
    refused(house.post(f"{CASE}/refurbishments", more, "warehouse"), 409, "over_order")
    nothing = done | {"portion": "1.2"}
    refused(house.post(f"{CASE}/refurbishments", nothing, "warehouse"), 404, "unknown_order")
    work(house, quantity=2, outcome="as_new", cost_minor=41_50, note="New seals, tested.")
    check = house.task("R-1001", "refurbish_check")
    assert (check["role"], check["asked_by"]) == ("quality", "wade.warehouse")
    refused(house.decide(check["task"], "warehouse"), 403, "wrong_role")
    assert house.decide(check["task"], "quality").status_code == 200
    work(house, quantity=1, outcome="failed", disposition="scrap", note="The housing is cracked.")
    house.perform()
    case = house.case()
    assert case["status"] == "closed"
    (order,) = case["orders"]
    assert (order["left"], order["cost_minor"], len(order["work"])) == (0, 41_50, 2)
    balance = dict(
        house.rows("SELECT account, sum(debit_minor - credit_minor) FROM erp.gl_line GROUP BY 1")
    )
    assert sum(balance.values()) == balance["inventory_in_inspection"] == 0
    assert (balance["refurbish_expense"], balance["workshop_absorbed"]) == (41_50, -41_50)
    assert (balance["inventory"], balance["scrap_expense"]) == (3 * 91_00, 91_00)
    told = house.get(f"{CASE}/postings").json()
    assert {a["account"]: a["posted_minor"] for a in told["accounts"]} == balance
    assert house.differences() == []


def test_a_recall_that_came_in_between_keeps_it_from_stock(house: House) -> None:
    """What is as good as new is on hold then, and quality decides what becomes of it."""
    held(house, "refurbish")
    open_recall(house, "L2217")
    case = work(house, quantity=1, outcome="as_new")
    (order,) = case["orders"]
    (done,) = order["work"]
    assert (done["disposition"], done["rule"]) == ("quarantine", "recall-open")
    assert {t["point"] for t in case["tasks"] if t["portion"] == "1.1"} == {"refurbish", "release"}
    assert house.differences() == []


def _sealed(disposition: str) -> Json:
    part = {"disposition": disposition, "quantity": 1}
    return {"portion": "1.2", "parts": [part], "note": "Looked at."}
