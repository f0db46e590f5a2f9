"""Credit before the goods are back, over HTTP with what ships: asked, given, late, charged back."""

from datetime import timedelta

from serving.chores import ask_for_goods, expire
from tests.serving.house import House, Json
from tests.story.test_r1001_http import refused
from tests.story.walk import Walk

ORDERED = "ordered_in_error"


def given(house: House, wanted: str = "credit") -> Walk:
    """R-1001 with its four pumps, 562.40 net, given in advance by a finance clerk."""
    walk = Walk(house)
    told = walk.request(4, advance=wanted)
    assert told.status_code == 201, told.text
    task = house.task("R-1001", "credit")
    assert (task["role"], task["amount_minor"]) == ("finance_clerk", 562_40)
    assert house.decide(task["task"], "clerk", "approve").status_code == 200
    house.perform()
    return walk


def ledger(house: House) -> tuple[object, ...]:
    return house.rows(
        "SELECT returned_quantity, credited_minor FROM invoice_line WHERE credited_minor > 0"
        " OR returned_quantity > 0"
    )[0]


def accounts(house: House) -> Json:
    told = house.get("/v1/returns/R-1001/postings").json()
    assert told["balanced"] and told["interim"] == {"expected_minor": 0, "posted_minor": 0}
    assert all(a["expected_minor"] == a["posted_minor"] for a in told["accounts"])
    return {a["account"]: a["posted_minor"] for a in told["accounts"]}


def test_paid_in_advance_and_half_of_it_never_comes(house: House) -> None:
    """The memo is posted before anything came and takes the value of its line; after its day
    customer service is asked, and what did not come is charged back by a finance clerk, goods and
    tax; then the case closes, the line is as if two pumps were returned, and the next request for
    an advance hears of it."""
    walk = given(house)
    line = walk.line()
    assert (line["advance"]["status"], line["credited_minor"]) == ("open", 562_40)
    assert ledger(house) == (4, 562_40)
    walk.receive(2, final=False)
    walk.inspect(2)
    walk.dispose("scrap")
    assert [c["kind"] for c in walk.line()["credits"]] == ["advance"]
    house.clock.forward(days=40)
    assert expire(house.services) == 0
    assert [ask_for_goods(house.services) for _ in range(2)] == [1, 0]
    late = house.task("R-1001", "advance")
    assert (late["role"], late["allowed"]) == (
        "customer_service", ["extend", "charge_back", "let_go"],
    )  # fmt: skip
    why = {"reason_code": "other", "note": "Lost by their haulier."}
    refused(house.decide(late["task"], "returns", "approve"), 422, "invalid_decision")
    told = house.decide(late["task"], "returns", "override", value="charge_back", **why)
    assert told.status_code == 200, told.text
    back = house.task("R-1001", "charge_back")
    assert (back["role"], back["amount_minor"]) == ("finance_clerk", 281_20)
    assert house.decide(back["task"], "clerk", "approve").status_code == 200
    house.perform()
    case = walk.case
    assert case["status"] == "closed" and case["credited_minor"] == 281_20
    advance = case["lines"][0]["advance"]
    assert (advance["status"], advance["earned_minor"], advance["charged_back_minor"]) == (
        "over", 281_20, 281_20,
    )  # fmt: skip
    assert ledger(house) == (2, 281_20)
    posted = accounts(house)
    assert posted["sales_returns"] == 281_20
    assert posted["accounts_receivable"] == -281_20 - posted["tax_payable"]
    again = Walk(house, "R-1002")
    assert again.request(2, advance="credit").status_code == 201
    judged = next(e for e in again.case["timeline"] if e["type"] == "return_requested")
    assert judged["data"]["advances_unreturned"] == 1
    assert house.differences() == []


def test_another_pump_in_advance_and_the_old_ones_come(house: House) -> None:
    """The order goes out at once; no money moves when the goods are back as they should be."""
    walk = given(house, "replacement")
    assert ledger(house) == (4, 562_40) and walk.line()["credited_minor"] == 0
    walk.receive(4)
    walk.inspect(4)
    walk.dispose("return_to_vendor")
    kinds = [d["kind"] for d in house.get("/v1/returns/R-1001/postings").json()["documents"]]
    assert "erp.replacement" in kinds
    assert not {"erp.credit_memo", "erp.charge_back"} & set(kinds)
    assert walk.line()["advance"]["status"] == "over"
    assert house.differences() == []


def test_an_advance_is_refused_with_the_rule_and_the_goods_credited_later(house: House) -> None:
    """What is sent back by choice is credited when it is here."""
    walk = Walk(house)
    assert walk.request(4, reason=ORDERED, advance="credit").status_code == 201
    advance = walk.line()["advance"]
    assert (advance["status"], advance["rule"]) == ("refused", "unwanted")
    assert walk.line()["credits"] == []
    wrong = walk.house.post(
        "/v1/returns", {"customer": "C-1", "lines": [{"sku": "X", "quantity": 1, "advance": "x"}]}
    )
    assert wrong.status_code == 422
    house.clock.forward(seconds=timedelta(days=1).total_seconds())
    assert ask_for_goods(house.services) == 0
