"""A command and everything that follows from it at once, in one transaction."""

from datetime import datetime

import structlog
from sqlalchemy import Connection

from journal.entries import Conflict
from serving.assessor import Assessor
from serving.away import DATABASE_ERRORS
from serving.cases import Cases, Handled
from workflow.commands import Command
from workflow.wanted import wanted

NOT_THE_MODEL: tuple[type[Exception], ...] = (*DATABASE_ERRORS, Conflict)
"""What asks for the whole transaction to be done again."""

log = structlog.get_logger("serving")


def act(
    cases: Cases,
    assessor: Assessor,
    conn: Connection,
    return_id: str,
    command: Command,
    expected_version: int | None = None,
) -> Handled:
    """Handle a command, then let the models answer what the case waits for.

    A model that fails must not undo what a person did: its part is rolled back alone, and the
    ``assess`` effect that was deferred with the event asks again from the worker.
    """
    handled = cases.handle(conn, return_id, command, expected_version)
    if not wanted(handled.state):
        return handled
    return answer(assessor, conn, return_id, command.at, handled)


def answer(
    assessor: Assessor, conn: Connection, return_id: str, at: datetime, before: Handled
) -> Handled:
    """The case after all answers; as it was ``before`` where a model failed."""
    savepoint = conn.begin_nested()
    try:
        after = assessor.answer_all(conn, return_id, at)
        savepoint.commit()
    except NOT_THE_MODEL:
        raise
    except Exception as error:
        savepoint.rollback()
        log.error("model failed; the worker will ask again", case=return_id, exc_info=error)
        return before
    return after
