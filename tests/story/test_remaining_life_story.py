"""Yogurt with three days left: whether it is sold again depends on who buys it; by HTTP."""

from datetime import timedelta
from decimal import Decimal

from tests.serving.house import House, Json
from tests.story.test_food_story import PATH, facts, inspect, task
from workflow.facts import (
    ClassLifeAgreed,
    CustomerLifeAgreed,
    CustomerRegistered,
    InvoiceLine,
    InvoiceRecorded,
)


def sell(house: House, number: str, customer: str, days_ago: int) -> InvoiceRecorded:
    at = house.clock.now - timedelta(days=days_ago)
    line = InvoiceLine(1, "YOG-1", None, Decimal(2), "EA", Decimal("2.50"), 5_00, 40)
    return InvoiceRecorded(number, customer, "food", "USD", at, at, (line,))


def short_dated(house: House) -> None:
    """Six cups of the lot with three days left are received."""
    assert house.tell(*facts(house)).status_code == 200
    line = {
        "sku": "YOG-1", "quantity": 6, "lot": "SHORT", "reason_code": "short_dated",
        "source": {"invoice_id": "INV-F", "line": 2},
    }  # fmt: skip
    told = house.post("/v1/returns", {"id": "R-1", "customer": "F-1", "lines": [line]})
    assert told.json()["status"] == "authorised", told.text
    got = {"line": 1, "sku": "YOG-1", "quantity": 6, "lot": "SHORT"}
    body = {"receipt_id": "RC-1", "warehouse": "W-FOOD", "lines": [got], "final": True}
    assert house.post(f"{PATH}/receipts", body, "warehouse").status_code == 200


def looked_at(house: House, portion: str, *told: object) -> tuple[Json, bool]:
    """What regular customers must get once this was told, and whether a cup may be restocked."""
    for fact in told:
        assert house.tell(fact).json()["items"][0]["status"] == "recorded"
    inspect(house, 1, 1, "SHORT", True)
    (found,) = [p for p in house.case("R-1")["lines"][0]["portions"] if p["portion"] == portion]
    return found["required_life"], "restock" in task(house, portion)["allowed"]


def test_short_dated_goods_are_sold_again_where_a_regular_customer_takes_them(
    empty_house: House,
) -> None:
    """The customer of the return is promised five days. Whoever buys the item regularly counts
    instead: by class, by customer, and by customer and item, the most specific first; the least
    demanding of them is enough. Each portion keeps what was agreed on its day."""
    house = empty_house
    short_dated(house)
    assert looked_at(house, "1.1") == ({"days": 5, "strictest_days": 5, "customers": 0}, False)
    cafe = CustomerRegistered("F-2", "Corner Café", "food", "US", "branch", "standard")
    once, twice = sell(house, "INV-2", "F-2", 20), sell(house, "INV-3", "F-2", 2)
    known = looked_at(house, "1.2", cafe, once, ClassLifeAgreed("dairy", 10))
    assert known == ({"days": 5, "strictest_days": 5, "customers": 0}, False)
    by_class = looked_at(house, "1.3", twice)
    assert by_class == ({"days": 10, "strictest_days": 10, "customers": 1}, False)
    stated = CustomerRegistered(
        "F-2", "Corner Café", "food", "US", "branch", "standard", minimum_life_days=4
    )
    assert looked_at(house, "1.4", stated)[0]["days"] == 4
    by_item = looked_at(house, "1.5", CustomerLifeAgreed("F-2", "YOG-1", 2))
    assert by_item == ({"days": 2, "strictest_days": 2, "customers": 1}, True)
    withdrawn = looked_at(house, "1.6", CustomerLifeAgreed("F-2", "YOG-1", None))
    assert withdrawn == ({"days": 4, "strictest_days": 4, "customers": 1}, False)
    assert house.differences() == []


def test_a_class_that_no_stream_can_name_is_refused(empty_house: House) -> None:
    """With the place that is wrong."""
    told = empty_house.tell(ClassLifeAgreed("dry goods / sweets", 30)).json()["items"][0]
    assert told["problem"]["code"] == "invalid_event" and "item_class" in told["problem"]["detail"]
