"""Who gets in, how, and where to; and what a page may not do."""

from collections.abc import Callable
from urllib.parse import quote

from starlette.testclient import TestClient

from tests.pages.conftest import SignIn, token_of
from tests.pages.desk_world import PASSWORD, DeskWorld

Visit = Callable[[], TestClient]


def test_nobody_sees_a_page_without_signing_in(visit: Visit) -> None:
    """Every page leads a stranger to the sign-in form, which leads back."""
    client = visit()
    for path in ("/queue", "/returns", "/returns/R-1001", "/exceptions", "/models", "/operations"):
        answer = client.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/sign-in?next={quote(path, safe='')}"


def test_a_form_sent_after_the_session_ended_leads_to_its_page(visit: Visit) -> None:
    """Not to the address of the form, which nobody can open."""
    answer = visit().post("/returns/R-1001/decision", data={"task": "x", "once": "y"})
    assert answer.headers["location"] == "/sign-in?next=%2Freturns%2FR-1001"


def test_the_session_cookie_is_for_this_site_and_not_for_scripts(visit: Visit) -> None:
    """HttpOnly, SameSite=Strict, and it ends."""
    client = visit()
    form = {"user": "nadia", "password": PASSWORD, "csrf": token_of(client.get("/sign-in"))}
    answer = client.post("/sign-in", data=form)
    cookie = next(c for c in answer.headers.get_list("set-cookie") if "triage_session" in c)
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Max-Age=43200" in cookie


def test_wrong_password_and_unknown_user_are_told_the_same(visit: Visit) -> None:
    """Names cannot be tried out."""
    client = visit()
    token = token_of(client.get("/sign-in"))
    answers = [
        client.post("/sign-in", data={"user": user, "password": "no", "csrf": token})
        for user in ("nadia", "nobody")
    ]
    assert [a.status_code for a in answers] == [401, 401]
    assert answers[0].text.replace("nadia", "nobody") == answers[1].text
    assert "User or password is wrong." in answers[0].text


def test_sign_in_leads_nowhere_else(visit: Visit) -> None:
    """``next`` is a path of this site, or the queue."""
    client, form = visit(), {"user": "nadia", "password": PASSWORD}
    away = ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", ""]
    for target in away:
        client.cookies.clear()
        form["csrf"] = token_of(client.get("/sign-in"))
        answer = client.post("/sign-in", data=form | {"next": target})
        assert answer.headers["location"] == "/queue", target


def test_sign_in_leads_back_to_the_page_asked_for(visit: Visit) -> None:
    """With its query."""
    client = visit()
    form = {"user": "nadia", "password": PASSWORD, "csrf": token_of(client.get("/sign-in"))}
    answer = client.post("/sign-in", data=form | {"next": "/queue?order=value"})
    assert answer.headers["location"] == "/queue?order=value"


def test_sign_out_ends_the_session_on_the_server_too(sign_in: SignIn) -> None:
    """A kept cookie opens nothing afterwards."""
    client = sign_in("nadia")
    kept = client.cookies["triage_session"]
    token = token_of(client.get("/queue"))
    assert client.post("/sign-out", data={"csrf": token}).status_code == 303
    client.cookies.set("triage_session", kept)
    assert client.get("/queue").status_code == 303


def test_every_form_refuses_another_sites_post(sign_in: SignIn, desk: DeskWorld) -> None:
    """Without the session's token nothing happens, whatever the cookie says."""
    client = sign_in("nadia")
    task = desk.open_task("R-1001")
    forms = {
        "/returns/R-1001/decision": {"task": task, "choice": "approve", "once": "a"},
        "/returns/R-1001/give-back": {"task": task},
        "/returns/R-1001/receipts": {"once": "a", "warehouse": "W"},
        "/returns/R-1001/inspections": {"once": "a", "line": "1"},
        "/returns/R-1001/cancellation": {"once": "a", "because": "x"},
        "/returns/new": {"once": "a", "customer": "C-1001"},
        "/exceptions/X-1/resolution": {"once": "a"},
        "/sign-out": {},
    }
    for path, form in forms.items():
        for token in ("", "0" * 64, "é"):
            answer = client.post(path, data=form | {"csrf": token})
            assert answer.status_code == 403, path
    assert desk.task(task)["status"] == "open"
    assert client.get("/queue").status_code == 200


def test_a_stranger_cannot_sign_a_browser_in(visit: Visit) -> None:
    """The sign-in form has a token too: nobody is signed in as somebody else by another site."""
    form = {"user": "nadia", "password": PASSWORD}
    assert visit().post("/sign-in", data=form).status_code == 403


def test_pages_run_nothing_and_load_nothing_from_afar(sign_in: SignIn) -> None:
    """A strict policy without exceptions, and markup that needs none."""
    client = sign_in("nadia")
    for path in ("/sign-in", "/queue", "/returns/R-1001", "/nowhere"):
        answer = client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert "<script" not in answer.text and " style=" not in answer.text
        assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")


def test_demo_users_are_listed_only_when_asked_for(visit: Visit, desk: DeskWorld) -> None:
    """Passwords are shown by the demo alone."""
    assert "Demo users" not in visit().get("/sign-in").text
    desk.services.settings.show_sign_ins = True
    assert "Demo users" in visit().get("/sign-in").text
