"""Delegations over HTTP: given, in force by the clock, used in the queue, revoked, verified."""

from datetime import timedelta

from sqlalchemy import text

from journal import accounts
from serving.coverage import Coverage
from tests.serving.house import STAFF, House, Json, request_body
from tests.serving.test_serving_clockwork import inspect, receive
from workflow.actor import Actor, Mandate


def lend(house: House, who: str = "clerk", **change: object) -> Json:
    """The clerk lends their role to somebody of the warehouse for three days from today."""
    today = house.clock.now.date()
    body: Json = {
        "delegate": STAFF["warehouse"].id,
        "first_day": today.isoformat(),
        "last_day": (today + timedelta(days=2)).isoformat(),
        "because": "Holidays.",
    }
    found: Json = house.post("/v1/delegations", body | change, who).json()
    return found


def credit_task(house: House) -> str:
    """The number of an open credit task, for a finance clerk."""
    house.post("/v1/returns", request_body())
    house.perform()
    receive(house)
    inspect(house)
    task = house.task("R-1001", "disposition")["task"]
    house.decide(
        task, "quality", "override", value="return_to_vendor", reason_code="seen", note="Leaks."
    )
    return str(house.task("R-1001", "credit")["task"])


def test_a_delegate_takes_tasks_while_it_runs(house: House) -> None:
    """Before, after and once revoked the role is wrong; while it runs the queue says for whom,
    the lease is given, and the decision is recorded in the delegator's name."""
    task = credit_task(house)
    clerk = STAFF["clerk"].id
    assert house.post(f"/v1/queue/{task}/lease", {}, "warehouse").json()["code"] == "wrong_role"
    today = house.clock.now.date()
    later = lend(house, first_day=str(today + timedelta(days=1)))
    assert (later["in_force"], later["roles"]) == (False, ["finance_clerk"])
    assert house.post(f"/v1/queue/{task}/lease", {}, "warehouse").status_code == 403
    house.clock.forward(days=1)
    (item,) = house.get("/v1/queue", "warehouse").json()["items"]
    assert (item["task_id"], item["for_whom"]) == (task, clerk)
    (own,) = house.get("/v1/queue", "clerk").json()["items"]
    assert own["for_whom"] is None
    path = f"/v1/delegations/{later['delegation_id']}/revocation"
    ended = house.post(path, {"because": "Back early."}, "clerk")
    assert (ended.json()["status"], ended.json()["in_force"]) == ("revoked", False)
    assert house.post(path, {"because": "Back early."}, "clerk").json()["code"] == "already_decided"
    assert house.get("/v1/queue", "warehouse").json()["items"] == []
    assert lend(house)["in_force"]
    assert house.post(f"/v1/queue/{task}/lease", {}, "warehouse").status_code == 200
    assert house.decide(task, "warehouse").status_code == 200
    decided = house.get(f"/v1/queue/{task}").json()
    assert (decided["decided_by"], decided["decided_for"]) == (STAFF["warehouse"].id, clerk)
    assert house.differences() == []


def test_it_ends_by_the_clock(house: House) -> None:
    """The last day is included, the next is not."""
    credit_task(house)
    lend(house)
    house.clock.forward(days=2)
    assert len(house.get("/v1/queue", "warehouse").json()["items"]) == 1
    house.clock.forward(days=1)
    assert house.get("/v1/queue", "warehouse").json()["items"] == []


def test_a_role_that_was_taken_away_is_not_lent_any_more(house: House) -> None:
    """Who loses the role, or leaves, lends nothing from then on."""
    task, clerk = credit_task(house), STAFF["clerk"]
    lend(house)
    with house.services.engine.begin() as conn:
        accounts.save_account(conn, clerk.id, clerk.id, ["procurement"], house.clock())
    assert house.get("/v1/queue", "warehouse").json()["items"] == []
    assert house.decide(task, "warehouse").json()["code"] == "wrong_role"
    with house.services.engine.begin() as conn:
        accounts.save_account(conn, clerk.id, clerk.id, clerk.roles, house.clock())
        accounts.close_account(conn, clerk.id)
    assert house.get("/v1/queue", "warehouse").json()["items"] == []


def test_what_is_refused_is_not_recorded(house: House) -> None:
    """For others, to oneself, to nobody we know, to a machine, of others' roles: by its code."""
    before = house.footprint()
    clerk = STAFF["clerk"].id
    for who, change, code in (
        ("warehouse", {"delegator": clerk}, "wrong_role"),
        ("clerk", {"delegate": clerk}, "self_delegation"),
        ("clerk", {"delegate": "nobody"}, "unknown_account"),
        ("clerk", {"delegate": STAFF["feed"].id}, "unknown_account"),
        ("clerk", {"roles": ["finance_lead"]}, "not_own_role"),
        ("clerk", {"first_day": "2020-01-01"}, "invalid_period"),
        ("feed", {}, "wrong_role"),
    ):
        assert lend(house, who, **change)["code"] == code
    lost = house.post("/v1/delegations/D-0/revocation", {"because": "x"}, "clerk")
    assert (lost.status_code, lost.json()["code"]) == (404, "unknown_delegation")
    assert house.footprint() == before


def test_delegations_are_listed_and_refolded(house: House) -> None:
    """By person and status, the newest first; a row changed behind the journal is named."""
    first = lend(house)["delegation_id"]
    house.clock.forward(minutes=1)
    second = lend(house, delegate=STAFF["quality"].id)["delegation_id"]
    everything = house.get("/v1/delegations").json()["items"]
    assert [item["delegation_id"] for item in everything] == [second, first]
    mine = house.get("/v1/delegations", person=STAFF["quality"].id).json()["items"]
    assert [item["delegation_id"] for item in mine] == [second]
    assert house.get("/v1/delegations", status="revoked").json()["items"] == []
    assert house.differences() == []
    with house.services.engine.begin() as conn:
        conn.execute(text("UPDATE delegation SET last_day = last_day + 1"))
    assert len(house.differences()) == 2


def test_a_task_is_not_covered_by_a_role_that_its_requester_lent() -> None:
    """Whom the decision would refuse is not counted as present for it."""
    delegate = Actor("dee", frozenset(), mandates=(Mandate("finance_clerk", "pam", "D-1"),))
    there = Coverage(True, (delegate,))
    assert there.of("finance_clerk", frozenset())["uncovered"] is False
    assert there.of("finance_clerk", frozenset({"pam"}))["uncovered"] is True
