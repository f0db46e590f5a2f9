"""What is counted in pieces is received, judged and sent on in whole ones; what a person told once
is not told again with other content."""

from tests.serving.house import House
from tests.story.test_r1001_http import refused
from tests.story.walk import Walk

WHY = {"reason_code": "seen", "note": "As inspected."}


def test_half_a_pump_is_refused_at_every_step(house: House) -> None:
    """At the dock, at the bench and by quality, with the item and its unit named; nothing of what
    was refused is left behind, and 2.0 is 2."""
    walk = Walk(house)
    walk.request(4)
    no = refused(walk.receive("0.5", final=False), 422, "invalid_quantity")
    assert no["detail"] == "Line 1: 0.5 EA of PMP-1001; it allows 0 decimals."
    assert walk.receive("4.0").status_code == 200
    refused(walk.inspect("1.5"), 422, "invalid_quantity")
    assert walk.inspect(4).status_code == 200
    parts = [{"disposition": d, "quantity": "1.5"} for d in ("scrap", "quarantine")]
    halves = {"portion": "1.1", "parts": [*parts, {"disposition": "scrap", "quantity": 1}], **WHY}
    refused(house.post(f"{walk.path}/dispositions", halves, "quality"), 422, "invalid_quantity")
    assert (
        walk.line()["quantities"] | {"received": 4, "inspected": 4, "disposed": 0}
        == (walk.line()["quantities"])
    )


def test_a_receipt_is_told_once_and_says_so(house: House) -> None:
    """The same number with more goods is refused: what else came has a number of its own."""
    walk = Walk(house)
    walk.request(4)
    told = {"receipt_id": "GR-1", "warehouse": "W-IND-1", "final": False}
    for quantity, answer in ((1, 200), (2, 409)):
        goods = [{"line": 1, "sku": "PMP-1001", "quantity": quantity}]
        again = house.post(f"{walk.path}/receipts", told | {"lines": goods}, "warehouse")
        assert again.status_code == answer
    assert "a receipt with a number of its own" in again.json()["detail"]
    assert walk.line()["quantities"]["received"] == 1


def test_a_damage_code_that_partners_do_not_know_is_refused_with_those_there_are(
    house: House,
) -> None:
    """It goes out to them as it stands; a code of X12 element 853 is kept."""
    walk = Walk(house)
    walk.request(4)
    walk.receive(4)
    no = refused(walk.inspect(1, "damaged", damage_code="QQ"), 422, "not_allowed_value")
    assert "'QQ' is no damage code of X12 element 853: NR Not Reported, WC" in no["detail"]
    assert walk.inspect(1, "damaged", damage_code="CC").status_code == 200
    assert [p["damage_code"] for p in walk.line()["portions"]] == ["CC"]
