"""Who is away and what is late, over HTTP: leases given back, uncovered tasks, escalation."""

from datetime import timedelta
from typing import cast

from sqlalchemy import text

from journal import accounts
from serving.chores import escalate, release_absent
from tests.serving.house import STAFF, House, Json
from tests.serving.test_serving_delegations import credit_task, lend

CLERK = STAFF["clerk"].id
ABLE = ("clerk", "finn2", "lead", "lead2")
"""Who may decide what is asked of a finance clerk; ``both`` may too."""


def leave(house: House, who: str, days: int = 0, start: int = 0) -> Json:
    first = house.clock.now.date() + timedelta(days=start)
    body = {"first_day": str(first), "last_day": str(first + timedelta(days=days))}
    return cast(Json, house.post("/v1/absences", body, who).json())


def only_item(house: House, who: str) -> Json:
    (item,) = house.get("/v1/queue", who).json()["items"]
    return cast(Json, item)


def holder(house: House, task: str) -> object:
    return house.get(f"/v1/queue/{task}").json()["lease_holder"]


def test_who_is_away_takes_no_tasks(house: House) -> None:
    """What they held is released at once; neither lease nor decision until they are back."""
    task = credit_task(house)
    assert house.post(f"/v1/queue/{task}/lease", {}, "clerk").status_code == 200
    away = leave(house, "clerk", days=3)
    assert (away["status"], holder(house, task)) == ("recorded", None)
    no = house.post(f"/v1/queue/{task}/lease", {}, "clerk")
    assert (no.status_code, no.json()["code"]) == (409, "absent")
    assert house.decide(task, "clerk").json()["code"] == "absent"
    lost = house.post(f"/v1/absences/{away['absence_id']}/end", {}, "finn2")
    assert lost.json()["code"] == "wrong_role"
    assert house.post("/v1/absences/A-0/end", {}, "clerk").json()["code"] == "unknown_absence"
    back = house.post(f"/v1/absences/{away['absence_id']}/end", {}, "clerk")
    assert back.json()["status"] == "ended"
    assert house.decide(task, "clerk").status_code == 200
    assert house.differences() == []


def test_an_absence_to_come_begins_by_the_clock(house: House) -> None:
    """Until then everything goes on; on its first day leases are given back by a job."""
    task = credit_task(house)
    leave(house, "clerk", start=1)
    house.post(f"/v1/queue/{task}/lease", {}, "clerk")
    assert release_absent(house.services) == 0
    house.clock.forward(days=1)
    assert release_absent(house.services) == 1
    assert holder(house, task) is None


def test_what_nobody_present_may_decide_is_uncovered(house: House) -> None:
    """The queue names who is away and could; a delegate who is here covers it."""
    credit_task(house)
    with house.services.engine.begin() as conn:
        for part in ("finn2", "lead", "lead2", "both"):
            accounts.close_account(conn, STAFF[part].id)
    assert only_item(house, "clerk")["uncovered"] is False
    lend(house)
    leave(house, "clerk", days=1)
    assert only_item(house, "warehouse")["uncovered"] is False
    leave(house, "warehouse", days=1)
    item = only_item(house, "warehouse")
    assert item["uncovered"] is True
    assert set(item["waits_for"]) == {CLERK, STAFF["warehouse"].id}


def test_who_asked_or_inspected_covers_nothing(house: House) -> None:
    """The one person left may hold the role: what they did themselves stays undecided."""
    task = credit_task(house)
    with house.services.engine.begin() as conn:
        for part in (*ABLE, "both"):
            accounts.close_account(conn, STAFF[part].id)
        inspector = STAFF["inspector"].id
        accounts.save_account(conn, inspector, "x", ["inspector", "finance_clerk"], house.clock())
    house.app.state.known_keys.clear()  # five seconds later
    items = house.get("/v1/queue", "inspector").json()["items"]
    (item,) = [found for found in items if found["task_id"] == task]
    assert (item["uncovered"], item["waits_for"]) == (True, [])


def test_absences_are_listed_and_refolded(house: House) -> None:
    """By person; a row changed behind the journal is named."""
    leave(house, "clerk")
    leave(house, "lead", start=2)
    assert len(house.get("/v1/absences").json()["items"]) == 2
    assert [a["person"] for a in house.get("/v1/absences", person=CLERK).json()["items"]] == [CLERK]
    assert house.differences() == []
    with house.services.engine.begin() as conn:
        conn.execute(text("UPDATE absence SET status = 'ended'"))
    assert len(house.differences()) == 2


def test_late_tasks_go_up_by_the_clock_past_who_is_away(house: House) -> None:
    """A job passes a task on once it is due, to a role where somebody is present; the timeline
    tells it, nothing is passed on twice, and at the top it is marked as overdue."""
    task = credit_task(house)
    assert escalate(house.services) == 0
    house.clock.forward(days=3)
    assert [escalate(house.services) for _ in range(2)] == [1, 0]
    (passed,) = house.case()["tasks"]
    assert (passed["role"], passed["overdue"]) == ("finance_lead", False)
    assert house.get(f"/v1/queue/{task}").json()["decision"] == "escalate"
    told = [entry for entry in house.case()["timeline"] if entry["type"] == "task_escalated"]
    assert [entry["data"]["to_role"] for entry in told] == ["finance_lead"]
    house.clock.forward(days=3)
    assert [escalate(house.services) for _ in range(2)] == [1, 0]
    assert house.case()["tasks"][0]["overdue"] is True
    assert house.get("/v1/queue", "lead").json()["items"][0]["overdue_at"] is not None
    assert house.decide(passed["task"], "lead").status_code == 200
    assert house.differences() == []
