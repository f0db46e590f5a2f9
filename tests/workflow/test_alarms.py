"""An alarm: given what its stream holds, when somebody raises or settles it, then."""

from datetime import UTC, datetime

import pytest

from workflow.actor import SYSTEM, Actor
from workflow.alarms import AlarmFact, raised, settled, stream_of
from workflow.facts import AlarmRaised, AlarmSettled
from workflow.refused import Refused

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
DORA = Actor("dora", frozenset({"data_scientist"}))
FIRST = AlarmRaised("drift:reason:1", "drift", "reason", "Texts changed.", "data_scientist", NOON)
SETTLED = AlarmSettled("drift:reason:1", "dora", NOON, "A new customer; retrained.")


def alarm(history: list[AlarmFact]) -> AlarmRaised | None:
    return raised(history, "drift", "reason", "Texts changed.", "data_scientist", NOON)


def test_one_alarm_of_a_kind_is_open_about_a_subject() -> None:
    """A job that finds the same every night raises one task, and another once it is settled."""
    assert alarm([]) == FIRST
    assert alarm([FIRST]) is None
    again = alarm([FIRST, SETTLED])
    assert again is not None and again.alarm_id == "drift:reason:2"


def test_a_person_of_the_role_settles_with_a_note() -> None:
    """What they say is recorded with who and when."""
    note = " A new customer; retrained. "
    assert settled([FIRST], FIRST.alarm_id, DORA, NOON, note) == SETTLED


@pytest.mark.parametrize(
    ("history", "actor", "note", "code"),
    [
        ([FIRST, SETTLED], DORA, "seen", "already_decided"),
        ([FIRST], Actor("femi", frozenset({"warehouse"})), "seen", "wrong_role"),
        ([FIRST], SYSTEM, "seen", "wrong_role"),
        ([FIRST], DORA, "  ", "reason_required"),
    ],
)
def test_what_is_refused(history: list[AlarmFact], actor: Actor, note: str, code: str) -> None:
    """Not twice, not by another role or a machine, not without a word."""
    with pytest.raises(Refused) as no:
        settled(history, FIRST.alarm_id, actor, NOON, note)
    assert no.value.code == code


def test_names_stay_names() -> None:
    """A subject cannot reach into another stream."""
    with pytest.raises(AssertionError, match="no name"):
        stream_of("drift", "reason/../x")
