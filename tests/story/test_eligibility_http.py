"""Eligibility by HTTP: several sources, none, every rule tried, two keys, an adopted pack."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from serving.chores import replay_proposals
from serving.policy_ledger import proposal_json
from simulation.story import BUSINESS_UNIT, CURRENCY, CUSTOMER_ID, OTHER_SKU, SUPPLIER_ID
from tests.serving.house import STORY, House, Json
from tests.serving.test_serving_bad_input import problem
from tests.serving.test_serving_policies import PROPOSALS, publish
from workflow.facts import (
    CustomerRegistered,
    InvoiceLine,
    InvoiceRecorded,
    ProductListed,
    SupplierRegistered,
)
from workflow.policy_packs import drafts

GLOVES = ProductListed(
    "GLOVE-1", "Nitrile gloves, box of 100", "safety", BUSINESS_UNIT, "EA", 0, SUPPLIER_ID,
    CURRENCY, 3_10, returnable="never", stocked=False, flags=("seasonal",), temperature="dry",
)  # fmt: skip
BOUGHT = STORY.requested_at - timedelta(days=70)
SECOND = InvoiceRecorded(
    "INV-2002", CUSTOMER_ID, BUSINESS_UNIT, CURRENCY, BOUGHT, BOUGHT,
    (InvoiceLine(1, "GLOVE-1", None, Decimal(20), "EA", Decimal(6), 120_00, 9_60, "Gloves"),),
    delivery_signed=True,
)  # fmt: skip


@pytest.fixture
def shop(house: House) -> House:
    """The house that sold gloves, too, which do not come back."""
    assert house.tell(GLOVES, SECOND).status_code == 200
    return house


def asked(sku: str, quantity: int, reason: str, invoice: str | None, **more: object) -> Json:
    source = {"invoice_id": invoice, "line": 1} if invoice else None
    return {
        "sku": sku, "quantity": quantity, "source": source, "reason_code": reason,
        "reason_text": "As said.",
    } | more  # fmt: skip


def request(house: House, *lines: Json, return_id: str = "R-1001") -> Json:
    body = {"id": return_id, "customer": CUSTOMER_ID, "lines": list(lines)}
    answer = house.post("/v1/returns", body)
    assert answer.status_code == 201, answer.text
    told: Json = answer.json()
    return told


PUMPS = asked("PMP-1001", 2, "defective_on_arrival", "INV-1001")
GLOVES_BACK = asked("GLOVE-1", 20, "no_longer_needed", "INV-2002")


def rules(told: Json) -> list[str]:
    return [line["eligibility"]["rule"] for line in told["lines"]]


def test_one_request_draws_on_several_invoices(shop: House) -> None:
    """Each line is valued and judged by its own invoice, and the ledger of each one moves."""
    gloves = GLOVES_BACK | {"reason_code": "wrong_item", "quantity": 5}
    told = request(shop, PUMPS, gloves)
    sources = [line["source"]["invoice_id"] for line in told["lines"]]
    assert sources == ["INV-1001", "INV-2002"]
    assert [line["value_minor"] for line in told["lines"]] == [281_20, 30_00]
    assert rules(told) == ["fault-within-agreement", "fault-late"]
    shop.decide(shop.task("R-1001", "authorisation")["task"], "returns")
    query = "SELECT invoice_id, returned_quantity FROM invoice_line WHERE returned_quantity > 0"
    assert sorted(shop.rows(query)) == [("INV-1001", Decimal(2)), ("INV-2002", Decimal(5))]


def test_lines_with_and_without_a_source_are_asked_together(shop: House) -> None:
    """Goods without an invoice wait for the returns manager by a rule that says so; the line
    beside them is eligible; once a person agrees, both may come back."""
    told = request(shop, PUMPS, asked(OTHER_SKU, 1, "wrong_item", None))
    assert rules(told) == ["fault-within-agreement", "no-source"]
    assert told["lines"][1]["value_minor"] == 0
    task = shop.task("R-1001", "authorisation")
    assert task["role"] == "returns_manager"
    answer = shop.decide(task["task"], "returns").json()
    assert [line["quantities"]["authorised"] for line in answer["lines"]] == [2, 1]


def test_goods_without_a_source_are_credited_by_a_stated_rule(shop: House) -> None:
    """Nobody knows what was paid, so nothing is credited by itself: finance names the amount, and
    no invoice's ledger moves."""
    request(shop, asked(OTHER_SKU, 1, "wrong_item", None))
    shop.decide(shop.task("R-1001", "authorisation")["task"], "returns")
    goods = {"line": 1, "sku": OTHER_SKU, "quantity": 1}
    receipt = {"receipt_id": "RC-9", "warehouse": "W-IND-1", "lines": [goods], "final": True}
    assert shop.post("/v1/returns/R-1001/receipts", receipt, "warehouse").status_code == 200
    found = {"line": 1, "quantity": 1, "condition": "sealed"}
    assert shop.post("/v1/returns/R-1001/inspections", found, "inspector").status_code == 200
    task = shop.task("R-1001", "disposition")["task"]
    why = {"reason_code": "seen", "note": "Seen."}
    assert shop.decide(task, "quality", "override", value="restock", **why).is_success
    (credit,) = shop.case()["lines"][0]["credits"]
    assert (credit["verdict"]["rule"], credit["net_minor"]) == ("no-source", 0)
    task = shop.task("R-1001", "credit")["task"]
    answer = shop.decide(task, "clerk", "override", value="725", **why).json()
    assert answer["credited_minor"] == 725
    assert shop.rows("SELECT sum(credited_minor) FROM invoice_line") == [(0,)]


SALVE = ProductListed(
    "SALVE-1", "Hand salve, medicated", "pharmacy", BUSINESS_UNIT, "EA", 0, SUPPLIER_ID, CURRENCY,
    2_00, regulated="drug",
)  # fmt: skip
CABLE = ProductListed(
    "CABLE-1", "Cable, reel", "electrical", BUSINESS_UNIT, "EA", 0, SUPPLIER_ID, CURRENCY, 2_00,
    pack_quantity=4, stocked=False,
)  # fmt: skip
AT = STORY.requested_at - timedelta(days=2)
THIRD = InvoiceRecorded(
    "INV-3003", CUSTOMER_ID, BUSINESS_UNIT, CURRENCY, AT, AT,
    tuple(
        InvoiceLine(number, sku, None, Decimal(8), "EA", Decimal(5), 40_00, 3_20, sku)
        for number, sku in enumerate(("SALVE-1", "CABLE-1"), start=1)
    ),
)  # fmt: skip


def test_a_medicine_beside_a_part_pack_is_for_quality(shop: House) -> None:
    """The first line asks customer service, the second quality: quality authorises, and the
    special order in a part pack, which a rule refuses, comes back only because quality said so."""
    assert shop.tell(SALVE, CABLE, THIRD).status_code == 200
    cable = asked("CABLE-1", 3, "no_longer_needed", "INV-3003")
    cable["source"]["line"] = 2
    salve = asked("SALVE-1", 2, "damaged_in_transit", "INV-3003")
    told = request(shop, cable, salve)
    assert rules(told) == ["part-pack", "drug"]
    also = told["lines"][0]["eligibility"]["also"]
    assert [(one["rule"], one["role"]) for one in also] == [("unwanted-special-order", None)]
    task = shop.task("R-1001", "authorisation")
    assert (task["role"], task["other_role"]) == ("quality", None)
    problem(shop.decide(task["task"], "service"), 403, "wrong_role")
    answer = shop.decide(task["task"], "quality").json()
    assert [line["quantities"]["authorised"] for line in answer["lines"]] == [3, 2]


def test_a_source_of_somebody_else_refuses_the_whole_request(shop: House) -> None:
    """One wrong source among several: nothing is recorded."""
    before = shop.footprint()
    wrong = GLOVES_BACK | {"source": {"invoice_id": "INV-1001", "line": 1}}
    body = {"customer": CUSTOMER_ID, "lines": [PUMPS, wrong]}
    problem(shop.post("/v1/returns", body), 422, "wrong_item")
    assert shop.footprint() == before


def test_the_answer_tells_every_rule_and_every_reason(shop: House) -> None:
    """Every rule tried with its condition, in order, the last one fired; what else stands in the
    way with its own sentence; the page of the case and a later look say the same."""
    told = request(shop, GLOVES_BACK)
    verdict = told["lines"][0]["eligibility"]
    trace = verdict["trace"]
    assert [row["fired"] for row in trace] == [False] * (len(trace) - 1) + [True]
    assert trace[-1]["rule"] == verdict["rule"] == "never-returnable"
    assert trace[0] == {
        "rule": "recall-open", "fired": False, "when": "recall_open",
        "because": "A recall is open: recalled goods always come back, whatever their age or "
        "source.",
    }  # fmt: skip
    also = {one["rule"]: one for one in verdict["also"]}
    assert list(also) == ["unwanted-special-order", "unwanted-after-agreement"]
    assert also["unwanted-special-order"]["because"] == "Special orders come back only for a fault."
    assert shop.case()["lines"][0]["eligibility"] == verdict


def test_what_is_never_returnable_needs_two_keys(shop: House) -> None:
    """A returns manager and a finance lead, one after the other; each sees it in their own queue,
    and neither can turn both keys."""
    told = request(shop, GLOVES_BACK)
    assert told["status"] == "under_review"
    first = shop.task("R-1001", "authorisation")
    assert (first["role"], first["other_role"]) == ("returns_manager", "finance_lead")
    problem(shop.decide(first["task"], "lead"), 403, "wrong_role")
    agreed = shop.decide(first["task"], "returns").json()
    assert agreed["status"] == "under_review"
    second = shop.task("R-1001", "authorisation")
    assert (second["role"], second["approved_by"]) == ("finance_lead", ["rhea.returns"])
    queue = shop.get("/v1/queue", "lead", role="finance_lead").json()["items"]
    assert [row["task_id"] for row in queue] == [second["task"]]
    problem(shop.decide(second["task"], "returns"), 403, "wrong_role")
    done = shop.decide(second["task"], "lead").json()
    assert (done["status"], done["authority"]["by"]) == ("authorised", "lena.lead")
    assert shop.differences() == []


def test_a_faulty_item_that_is_never_returnable_needs_none(shop: House) -> None:
    """The flag is about goods that nothing is wrong with."""
    told = request(shop, GLOVES_BACK | {"reason_code": "wrong_item", "quantity": 1})
    assert rules(told) == ["fault-late"]


def adopt(house: House, pack: str, unit: str) -> None:
    """Propose and publish a pack for a unit, as `triage policy adopt` does."""
    known = house.services.policies.known
    today = house.clock.now.date().isoformat()
    for draft in drafts(house.services.settings.policies_dir, pack, unit, known):
        body = {"text": draft.text, "examples": draft.examples, "unit": unit, "effective": today}
        answer = house.post(PROPOSALS, body, "author")
        assert answer.status_code == 201, answer.text
        publish(house, answer.json()["proposal_id"])


def chicken(house: House, hours: float, **stated: Any) -> Json:
    """A case of poultry delivered some hours ago, asked back."""
    at = house.clock.now - timedelta(hours=hours)
    bird = ProductListed(
        "BIRD-1", "Whole chickens", "poultry", "bistro", "CS", 0, "S-77", "USD", 30_00,
        regulated="food", cold_chain=True, temperature="refrigerated", flags=("perishable",),
    )  # fmt: skip
    sold = InvoiceRecorded(
        "INV-77", "C-77", "bistro", "USD", at, at,
        (InvoiceLine(1, "BIRD-1", None, Decimal(4), "CS", Decimal(45), 180_00),),
    )  # fmt: skip
    cook = CustomerRegistered("C-77", "Corner Bistro", "bistro", "US", "portal", "standard")
    assert house.tell(SupplierRegistered("S-77", "Farm", 14, True, 80, True), cook).is_success
    assert house.tell(bird, sold).is_success
    line = asked("BIRD-1", 1, "quality_complaint", "INV-77", stated=stated)
    answer = house.post("/v1/returns", {"customer": "C-77", "lines": [line]})
    assert answer.status_code == 201, answer.text
    told: Json = answer.json()["lines"][0]
    return told


def test_a_unit_judges_by_the_pack_it_adopted(house: House) -> None:
    """Poultry that came 30 hours ago is refused by the unit's own terms, and what was handed back
    at delivery is taken; the rest of the house is judged as before."""
    adopt(house, "rdp", "bistro")
    told = chicken(house, 30, handed_over="collection")
    assert told["eligibility"]["policy"].startswith("eligibility/bistro@1#")
    assert (told["eligibility"]["outcome"], told["eligibility"]["rule"]) == (
        "ineligible", "fresh-late",
    )  # fmt: skip
    assert told["stated"]["handed_over"] == "collection"
    body = {"customer": "C-77", "lines": [asked("BIRD-1", 1, "quality_complaint", "INV-77",
            stated={"handed_over": "at_delivery"})]}  # fmt: skip
    again = house.post("/v1/returns", body).json()["lines"][0]["eligibility"]
    assert (again["outcome"], again["rule"]) == ("eligible", "at-delivery")
    assert request(house, PUMPS)["lines"][0]["eligibility"]["policy"].startswith("eligibility@2#")
    assert house.differences() == []


def test_a_pack_is_proposed_with_its_changes_and_a_replay(house: House) -> None:
    """Nothing is in force before somebody else publishes it, and they see what it would change."""
    known = house.services.policies.known
    (draft,) = drafts(house.services.settings.policies_dir, "battaglia", BUSINESS_UNIT, known)
    request(house, PUMPS)
    today = house.clock.now.date().isoformat()
    body = {"text": draft.text, "examples": draft.examples, "unit": BUSINESS_UNIT}
    made = house.post(PROPOSALS, body | {"effective": today}, "author").json()
    with house.services.engine.connect() as conn:
        told = proposal_json(house.services, conn, made["proposal_id"])
    assert "removed damage-in-time" in told["changes"]
    replay_proposals(house.services)
    found = house.get(f"{PROPOSALS}/{made['proposal_id']}", "author").json()["replay"]
    assert found["rules"] == [
        {"before": "fault-within-agreement", "after": "reported-late", "verdicts": 1}
    ]
    (line,) = request(house, PUMPS, return_id="R-1002")["lines"]
    assert line["eligibility"]["policy"].startswith("eligibility@2#")


def test_what_is_told_of_an_item_is_checked_to_the_last_flag(house: House) -> None:
    """A misspelt flag or temperature, and one that contradicts the cold chain, are refused; so is
    a misspelt statement of the requester. Nothing is silently unknown."""
    before = house.footprint()
    for wrong in ({"flags": ("seasonl",)}, {"temperature": "cold"}, {"temperature": "frozen"}):
        told = ProductListed(
            "GLOVE-2", "Gloves", "safety", BUSINESS_UNIT, "EA", 0, None, CURRENCY, 1, **wrong
        )
        answer = house.tell(told)
        assert answer.json()["items"][0]["problem"]["code"] == "invalid_event", answer.text
    line = PUMPS | {"stated": {"handed_over": "driver"}}
    no = house.post("/v1/returns", {"customer": CUSTOMER_ID, "lines": [line]})
    problem(no, 422, "invalid_request")
    no = house.post("/v1/returns", {"customer": CUSTOMER_ID, "lines": [PUMPS | {"statd": {}}]})
    problem(no, 422, "invalid_request")
    assert house.footprint() == before
