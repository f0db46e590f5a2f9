"""Asking, receiving, inspecting, cancelling and resolving on pages: the API's commands."""

import re
from typing import Any

from starlette.testclient import TestClient

from tests.pages.conftest import Answer, SignIn, once_of, token_of
from tests.pages.desk_world import DeskWorld, findings, line
from workflow.facts import ExceptionRaised

ROW = {"invoice_line": "1", "sku": "", "lot": "", "reason_code": ""}


def ask(client: TestClient, once: str = "k", **form: Any) -> Answer:
    form = {"customer": "C-1001", "csrf": token_of(client.get("/returns/new")), **ROW, **form}
    return client.post("/returns/new", data=form | {"once": once})


def test_a_return_is_asked_for_by_its_invoice_line(sign_in: SignIn, desk: DeskWorld) -> None:
    """The item comes from the invoice; a second click makes no second return."""
    client = sign_in("asha")
    form = {
        "invoice": desk.sell("SEA-1001", 4, 58_00),
        "quantity": "2",
        "reason_text": "we took too many",
        "condition": "sealed",
        "handed_over": "at_delivery",
        "barcode": "yes",
        "soiled": "no",
        "infested": "no",
    }
    first, again = ask(client, **form), ask(client, **form)
    assert first.status_code == 303 and first.headers == again.headers
    page = client.get(first.headers["location"])
    assert "The return is recorded." in page.text
    assert "Seal kit for gear pump GP-22" in page.text and "Authorised" in page.text
    stated = "condition sealed, handed over at delivery, barcode yes, soiled no, infested no"
    assert stated in page.text


def test_a_request_that_cannot_be_is_drawn_again(sign_in: SignIn, desk: DeskWorld) -> None:
    """With what is wrong, and everything that was typed."""
    client = sign_in("asha")
    invoice = desk.sell("SEA-1001", 4, 58_00)
    wrong = [
        ({"invoice": "INV-0", "quantity": "1"}, "there is no invoice INV-0 line 1"),
        ({"invoice": invoice, "quantity": "5"}, "4 still returnable"),
        ({"invoice": invoice, "quantity": "four"}, "is no quantity"),
        ({"invoice": invoice, "quantity": "NaN"}, "is no quantity"),
        ({"invoice": invoice, "invoice_line": "x", "quantity": "1"}, "which line of"),
        ({"invoice": "", "invoice_line": "", "sku": "<b>", "quantity": "1"}, "Sku"),
        ({"invoice": "", "invoice_line": "", "quantity": ""}, "at least one line"),
        ({"customer": "C-0", "invoice": invoice, "quantity": "1"}, "no customer C-0"),
        ({"invoice": invoice, "quantity": "1", "reason_code": "boredom"}, "Reason code"),
    ]
    for number, (form, says) in enumerate(wrong):
        text = "it “leaks” <b>" if form["quantity"] else ""
        answer = ask(client, f"k{number}", reason_text=text, **form)
        assert 400 <= answer.status_code < 500 and says in answer.text, form
        assert text.replace("<b>", "&lt;b&gt;") in answer.text


def test_only_those_who_may_ask_get_the_form(sign_in: SignIn) -> None:
    """Others are told which role it needs."""
    answer = sign_in("femi").get("/returns/new")
    assert answer.status_code == 403 and "customer_service" in answer.text


def test_the_warehouse_receives_on_the_case_page(sign_in: SignIn, desk: DeskWorld) -> None:
    """What was announced, and something that was not; rows left empty did not arrive."""
    desk.ask("R-2", [line(desk.sell("SEA-1001", 6, 87_00), 3, "too many", "SEA-1001")])
    assert "Receive goods" not in sign_in("tessa").get("/returns/R-2").text
    client = sign_in("femi")
    page = client.get("/returns/R-2")
    assert "Line 1: SEA-1001, 3 EA expected" in page.text and 'value="W-IND-1"' in page.text
    form: dict[str, Any] = {
        "csrf": token_of(page), "once": "k", "warehouse": "W-IND-1", "line": ["1", ""],
        "sku": ["SEA-1001", "PMP-1001"], "quantity": ["3", "x"], "lot": ["", ""],
    }  # fmt: skip
    assert client.post("/returns/R-2/receipts", data=form).status_code == 422
    form["quantity"] = ["3", "1"]
    assert client.post("/returns/R-2/receipts", data=form).status_code == 303
    text = client.get("/returns/R-2?did=received").text
    assert "3 of SEA-1001, line 1; 1 of PMP-1001, unannounced (blind)" in text
    assert "Decide on surplus goods" in text and "Receive goods" not in text


def test_the_inspector_inspects_on_the_case_page(sign_in: SignIn, desk: DeskWorld) -> None:
    """A part of what came; the rest waits; more than came is refused."""
    desk.ask("R-2", [line(desk.sell("SEA-1001", 6, 87_00), 3, "too many", "SEA-1001")])
    desk.receive("R-2", "SEA-1001", 3)
    client = sign_in("jonas")
    page = client.get("/returns/R-2")
    assert "3 EA not looked at yet" in page.text
    form = {"csrf": token_of(page), "line": "1", "condition": "sealed", "note": "Fine"}
    path = "/returns/R-2/inspections"
    refused = client.post(path, data=form | {"once": "a", "quantity": "4"})
    assert refused.status_code == 422 and "Fine</textarea>" in refused.text
    odd = client.post(path, data=form | {"once": "b", "quantity": "1", "condition": "lovely"})
    assert odd.status_code == 422 and "Condition" in odd.text
    for _ in range(2):
        assert client.post(path, data=form | {"once": "c", "quantity": "2"}).status_code == 303
    text = client.get("/returns/R-2").text
    assert "1 EA not looked at yet" in text and "Portion 1.1: 2 EA, sealed" in text


def test_what_the_inspector_sees_of_barcode_dirt_and_pests_is_kept(
    sign_in: SignIn, desk: DeskWorld
) -> None:
    """A code that is scanned, and two choices that may be left open; a contradiction is drawn
    again as it was sent."""
    desk.ask("R-2", [line(desk.sell("SEA-1001", 6, 87_00), 3, "too many", "SEA-1001")])
    desk.receive("R-2", "SEA-1001", 3)
    client = sign_in("jonas")
    form = {
        "csrf": token_of(client.get("/returns/R-2")), "line": "1", "condition": "sealed",
        "quantity": "1", "scanned": "4012345678901", "soiled": "yes", "infested": "no",
    }  # fmt: skip
    path = "/returns/R-2/inspections"
    odd = client.post(path, data=form | {"once": "a", "barcode": "no"})
    assert odd.status_code == 422 and 'value="4012345678901"' in odd.text
    assert client.post(path, data=form | {"once": "b"}).status_code == 303
    text = client.get("/returns/R-2").text
    assert "barcode readable (4012345678901)" in text and "· soiled" in text


def test_photos_come_with_an_inspection_and_are_seen(sign_in: SignIn, desk: DeskWorld) -> None:
    """A picture is shown beside its portion, another file is linked; a program is refused."""
    desk.ask("R-2", [line(desk.sell("SEA-1001", 6, 87_00), 3, "too many", "SEA-1001")])
    desk.receive("R-2", "SEA-1001", 3)
    client = sign_in("jonas")
    form = {
        "csrf": token_of(client.get("/returns/R-2")), "line": "1", "condition": "damaged",
        "quantity": "3",
    }  # fmt: skip
    path, png = "/returns/R-2/inspections", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40)
    bad = [("files", ("photo.png", b"MZ\x90\x00" + bytes(60), "image/png"))]
    refused = client.post(path, data=form | {"once": "a"}, files=bad)
    assert refused.status_code == 415 and "evidence is JPEG" in refused.text
    good = [
        ("files", ("crack <b>.png", png, "image/png")),
        ("files", ("log.csv", b"08:00;4.1", "text/csv")),
    ]
    assert client.post(path, data=form | {"once": "b"}, files=good).status_code == 303
    text = client.get("/returns/R-2").text
    assert "crack &lt;b&gt;.png" in text and "log.csv" in text
    shown = re.findall(r'<img src="(/evidence/[^"]+)"', text)
    assert len(shown) == 1
    picture = client.get(shown[0])
    assert (picture.content, picture.headers["content-type"]) == (png, "image/png")


def test_a_return_is_cancelled_with_a_reason(sign_in: SignIn, desk: DeskWorld) -> None:
    """While nothing came back."""
    desk.ask("R-2", [line(desk.sell("SEA-1001", 6, 87_00), 3, "too many", "SEA-1001")])
    client = sign_in("asha")
    page = client.get("/returns/R-2")
    form = {"csrf": token_of(page), "once": "k", "because": "  "}
    path = "/returns/R-2/cancellation"
    assert client.post(path, data=form).status_code == 422
    assert client.post(path, data=form | {"because": "Sold on <b>site</b>"}).status_code == 303
    assert "Sold on &lt;b&gt;site&lt;/b&gt;" in client.get("/returns/R-2").text


def test_finance_resolves_an_exception(sign_in: SignIn, desk: DeskWorld) -> None:
    """Ranked, explained, closed with the money it cost; a second time it is gone."""
    findings(desk)
    assert "Resolve" not in sign_in("asha").get("/exceptions/X-1").text
    client = sign_in("tessa")
    page = client.get("/exceptions")
    assert page.text.index('id="X-1"') < page.text.index('id="X-2"')
    assert 'id="X-1"' not in client.get("/exceptions?code=R10").text
    page = client.get("/exceptions/X-1")
    assert "USD 421.80 at stake" in page.text  # a push, in money
    assert "Of all exceptions of this kind, 64 % cost money" in page.text
    form = {"csrf": token_of(page), "resolution": "recovered", "recovered": "421.80"}
    path = "/exceptions/X-1/resolution"
    assert client.post(path, data=form | {"once": "a"}).status_code == 422
    assert client.post(path, data=form | {"once": "b", "note": "Paid back"}).status_code == 303
    again = client.post(path, data=form | {"once": "c", "note": "Paid back"})
    assert again.status_code == 409 and "resolved already by tessa" in again.text
    assert "X-1" not in client.get("/exceptions").text


def test_a_large_write_off_needs_two_people_on_the_page(sign_in: SignIn, desk: DeskWorld) -> None:
    """The first lead sees that somebody else must confirm; the second confirms; the list says
    which wait for one."""
    raised = ExceptionRaised(
        "X-9", "R15", "industrial", "USD", 9_000_00, 0, "interim", desk.now, "Not zero."
    )
    desk.tell(raised)
    xenia, yuri = sign_in("xenia"), sign_in("yuri")
    page = xenia.get("/exceptions/X-9")
    form = {"csrf": token_of(page), "once": "a", "resolution": "written_off", "note": "Gone."}
    told = xenia.post("/exceptions/X-9/resolution", data=form)
    assert told.headers["location"] == "/exceptions/X-9?did=proposed"
    shown = xenia.get("/exceptions/X-9").text
    assert "You said so; somebody else must confirm it." in shown and "Take it back" in shown
    assert "X-9" in yuri.get("/exceptions?show=second").text
    page = yuri.get("/exceptions/X-9")
    assert "xenia: USD 9,000.00 would be let go" in page.text
    form = {"csrf": token_of(page), "once": once_of(page, "/exceptions/X-9/confirmation")}
    assert yuri.post("/exceptions/X-9/confirmation", data=form).status_code == 303
    assert "confirmed by yuri" in xenia.get("/exceptions/X-9").text
