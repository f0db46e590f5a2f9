"""Alarms on the desk: above the queue of their role, settled there with a note."""

from journal.alarms import raise_alarm
from tests.pages.conftest import SignIn, once_of, token_of
from tests.pages.desk_world import DeskWorld


def test_an_alarm_waits_above_the_queue_of_its_role(sign_in: SignIn, desk: DeskWorld) -> None:
    """Its own people settle it with a note; everybody else sees it on the operations page."""
    with desk.services.engine.begin() as conn:
        raise_alarm(
            desk.services.journal, conn, kind="drift", subject="reason", role="returns_manager",
            says="Texts are <b>not</b> what they were.", at=desk.now,
        )  # fmt: skip
    other = sign_in("femi")
    assert "what they were" not in other.get("/queue").text
    operations = other.get("/operations").text
    assert "Texts are &lt;b&gt;not&lt;/b&gt; what they were." in operations
    assert "Settle" not in operations
    manager = sign_in("quentin")
    page = manager.get("/queue")
    assert '<a href="/models">Models</a>' in page.text
    assert "Nothing waits for you." not in page.text
    path = "/alarms/drift%3Areason%3A1/settlement"
    form = {"csrf": token_of(page), "once": once_of(page, path)}
    assert manager.post(path, data=form | {"note": " "}).status_code == 422
    done = manager.post(path, data=form | {"note": "A new customer."})
    assert done.headers["location"] == "/queue?did=settled"
    assert "The alarm is settled." in manager.get("/queue?did=settled").text
    assert "what they were" not in manager.get("/queue").text
