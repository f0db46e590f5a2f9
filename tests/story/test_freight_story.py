"""Freight both ways over HTTP with what ships: given back with the goods, charged for the way."""

from datetime import timedelta
from decimal import Decimal

from tests.serving.house import House, Json
from tests.story.walk import Walk
from workflow.facts import CustomerRegistered, InvoiceLine, InvoiceRecorded

PUMP, LOT = "PMP-1001", "L2217"


def sold(house: House, invoice: str, *quantities: int) -> None:
    """An invoice of pumps at 140.60 to a wholesaler, with 59.99 freight and 4.81 tax on it."""
    at = house.clock() - timedelta(days=10)
    lines = tuple(
        InvoiceLine(
            number, PUMP, LOT, Decimal(many), "EA", Decimal("140.60"), many * 140_60, many * 11_25
        )
        for number, many in enumerate(quantities, 1)
    )
    told = house.tell(
        CustomerRegistered("C-77", "Quay Fluid", "industrial", "US", "service_desk", "wholesale"),
        InvoiceRecorded(
            invoice, "C-77", "industrial", "USD", at, at, lines, warehouse="W-IND-1",
            freight_minor=59_99, freight_tax_minor=4_81,
        ),
    )  # fmt: skip
    assert told.status_code < 300, told.text


def returned(
    house: House, name: str, invoice: str, quantity: int, reason: str, line: int = 1, cost: int = 0
) -> Json:
    """Asked for, received at that cost, sealed, restocked and paid; the credit at its end."""
    walk = Walk(house, name)
    source = {"source": {"invoice_id": invoice, "line": line}}
    body = {
        "id": name, "customer": "C-77",
        "lines": [{"sku": PUMP, "quantity": quantity, "reason_code": reason, **source}],
    }  # fmt: skip
    told = house.post("/v1/returns", body)
    assert told.status_code == 201, told.text
    got = {"line": 1, "sku": PUMP, "quantity": quantity, "lot": LOT}
    receipt = {
        "receipt_id": f"RC-{name}", "warehouse": "W-IND-1", "lines": [got], "final": True,
        "freight_minor": cost,
    }  # fmt: skip
    told = house.post(f"/v1/returns/{name}/receipts", receipt, "warehouse")
    assert told.status_code == 200, told.text
    walk.inspect(quantity, "sealed")
    walk.dispose("restock")
    walk.pay()
    (credit,) = walk.line()["credits"]
    return dict(credit)


def balanced(house: House, name: str) -> Json:
    told = house.get(f"/v1/returns/{name}/postings").json()
    assert told["balanced"]
    return {a["account"]: a["posted_minor"] for a in told["accounts"]}


def test_all_the_freight_goes_back_over_all_returns_of_an_invoice(house: House) -> None:
    """Our error: each return takes its part of the value, with the tax of it, in the memo and on an
    account of its own; when everything came back it is the invoice's freight to the cent."""
    sold(house, "INV-F", 4, 3)
    first = returned(house, "R-1", "INV-F", 1, "wrong_item")
    assert (first["freight_minor"], first["freight_tax_minor"]) == (8_57, 69)
    assert first["freight_verdict"]["rule"] == "our-error"
    posted = balanced(house, "R-1")
    assert posted["freight_refunded"] == 8_57
    assert posted["accounts_receivable"] == -(140_60 + 11_25 + 8_57 + 69)
    others = [
        returned(house, "R-2", "INV-F", 3, "wrong_item"),
        returned(house, "R-3", "INV-F", 3, "not_as_described", line=2),
    ]
    credits = [first, *others]
    assert sum(c["freight_minor"] for c in credits) == 59_99
    assert sum(c["freight_tax_minor"] for c in credits) == 4_81
    assert house.rows("SELECT sum(freight_refunded_minor), sum(credited_minor) FROM invoice_line"
                      " WHERE invoice_id = 'INV-F'") == [(59_99, 7 * 140_60)]  # fmt: skip
    assert house.differences() == []


def test_sent_back_by_choice_the_way_back_is_the_customers(house: House) -> None:
    """What the receipt says that it cost is taken off the credit, on an account of its own; the
    delivery's freight stays paid. The case shows both."""
    sold(house, "INV-G", 4)
    credit = returned(house, "R-9", "INV-G", 4, "ordered_in_error", cost=35_00)
    assert (credit["freight_minor"], credit["return_freight_minor"]) == (0, 35_00)
    assert credit["freight_verdict"]["rule"] == "own-choice"
    assert house.case("R-9")["freight"] == {
        "refunded_minor": 0, "return_cost_minor": 35_00, "return_charged_minor": 35_00,
    }  # fmt: skip
    posted = balanced(house, "R-9")
    assert posted["freight_charged"] == -35_00
    owed = credit["net_minor"] + credit["tax_minor"] - 35_00
    assert posted["accounts_receivable"] == -owed
    assert house.differences() == []
