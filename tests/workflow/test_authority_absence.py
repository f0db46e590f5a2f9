"""Absence: who says that somebody is away, and that they are back."""

from datetime import timedelta

import pytest

from tests.workflow.fakes import FINN, LEA, NOON
from workflow.absence import AbsenceFact, ended, recorded
from workflow.actor import Actor
from workflow.facts import AbsenceEnded
from workflow.refused import Refused

TODAY, DAY = NOON.date(), timedelta(days=1)
ADMIN = Actor("ada", frozenset({"admin"}))
AWAY = recorded("A-1", "finn", TODAY, TODAY + DAY, FINN, NOON)


def test_a_person_or_an_admin_says_so() -> None:
    """Who and when are recorded, and no reason is asked for."""
    assert recorded("A-1", "finn", TODAY, TODAY, ADMIN, NOON).recorded_by == "ada"
    assert ended([AWAY], FINN, NOON) == AbsenceEnded("A-1", "finn", NOON)


@pytest.mark.parametrize(
    ("actor", "first", "last", "code"),
    [
        (LEA, TODAY, TODAY, "wrong_role"),
        (FINN, TODAY - DAY, TODAY, "invalid_period"),
        (FINN, TODAY + DAY, TODAY, "invalid_period"),
    ],
)
def test_what_is_no_absence(actor: Actor, first: object, last: object, code: str) -> None:
    """Not of somebody else, not in the past, not backwards."""
    with pytest.raises(Refused) as no:
        recorded("A-1", "finn", first, last, actor, NOON)  # type: ignore[arg-type]
    assert no.value.code == code


@pytest.mark.parametrize(
    ("history", "actor", "code"),
    [
        ([], FINN, "unknown_absence"),
        ([AWAY], LEA, "wrong_role"),
        ([AWAY, AbsenceEnded("A-1", "finn", NOON)], FINN, "already_decided"),
    ],
)
def test_what_cannot_be_ended(history: list[AbsenceFact], actor: Actor, code: str) -> None:
    """Not what is not there, not by others, not twice."""
    with pytest.raises(Refused) as no:
        ended(history, actor, NOON)
    assert no.value.code == code
