"""What the inspector sees of barcode, dirt and pests bars what it must: by HTTP."""

from tests.serving.house import House
from tests.story.test_r1001_http import refused
from tests.story.walk import Walk


def test_soiled_unlabelled_and_infested_goods_are_not_sold_as_they_are(house: House) -> None:
    """What was stated holds until somebody looks; each mark removes what it must, and nothing
    that an inspection says is lost."""
    walk = Walk(house)
    walk.request(4, stated={"soiled": True})
    walk.receive(4)
    found = {
        "1.1": (None, {"soiled"}),
        "1.2": ({"soiled": False, "scanned": "4012345678901"}, set()),
        "1.3": ({"soiled": False, "barcode": False}, {"barcode-missing"}),
        "1.4": ({"soiled": False, "infested": True}, {"infested"}),
    }
    for portion, (seen, rules) in found.items():
        told = walk.inspect(1, "sealed", **({"seen": seen} if seen else {}))
        assert told.status_code == 200, told.text
        (task,) = [t for t in walk.case["tasks"] if t["portion"] == portion]
        assert ("restock" in task["allowed"]) == (not rules)
        assert ("donate" in task["allowed"]) == (portion != "1.4")
    (read,) = [p for p in walk.line()["portions"] if p["portion"] == "1.2"]
    assert read["seen"] == {
        "barcode": True, "scanned": "4012345678901", "soiled": False, "infested": None,
    }  # fmt: skip
    assert house.differences() == []


def test_a_code_that_was_scanned_cannot_be_unreadable(house: House) -> None:
    """The form says two things: nothing is recorded."""
    walk = Walk(house)
    walk.request(1)
    walk.receive(1)
    refused(
        walk.inspect(1, "sealed", seen={"barcode": False, "scanned": "4012"}),
        422,
        "not_allowed_value",
    )
