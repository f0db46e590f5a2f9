"""What users of today's systems ask for, each played over HTTP on the house as it ships.

The asks that have stories of their own are named in docs/reference/asks.md.
"""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from integrations.webhooks.address import networks
from integrations.webhooks.sending import Answer
from tests.serving.house import House
from tests.serving.small_models import SmallModel, says
from tests.story.test_r1001_http import refused
from tests.story.walk import Walk
from workflow.facts import InvoiceLine, InvoiceRecorded, ProductListed

WHY = {"reason_code": "other", "note": "Agreed by telephone."}


def stock_moves(house: House) -> list[tuple[str, str]]:
    rows = house.rows("SELECT from_status, to_status FROM erp.stock_move ORDER BY number")
    return [(row[0], row[1]) for row in rows]


def test_ask_01_no_more_is_authorised_than_was_delivered(house: House) -> None:
    """Ten were delivered: eleven are refused, and so are seven after four, with what is left."""
    refused(Walk(house).request(11), 409, "over_return")
    assert Walk(house).request(4).status_code == 201
    no = refused(Walk(house, "R-1002").request(7), 409, "over_return")
    assert "6 still returnable" in no["detail"]
    assert Walk(house, "R-1002").request(6).status_code == 201


def test_ask_02_a_price_correction_takes_no_returnable_quantity(house: House) -> None:
    """After a credit for a wrong price all ten may still come back."""
    price = Walk(house)
    price.request(10, "pricing_or_billing")
    house.perform()
    assert price.pay("override", "lead", value="5000", **WHY).status_code == 200
    assert price.case["credited_minor"] == 50_00
    assert Walk(house, "R-1002").request(10).status_code == 201


def test_ask_03_what_was_not_sent_back_is_returnable_again(house: House) -> None:
    """Two of four came and nothing more will: eight of the ten may still be asked for."""
    short = Walk(house)
    short.request(4)
    short.receive(1, final=False)
    short.receive(1, final=True)
    assert short.line()["quantities"]["released"] == 2
    refused(Walk(house, "R-1002").request(9), 409, "over_return")
    assert Walk(house, "R-1002").request(8).status_code == 201


def test_ask_04_one_request_mixes_orders_and_goods_without_any(house: House) -> None:
    """Two invoices and a line without a source in one return; the last is put to a person."""
    at = house.clock.now - timedelta(days=5)
    line = InvoiceLine(1, "PMP-1001", "L2217", Decimal(3), "EA", Decimal(148), 444_00, 35_52)
    house.tell(
        InvoiceRecorded("INV-1002", "C-1001", "industrial", "USD", at, at, (line,), "SO-1002")
    )
    body = {
        "id": "R-1001",
        "customer": "C-1001",
        "lines": [
            {"sku": "PMP-1001", "quantity": 1, "source": {"invoice_id": invoice, "line": 1},
             "reason_code": "defective_on_arrival"}
            for invoice in ("INV-1001", "INV-1002")
        ] + [{"sku": "SEA-1001", "quantity": 1, "reason_code": "no_longer_needed"}],
    }  # fmt: skip
    case = house.post("/v1/returns", body).json()
    assert [line["source"] and line["source"]["invoice_id"] for line in case["lines"]] == [
        "INV-1001",
        "INV-1002",
        None,
    ]
    assert case["lines"][2]["eligibility"]["outcome"] == "ask_human"
    assert case["status"] == "under_review"


def test_ask_05_more_than_authorised_waits_for_a_person(house: House) -> None:
    """A surplus and goods nobody announced are no stock until the returns manager says so."""
    walk = Walk(house)
    walk.request(4)
    walk.receive(6)
    task = house.task("R-1001", "receipt")
    assert (task["role"], task["allowed"][0]) == ("returns_manager", "accept")
    assert walk.line()["quantities"]["received"] == 4
    refused(house.decide(task["task"], "service", "approve"), 403, "wrong_role")
    house.perform()
    assert stock_moves(house) == []
    assert house.decide(task["task"], "returns", "override", value="accept", **WHY).is_success
    assert walk.line()["quantities"]["received"] == 6
    blind = Walk(house)
    blind.receive(1, line=None, lot=None, final=False)
    assert house.task("R-1001", "receipt")["allowed"] == ["return_to_customer", "quarantine"]


def test_ask_06_credit_without_return_is_a_decision_kept_with_its_rules(house: House) -> None:
    """The returns manager authorises without goods; the case keeps the policies of that moment."""
    house.clock.forward(days=60)
    walk = Walk(house)
    walk.request(10)
    task = house.task("R-1001", "authorisation")
    told = house.decide(task["task"], "returns", "override", value="without_goods", **WHY)
    assert told.status_code == 200, told.text
    case = walk.case
    assert case["authority"]["goods_required"] is False
    refused(walk.receive(1), 409, "wrong_state")
    house.perform()
    (credit,) = walk.line()["credits"]
    assert credit["decision"] == "value_only"


def test_ask_11_a_credit_without_goods_has_limits_of_its_own(house: House) -> None:
    """Three pumps that stay with the customer are for a finance lead; for three that came back a
    finance clerk is enough."""
    house.clock.forward(days=60)
    walk = Walk(house)
    walk.request(3)
    task = house.task("R-1001", "authorisation")["task"]
    told = house.decide(task, "returns", "override", value="without_goods", **WHY)
    assert told.status_code == 200, told.text
    house.perform()
    asked = house.task("R-1001", "credit")
    assert (asked["amount_minor"], asked["role"]) == (421_80, "finance_lead")
    refused(walk.pay(who="clerk"), 403, "wrong_role")
    assert walk.pay(who="lead").status_code == 200
    assert walk.case["credited_minor"] == 421_80


def test_ask_07_goods_are_received_without_any_credit(house: House) -> None:
    """A receipt asks for no money: nothing is credited before goods were judged."""
    walk = Walk(house)
    walk.request(4)
    walk.receive(4)
    house.perform()
    assert walk.case["credited_minor"] == 0
    assert house.rows("SELECT count(*) FROM erp.credit_memo") == [(0,)]


def test_ask_08_stock_moves_only_after_a_disposition(house: House) -> None:
    """Goods that are back and inspected stand in returns; restock needs somebody's word."""
    walk = Walk(house)
    walk.request(1)
    walk.receive(1)
    walk.inspect(1, "sealed")
    assert stock_moves(house) == []
    walk.dispose("restock")
    assert stock_moves(house) == [("returns", "unrestricted")]


@pytest.mark.parametrize(
    ("disposition", "status", "claims"),
    [
        ("return_to_vendor", "at_supplier", 1),
        ("scrap", "scrapped", 0),
        ("refurbish", "quality_inspection", 0),
        ("quarantine", "blocked", 0),
    ],
)
def test_ask_09_the_outcome_drives_the_next_steps(
    house: House, disposition: str, status: str, claims: int
) -> None:
    """The same goods: where they go decides the move, and whether the supplier is claimed from."""
    Walk(house).through(1, "defective_on_arrival", "defective", disposition)
    assert stock_moves(house) == [("returns", status)]
    assert house.rows("SELECT count(*) FROM erp.supplier_claim") == [(claims,)]


def test_ask_10_a_reason_is_settled_before_anything_and_a_fee_follows_it(house: House) -> None:
    """Without a reason a person is asked; a change of mind costs the fee that the policy says."""
    unclear = Walk(house, "R-1002")
    unclear.request(1, None, reason_text="Please take it back.")
    house.perform()
    assert house.task("R-1002", "reason")["role"] == "customer_service"
    assert unclear.case["status"] == "under_review"
    line = Walk(house).through(2, "no_longer_needed", "sealed", "restock")
    (credit,) = line["credits"]
    assert (credit["verdict"]["rule"], credit["fee_minor"]) == ("unwanted-key-account", 14_06)


def test_ask_11_proof_goes_with_the_request(house: House) -> None:
    """A photo is kept by its hash and named by the line; a hash nobody brought is refused."""
    photo = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32
    file = {"file": ("leak.png", photo, "image/png")}
    told = house.client.post("/v1/evidence", files=file, headers=house.headers("service"))
    assert told.status_code in (200, 201), told.text
    kept = told.json()["id"]
    assert Walk(house).request(1, evidence=[kept]).json()["lines"][0]["evidence"] == [kept]
    missing = "sha256:" + "0" * 64
    refused(Walk(house, "R-1002").request(1, evidence=[missing]), 404, "unknown_evidence")


def test_ask_12_another_lot_than_shipped_is_told_not_overwritten(house: House) -> None:
    """A lot we did not ship is refused in the request, named at receipt, and bars the vendor."""
    refused(Walk(house).request(1, lot="L9999"), 422, "wrong_lot")
    walk = Walk(house)
    walk.request(1)
    got = walk.receive(1, lot="L9999").json()["lines"][0]
    assert got["quantities"]["received"] == 1
    event = next(e for e in walk.case["timeline"] if e["type"] == "goods_received")
    assert event["data"]["lines"][0]["discrepancies"] == ["wrong_lot"]
    walk.inspect(1, "sealed", lot="L9999")
    (task,) = walk.case["tasks"]
    assert "return_to_vendor" not in task["allowed"]


def test_ask_13_each_lot_and_serial_has_its_own_judgement(house: House) -> None:
    """Portions are inspected by lot and serial number and go their own ways."""
    at = house.clock.now - timedelta(days=5)
    line = InvoiceLine(
        1, "SEA-1001", None, Decimal(2), "EA", Decimal(15), 30_00, 2_40, serials=("A-1", "A-2")
    )
    house.tell(InvoiceRecorded("INV-9", "C-1001", "industrial", "USD", at, at, (line,), "SO-9"))
    source = {"invoice_id": "INV-9", "line": 1}
    goods = {"sku": "SEA-1001", "lot": None}
    no = Walk(house).request(2, source=source, serials=["A-1", "Z-9"], **goods)
    refused(no, 422, "wrong_serial")
    walk = Walk(house)
    assert walk.request(2, source=source, **goods).status_code == 201
    walk.receive(2, sku="SEA-1001", lot=None)
    walk.inspect(1, "sealed", lot=None, serials=["A-1"])
    walk.inspect(1, "sealed", lot=None, serials=["Z-9"])
    ours, theirs = sorted(walk.case["tasks"], key=lambda task: task["portion"])
    assert "restock" in ours["allowed"]
    assert not {"restock", "return_to_vendor"} & set(theirs["allowed"])
    walk.dispose("restock", "1.1")
    walk.dispose("return_to_customer", "1.2")
    assert stock_moves(house) == [("returns", "unrestricted"), ("returns", "at_customer")]


def test_ask_14_goods_come_back_at_the_cost_they_went_out_at(house: House) -> None:
    """Debits are credits, and stock re-enters at the original issue cost of 91.00."""
    Walk(house).through(2, "defective_on_arrival", "sealed", "restock")
    accounts = dict(
        house.rows("SELECT account, sum(debit_minor - credit_minor) FROM erp.gl_line GROUP BY 1")
    )
    assert accounts["inventory"] == -accounts["cost_of_goods_sold"] == 182_00
    assert sum(accounts.values()) == accounts["returns_interim"] == 0


def test_ask_15_no_credit_above_what_was_invoiced(house: House) -> None:
    """Neither by an override nor by a second return of the same line."""
    walk = Walk(house)
    walk.through(10, "defective_on_arrival", "defective", "scrap")
    task = house.task("R-1001", "credit")["task"]
    more = {"value": str(1_406_01), **WHY}
    refused(house.decide(task, "lead", "override", **more), 409, "over_credit")
    assert house.decide(task, "clerk").status_code == 200
    assert walk.case["credited_minor"] == 1_406_00
    price = Walk(house, "R-1002")
    price.request(1, "pricing_or_billing")
    house.perform()
    assert price.line()["credits"][0]["net_minor"] == 0


def test_ask_16_the_discount_is_in_the_credit(house: House) -> None:
    """Ten at 148.00 were invoiced at 1,406.00: three are credited at 421.80 and their tax."""
    line = Walk(house).through(3, "defective_on_arrival", "defective", "scrap")
    assert (line["credits"][0]["net_minor"], line["credits"][0]["tax_minor"]) == (421_80, 33_74)


@pytest.mark.parametrize(
    ("condition", "percent"), [("sealed", 100), ("opened", 80), ("used", 50), ("damaged", 30)]
)
def test_ask_17_worse_condition_is_credited_less(
    house: House, condition: str, percent: int
) -> None:
    """The share credited follows the condition that was found, by policy."""
    line = Walk(house).through(
        1, "no_longer_needed", condition, "scrap" if percent < 100 else "restock"
    )
    assert line["credits"][0]["percent"] == percent


def test_ask_18_a_retry_with_another_key_credits_once(house: House) -> None:
    """The second yes is told that it was decided; the ERP holds one memo, under the key of the
    decision and not of the attempt."""
    walk = Walk(house)
    walk.through(1, "defective_on_arrival", "defective", "scrap")
    task = house.task("R-1001", "credit")["task"]
    assert house.decide(task, "clerk").status_code == 200
    no = refused(house.decide(task, "finn2"), 404, "unknown_task")
    assert no["detail"] == f"{task} is decided already: finn.clerk decided approve."
    house.perform()
    house.services.performer.perform("R-1001/1/credit/1")
    assert house.rows("SELECT key FROM erp.document WHERE kind = 'credit_memo'") == [
        ("R-1001/1/credit/1",)
    ]


def test_ask_19_what_is_open_in_the_ledger_is_seen_by_return(house: House) -> None:
    """While goods are not judged their cost stands on the interim account of the case."""
    walk = Walk(house)
    walk.request(4)
    walk.receive(4)
    house.perform()
    books = house.get(f"{walk.path}/postings").json()
    assert books["interim"] == {"expected_minor": 364_00, "posted_minor": 364_00}
    assert books["balanced"]


def test_ask_21_a_task_is_one_persons_for_a_while(house: House) -> None:
    """A colleague is told who has it and that the queue is not empty; later it is free again."""
    house.clock.forward(days=60)
    Walk(house).request(10)
    task = house.task("R-1001", "authorisation")["task"]
    assert house.post(f"/v1/queue/{task}/lease", {}, "returns").status_code == 200
    refused(house.post(f"/v1/queue/{task}/lease", {}, "both"), 409, "task_leased")
    assert house.get("/v1/queue", "both").json()["leased_to_others"] == 1
    house.clock.forward(minutes=16)
    assert house.post(f"/v1/queue/{task}/lease", {}, "both").status_code == 200


@pytest.mark.parametrize("order", ["value", "age", "risk", "sla"])
def test_ask_22_the_queue_has_several_orders(house: House, order: str) -> None:
    """By value, age, risk and due time; the dearest first where value is asked for."""
    for number, quantity in ((1, 2), (2, 3)):
        Walk(house, f"R-{number}").request(quantity, None, reason_text="Hm.")
    house.perform()
    items = house.get("/v1/queue", order=order).json()["items"]
    assert len(items) == 2
    if order == "value":
        assert [item["return_id"] for item in items] == ["R-2", "R-1"]


def test_ask_23_what_was_scored_is_not_scored_again(house: House) -> None:
    """One answer a model and subject, however often the question is performed."""
    walk = Walk(house)
    walk.request(1, None, reason_text="Leaks.")
    house.perform()
    house.services.performer.perform("R-1001/1/assess/reason")
    told = [e for e in walk.case["timeline"] if e["type"] == "assessment_recorded"]
    assert len(told) == 1
    assert {"name", "version", "alias", "feature_set"} <= told[0]["data"]["assessment"][
        "model"
    ].keys()


def test_ask_28_a_class_nobody_has_seen_is_no_error(house: House) -> None:
    """An item of a class that no model knows walks its way; people decide."""
    house.tell(
        ProductListed(
            "NEW-1",
            "Thing of tomorrow",
            "antigravity",
            "industrial",
            "EA",
            0,
            "S-1001",
            "USD",
            1_00,
        )
    )
    body = {
        "id": "R-1001",
        "customer": "C-1001",
        "lines": [{"sku": "NEW-1", "quantity": 1, "reason_code": "defective_on_arrival"}],
    }
    assert house.post("/v1/returns", body).status_code == 201
    item = {"id": "a", "facts": {"line_item_class": "antigravity", "line_condition": "sealed"}}
    told = house.post("/v1/score/disposition", {"items": [item]})
    assert told.status_code == 200, told.text


def test_ask_25_a_number_may_be_missing(house_with: Callable[..., House]) -> None:
    """Null is a value of every fact; another type is a problem of that item alone."""
    house = house_with(disposition=SmallModel("disposition", says(("scrap", 0.9))))
    items = [
        {"id": "null", "facts": {"line_remaining_life_days": None}},
        {"id": "none", "facts": {"line_remaining_life_days": 10.0}},
        {"id": "text", "facts": {"line_remaining_life_days": "ten"}},
        {"id": "huge", "facts": {"line_remaining_life_days": 1e30}},
        {"id": "half", "facts": {"line_remaining_life_days": 10.5}},
    ]
    told = house.post("/v1/score/disposition", {"items": items}).json()["items"]
    assert [item.get("value") for item in told] == ["scrap", "scrap", None, None, None]
    assert [item["problem"]["code"] for item in told[2:]] == ["invalid_facts"] * 3
    assert "remaining_life_days must be int, not 10.5" in told[4]["problem"]["detail"]


def test_ask_26_and_27_an_answer_says_who_gave_it_and_adds_up(
    house_with: Callable[..., House],
) -> None:
    """Model, version, alias, features, policy and what is explained are named, and base and pushes
    come to the total."""
    house = house_with(disposition=SmallModel("disposition", says(("scrap", 0.9))))
    item = {"id": "a", "facts": {"line_condition": "damaged"}}
    told = house.post("/v1/score/disposition?explain=full", {"items": [item]}).json()
    assert {"name", "version", "alias", "feature_set"} <= told["model"].keys()
    (answer,) = told["items"]
    assert answer["policy"].startswith("disposition@")
    assert {m["value"]: m["rule"] for m in answer["masked"]}["restock"] == "not-as-new"
    why = answer["explanation"]
    assert why["output"] == "log_odds:scrap" and why["method"]
    total = why["base"] + sum(push["push"] for push in why["pushes"]) + why["residual"]
    assert abs(total - why["total"]) < 1e-6 and abs(why["residual"]) < 1e-6


def test_ask_29_a_webhook_cannot_be_sent_again_by_others(house: House) -> None:
    """The time of sending is signed: as recorded it is too old later, and with another time it is
    not genuine; the receiver's library refuses both."""
    sent: list[tuple[dict[str, str], bytes]] = []

    def receive(to: object, headers: Mapping[str, str], body: bytes) -> Answer:
        sent.append((dict(headers), body))
        return Answer(200)

    courier = house.services.courier
    courier.send, courier.networks = receive, networks("127.0.0.0/8")
    hook = house.post("/v1/webhooks", {"url": "http://127.0.0.1:9/"}, "admin").json()
    Walk(house).request(1)
    courier.look()
    courier.carry(hook["webhook_id"])
    head, body = sent[0]
    assert int(head["webhook-timestamp"]) == int(house.clock.now.timestamp())
    for later in (head, head | {"webhook-timestamp": str(int(time.time()))}):
        with pytest.raises(WebhookVerificationError):
            Webhook(hook["secret"]).verify(body, later)
