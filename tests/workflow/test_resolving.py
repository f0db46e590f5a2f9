"""Two people for a large write-off of an exception: two words, two persons, one amount."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.workflow.fakes import FINN, LEA, NOON, WALT
from workflow.actor import Actor
from workflow.facts import ExceptionRaised, ExceptionResolutionProposed, ExceptionResolved
from workflow.policy import load
from workflow.refused import Refused
from workflow.resolving import Ending, confirmed, pending, rejected, resolved

POLICIES = load(Path(__file__).parents[2] / "policies")
LUIS = Actor("luis", frozenset({"finance_lead"}))
RAISED = ExceptionRaised(
    "X-1", "R15", "industrial", "USD", 9_000_00, 0, "interim", NOON, "Not zero."
)
OFF = Ending("written_off", 0, 0, "Nobody knows any more.")


def code(call: object, *given: object) -> str:
    with pytest.raises(Refused) as no:
        call(*given)  # type: ignore[operator]
    return no.value.code


@pytest.mark.parametrize(
    ("exposure", "recovered", "two"),
    [(5_000_00, 0, False), (5_000_01, 0, True), (9_000_00, 4_000_00, False)],
)
def test_above_the_top_limit_two_people_are_needed(
    exposure: int, recovered: int, two: bool
) -> None:
    """To the cent of what is let go, which is what is at stake less what came back."""
    history = [replace(RAISED, exposure_minor=exposure)]
    fact = resolved(history, replace(OFF, recovered_minor=recovered), LEA, POLICIES, NOON)
    assert isinstance(fact, ExceptionResolutionProposed) == two
    assert not two or (fact.proposed_by, fact.let_go_minor) == ("lea", exposure)  # type: ignore[union-attr]


def test_the_second_person_confirms_what_the_first_said() -> None:
    """Not the first one, not whose limit does not reach, nobody twice; both are in the fact."""
    first = resolved([RAISED], OFF, LEA, POLICIES, NOON)
    history = [RAISED, first]
    assert code(confirmed, history, LEA, POLICIES, NOON) == "own_request"
    assert code(confirmed, history, FINN, POLICIES, NOON) == "over_limit"
    assert code(confirmed, history, WALT, POLICIES, NOON) == "wrong_role"
    assert code(resolved, history, OFF, LUIS, POLICIES, NOON) == "already_decided"
    fact = confirmed(history, LUIS, POLICIES, NOON)
    assert isinstance(fact, ExceptionResolved)
    assert (fact.resolved_by, fact.confirmed_by) == ("lea", "luis")
    assert (fact.resolution, fact.note) == ("written_off", OFF.note)
    assert code(confirmed, [*history, fact], LUIS, POLICIES, NOON) == "already_decided"


def test_a_no_opens_it_again() -> None:
    """By the second person, or by the first who thinks better; then somebody may say anew."""
    history = [RAISED, resolved([RAISED], OFF, LEA, POLICIES, NOON)]
    assert code(rejected, history, LUIS, NOON, " ") == "reason_required"
    for who in (LUIS, LEA):
        again = [*history, rejected(history, who, NOON, "Ask the bank.")]
        assert pending(again) is None
        assert code(confirmed, again, LUIS, POLICIES, NOON) == "unknown_proposal"
        assert isinstance(resolved(again, OFF, LUIS, POLICIES, NOON), ExceptionResolutionProposed)


def test_nothing_let_go_needs_one_person() -> None:
    """However much is at stake: a correction loses nothing."""
    fact = resolved([RAISED], Ending("corrected", 0, 0, "Posted."), FINN, POLICIES, NOON)
    assert isinstance(fact, ExceptionResolved) and fact.confirmed_by is None
