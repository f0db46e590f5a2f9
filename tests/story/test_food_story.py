"""A food distributor takes chilled goods back by lot, and a recall opens half-way."""

from datetime import timedelta
from decimal import Decimal

import pytest
from httpx import Response

from insights.traceability import TYPES, records
from journal.database import raw
from journal.walk import walk_positions
from tests.serving.house import House, Json
from tests.story.test_r1001_http import refused
from workflow.facts import (
    CustomerRegistered,
    InvoiceLine,
    InvoiceRecorded,
    LotRegistered,
    ProductListed,
    RecallOpened,
    SupplierRegistered,
    WarehouseRegistered,
)

PATH = "/v1/returns/R-1"


def facts(house: House) -> tuple[object, ...]:
    """Twelve cups of a lot with a long life and six of one with a short life, delivered today."""
    today = house.clock.now.date()
    lines = (
        InvoiceLine(1, "YOG-1", "LONG", Decimal(12), "EA", Decimal("2.50"), 30_00, 2_40),
        InvoiceLine(2, "YOG-1", "SHORT", Decimal(6), "EA", Decimal("2.50"), 15_00, 1_20),
    )
    at = house.clock.now - timedelta(hours=6)
    return (
        CustomerRegistered(
            "F-1", "Harbour Kitchen", "food", "US", "branch", "standard", minimum_life_days=5,
            street="3 Harbour Road", postcode="93701", city="Fresno",
        ),
        SupplierRegistered(
            "DAIRY", "Hill Dairy", 30, True, 100, street="4 Hill Lane", city="Fresno", country="US"
        ),
        WarehouseRegistered("W-FOOD", "Cold house", "food", "9 Dock Street", None, "Fresno", "US"),
        ProductListed(
            "YOG-1", "Yogurt, 12 oz cup", "dairy", "food", "EA", 0, "DAIRY", "USD", 1_60,
            lot_controlled=True, shelf_life_days=28, date_kind="use_by", regulated="food",
            cold_chain=True,
        ),
        LotRegistered("YOG-1", "LONG", "DAIRY", today - timedelta(8), today + timedelta(20)),
        LotRegistered("YOG-1", "SHORT", "DAIRY", today - timedelta(25), today + timedelta(3)),
        InvoiceRecorded("INV-F", "F-1", "food", "USD", at, at, lines, "SO-F", None, "W-FOOD"),
    )  # fmt: skip


@pytest.fixture
def shop(empty_house: House) -> House:
    """Six of each lot are asked back, received by lot and inspected."""
    house = empty_house
    assert house.tell(*facts(house)).status_code == 200
    lines = [
        {"sku": "YOG-1", "quantity": 6, "lot": lot, "reason_code": reason,
         "source": {"invoice_id": "INV-F", "line": number}}
        for number, (lot, reason) in enumerate(
            (("LONG", "wrong_item"), ("SHORT", "short_dated")), start=1
        )
    ]  # fmt: skip
    told = house.post("/v1/returns", {"id": "R-1", "customer": "F-1", "lines": lines})
    assert told.json()["status"] == "authorised", told.text
    got = [
        {"line": number, "sku": "YOG-1", "quantity": 6, "lot": lot}
        for number, lot in enumerate(("LONG", "SHORT"), start=1)
    ]
    body = {"receipt_id": "RC-1", "warehouse": "W-FOOD", "lines": got, "final": True}
    assert house.post(f"{PATH}/receipts", body, "warehouse").status_code == 200
    inspect(house, 1, 4, "LONG", True)
    inspect(house, 1, 2, "LONG", None)
    inspect(house, 2, 6, "SHORT", True)
    return house


def inspect(house: House, line: int, quantity: int, lot: str, kept: bool | None) -> None:
    found = {"line": line, "quantity": quantity, "condition": "sealed", "lot": lot}
    if kept is not None:
        found |= {"temperature_ok": kept, "evidence": ["logger-17"]}
    told = house.post(f"{PATH}/inspections", found, "inspector")
    assert told.status_code == 200, told.text
    house.perform()


def task(house: House, portion: str) -> Json:
    """The question about the goods of a portion; its credit is another."""
    tasks = house.case("R-1")["tasks"]
    (found,) = [t for t in tasks if t["portion"] == portion and t["point"] != "credit"]
    return found  # type: ignore[no-any-return]


def dispose(house: House, portion: str, value: str) -> None:
    told = house.decide(
        task(house, portion)["task"], "quality", "override", value=value,
        reason_code="seen", note="Looked at.",
    )  # fmt: skip
    assert told.status_code == 200, told.text
    house.perform()


def recall(house: House, lot: str) -> None:
    fact = RecallOpened(f"RC-{lot}", "YOG-1", (lot,), "DAIRY", "listeria", house.clock.now)
    assert house.tell(fact).status_code == 200


def test_each_lot_is_judged_by_its_own_life_and_its_own_proof(shop: House) -> None:
    """Cold goods of a long life may be sold again; without proof of the cold they may not, and
    with three days left for a customer who is promised five they may not either."""
    assert "restock" in task(shop, "1.1")["allowed"]
    assert not {"restock", "donate"} & set(task(shop, "1.2")["allowed"])
    assert "restock" not in task(shop, "2.1")["allowed"]
    assert "donate" in task(shop, "2.1")["allowed"]


def test_a_word_is_no_evidence_of_the_cold(shop: House) -> None:
    """On hold without a record, "kept" alone sells nothing; the record beside it does."""
    dispose(shop, "1.2", "quarantine")
    found: Json = {"portion": "1.2", "condition": "sealed", "lot": "LONG", "temperature_ok": True}
    assert shop.post(f"{PATH}/reinspections", found, "inspector").status_code == 200
    refused(released(shop), 422, "not_allowed_value")
    found |= {"evidence": ["logger-17"]}
    assert shop.post(f"{PATH}/reinspections", found, "inspector").status_code == 200
    assert released(shop).status_code == 200


def released(house: House) -> Response:
    """Quality wants the two pieces on hold back in stock."""
    parts = [{"disposition": "restock", "quantity": 2}]
    wish = {"portion": "1.2", "parts": parts, "reason_code": "seen", "note": "Cold enough."}
    return house.post(f"{PATH}/dispositions", wish, "quality")


def test_a_recall_half_way_binds_what_waits_and_finds_what_went_on(shop: House) -> None:
    """Of the lot that is recalled nothing is donated any more; it goes on hold and, when it is
    released, to the supplier with a claim. The lot that was sold again is told to quality."""
    dispose(shop, "1.1", "restock")
    dispose(shop, "1.2", "scrap")
    recall(shop, "SHORT")
    asked = task(shop, "2.1")
    assert not {"restock", "donate", "return_to_customer"} & set(asked["allowed"])
    no = shop.decide(asked["task"], "quality", "override", value="donate",
                     reason_code="seen", note="Fresh enough.")  # fmt: skip
    refused(no, 422, "not_allowed_value")
    dispose(shop, "2.1", "quarantine")
    recall(shop, "LONG")
    says = [a["says"] for a in shop.get("/v1/alarms", "quality").json()["items"]]
    assert len(says) == 1 and "lot LONG: 4 restock" in says[0]
    dispose(shop, "2.1", "return_to_vendor")
    for waiting in [t for t in shop.case("R-1")["tasks"] if t["point"] == "credit"]:
        assert shop.decide(waiting["task"], "clerk").status_code == 200
    shop.perform()
    case = shop.case("R-1")
    assert case["status"] == "closed", case["tasks"]
    assert shop.rows("SELECT lot, claimed_minor FROM erp.supplier_claim") == [("SHORT", 9_60)]
    assert shop.differences() == []


def test_the_records_say_where_every_lot_went(shop: House) -> None:
    """One receiving record a lot and one a fate, sortable, with the lot code in each."""
    dispose(shop, "1.1", "restock")
    dispose(shop, "1.2", "scrap")
    dispose(shop, "2.1", "return_to_vendor")
    with shop.services.engine.connect() as conn:
        found = list(records(walk_positions(raw(conn), TYPES)))
    told = [(r.event, r.lot, r.quantity, r.disposition, r.missing) for r in found]
    assert sorted(told) == [
        ("disposition", "LONG", "2", "scrap", ()),
        ("disposition", "LONG", "4", "restock", ()),
        ("receiving", "LONG", "6", "", ()),
        ("receiving", "SHORT", "6", "", ()),
        ("shipping", "SHORT", "6", "return_to_vendor", ()),
    ]
