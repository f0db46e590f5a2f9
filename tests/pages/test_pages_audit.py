"""An audit on the desk: the page of the case keeps back what the person must decide without."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from journal import accounts
from serving.app import create_app
from serving.identity import COOKIE
from tests.pages.conftest import once_of, token_of
from tests.pages.desk_world import DeskWorld, make_desk, story_inspected
from tests.pages.fake_models import make_models


@pytest.fixture
def audited(database_url: str, tmp_path: Path) -> Iterator[DeskWorld]:
    """R-1001 inspected: the reason passed, the dispositions are drawn for the audit."""
    draws = iter((999, 0, 0))
    made = make_desk(database_url, tmp_path, make_models(), lambda: next(draws, 999))
    story_inspected(made)
    yield made
    made.services.engine.dispose()


def test_the_page_keeps_back_the_answer_of_an_audit(audited: DeskWorld) -> None:
    """Neither proposal nor likelihoods before; the model's words after the decision."""
    client = TestClient(create_app(audited.services), follow_redirects=False)
    with audited.services.engine.begin() as conn:
        client.cookies.set(COOKIE, accounts.open_session(conn, "nadia", audited.now))
        (task,) = conn.exec_driver_sql(
            "SELECT task_id, return_id FROM task WHERE status = 'open' AND blind"
        ).all()
    assert "audit: decide without one" in client.get("/queue").text
    page = client.get(f"/returns/{task.return_id}?task={task.task_id}")
    assert "withheld while somebody decides" in page.text
    card = page.text.split(f'id="{task.task_id}"')[1].split("</section>")[0]
    assert "without the model&#39;s answer" in card
    assert "likelihood of" not in card and "proposed</em>" not in card
    path = f"/returns/{task.return_id}/decision"
    once = once_of(page, path) + "-audit"
    form = {"csrf": token_of(page), "once": once, "task": task.task_id}
    done = client.post(path, data=form | {"choice": "override:scrap"})
    assert done.status_code == 303, done.text
    after = client.get(f"/returns/{task.return_id}").text
    assert "What the disposition model said" in after
    assert "Drawn for an audit of the disposition" in after
