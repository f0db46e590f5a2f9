"""An industrial distributor with branches, a web shop and a contract customer; one pump for all."""

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
    WarehouseRegistered,
)

CUSTOMERS = {
    "KEY": ("key_account", "key_account", "CON-7", 60),
    "WEB": ("e_commerce", "standard", None, None),
    "COUNTER": ("branch", "standard", None, None),
}
"""Channel, segment, contract and days of the customer's own window."""
DELIVERED = {"KEY": 45, "WEB": 5, "COUNTER": 40}
"""Days ago."""


@pytest.fixture
def trade(empty_house: House) -> House:
    """Two pumps at 150.00 went to each of the three; two branches take goods in."""
    house = empty_house
    told = [
        SupplierRegistered("S-1", "Corbel Fluid Power", 60, True, 100),
        ProductListed(
            "PMP", "Gear pump", "pumps", "industrial", "EA", 0, "S-1", "USD", 91_00,
            refurbishable=True,
        ),
        WarehouseRegistered("W-SOUTH", "South branch", "industrial"),
        WarehouseRegistered("W-NORTH", "North branch", "north"),
    ]  # fmt: skip
    for name, (channel, segment, contract, window) in CUSTOMERS.items():
        told.append(
            CustomerRegistered(
                name, f"Customer {name}", "industrial", "US", channel, segment,
                contract=contract, return_window_days=window,
            )
        )  # fmt: skip
        at = house.clock.now - timedelta(days=DELIVERED[name])
        line = InvoiceLine(1, "PMP", None, Decimal(2), "EA", Decimal(150), 300_00, 24_00)
        told.append(
            InvoiceRecorded(
                f"INV-{name}", name, "industrial", "USD", at, at, (line,), f"SO-{name}",
                None, "W-SOUTH",
            )
        )  # fmt: skip
    assert house.tell(*told).status_code == 200
    return house


def ask(house: House, name: str, reason: str = "no_longer_needed", quantity: int = 1) -> Json:
    line = {
        "sku": "PMP", "quantity": quantity, "reason_code": reason,
        "source": {"invoice_id": f"INV-{name}", "line": 1},
    }  # fmt: skip
    body = {"id": f"R-{name}", "customer": name, "channel": CUSTOMERS[name][0], "lines": [line]}
    told = house.post("/v1/returns", body)
    assert told.status_code == 201, told.text
    found: Json = told.json()
    return found


def bring_back(house: House, name: str, warehouse: str, condition: str = "sealed") -> None:
    path = f"/v1/returns/R-{name}"
    got = [{"line": 1, "sku": "PMP", "quantity": 1}]
    body = {"receipt_id": f"RC-{name}", "warehouse": warehouse, "lines": got, "final": True}
    assert house.post(f"{path}/receipts", body, "warehouse").status_code == 200
    found = {"line": 1, "quantity": 1, "condition": condition}
    assert house.post(f"{path}/inspections", found, "inspector").status_code == 200
    house.perform()


def settle(house: House, name: str, disposition: str) -> Json:
    task = house.task(f"R-{name}", "disposition")["task"]
    why = {"reason_code": "seen", "note": "As inspected."}
    assert house.decide(task, "quality", "override", value=disposition, **why).is_success
    house.perform()
    for credit in [t for t in house.case(f"R-{name}")["tasks"] if t["point"] == "credit"]:
        assert house.decide(credit["task"], "clerk").status_code == 200
    house.perform()
    return house.case(f"R-{name}")


def test_the_same_wish_is_answered_by_each_customers_terms(trade: House) -> None:
    """The key account is inside its own window and pays 5 per cent; the web shop's customer is back
    within the week and pays 10; at the counter, after forty days, the returns manager decides."""
    assert [ask(trade, name)["status"] for name in CUSTOMERS] == [
        "authorised",
        "authorised",
        "under_review",
    ]
    waiting = trade.task("R-COUNTER", "authorisation")
    assert waiting["role"] == "returns_manager"
    for name, fee in (("KEY", 7_50), ("WEB", 15_00)):
        bring_back(trade, name, "W-SOUTH")
        case = settle(trade, name, "restock")
        assert case["status"] == "closed"
        assert case["lines"][0]["credits"][0]["fee_minor"] == fee
        assert case["credited_minor"] == 150_00 - fee
    no = {"reason_code": "policy_exception", "note": "Forty days, and used since."}
    told = trade.decide(waiting["task"], "returns", "reject", **no)
    assert told.json()["status"] == "refused"
    assert trade.differences() == []


def test_bought_in_the_south_brought_back_in_the_north(trade: House) -> None:
    """The north books the goods and owes their cost, the customer has one credit, and the rest of
    the invoice stays returnable once, wherever it is brought."""
    ask(trade, "WEB", "wrong_item")
    bring_back(trade, "WEB", "W-NORTH")
    case = settle(trade, "WEB", "restock")
    assert case["status"] == "closed" and case["credited_minor"] == 150_00
    owed = dict(
        trade.rows(
            "SELECT company, sum(debit_minor - credit_minor) FROM erp.gl_line"
            " WHERE account LIKE 'intercompany%' GROUP BY company"
        )
    )
    assert {unit: int(amount) for unit, amount in owed.items()} == {
        "industrial": 91_00,
        "north": -91_00,
    }
    line = {"sku": "PMP", "quantity": 2, "reason_code": "wrong_item",
            "source": {"invoice_id": "INV-WEB", "line": 1}}  # fmt: skip
    twice = trade.post("/v1/returns", {"id": "R-2", "customer": "WEB", "lines": [line]})
    refused(twice, 409, "over_return")
    assert trade.differences() == []


def test_everybody_sees_the_same_status_at_once(trade: House) -> None:
    """Service desk, warehouse, finance, auditor and the public feed tell one story."""
    ask(trade, "KEY", "defective_on_arrival")
    bring_back(trade, "KEY", "W-SOUTH", "defective")
    seen = {
        who: trade.get("/v1/returns/R-KEY", who).json()["status"]
        for who in ("service", "warehouse", "clerk", "auditor", "quality")
    }
    assert set(seen.values()) == {"inspected"}
    feed = trade.get("/v1/events", "auditor", after=0, limit=1000).json()["items"]
    opened = [e["data"] for e in feed if e["type"] == "returns-triage.task_opened"]
    assert [(task["return_id"], task["point"]) for task in opened] == [("R-KEY", "disposition")]
