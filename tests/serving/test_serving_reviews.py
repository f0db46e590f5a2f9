"""Second reviews over HTTP: blind while open, one alarm on disagreement, agreement by role."""

from collections.abc import Callable

from tests.serving.house import STAFF, House
from tests.serving.test_serving_delegations import credit_task


def test_a_drawn_decision_is_reviewed_blind(house_with: Callable[..., House]) -> None:
    """Listed for others of the role without the first decision; disagreement tells the role
    above; the figures say how often two people agreed; everything refolds."""
    house = house_with(draw=0)
    task = credit_task(house)
    assert house.decide(task, "clerk").status_code == 200
    assert house.get("/v1/reviews", "clerk").json()["items"] == []
    (item,) = house.get("/v1/reviews", "finn2").json()["items"]
    assert (item["task_id"], item["status"], item["proposal"]) == (task, "open", "full")
    assert not {"first_outcome", "approved_by"} & item.keys()
    seen = house.get(f"/v1/reviews/{task}", "finn2").json()
    assert "first_outcome" not in seen
    assert seen["evidence"]["inspected"]["condition"] == "defective"
    assert STAFF["clerk"].id not in str(seen)
    path = f"/v1/reviews/{task}/answer"
    assert house.post(path, {"decision": "approve"}, "clerk").json()["code"] == "already_decided"
    given = house.post(path, {"decision": "reject", "note": "Worn."}, "finn2").json()
    assert (given["agreed"], given["first_outcome"]) == (False, "full")
    assert given["second_outcome"] == "deny"
    assert house.post(path, {"decision": "reject"}, "lead").json()["code"] == "unknown_review"
    (alarm,) = house.get("/v1/alarms", role="finance_lead").json()["items"]
    assert alarm["kind"] == "second_review" and task in alarm["says"]
    (share,) = [
        row
        for row in house.get("/v1/reviews/agreement").json()["items"]
        if row["point"] == "credit"
    ]
    assert (share["role"], share["given"], share["agreed"]) == ("finance_clerk", 1, 0)
    assert house.get("/v1/reviews/R-0-T1", "clerk").json()["code"] == "unknown_review"
    assert house.differences() == []


def test_what_is_not_drawn_is_not_reviewed(house: House) -> None:
    """The draw decides, and the decision stands alone."""
    house.decide(credit_task(house), "clerk")
    assert house.get("/v1/reviews", "finn2").json()["items"] == []
    assert house.get("/v1/reviews/agreement").json()["items"] == []
