"""Claims on the desk: what is due, one claim, and its forms."""

import pytest
from starlette.testclient import TestClient

from tests.pages.conftest import SignIn, once_of, token_of
from tests.pages.desk_world import DeskWorld

CLAIM = "/claims/R-1001:1.1:1"
FORM = "/claims/R-1001%3A1.1%3A1"


@pytest.fixture
def claimed(desk: DeskWorld) -> DeskWorld:
    """Three leaking pumps went back to their supplier."""
    desk.decide("nadia", desk.open_task("R-1001"), "override", "return_to_vendor")
    desk.perform("R-1001")
    return desk


def send(client: TestClient, action: str, **fields: str) -> str:
    """Send a form of the claim's page; where it leads, or the page that refuses."""
    page = client.get(CLAIM)
    path = f"{FORM}/{action}"
    form = {"csrf": token_of(page), "once": once_of(page, path), **fields}
    answer = client.post(path, data=form)
    return str(answer.headers.get("location", answer.text))


def test_a_claim_is_listed_and_told(sign_in: SignIn, claimed: DeskWorld) -> None:
    """With its deadline, what is left and expected, and the customer's words; who may not record
    an answer has no form."""
    client = sign_in("femi")
    listed = client.get("/claims").text
    assert "3 of PMP-1001" in listed and "USD 273.00" in listed and "USD 163.80" in listed
    assert "3 of PMP-1001" in client.get("/claims?supplier=S-1001&order=supplier").text
    assert "3 of PMP-1001" not in client.get("/claims?supplier=S-2").text
    page = client.get(CLAIM).text
    assert "Dana Whitfield" in page and "R-1001" in page and "claims@1#" in page
    assert "Record an answer" not in page and "Give up the rest" not in page
    assert client.get("/claims/R-1:1.1:1").status_code == 404


def test_answers_and_a_write_off_by_forms(sign_in: SignIn, claimed: DeskWorld) -> None:
    """An answer is recorded; giving up the rest waits for somebody else, who finds it in the
    queue with who asked and why; what was mistyped is kept."""
    clerk = sign_in("tessa")
    wrong = send(clerk, "answers", number="CN 1", response="PWA", paid="100")
    assert "Nothing was changed." in wrong and 'value="CN 1"' in wrong
    done = send(clerk, "answers", number="CN-1", response="PWA", paid="100.00")
    assert done.endswith("?did=answered")
    assert "partial warranty approved" in clerk.get(CLAIM).text
    assert send(clerk, "write-off", reason="denied", note="Too late.").endswith("?did=asked")
    asked = clerk.get(CLAIM).text
    assert "Write-off asked for" in asked and "Give up the rest" not in asked
    assert "You asked for it: somebody else decides." in clerk.get("/returns/R-1001").text
    lead = sign_in("yuri")
    assert "Write off the rest of a claim" in lead.get("/queue").text
    shown = lead.get("/returns/R-1001").text
    assert "USD 173.00 of a claim on S-1001: Too late. (tessa)" in shown
    claimed.decide("yuri", claimed.open_task("R-1001", "write_off"), "approve")
    told = lead.get(CLAIM).text
    assert "is written off: the supplier refuses" in told
    assert "R-1001" not in lead.get("/claims").text
    assert "R-1001" in lead.get("/claims?show=all").text
    assert "Wrote off USD 173.00" in lead.get("/returns/R-1001").text


def test_evidence_by_a_form(sign_in: SignIn, claimed: DeskWorld) -> None:
    """Handed in with where it is, it stands with the claim."""
    clerk = sign_in("tessa")
    done = send(clerk, "evidence", kind="delivery_note", reference="DN-4711")
    assert done.endswith("?did=given")
    assert "DN-4711" in clerk.get(CLAIM).text
