"""Dear goods are disposed of and released by who may, and by two above that; by HTTP."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.serving.house import House, Json
from tests.story.test_r1001_http import refused
from workflow.facts import (
    CustomerRegistered,
    InvoiceLine,
    InvoiceRecorded,
    ProductListed,
    SupplierRegistered,
)

PATH = "/v1/returns/R-1"


@pytest.fixture
def yard(empty_house: House) -> House:
    """Eleven generators at a cost of 6,000.00 come back: two are one portion, nine another."""
    house = empty_house
    at = house.clock.now - timedelta(days=2)
    line = InvoiceLine(1, "GEN-1", None, Decimal(11), "EA", Decimal(9_000), 99_000_00)
    told = house.tell(
        CustomerRegistered("Y-1", "Site Power", "industrial", "US", "branch", "standard"),
        SupplierRegistered("GENCO", "Genco", 90, True, 100),
        ProductListed(
            "GEN-1", "Generator 60 kVA", "power", "industrial", "EA", 0, "GENCO", "USD", 6_000_00
        ),
        InvoiceRecorded("INV-Y", "Y-1", "industrial", "USD", at, at, (line,), None, None, "W-1"),
    )
    assert told.status_code == 200
    wanted = {
        "sku": "GEN-1", "quantity": 11, "reason_code": "wrong_item",
        "source": {"invoice_id": "INV-Y", "line": 1},
    }  # fmt: skip
    house.post("/v1/returns", {"id": "R-1", "customer": "Y-1", "lines": [wanted]})
    for who in ("lead", "lead2"):
        for task in house.case("R-1")["tasks"]:
            house.decide(task["task"], who)
    got = {"line": 1, "sku": "GEN-1", "quantity": 11}
    body = {"receipt_id": "RC-1", "warehouse": "W-1", "lines": [got], "final": True}
    assert house.post(f"{PATH}/receipts", body, "warehouse").status_code == 200
    for quantity in (2, 9):
        found = {"line": 1, "quantity": quantity, "condition": "sealed"}
        assert house.post(f"{PATH}/inspections", found, "inspector").status_code == 200
    house.perform()
    return house


def dispose(portion: str, value: str, quantity: int) -> Json:
    part = {"disposition": value, "quantity": quantity}
    return {"portion": portion, "parts": [part], "note": "Looked at."}


def test_dear_goods_are_held_to_limits_by_hand_too(yard: House) -> None:
    """12,000.00 are above quality's limit, to put on hold and to release again; 54,000.00 need two
    finance leads for either, and the first of them does not do it alone."""
    path = f"{PATH}/dispositions"
    some = dispose("1.1", "quarantine", 2)
    refused(yard.post(path, some, "quality"), 403, "over_limit")
    assert yard.post(path, some, "returns").status_code == 200
    out = dispose("1.1", "restock", 2)
    refused(yard.post(path, out, "quality"), 403, "over_limit")
    assert yard.post(path, dispose("1.1", "restock", 1), "quality").status_code == 200
    many = dispose("1.2", "quarantine", 9)
    refused(yard.post(path, many, "returns"), 403, "over_limit")
    _by_two(yard, path, many, "disposition")
    _by_two(yard, path, dispose("1.2", "restock", 9), "release")
    portion = yard.case("R-1")["lines"][0]["portions"][1]
    assert portion["dispositions"] == [{"disposition": "restock", "quantity": 9}]
    assert yard.differences() == []


def _by_two(yard: House, path: str, body: Json, point: str) -> None:
    """One by hand, the other by the task that it opens."""
    assert yard.post(path, body, "lead").status_code == 200
    tasks = yard.case("R-1")["tasks"]
    (task,) = [t for t in tasks if (t["point"], t["portion"]) == (point, "1.2")]
    assert (task["role"], task["approved_by"]) == ("finance_lead", ["lena.lead"])
    refused(yard.decide(task["task"], "lead"), 409, "already_decided")
    assert yard.decide(task["task"], "lead2").status_code == 200
