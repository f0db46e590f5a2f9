"""A program of today finds what an older one left."""

import pytest
from sqlalchemy import text

from commands.setup import bring_up_to_date
from journal.database import raw
from journal.journal import stored_folds
from tests.serving.house import STORY, House


def test_memories_of_an_older_program_are_made_anew(
    empty_house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """The start of any command, the demo's too, makes them anew, says so once, and goes on."""
    services = empty_house.services
    own = {fold.name: fold.version for fold in services.journal.folds}
    with services.engine.begin() as conn:
        conn.execute(text("DELETE FROM fold_version WHERE fold = 'lot'"))
        conn.execute(text("UPDATE fold_version SET version = 0 WHERE fold = 'supplier'"))
    bring_up_to_date(services)
    assert "memories of supplier were made anew" in capsys.readouterr().err
    with services.engine.connect() as conn:
        assert stored_folds(raw(conn)) == own
    bring_up_to_date(services)
    assert capsys.readouterr().err == ""
    assert empty_house.tell(*STORY.facts()).status_code == 200
