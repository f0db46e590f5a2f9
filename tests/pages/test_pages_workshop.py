"""The workshop reports its work on the case page."""

from starlette.testclient import TestClient

from tests.pages.conftest import Answer, SignIn, once_of, token_of
from tests.pages.desk_world import DeskWorld

PATH = "/returns/R-1001/refurbishments"


def report(client: TestClient, **form: str) -> Answer:
    page = client.get("/returns/R-1001")
    form = {"portion": "1.1", "part": "1", "csrf": token_of(page), **form}
    return client.post(PATH, data={"once": once_of(page, PATH)} | form)


def test_the_workshop_reports_a_part_and_sees_what_is_left(
    sign_in: SignIn, desk: DeskWorld
) -> None:
    """With the cost as people write it; what is too much is drawn again as it was sent."""
    desk.decide("nadia", desk.open_task("R-1001"), "override", "refurbish")
    client = sign_in("femi")
    assert "Report work on portion 1.1" in client.get("/returns/R-1001").text
    wrong = report(client, quantity="9", outcome="as_new", cost="12.50")
    assert wrong.status_code == 409 and "left in the workshop" in wrong.text
    assert 'value="12.50"' in wrong.text
    done = report(client, quantity="1", outcome="scrap", cost="12.50", note="Cracked.")
    text = client.get(done.headers["location"]).text
    assert "The work is recorded." in text
    assert "2 EA in the workshop" in text and "$12.50" in text.replace("USD ", "$")
    others = sign_in("asha").get("/returns/R-1001").text
    assert "Report work on portion 1.1" not in others
