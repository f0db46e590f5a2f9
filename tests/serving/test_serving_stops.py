"""The switch over HTTP: it works at the next answer, is in the journal, and another undoes it."""

from collections.abc import Callable

from tests.serving.house import House, request_body
from tests.serving.small_models import SmallModel, says

STOPS = "/v1/automation/stops"


def settled(house: House, return_id: str) -> str | None:
    """How the reason of a fresh return was settled."""
    body = request_body(return_id, 1)
    body["lines"][0]["reason_code"] = None
    answer = house.post("/v1/returns", body)
    assert answer.status_code == 201, answer.text
    how: str | None = answer.json()["lines"][0]["reason_how"]
    return how


def test_a_switch_works_at_once_and_is_turned_back_by_another(
    house_with: Callable[..., House],
) -> None:
    """A sure answer passes; switched off for its reason and item class a person is asked, with the
    switch named; for another reason it passes; turned back by somebody else it passes again. Who
    and why are shown, and nothing differs from the log."""
    sure = SmallModel("reason", says(("defective_on_arrival", 0.95)))
    house = house_with(reason=sure)
    house.clear("reason", "reason")
    assert settled(house, "R-1001") == "model"
    what = {"reason": "defective_on_arrival", "item_class": "pumps", "because": "Wrong."}
    told = house.post(STOPS, what, "returns")
    assert told.status_code == 201, told.text
    stop = told.json()["stop_id"]
    assert settled(house, "R-1002") is None
    task = house.task("R-1002", "reason")
    assert (task["verdict"]["rule"], task["proposal"]) == ("switched-off", "defective_on_arrival")
    assert stop in task["verdict"]["because"]
    own = house.post(f"{STOPS}/{stop}/resumption", {"because": "Mended."}, "returns")
    assert (own.status_code, own.json()["code"]) == (403, "own_request")
    other = house.post(f"{STOPS}/{stop}/resumption", {"because": "Mended."}, "both")
    assert other.json()["status"] == "resumed"
    assert settled(house, "R-1003") == "model"
    house.clock.forward(hours=1)
    house.post(STOPS, {"reason": "recall", "because": "Only recalls."}, "returns")
    assert settled(house, "R-1004") == "model"
    listed = house.get(STOPS, "auditor").json()["items"]
    assert [one["status"] for one in listed] == ["stopped", "resumed"]
    assert (listed[1]["stopped_by"], listed[1]["resumed_by"]) == ("rhea.returns", "bo.both")
    assert house.differences() == []


def test_who_may_not_and_what_is_unknown(house: House) -> None:
    """A warehouse worker throws nothing; an unknown switch is said."""
    assert house.post(STOPS, {"because": "x"}, "warehouse").json()["code"] == "wrong_role"
    unknown = house.post(f"{STOPS}/S-0/resumption", {"because": "x"}, "returns")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_stop")
    wrong = house.post(STOPS, {"point": "claims", "because": "x"}, "returns")
    assert wrong.status_code == 422
