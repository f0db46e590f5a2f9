"""Switches: thrown by one, turned back by another, and what they stop."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflow.fakes import LEA, MIA, NOON, WALT, Story, line, request, said
from workflow.actor import SYSTEM
from workflow.assessment import Clearing
from workflow.codes import ReturnReason
from workflow.commands import RecordAssessment
from workflow.events import LaneChosen, ReasonSettled, TaskOpened
from workflow.facts import AutomationStopped
from workflow.refused import Refused
from workflow.stopping import POINTS, Wanted, resumed, stop_for, stopped

NAMES = st.sampled_from([None, "a", "b"])


def wanted(because: str = "Wrong since Monday.", **what: str) -> Wanted:
    return Wanted("S-1", what.get("point"), what.get("reason"), what.get("item_class"), because)


def test_one_person_stops_and_another_starts_again() -> None:
    """Whoever threw a switch may not turn it back; why and who are in both facts."""
    off = stopped(wanted(reason="wrong_item"), MIA, NOON)
    assert (off.stopped_by, off.reason, off.because) == ("mia", "wrong_item", "Wrong since Monday.")
    with pytest.raises(Refused) as no:
        resumed([off], MIA, NOON, "Mended.")
    assert no.value.code == "own_request"
    boss = MIA.__class__("max", frozenset({"returns_manager"}))
    on = resumed([off], boss, NOON, "Mended.")
    assert (on.resumed_by, on.note) == ("max", "Mended.")
    with pytest.raises(Refused) as no:
        resumed([off, on], boss, NOON, "Again.")
    assert no.value.code == "already_decided"


@pytest.mark.parametrize(
    ("asked", "actor", "code"),
    [
        (wanted(), WALT, "wrong_role"),
        (wanted(), SYSTEM, "wrong_role"),
        (wanted(point="authorisation"), MIA, "not_allowed_value"),
        (wanted(reason="bad luck"), MIA, "not_allowed_value"),
        (wanted(" "), MIA, "reason_required"),
    ],
)
def test_what_is_no_switch_is_refused(asked: Wanted, actor: object, code: str) -> None:
    """By who may not, about what nobody decides, without a why."""
    with pytest.raises(Refused) as no:
        stopped(asked, actor, NOON)  # type: ignore[arg-type]
    assert no.value.code == code


def test_starting_again_is_for_fewer_than_stopping() -> None:
    """A finance lead stops; a returns manager, a model approver or an admin starts again."""
    off = stopped(wanted(), LEA, NOON)
    with pytest.raises(Refused) as no:
        resumed([off], LEA.__class__("leo", LEA.roles), NOON, "Mended.")
    assert no.value.code == "wrong_role"


@settings(max_examples=60)
@given(NAMES, NAMES, st.sampled_from([None, *POINTS]), NAMES, NAMES, st.sampled_from(POINTS))
def test_a_switch_stops_exactly_what_it_names(
    reason: str | None, item_class: str | None, point: str | None,
    of_reason: str | None, of_class: str | None, at: str,
) -> None:  # fmt: skip
    """What it leaves open is any; what it names must be so, and what is not known is not."""
    off = AutomationStopped("S-1", point, reason, item_class, "x", "mia", NOON)
    found = stop_for([off], at, of_reason, of_class)
    named = [(point, at), (reason, of_reason), (item_class, of_class)]
    assert (found is off) == all(want in (None, told) for want, told in named)


@pytest.mark.parametrize("stop", [None, "S-1"])
def test_an_answer_that_is_switched_off_goes_to_a_person(stop: str | None) -> None:
    """However sure and within every limit; the lane names the switch, and no audit draws it."""
    story = Story()
    story.send(request(line(stated=None)))
    sure = Clearing(True, "x:1", 0, stop)
    story.send(RecordAssessment("reason", 1, said("wrong_item"), SYSTEM, NOON, None, sure))
    (chosen,) = story.of(LaneChosen)
    assert bool(story.of(ReasonSettled)) == (stop is None)
    if stop:
        (task,) = story.of(TaskOpened)
        assert (task.verdict.rule, task.proposal) == ("switched-off", "wrong_item")
        assert "(S-1)" in task.verdict.because and set(task.allowed) == set(ReturnReason)
        assert (chosen.lane, chosen.eligible, chosen.audited) == ("review", False, False)
