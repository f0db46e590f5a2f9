"""Goods go into quarantine, are looked at again and released: by HTTP, with what ships."""

from tests.serving.house import House, Json
from tests.story.test_r1001_http import answer_claim, refused
from tests.story.test_recall_story import until_inspected


def held(house: House, leaking: str = "return_to_vendor") -> Json:
    """The sealed one goes into quarantine, the leaking ones as said; money is settled."""
    until_inspected(house)
    decide(house, "1.1", leaking)
    decide(house, "1.2", "quarantine")
    house.perform()
    for task in [t for t in house.case()["tasks"] if t["point"] == "credit"]:
        assert house.decide(task["task"], "clerk", "approve").status_code == 200
    house.perform()
    if leaking == "return_to_vendor":
        answer_claim(house)
    return house.case()


def decide(house: House, portion: str, value: str) -> None:
    (task,) = [t for t in house.case()["tasks"] if t["portion"] == portion]
    told = house.decide(
        task["task"], "quality", "override", value=value, reason_code="seen", note="Looked at."
    )
    assert told.status_code == 200, told.text


def sealed(case: Json) -> Json:
    found: Json = case["lines"][0]["portions"][1]
    return found


def test_goods_on_hold_are_looked_at_again_and_released(house: House) -> None:
    """The case waits for quality; the goods then move from blocked to saleable stock, once, and
    the case closes with nothing left on the blocked and interim accounts."""
    case = held(house)
    (task,) = case["tasks"]
    assert (task["point"], task["role"]) == ("release", "quality")
    assert sealed(case)["on_hold"] == sealed(case)["quantity"]
    found = {"portion": "1.2", "condition": "sealed", "lot": "L2217", "note": "Pressure held."}
    told = house.post("/v1/returns/R-1001/reinspections", found, "inspector")
    assert told.status_code == 200, told.text
    decide(house, "1.2", "restock")
    house.perform()
    case = house.case()
    assert case["status"] == "closed"
    assert [d["disposition"] for d in sealed(case)["dispositions"]] == ["restock"]
    balance = dict(
        house.rows("SELECT account, sum(debit_minor - credit_minor) FROM erp.gl_line GROUP BY 1")
    )
    assert sum(balance.values()) == balance["inventory_blocked"] == balance["returns_interim"] == 0
    told = house.get("/v1/returns/R-1001/postings").json()
    assert told["balanced"] and told["interim"] == {"expected_minor": 0, "posted_minor": 0}
    assert {a["account"]: a["posted_minor"] for a in told["accounts"]} == balance
    assert house.differences() == []


def test_a_part_is_scrapped_by_hand_and_the_rest_stays_on_hold(house: House) -> None:
    """The rest is asked about anew; more than is on hold is refused."""
    whole = held(house, "quarantine")["lines"][0]["portions"][0]["quantity"]
    some = {"portion": "1.1", "note": "Torn.", "parts": [{"disposition": "scrap", "quantity": 1}]}
    refused(house.post("/v1/returns/R-1001/dispositions", some, "inspector"), 403, "wrong_role")
    told = house.post("/v1/returns/R-1001/dispositions", some, "quality")
    assert told.status_code == 200, told.text
    assert house.case()["lines"][0]["portions"][0]["on_hold"] == whole - 1
    rest = {**some, "parts": [{"disposition": "scrap", "quantity": whole}]}
    refused(house.post("/v1/returns/R-1001/dispositions", rest, "quality"), 422, "invalid_quantity")
    assert house.differences() == []


def test_goods_that_are_not_on_hold_are_not_looked_at_again(house: House) -> None:
    """Neither a portion that went to stock nor one that does not exist."""
    until_inspected(house)
    path = "/v1/returns/R-1001/reinspections"
    found = {"portion": "1.2", "condition": "sealed"}
    refused(house.post(path, found, "inspector"), 409, "wrong_state")
    refused(house.post(path, found | {"portion": "9.9"}, "inspector"), 409, "not_inspected")
