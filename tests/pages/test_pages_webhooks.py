"""Webhooks on the desk: subscribed, looked at, sent again, ended."""

import re

import pytest

from integrations.webhooks.address import networks
from integrations.webhooks.sending import Answer
from journal import accounts
from tests.pages.conftest import SignIn, once_of, token_of
from tests.pages.desk_world import DeskWorld

PATH = "/webhooks"


@pytest.fixture
def admin(desk: DeskWorld) -> None:
    desk.services.courier.networks = networks("127.0.0.0/8")
    desk.services.courier.send = lambda to, headers, body: Answer(500, "<b>busy</b>")
    with desk.services.engine.begin() as conn:
        accounts.save_account(conn, "ada", "Ada", ["admin"], desk.now)


@pytest.mark.usefixtures("admin")
def test_a_receiver_is_subscribed_and_looked_after(sign_in: SignIn, desk: DeskWorld) -> None:
    """The secret is shown once, also to a second click; failures are told, texts stay texts; it is
    sent again and ended on its page."""
    ada = sign_in("ada")
    page = ada.get(PATH)
    form = {
        "csrf": token_of(page), "once": once_of(page, PATH), "url": "http://10.0.0.1/",
        "description": "Shop <i>two</i>", "types": ["return_requested"],
    }  # fmt: skip
    wrong = ada.post(PATH, data=form)
    assert wrong.status_code == 422 and "Plain HTTP" in wrong.text
    form |= {"url": "http://127.0.0.1:9/in?token=abc", "once": "again"}
    made = ada.post(PATH, data=form)
    assert re.search(r"<code>whsec_[A-Za-z0-9+/=]+</code>", made.text)
    assert "Shop &lt;i&gt;two&lt;/i&gt;" in made.text and "token=abc" not in made.text
    assert ada.post(PATH, data=form).headers["location"] == "/webhooks?did=made"
    assert "whsec_" not in ada.get(PATH).text
    number = re.search(r'href="/webhooks/(wh-\w+)"', made.text)
    assert number is not None
    own = f"{PATH}/{number[1]}"
    page = ada.get(own)
    form = {"csrf": token_of(page), "once": once_of(page, f"{own}/replay"), "hours": "24"}
    assert ada.post(f"{own}/replay", data=form).headers["location"] == f"{own}?did=replayed"
    desk.services.courier.look()
    desk.services.courier.carry(number[1])
    page = ada.get(own)
    assert "1 failures in a row" in page.text and "&lt;b&gt;busy&lt;/b&gt;" in page.text
    form = {"csrf": token_of(page), "once": once_of(page, f"{own}/rotation")}
    assert "whsec_" in ada.post(f"{own}/rotation", data=form).text
    form = {"csrf": token_of(page), "once": once_of(page, f"{own}/removal")}
    assert ada.post(f"{own}/removal", data=form).headers["location"] == "/webhooks?did=removed"
    assert "Nobody is sent anything" in ada.get(PATH).text


@pytest.mark.usefixtures("admin")
def test_webhooks_are_for_admins_and_auditors(sign_in: SignIn) -> None:
    """Others get no page and no link; a form of theirs changes nothing."""
    nadia = sign_in("nadia")
    assert nadia.get(PATH).status_code == 403
    page = nadia.get("/operations")
    assert PATH not in page.text
    form = {"csrf": token_of(page), "once": "x", "url": "http://127.0.0.1:9/"}
    assert nadia.post(PATH, data=form).status_code == 403
    assert "Nobody is sent anything" in sign_in("ada").get(PATH).text
