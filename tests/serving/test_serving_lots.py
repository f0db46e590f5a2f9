"""Lots checked against their contract, as they are told and by the clock."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from serving.masters import check
from simulation.story import SKU
from tests.serving.house import House
from tests.serving.test_serving_masters import FOOD, findings
from workflow.facts import InvoiceLine, InvoiceRecorded, LotRegistered

MADE = date(2026, 3, 2)
LOT = LotRegistered(SKU, "L9", "S-1001", MADE, MADE + timedelta(days=90))
DATED = replace(FOOD, shelf_life_days=90, date_kind="best_before")


def open_ids(house: House) -> set[str]:
    return {found["finding_id"] for found in findings(house)}


def test_a_wrong_lot_is_a_task_until_it_is_corrected(house: House) -> None:
    """Each fault is a finding of its own lot; another lot of the item is not touched by it, and
    the case page of a return of the item tells it."""
    house.tell(DATED, LOT)
    before = open_ids(house)
    assert not any(name.endswith("~L9") for name in before)
    early = replace(LOT, lot="L10", expires_on=MADE - timedelta(days=1))
    late = replace(LOT, lot="L11", expires_on=MADE + timedelta(days=91))
    house.tell(early, late, replace(LOT, sku="GHOST-1"))
    assert open_ids(house) - before == {
        f"lot.date-before-production:{SKU}~L10",
        f"lot.longer-than-shelf-life:{SKU}~L11",
        "lot.unknown-item:GHOST-1~L9",
    }
    house.tell(replace(early, expires_on=LOT.expires_on))
    assert f"lot.date-before-production:{SKU}~L10" not in open_ids(house)
    assert f"lot.longer-than-shelf-life:{SKU}~L11" in open_ids(house)
    (found,) = [f for f in findings(house) if f["finding_id"].endswith("~L11")]
    assert (found["records"], found["role"], found["blocks"]) == ([SKU, "L11"], "quality", [])
    assert house.get(f"/v1/findings/{found['finding_id']}").status_code == 200


def test_goods_that_left_without_a_lot_are_found_by_the_clock(house: House) -> None:
    """For thirty days after the delivery; then the finding closes by itself."""
    assert check(house.services).opened == ()
    at = house.clock.now - timedelta(days=1)
    line = InvoiceLine(1, SKU, None, Decimal(1), "EA", Decimal(140), 140_00)
    told = InvoiceRecorded("INV-NL", "C-1001", "industrial", "USD", at, at, (line,))
    assert house.tell(told).json()["items"][0]["status"] == "recorded"
    (opened,) = check(house.services).opened
    assert (opened.finding_id, opened.role) == (f"product.shipped-without-lot:{SKU}", "warehouse")
    house.clock.forward(days=31)
    assert check(house.services).closed == (f"product.shipped-without-lot:{SKU}",)
