"""Facts that wait on the desk: seen by everybody, tried again and given up by who may."""

from serving.intake import record
from tests.pages.conftest import SignIn, once_of, token_of
from tests.pages.desk_world import DeskWorld
from tests.serving.house import FEED, cloud_event
from workflow.facts import RecallClosed


def test_a_fact_that_waits_is_tried_again_and_given_up(desk: DeskWorld, sign_in: SignIn) -> None:
    """Why it waits and for what; the reason for giving it up is shown with who gave it."""
    early = cloud_event(RecallClosed("RC-9", "PMP-1001", desk.now), "late-<1>")
    parked = record(desk.services, FEED, early)["parked_id"]
    clerk, manager = sign_in("asha"), sign_in("quentin")
    seen = clerk.get("/parked")
    assert "Came too early" in seen.text and "recall/RC-9" in seen.text
    assert "late-&lt;1&gt;" in seen.text and "Give it up" not in seen.text
    page = manager.get("/parked")
    retry, abandon = (f"/parked/{parked}/{step}" for step in ("retry", "abandonment"))
    form = {"csrf": token_of(page), "once": once_of(page, retry)}
    assert manager.post(retry, data=form).headers["location"] == "/parked?did=still"
    form["once"] = once_of(page, abandon)
    gone = manager.post(abandon, data=form | {"because": "Sent by mistake."})
    assert gone.headers["location"] == "/parked?did=abandoned"
    assert "Nothing waits" in manager.get("/parked").text
    assert "Sent by mistake." in manager.get("/parked?status=abandoned").text
