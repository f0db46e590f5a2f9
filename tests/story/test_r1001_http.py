"""R-1001 by HTTP alone: from the facts to a closed case, and every way to be told no."""

from collections.abc import Callable
from decimal import Decimal

import httpx
import pytest

from serving.automation import MODEL_OF
from simulation.story import CUSTOMER_ID, LEAKING, OVER_RETURN, RETURNED, SEALED
from tests.serving.house import STORY, House, Json, request_body
from tests.serving.small_models import SmallModel, says
from tests.story.walk import Walk
from workflow.facts import SupplierClaimAnswered

CASE = "/v1/returns/R-1001"


def receive(house: House, quantity: object = RETURNED) -> None:
    intent = STORY.receipt()
    line = {"line": 1, "sku": "PMP-1001", "quantity": str(quantity), "lot": "L2217"}
    body = {
        "receipt_id": intent.receipt_id,
        "warehouse": intent.warehouse,
        "lines": [line],
        "final": True,
    }
    answer = house.post(f"{CASE}/receipts", body, "warehouse")
    assert answer.status_code == 200, answer.text


def inspect(house: House) -> None:
    for intent in STORY.inspections():
        body = {
            "line": 1,
            "quantity": str(intent.quantity),
            "condition": intent.condition,
            "lot": intent.lot,
            "note": intent.note,
        }
        answer = house.post(f"{CASE}/inspections", body, "inspector")
        assert answer.status_code == 200, answer.text


def dispose_and_credit(house: House) -> None:
    """Without models quality chooses, and a finance clerk approves each credit."""
    wanted = {"1.1": "return_to_vendor", "1.2": "restock"}
    for task in [t for t in house.case()["tasks"] if t["point"] == "disposition"]:
        assert task["proposal"] is None
        answer = house.decide(
            task["task"], "quality", "override", value=wanted[task["portion"]],
            reason_code="seen", note="As inspected.",
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
    for task in [t for t in house.case()["tasks"] if t["point"] == "credit"]:
        answer = house.decide(task["task"], "clerk")
        assert answer.status_code == 200, answer.text


def play(house: House, worker: bool = False) -> None:
    do = house.work if worker else house.perform
    assert house.post("/v1/returns", request_body()).status_code == 201
    do()
    house.clock.now = STORY.received_at
    receive(house)
    do()
    house.clock.forward(hours=2)
    inspect(house)
    do()
    dispose_and_credit(house)
    do()


def answer_claim(house: House) -> None:
    """The supplier answers; whatever was held for that reaches the customer."""
    (claim,) = house.rows("SELECT claimed_minor FROM erp.supplier_claim")
    fact = SupplierClaimAnswered(
        "CL-1001", "S-1001", "R-1001", 1, "PMP-1001", claim[0], claim[0], "USD", "FWC",
        house.clock.now,
    )  # fmt: skip
    told = house.tell(fact)
    assert told.status_code == 200, told.text
    house.perform()


def check_end(house: House) -> None:
    case = house.case()
    assert case["status"] == "closed", case["tasks"]
    assert case["tasks"] == []
    assert {effect["status"] for effect in case["effects"]} == {"done"}
    portions = case["lines"][0]["portions"]
    assert [p["dispositions"][0]["disposition"] for p in portions] == [
        "return_to_vendor",
        "restock",
    ]
    assert case["lines"][0]["quantities"] == {
        "requested": 4, "authorised": 4, "received": 4, "released": 0, "outstanding": 0,
        "inspected": 4, "disposed": 4,
    }  # fmt: skip
    asked = {effect["key"] for effect in case["effects"]}
    in_erp = house.rows("SELECT key, count(*) FROM erp.document WHERE NOT voided GROUP BY key")
    assert {row[0] for row in in_erp} == asked
    assert {row[1] for row in in_erp} == {1}
    interim = house.rows(
        "SELECT account, sum(debit_minor - credit_minor) FROM erp.gl_line GROUP BY account"
    )
    balance = dict(interim)
    assert sum(balance.values()) == 0
    assert balance["returns_interim"] == 0
    memos = house.rows("SELECT sum(net_minor) FROM erp.credit_memo")
    assert memos == [(case["credited_minor"],)]
    assert house.differences() == []


@pytest.mark.parametrize("worker", [False, True], ids=["performer", "worker"])
def test_the_story_closes_without_any_model(house: House, worker: bool) -> None:
    """With the shelf empty R-1001 completes through people; every effect is in the world once,
    the interim account is empty, and nothing differs from the log."""
    play(house, worker)
    if house.case()["status"] != "closed":
        answer_claim(house)
    check_end(house)


def test_the_parts_add_up() -> None:
    """The story of these tests is the one of the simulator."""
    assert LEAKING + SEALED == RETURNED < OVER_RETURN
    assert STORY.request().customer_id == CUSTOMER_ID
    assert Decimal(4) == RETURNED


def refused(answer: httpx.Response, status: int, code: str) -> Json:
    """Check that an answer is a problem document with a code, and give it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: Json = answer.json()
    assert (body["code"], body["status"]) == (code, status)
    assert body["detail"] and body["type"].endswith(code)
    return body


def test_everything_that_is_refused_on_the_way_changes_nothing(house: House) -> None:
    """Wrong role, over-return, wrong lot, stale version, missing and reused keys: each is a
    problem document with its code, and neither events nor ledgers nor keys remember it."""
    before = house.footprint()
    body = request_body()
    refused(house.post("/v1/returns", body, "warehouse"), 403, "wrong_role")
    no = refused(house.post("/v1/returns", request_body(quantity=11)), 409, "over_return")
    assert "11 asked" in no["detail"] and "10 still returnable" in no["detail"]
    refused(house.post("/v1/returns", body, key=""), 400, "idempotency_key_missing")
    refused(house.post("/v1/returns", body, key="two words"), 400, "idempotency_key_invalid")
    assert house.footprint() == before

    first = house.post("/v1/returns", body, key="once")
    assert (first.status_code, first.headers["location"]) == (201, CASE)
    then = house.footprint()
    again = house.post("/v1/returns", body, key="once")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.headers["etag"], again.headers["location"]) == (first.headers["etag"], CASE)
    changed = request_body(quantity=3)
    refused(house.post("/v1/returns", changed, key="once"), 422, "idempotency_key_reused")
    refused(house.post("/v1/returns", body), 409, "return_exists")
    rest = request_body("R-1002", quantity=7)
    assert "6 still returnable" in refused(
        house.post("/v1/returns", rest), 409, "over_return"
    )["detail"]  # fmt: skip

    receipt = {"receipt_id": "RC-1", "warehouse": "W-IND-1", "lines": [], "final": False}
    refused(house.post(f"{CASE}/receipts", receipt, "inspector"), 403, "wrong_role")
    refused(house.post(f"{CASE}/receipts", receipt, "warehouse"), 422, "invalid_quantity")
    stale = house.post(f"{CASE}/receipts", receipt, "warehouse", If_Match='"1"')
    assert refused(stale, 412, "stale_version")["version"] > 1
    refused(
        house.post(f"{CASE}/receipts", receipt, "warehouse", If_Match="abc"), 400, "invalid_etag"
    )
    looked = {"line": 1, "quantity": 1, "condition": "sealed"}
    refused(house.post(f"{CASE}/inspections", looked, "inspector"), 422, "invalid_quantity")
    refused(house.post(f"{CASE}/dispositions", disposal("1.1"), "quality"), 409, "not_inspected")
    refused(house.post("/v1/returns/R-0/cancellations", {"because": "x"}), 404, "unknown_return")
    assert house.footprint() == then
    assert house.differences() == []


def disposal(portion: str, disposition: str = "restock", quantity: int = 1) -> Json:
    return {"portion": portion, "parts": [{"disposition": disposition, "quantity": quantity}]}


def test_a_fresh_version_is_accepted_and_its_retry_replayed(house: House) -> None:
    """The ETag of a read is what If-Match takes; the retry of a step that succeeded gets the
    first answer although the version moved on."""
    house.post("/v1/returns", request_body())
    read = house.get(CASE)
    line = {"line": 1, "sku": "PMP-1001", "quantity": 4, "lot": "L2217"}
    body = {"receipt_id": "RC-1", "warehouse": "W-IND-1", "lines": [line], "final": True}
    tag = read.headers["etag"]
    first = house.post(f"{CASE}/receipts", body, "warehouse", "k", If_Match=tag)
    assert first.status_code == 200 and first.headers["etag"] != tag
    again = house.post(f"{CASE}/receipts", body, "warehouse", "k", If_Match=tag)
    assert (again.status_code, again.content) == (200, first.content)
    assert house.get(CASE).headers["etag"] == first.headers["etag"]


def test_a_refusal_keeps_no_key(house: House) -> None:
    """A refused command may be sent again with its key once the cause is gone."""
    refused(house.post(f"{CASE}/cancellations", {"because": "x"}, key="k"), 404, "unknown_return")
    assert house.post("/v1/returns", request_body()).status_code == 201
    answer = house.post(f"{CASE}/cancellations", {"because": "x"}, key="k")
    assert answer.status_code == 200 and "idempotency-replayed" not in answer.headers
    assert answer.json()["status"] == "cancelled"
    line = {"line": 1, "sku": "PMP-1001", "quantity": 4}
    body = {"receipt_id": "RC-1", "warehouse": "W-IND-1", "lines": [line]}
    refused(house.post(f"{CASE}/receipts", body, "warehouse"), 409, "wrong_state")


def test_nobody_decides_about_their_own_request(house: House) -> None:
    """A requester who holds the right role is refused, as is a wrong role; another decides.
    A lease keeps others away until it ends, and an escalated task goes to the role above."""
    body = request_body(quantity=4)
    body["lines"][0]["reason_code"] = None
    assert house.post("/v1/returns", body, "both").json()["status"] == "under_review"
    house.perform()
    task = house.task("R-1001", "reason")["task"]
    over = {"value": "defective_on_arrival", "reason_code": "read", "note": "Leaks, it says."}
    before = house.footprint()
    refused(house.decide(task, "both", "override", **over), 403, "own_request")
    refused(house.decide(task, "clerk", "override", **over), 403, "wrong_role")
    refused(house.decide(task, "feed", "override", **over), 403, "wrong_role")
    refused(house.decide(task, "service", "override", value="recall"), 422, "reason_required")
    wrong = over | {"value": "bad luck"}
    refused(house.decide(task, "service", "override", **wrong), 422, "not_allowed_value")
    refused(house.decide(task, "service", "approve"), 422, "invalid_decision")
    refused(house.decide("R-1001-T9", "service"), 404, "unknown_task")
    refused(house.post(f"/v1/queue/{task}/lease", {}, "warehouse"), 403, "wrong_role")
    assert house.footprint() == before

    held = house.post(f"/v1/queue/{task}/lease", {}, "returns")
    assert held.json()["holder"] == "rhea.returns"
    refused(house.post(f"/v1/queue/{task}/lease", {}), 409, "task_leased")
    refused(house.decide(task, "service", "override", **over), 409, "task_leased")
    assert house.get("/v1/queue", "service").json()["leased_to_others"] == 1
    assert house.post(f"/v1/queue/{task}/release", {}).json()["released"] is False
    house.clock.forward(minutes=16)
    assert house.decide(task, "service", "escalate").status_code == 200
    task = house.task("R-1001", "reason")
    assert task["role"] == "returns_manager"
    refused(house.decide(task["task"], "service", "override", **over), 403, "wrong_role")
    done = house.decide(task["task"], "returns", "override", **over)
    assert done.json()["status"] == "authorised"
    refused(house.decide(task["task"], "returns", "override", **over), 404, "unknown_task")
    assert house.differences() == []


def test_a_return_outside_the_rules_is_refused_with_its_rule(house: House) -> None:
    """A change of mind long after the window ends as refused, and says which rule it was."""
    house.clock.forward(days=400)
    body = request_body()
    body["lines"][0]["reason_code"] = "no_longer_needed"
    case = house.post("/v1/returns", body).json()
    if case["status"] == "under_review":
        task = case["tasks"][0]
        answer = house.decide(
            task["task"], "returns", "reject", reason_code="not_eligible", note="Far too late."
        )
        case = answer.json()
    assert case["status"] == "refused"
    assert case["refusal"]["code"] == "not_eligible"
    assert house.rows("SELECT sum(returned_quantity) FROM invoice_line") == [(0,)]
    line = {"line": 1, "sku": "PMP-1001", "quantity": 4}
    receipt = {"receipt_id": "RC-1", "warehouse": "W-IND-1", "lines": [line]}
    refused(house.post(f"{CASE}/receipts", receipt, "warehouse"), 409, "wrong_state")


def test_inspectors_do_not_confirm_their_own_disposition(house: House) -> None:
    """What an inspector chooses for goods they inspected is for somebody else to confirm."""
    house.post("/v1/returns", request_body())
    house.clock.now = STORY.received_at
    receive(house)
    inspect(house)
    done = house.post(f"{CASE}/dispositions", disposal("1.1", "return_to_vendor", 3), "inspector")
    assert done.status_code == 200, done.text
    task = next(t for t in done.json()["tasks"] if t["portion"] == "1.1")
    refused(house.decide(task["task"], "inspector"), 403, "wrong_role")
    removed = house.post(f"{CASE}/dispositions", disposal("1.1", "restock", 3), "quality")
    assert "rule" in refused(removed, 422, "not_allowed_value")
    few = house.post(f"{CASE}/dispositions", disposal("1.1", "return_to_vendor", 2), "quality")
    refused(few, 422, "invalid_quantity")
    assert house.decide(task["task"], "quality").status_code == 200
    portions = house.case()["lines"][0]["portions"]
    assert portions[0]["dispositions"] == [{"disposition": "return_to_vendor", "quantity": 3}]


def test_a_highly_unusual_credit_needs_two_people(house_with: Callable[..., House]) -> None:
    """Under dual control the first yes leaves the task open, the same person is refused the
    second time, and only another person's yes pays."""
    house = house_with(
        disposition=SmallModel("disposition", says(("refurbish", 0.7), ("scrap", 0.3))),
        credit_anomaly=SmallModel("credit_anomaly", says(("high", 0.99))),
    )
    house.post("/v1/returns", request_body())
    house.clock.now = STORY.received_at
    receive(house)
    found = {"line": 1, "quantity": 4, "condition": "defective", "lot": "L2217"}
    assert house.post(f"{CASE}/inspections", found, "inspector").status_code == 200
    goods = house.task("R-1001", "disposition")
    assert (goods["proposal"], goods["approvals_needed"]) == ("refurbish", 1)
    assert house.decide(goods["task"], "quality").status_code == 200
    credit = house.task("R-1001", "credit")
    assert (credit["approvals_needed"], credit["role"]) == (2, "finance_lead")
    refused(house.decide(credit["task"], "clerk"), 403, "wrong_role")
    assert house.decide(credit["task"], "lead").status_code == 200
    assert house.task("R-1001", "credit")["approved_by"] == ["lena.lead"]
    assert house.case()["credited_minor"] == 0
    refused(house.decide(credit["task"], "lead"), 409, "already_decided")
    assert house.decide(credit["task"], "lead2").status_code == 200
    assert house.case()["credited_minor"] > 0
    done = {"portion": "1.1", "quantity": 4, "outcome": "failed", "disposition": "scrap"}
    told = house.post(f"{CASE}/refurbishments", done | {"note": "Worn out."}, "warehouse")
    assert told.status_code == 200, told.text
    assert house.decide(house.task("R-1001", "refurbish_check")["task"], "quality").is_success
    house.perform()
    assert house.case()["status"] == "closed"
    assert house.differences() == []


def test_however_sure_nothing_passes_without_a_guarantee(
    house_with: Callable[..., House],
) -> None:
    """The same sure models, and no clearance: a person is asked."""
    house = house_with(reason=SmallModel("reason", says(("defective_on_arrival", 0.99))))
    body = request_body(quantity=1)
    body["lines"][0]["reason_code"] = None
    case = house.post("/v1/returns", body).json()
    assert case["status"] == "under_review"
    assert case["tasks"][0]["proposal"] == "defective_on_arrival"


def test_with_sure_models_only_money_above_their_limit_is_asked_about(
    house_with: Callable[..., House],
) -> None:
    """A sure reason and sure dispositions of little value go straight through, and where the
    customer stated the reason a usual small credit does; one that follows a model's reason is held
    to the model's own limit. What each model saw and why stays with the case."""
    house = house_with(
        reason=SmallModel("reason", says(("defective_on_arrival", 0.95))),
        disposition=SmallModel("disposition", says(("return_to_vendor", 0.95), ("scrap", 0.05))),
        credit_anomaly=SmallModel("credit_anomaly", says(("normal", 0.1))),
    )
    for point, model in MODEL_OF.items():
        house.clear(point, model)
    body = request_body(quantity=1)
    body["lines"][0]["reason_code"] = None
    case = house.post("/v1/returns", body).json()
    assert case["status"] == "authorised"
    line = case["lines"][0]
    assert (line["reason"], line["reason_how"]) == ("defective_on_arrival", "model")
    house.clock.now = STORY.received_at
    receive(house, 1)
    found = {"line": 1, "quantity": 1, "condition": "defective", "lot": "L2217"}
    case = house.post(f"{CASE}/inspections", found, "inspector").json()
    (task,) = case["tasks"]
    assert (task["point"], task["verdict"]["rule"]) == ("credit", "finance-clerk-credit-usd")
    assert house.decide(task["task"], "clerk").status_code == 200
    portion = case["lines"][0]["portions"][0]
    assert portion["proposal"]["how"] == "model"
    said = portion["assessment"]
    assert said["explanation"]["output"] == "log_odds:return_to_vendor"
    assert len(said["explanation"]["pushes"]) == 9
    assert said["asked_at_position"] > 0
    house.perform()
    if house.case()["status"] != "closed":
        answer_claim(house)
    assert house.case()["status"] == "closed"
    stated = Walk(house, "R-1002")
    stated.request(1)
    stated.receive(1)
    stated.inspect(1)
    (credit,) = stated.line()["credits"]
    assert (stated.case["tasks"], credit["status"]) == ([], "approved")
    assert house.differences() == []
