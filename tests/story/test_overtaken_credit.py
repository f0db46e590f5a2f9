"""A credit that other returns of the same invoice line have overtaken does not wait for ever."""

from collections.abc import Callable

from serving.automation import MODEL_OF
from tests.serving.house import House
from tests.serving.small_models import SmallModel, says
from tests.story.test_r1001_http import refused
from tests.story.walk import Walk

WHY = {"reason_code": "other", "note": "Agreed by telephone."}


def test_what_would_have_passed_by_itself_is_put_to_a_person_who_is_told_what_is_left(
    house_with: Callable[..., House],
) -> None:
    """One pump of 140.60 is asked back; then 1,300.00 of the line's 1,406.00 go as a price
    correction. The pump's small credit does not pass alone any more: a person pays the 106.00."""
    house = house_with(
        disposition=SmallModel("disposition", says(("scrap", 0.95), ("refurbish", 0.05))),
        credit_anomaly=SmallModel("credit_anomaly", says(("normal", 0.1))),
    )
    for point, model in MODEL_OF.items():
        house.clear(point, model)
    goods, price = Walk(house), Walk(house, "R-1002")
    goods.request(1, "wrong_item")
    price.request(10, "pricing_or_billing")
    house.perform()
    assert price.pay("override", "lead", value="130000", **WHY).status_code == 200
    goods.receive(1)
    goods.inspect(1, "damaged")
    task = house.task("R-1001", "credit")
    assert task["verdict"]["rule"] == "less-left"
    assert "USD 106.00 is left, this credit asks for USD 140.60" in task["verdict"]["because"]
    refused(goods.pay(), 409, "over_credit")
    assert goods.pay("override", value="10600", **WHY).status_code == 200
    assert goods.case["credited_minor"] == 106_00
    assert house.rows("SELECT credited_minor FROM invoice_line WHERE sku = 'PMP-1001'") == [
        (1_406_00,)
    ]
    assert house.differences() == []
