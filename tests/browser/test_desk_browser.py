"""The desk in a real browser: no script, strict policy, keyboard and mouse, and it works."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from socket import socket

import pytest
import uvicorn

from serving.app import create_app
from tests.browser.chromium import Tab, browser, program
from tests.pages.desk_world import PASSWORD, DeskWorld, make_desk, story_inspected
from tests.pages.fake_models import make_models

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        program() is None and os.environ.get("CI") != "true",
        reason="no Chromium here: install it, or name it in CHROMIUM",
    ),
]
NARROW = 400


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> DeskWorld:
    made = make_desk(database_url, tmp_path, make_models())
    story_inspected(made)
    return made


@pytest.fixture
def site(desk: DeskWorld) -> Iterator[str]:
    """The address of the running app; it stops with the test."""
    with closing(socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(desk.services), log_level="error", ws="none")
        server = uvicorn.Server(config)
        running = threading.Thread(target=server.run, args=([listening],))
        running.start()
        try:
            until = time.monotonic() + 20
            while not server.started and time.monotonic() < until:
                time.sleep(0.02)
            assert server.started
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            running.join(timeout=20)


@pytest.fixture
def tab() -> Iterator[Tab]:
    path = program()
    assert path is not None, "CI needs Chromium: apt-get install chromium"
    with browser(path) as opened:
        opened.size(1280)
        yield opened


def _sign_in(tab: Tab, site: str) -> None:
    tab.open(f"{site}/queue")
    tab.type("input[name=user]", "nadia")
    tab.type("input[name=password]", PASSWORD)
    tab.follow("form.card button")


def test_a_reviewer_overrides_a_task_and_sees_it_told(tab: Tab, site: str, desk: DeskWorld) -> None:
    """Sign in, take the first task of the queue, decide otherwise with a reason, read it back."""
    _sign_in(tab, site)
    assert "Confirm the disposition" in tab.text() and "R-1001" in tab.text()
    tab.follow("table.list a")
    text = tab.text()
    assert "Yours until" in text and "The model proposes; quality confirms." in text
    assert "Costs us USD 91.00 a unit" in text
    tab.press("input[value='override:scrap']")
    tab.choose("select[name=reason_code]", "goods_differ")
    tab.type("textarea[name=note]", "Housing cracked, “beyond repair”")
    tab.follow(".decision button")
    text = tab.text()
    assert "Your decision is recorded." in text
    assert "Decided otherwise on confirm the disposition: scrap instead of return to" in text
    assert "“Housing cracked, “beyond repair””" in text
    tab.follow(".notice a")
    assert "Nothing waits for you." in tab.text()
    assert not _complaints(tab)


def _complaints(tab: Tab) -> list[str]:
    """What the browser minds of our markup: a breach of the policy, a file that is not there."""
    return [said for said in tab.said if "Autofocus" not in said]


def test_an_unanswered_form_is_held_back_by_the_browser(tab: Tab, site: str) -> None:
    """Nothing is sent while no answer is marked: no decision by a slip."""
    _sign_in(tab, site)
    tab.follow("table.list a")
    before = tab.value("location.href")
    tab.press(".decision button")
    assert tab.value("document.querySelector('.decision').checkValidity()") is False
    assert tab.value("location.href") == before


def test_pages_fit_a_phone_and_a_keyboard(tab: Tab, site: str) -> None:
    """No sideways scrolling at 400 pixels, a name for every field, and a way past the menu."""
    _sign_in(tab, site)
    tab.size(NARROW)
    for path in (
        "/queue", "/returns", "/returns/R-1001", "/reviews", "/exceptions", "/claims", "/masters",
        "/masters/codes", "/models", "/policies", "/team", "/operations",
    ):  # fmt: skip
        tab.open(site + path)
        assert tab.value("document.documentElement.scrollWidth") <= NARROW, path
        nameless = tab.value(
            "[...document.querySelectorAll('input:not([type=hidden]),select,textarea')]"
            ".filter(e => !e.labels.length && !e.ariaLabel).map(e => e.name)"
        )
        assert nameless == [], path
        assert tab.value("document.querySelector('a[href]').textContent") == "Skip to content"
    assert not _complaints(tab)
