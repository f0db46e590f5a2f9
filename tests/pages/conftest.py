"""The desk with the story's return waiting for quality, and browsers without a screen."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from starlette.testclient import TestClient

from journal import accounts
from serving.app import create_app
from serving.identity import COOKIE
from tests.pages.desk_world import DeskWorld, make_desk, story_inspected
from tests.pages.fake_models import make_models

SignIn = Callable[[str], TestClient]


class Answer(Protocol):
    """As much of a response as the tests look at, whichever client gives it."""

    @property
    def status_code(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[DeskWorld]:
    """R-1001 with one question open: what to do with three leaking pumps."""
    made = make_desk(database_url, tmp_path, make_models())
    story_inspected(made)
    yield made
    made.services.engine.dispose()


@pytest.fixture
def visit(desk: DeskWorld) -> Iterator[Callable[[], TestClient]]:
    """Call it for a new browser that nobody is signed in with."""
    app = create_app(desk.services)
    with ExitStack() as stack:

        def make() -> TestClient:
            client = TestClient(app, follow_redirects=False, raise_server_exceptions=False)
            stack.callback(client.close)
            return client

        yield make


@pytest.fixture
def sign_in(visit: Callable[[], TestClient], desk: DeskWorld) -> SignIn:
    """Call it with a user's name for a browser that they are signed in with."""

    def signed(user: str) -> TestClient:
        client = visit()
        with desk.services.engine.begin() as conn:
            client.cookies.set(COOKIE, accounts.open_session(conn, user, desk.now))
        return client

    return signed


def token_of(page: Answer) -> str:
    """The token of the page's forms."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
    assert found, f"no form with a token: {page.status_code}"
    return found[1]


def once_of(page: Answer, path: str) -> str:
    """The once-only key of the form that posts to a path."""
    found = re.search(rf'action="{re.escape(path)}".*?name="once" value="([^"]+)"', page.text, re.S)
    assert found, f"no form for {path}"
    return found[1]
