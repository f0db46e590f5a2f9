"""A medicine comes back: a person decides, by its time away and the record of its temperature."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from serving.automation import MODEL_OF
from tests.serving.house import House, Json
from tests.serving.small_models import SmallModel, says
from workflow.facts import (
    CustomerRegistered,
    InvoiceLine,
    InvoiceRecorded,
    LotRegistered,
    ProductListed,
    SupplierRegistered,
)

PATH = "/v1/returns/R-1"


def brought_back(house: House, days: int, *, cold: bool, record: bool) -> Json:
    """Two packs delivered so many days ago, received and found sealed, kept as they must be."""
    today, at = house.clock.now.date(), house.clock.now - timedelta(days=days)
    pack = InvoiceLine(1, "MED-1", "B1", Decimal(4), "EA", Decimal(10), 40_00)
    told = house.tell(
        CustomerRegistered("M-1", "Harbour Pharmacy", "health", "US", "branch", "standard"),
        SupplierRegistered("LAB", "Hill Laboratories", 60, True, 100),
        ProductListed(
            "MED-1", "Eye drops, 10 ml", "first_aid", "health", "EA", 0, "LAB", "USD", 4_00,
            lot_controlled=True, shelf_life_days=700, date_kind="use_by", regulated="drug",
            cold_chain=cold,
        ),
        LotRegistered("MED-1", "B1", "LAB", today - timedelta(60), today + timedelta(600)),
        InvoiceRecorded("INV-M", "M-1", "health", "USD", at, at, (pack,), "SO-M"),
    )  # fmt: skip
    assert told.status_code == 200, told.text
    goods = {"sku": "MED-1", "quantity": 2, "lot": "B1"}
    source = {"invoice_id": "INV-M", "line": 1}
    wish = {"reason_code": "wrong_item", "source": source, **goods}
    asked = house.post("/v1/returns", {"id": "R-1", "customer": "M-1", "lines": [wish]}).json()
    for task in asked["tasks"]:
        assert house.decide(task["task"], "quality").status_code == 200
    got = {"receipt_id": "RC-1", "warehouse": "W-H", "lines": [{"line": 1, **goods}]}
    assert house.post(f"{PATH}/receipts", got, "warehouse").status_code == 200
    found: Json = {"line": 1, "quantity": 2, "condition": "sealed", "lot": "B1"}
    found |= {"temperature_ok": True, "evidence": ["logger-17"] if record else []}
    told = house.post(f"{PATH}/inspections", found, "inspector")
    assert told.status_code == 200, told.text
    return house.task("R-1", "disposition")


@pytest.mark.parametrize(
    ("days", "cold", "record", "rule"),
    [
        (3, False, False, None),
        (3, True, True, None),
        (3, True, False, "drug-cold-undocumented"),
        (11, False, False, "drug-back-too-late"),
    ],
)
def test_a_medicine_is_sold_again_only_on_proof_and_destroyed_by_default(
    house_with: Callable[..., House], days: int, cold: bool, record: bool, rule: str | None
) -> None:
    """However sure a model is and whatever class the item is filed under, quality is asked. Back
    after ten days, or cold without its record, restocking is not possible for anybody, and the
    rules ask for destruction, not the model; quality agrees, or orders otherwise with a reason."""
    restock = says(("restock", 0.98), ("return_to_vendor", 0.01), ("scrap", 0.01))
    house = house_with(disposition=SmallModel("disposition", restock))
    for point, model in MODEL_OF.items():
        house.clear(point, model)
    task = brought_back(house, days, cold=cold, record=record)
    assert task["role"] == "quality"
    assert ("restock" in task["allowed"]) is (rule is None)
    assert task["proposal"] == ("restock" if rule is None else "scrap")
    proposal = house.case("R-1")["lines"][0]["portions"][0]["proposal"]
    removed = {one["value"]: one["rule"] for one in proposal["masked"]}
    assert removed.get("restock") == proposal["rule"] == rule
    assert proposal["how"] == ("model" if rule is None else "rule")
    assert house.decide(task["task"], "quality").status_code == 200
    (part,) = house.case("R-1")["lines"][0]["portions"][0]["dispositions"]
    assert part["disposition"] == task["proposal"]
