"""Second reviews on the desk: blind, answered once, and counted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages.conftest import SignIn, once_of, token_of
from tests.pages.desk_world import DeskWorld, make_desk, story_inspected
from tests.pages.fake_models import make_models


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[DeskWorld]:
    """The credit that finance approved is drawn for a second review."""
    drawn = [999]
    made = make_desk(database_url, tmp_path, make_models(), lambda: drawn[-1])
    story_inspected(made)
    made.decide("nadia", made.open_task("R-1001", "disposition"), "approve")
    drawn.append(0)
    made.decide("tessa", made.open_task("R-1001", "credit"), "approve")
    yield made
    made.services.engine.dispose()


def test_a_colleague_decides_again_without_seeing_the_first(
    sign_in: SignIn, desk: DeskWorld
) -> None:
    """The page shows the goods and the choices, nothing of who decided what; given once, it is
    gone and counted. Who decided first is not asked."""
    assert "Nothing waits for a second review" in sign_in("tessa").get("/reviews").text
    xenia = sign_in("xenia")
    page = xenia.get("/reviews")
    assert "What would you have decided?" in page.text and "PMP-1001" in page.text
    assert "tessa" not in page.text and "Approve the credit" in page.text
    path = page.text.split('action="/reviews/')[1].split('"')[0]
    form = {"csrf": token_of(page), "once": once_of(page, f"/reviews/{path}"), "currency": "USD"}
    unanswered = xenia.post(f"/reviews/{path}", data=form | {"once": "another"})
    assert unanswered.status_code == 422 and "Mark one answer" in unanswered.text
    given = xenia.post(f"/reviews/{path}", data=form | {"choice": "approve"})
    assert given.headers["location"] == "/reviews?did=given"
    after = xenia.get("/reviews?did=given").text
    assert "Your answer is recorded." in after and "Nothing waits for a second review" in after
    assert "100.0 %" in after
