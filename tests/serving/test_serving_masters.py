"""Masters checked as they are told and by the clock: findings, whose they are, what waits."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from serving.masters import check
from simulation.story import SKU, Story
from tests.serving.house import STORY, House, request_body
from workflow.facts import (
    CustomerRegistered,
    InvoiceRecorded,
    ProductListed,
    SupplierRegistered,
    WarehouseRegistered,
)

Json = dict[str, Any]
PUMP = next(f for f in Story().masters() if isinstance(f, ProductListed) and f.sku == SKU)
GAP = "product.lot-controlled-without-life:PMP-1001"
FOOD = replace(PUMP, regulated="food")


def findings(house: House, **query: str) -> list[Json]:
    found: list[Json] = house.get("/v1/findings", "service", **query).json()["items"]
    return found


def inspected(house: House) -> None:
    """R-1001 came back and one sealed pump waits for a decision."""
    assert house.post("/v1/returns", request_body()).status_code == 201
    house.clock.forward(days=3)
    line = {"line": 1, "sku": SKU, "quantity": 4, "lot": "L2217"}
    receipt = {"receipt_id": "GR-1", "warehouse": "W-IND-1", "lines": [line]}
    assert house.post("/v1/returns/R-1001/receipts", receipt, "warehouse").status_code == 200
    sealed = {"line": 1, "quantity": 1, "condition": "sealed", "lot": "L2217"}
    told = house.post("/v1/returns/R-1001/inspections", sealed, "inspector")
    assert told.status_code == 200, told.text


def options(house: House) -> set[str]:
    """What the person who decides about the goods may choose."""
    return set(house.task("R-1001", "disposition")["allowed"])


def test_the_masters_of_the_story_are_in_order(house: House) -> None:
    """R-1001's own records break no rule, told one by one or checked together."""
    assert findings(house) == []
    assert check(house.services).opened == ()


def test_a_gap_is_a_task_that_blocks_what_it_must(house: House) -> None:
    """Told without a shelf life, food tracked by lot is not restocked; corrected, it is again."""
    inspected(house)
    assert "restock" in options(house)
    house.tell(FOOD)
    (gap,) = findings(house)
    assert (gap["finding_id"], gap["role"], gap["blocks"]) == (GAP, "quality", ["restock"])
    assert gap["policy"].startswith("master_product@2#")
    assert options(house) and "restock" not in options(house)
    case = house.case()
    assert case["lines"][0]["master_blocks"] == ["restock"]
    assert [found["finding_id"] for found in case["findings"]] == [GAP]
    house.tell(replace(FOOD, shelf_life_days=200, date_kind="best_before"))
    assert findings(house) == []
    (gone,) = findings(house, status="closed")
    assert gone["because"] == "The record is in order now."
    assert "restock" in options(house)
    assert house.differences() == []


def test_a_return_that_is_asked_for_later_knows_the_gap(house: House) -> None:
    """What waits is looked up at the request, and every option removed names its rule."""
    house.tell(FOOD)
    inspected(house)
    assert "restock" not in options(house)
    scored = house.post(
        "/v1/score/disposition", {"items": [{"id": "a", "return_id": "R-1001", "line": 1}]}
    ).json()["items"][0]
    assert {"value": "restock", "rule": "master-gap"} in scored["masked"]


def test_checking_again_opens_nothing_new(house: House) -> None:
    """Nor does telling the same record again; the finding keeps its number and its day."""
    house.tell(FOOD)
    before = house.rows("SELECT count(*) FROM event WHERE type LIKE 'finding_%'")
    (first,) = findings(house)
    house.clock.forward(days=1)
    house.tell(FOOD)
    assert check(house.services).opened == ()
    house.work()  # by the clock
    assert house.rows("SELECT count(*) FROM event WHERE type LIKE 'finding_%'") == before
    assert findings(house) == [first]


def test_a_person_lets_it_be(house: House) -> None:
    """With a note, by its role only; restock is free at once, and a check does not ask again."""
    inspected(house)
    house.tell(FOOD)
    path = f"/v1/findings/{GAP}/settlement"
    assert house.post(path, {"note": "x"}, "warehouse").json()["code"] == "wrong_role"
    assert house.post(path, {"note": ""}, "quality").status_code == 422
    done = house.post(path, {"note": "Dry goods; the law was told wrongly."}, "quality")
    assert (done.json()["status"], done.json()["accepted_by"]) == ("accepted", "quinn.quality")
    assert house.post(path, {"note": "x"}, "quality").json()["code"] == "already_decided"
    assert "restock" in options(house)
    assert check(house.services).opened == ()
    assert findings(house) == [] and len(findings(house, status="accepted")) == 1
    house.tell(PUMP)  # corrected after all
    house.tell(FOOD)  # and wrong again: that is a new question, under the same number
    assert [gap["finding_id"] for gap in findings(house)] == [GAP]
    unknown = house.post("/v1/findings/product.x:y/settlement", {"note": "x"}, "quality")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_finding")


def test_nobody_knows_the_supplier(house: House) -> None:
    """Only the way to the vendor is closed, until somebody registers it and the clock looks."""
    inspected(house)
    house.tell(replace(PUMP, supplier_id="S-77"))
    (gap,) = findings(house, role="procurement")
    assert gap["blocks"] == ["return_to_vendor"]
    left = options(house)
    assert "return_to_vendor" not in left and "restock" in left
    house.tell(SupplierRegistered("S-77", "Kalmor Drives", 30, True, 100))
    changed = check(house.services)
    assert changed.closed == ("product.unknown-supplier:PMP-1001",)


def test_nobody_knows_the_warehouse(empty_house: House) -> None:
    """Named by a receipt, or by an invoice, it is a task of the warehouse once somebody registers
    warehouses at all; the goods are taken. Registered, or not named for a month, it is gone."""
    house = empty_house
    house.tell(*(fact for fact in STORY.facts() if not isinstance(fact, WarehouseRegistered)))
    inspected(house)
    assert check(house.services).opened == ()
    house.tell(WarehouseRegistered("W-SOUTH", "South branch", "industrial"))
    (found,) = check(house.services).opened
    assert found.finding_id == "warehouse.unknown:W-IND-1"
    (task,) = findings(house, role="warehouse")
    assert "R-1001" in task["says"] and (task["severity"], task["blocks"]) == ("medium", [])
    house.tell(WarehouseRegistered("W-IND-1", "Main", "industrial"))
    assert check(house.services).closed == (found.finding_id,)
    invoice = next(f for f in STORY.facts() if isinstance(f, InvoiceRecorded))
    house.tell(replace(invoice, invoice_id="INV-9", warehouse="W IND 1"))
    house.clock.forward(days=1)
    (found,) = check(house.services).opened
    assert found.finding_id == "warehouse.unknown:W~20IND~201" and "INV-9" in found.says
    house.clock.forward(days=60)
    assert found.finding_id in check(house.services).closed
    assert house.differences() == []


def test_a_customer_without_a_country_blocks_nothing(house: House) -> None:
    """The return goes its way; the finding stands beside it."""
    northgate = next(f for f in STORY.masters() if isinstance(f, CustomerRegistered))
    house.tell(replace(northgate, country=""))
    inspected(house)
    (gap,) = house.case()["findings"]
    assert (gap["records"], gap["blocks"], gap["role"]) == (["C-1001"], [], "customer_service")
    assert "restock" in options(house)


def test_lists_by_owner_kind_and_record(house: House) -> None:
    """Pages are cut by key, the gravest first."""
    house.tell(FOOD, replace(PUMP, sku="PMP-9", unit_cost_minor=0, supplier_id=None))
    found = [(f["severity"], f["finding_id"]) for f in findings(house)]
    assert [severity for severity, _ in found] == ["high", "high", "medium"]
    assert len(findings(house, record="PMP-9")) == 2
    assert [f["role"] for f in findings(house, kind="product.without-supplier")] == ["procurement"]
    first = house.get("/v1/findings", limit=1).json()
    rest = house.get("/v1/findings", cursor=first["next"]).json()["items"]
    assert [(f["severity"], f["finding_id"]) for f in [*first["items"], *rest]] == found
    assert house.get(f"/v1/findings/{GAP}").json()["subject"] == SKU


def test_verify_refolds_findings_and_mappings(house: House) -> None:
    """A row changed behind the journal's back is named."""
    house.tell(FOOD)
    assert house.differences() == []
    with house.services.engine.begin() as conn:
        conn.execute(text("UPDATE finding SET blocks = '[]'::jsonb"))
    (difference,) = house.differences()
    assert f"finding {GAP}" in difference


def test_what_is_impossible_is_recorded_and_found(house: House) -> None:
    """Fifty tonnes, sides of zero and a VAT number with spaces are findings, not refusals."""
    northgate = next(f for f in STORY.masters() if isinstance(f, CustomerRegistered))
    answer = house.tell(
        replace(PUMP, weight_g=50_000_000, length_mm=0),
        replace(northgate, vat_id="DE 811 907 980", country="US"),
    )
    assert answer.json()["recorded"] == 2
    assert {found["kind"] for found in findings(house)} == {
        "product.larger-than-a-truck", "product.size-not-positive",
        "customer.vat-of-another-country",
    }  # fmt: skip


@pytest.mark.parametrize("days", [1, 400])
def test_what_is_open_says_since_when(house: House, days: int) -> None:
    """A check long after does not make it younger."""
    at = house.clock()
    house.tell(FOOD)
    house.clock.forward(days=days)
    check(house.services)
    (gap,) = findings(house)
    assert gap["opened_at"].startswith(f"{at:%Y-%m-%dT%H:%M}")
    assert house.clock() - at == timedelta(days=days)
