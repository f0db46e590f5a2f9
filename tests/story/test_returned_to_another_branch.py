"""Sold by one unit, brought back to another: by HTTP, with the masters that other systems tell."""

from tests.serving.house import House, request_body
from tests.serving.test_serving_policies import PROPOSALS, publish
from tests.serving.test_serving_policies import body as next_version
from workflow.facts import WarehouseRegistered

CASE = "/v1/returns/R-1001"


def test_a_return_at_another_branch_is_charged_and_credited_once(house: House) -> None:
    """The branch owes the cost of what it keeps, the books of both units balance, the customer
    has one credit of the unit that sold, and the goods cannot be returned a second time."""
    branch = WarehouseRegistered("W-FOOD-1", "Food branch", "food")
    assert house.tell(branch).status_code == 200
    assert house.post("/v1/returns", request_body()).status_code == 201
    house.perform()
    house.clock.forward(days=3)
    line = {"line": 1, "sku": "PMP-1001", "quantity": 4, "lot": "L2217"}
    body = {"receipt_id": "GR-1", "warehouse": "W-FOOD-1", "lines": [line], "final": True}
    first = house.post(f"{CASE}/receipts", body, "warehouse", "once")
    again = house.post(f"{CASE}/receipts", body, "warehouse", "once")
    assert first.status_code == again.status_code == 200
    found = {"line": 1, "quantity": 4, "condition": "sealed", "lot": "L2217"}
    assert house.post(f"{CASE}/inspections", found, "inspector").status_code == 200
    house.perform()
    task = house.task("R-1001", "disposition")["task"]
    told = house.decide(
        task, "quality", "override", value="restock", reason_code="seen", note="As new."
    )
    assert told.status_code == 200, told.text
    assert house.decide(house.task("R-1001", "credit")["task"], "clerk").status_code == 200
    house.perform()
    case = house.case()
    assert case["status"] == "closed"
    kinds = house.rows("SELECT kind, count(*) FROM erp.document GROUP BY kind ORDER BY kind")
    assert dict(kinds)["intercompany"] == dict(kinds)["credit_memo"] == 1
    books = house.rows(
        "SELECT company, account, sum(debit_minor - credit_minor) FROM erp.gl_line"
        " WHERE company IS NOT NULL GROUP BY company, account ORDER BY company, account"
    )
    assert [(*place, int(amount)) for *place, amount in books] == [
        ("food", "cost_of_goods_sold", 364_00),
        ("food", "intercompany_payable", -364_00),
        ("industrial", "cost_of_goods_sold", -364_00),
        ("industrial", "intercompany_receivable", 364_00),
    ]
    assert house.rows("SELECT sum(net_minor) FROM erp.credit_memo") == [(case["credited_minor"],)]
    more = house.post("/v1/returns", request_body("R-1002", quantity=7, business_unit="food"))
    assert more.json()["code"] == "over_return"
    assert house.differences() == []


def test_a_transfer_price_that_was_published_is_charged(house: House) -> None:
    """Two people publish eight percent for the pair of units; the branch owes it from then on, and
    it stands apart from the goods in the books of both, zero over the two."""
    branch = WarehouseRegistered("W-FOOD-1", "Food branch", "food")
    assert house.tell(branch).status_code == 200
    publish(house, propose_eight_percent(house))
    assert house.post("/v1/returns", request_body()).status_code == 201
    line = {"line": 1, "sku": "PMP-1001", "quantity": 4, "lot": "L2217"}
    body = {"receipt_id": "GR-1", "warehouse": "W-FOOD-1", "lines": [line], "final": True}
    house.clock.forward(days=3)
    assert house.post(f"{CASE}/receipts", body, "warehouse").status_code == 200
    house.perform()
    books = house.rows(
        "SELECT company, account, sum(debit_minor - credit_minor) FROM erp.gl_line"
        " WHERE company IS NOT NULL GROUP BY company, account ORDER BY company, account"
    )
    assert [(*place, int(amount)) for *place, amount in books] == [
        ("food", "cost_of_goods_sold", 364_00),
        ("food", "intercompany_payable", -393_12),
        ("food", "transfer_price_difference", 29_12),
        ("industrial", "cost_of_goods_sold", -364_00),
        ("industrial", "intercompany_receivable", 393_12),
        ("industrial", "transfer_price_difference", -29_12),
    ]
    assert house.differences() == []


def propose_eight_percent(house: House) -> str:
    """A rule for the pair above the last one, with its example."""
    rule = (
        '[[rule]]\nid = "pumps-to-the-food-branch"\n'
        "when = \"selling_unit == 'industrial' && receiving_unit == 'food'\"\n"
        'outcome = "charge"\npercent = 8\nbecause = "Cost and eight percent."\n\n'
        '[[rule]]\nid = "at-cost"'
    )
    made = next_version("transfer_price", old='[[rule]]\nid = "at-cost"', new=rule)
    made["effective"] = house.clock.now.date().isoformat()
    made["examples"] = (
        made["examples"].replace("percent = 0", "percent = 8")
        .replace('rule = "at-cost"', 'rule = "pumps-to-the-food-branch"')
        + '\n[[case]]\nsays = "the other way"\n'
        'facts = { selling_unit = "food", receiving_unit = "industrial" }\n'
        'outcome = "charge"\nrule = "at-cost"\n'
    )  # fmt: skip
    answer = house.post(PROPOSALS, made, "author")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["proposal_id"])
