"""Delegation: who may lend what to whom, and what a delegate may decide."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from tests.workflow.fakes import (
    FINN,
    INES,
    LEA,
    NOON,
    PAM,
    QUINN,
    WALT,
    FakePolicies,
    Story,
    request,
)
from tests.workflow.test_case_story import inspected, received
from workflow.actor import SYSTEM, Actor, Mandate
from workflow.commands import DecideTask
from workflow.delegation import MOST_DAYS, DelegationFact, Wanted, given, revoked
from workflow.events import CreditApproved, TaskDecided
from workflow.facts import DelegationGiven, DelegationRevoked
from workflow.refused import Refused

TODAY, WEEK = NOON.date(), timedelta(days=7)
ADMIN = Actor("ada", frozenset({"admin"}))
BOTH = frozenset({"finance_clerk", "quality"})


def wanted(**change: object) -> Wanted:
    plain = Wanted("D-1", "finn", "walt", ["finance_clerk"], TODAY, TODAY + WEEK, "Holidays.")
    return replace(plain, **change)  # type: ignore[arg-type]


LOAN = given(wanted(), BOTH, FINN, NOON)


def test_a_person_lends_what_they_hold() -> None:
    """One role or all of them, by themselves or by an admin; who, when and why are recorded."""
    assert (LOAN.roles, LOAN.given_by, LOAN.because) == (("finance_clerk",), "finn", "Holidays.")
    everything = given(wanted(roles=()), BOTH, ADMIN, NOON)
    assert everything.roles == ("finance_clerk", "quality")
    assert everything.given_by == "ada"


@pytest.mark.parametrize(
    ("change", "actor", "code"),
    [
        ({}, LEA, "wrong_role"),
        ({}, SYSTEM, "wrong_role"),
        ({"delegate": "finn"}, FINN, "self_delegation"),
        ({"roles": ["finance_lead"]}, FINN, "not_own_role"),
        ({"first_day": TODAY - timedelta(days=1)}, FINN, "invalid_period"),
        ({"last_day": TODAY - timedelta(days=1)}, FINN, "invalid_period"),
        ({"last_day": TODAY + timedelta(days=MOST_DAYS)}, FINN, "invalid_period"),
        ({"because": "  "}, FINN, "reason_required"),
    ],
)
def test_what_cannot_be_lent(change: dict[str, object], actor: Actor, code: str) -> None:
    """Not for others, not to oneself, not what one does not hold, not for the past, not without
    a word."""
    with pytest.raises(Refused) as no:
        given(wanted(**change), BOTH, actor, NOON)
    assert no.value.code == code


def test_what_was_lent_is_not_lent_on() -> None:
    """A delegate holds nothing of their own to delegate."""
    delegate = Actor("zoe", frozenset(), mandates=(Mandate("finance_clerk", "finn", "D-1"),))
    for roles in (["finance_clerk"], []):
        with pytest.raises(Refused) as no:
            given(wanted(delegator="zoe", roles=roles), delegate.roles, delegate, NOON)
        assert no.value.code == "not_own_role"


@pytest.mark.parametrize(
    ("history", "actor", "because", "code"),
    [
        ([], FINN, "Back.", "unknown_delegation"),
        ([LOAN], WALT, "Back.", "wrong_role"),
        ([LOAN], FINN, " ", "reason_required"),
        ([LOAN, DelegationRevoked("D-1", "finn", NOON, "x")], FINN, "Back.", "already_decided"),
    ],
)
def test_what_cannot_be_revoked(
    history: list[DelegationFact], actor: Actor, because: str, code: str
) -> None:
    """Not what is not there or ended, not by the delegate, not without a word."""
    with pytest.raises(Refused) as no:
        revoked(history, actor, NOON, because)
    assert no.value.code == code
    assert revoked([LOAN], ADMIN, NOON, "Back.").revoked_by == "ada"


@hypothesis_given(st.dates(), st.dates(), st.sets(st.sampled_from(sorted(BOTH | {"warehouse"}))))
def test_every_loan_is_of_own_roles_for_a_bounded_time(
    first: date, last: date, roles: set[str]
) -> None:
    """Whatever is asked for: recorded or refused, and never more than the lender holds."""
    try:
        fact = given(wanted(first_day=first, last_day=last, roles=roles), BOTH, FINN, NOON)
    except Refused:
        return
    assert isinstance(fact, DelegationGiven)
    assert fact.roles and set(fact.roles) <= BOTH
    assert TODAY <= fact.first_day <= fact.last_day < fact.first_day + timedelta(days=MOST_DAYS)


def for_finn(person: Actor) -> Actor:
    return replace(person, mandates=(Mandate("finance_clerk", "finn", "D-1"),))


def at_credit(lane: str = "review", **limits: int) -> Story:
    """A case whose one open task is a credit for a finance clerk."""
    story = Story(FakePolicies(lanes={"credit": lane}, limits=limits))
    story.send(request())
    received(story)
    inspected(story)
    story.answer_models(NOON)
    return story


def decide(story: Story, actor: Actor) -> TaskDecided:
    story.send(DecideTask(story.case.tasks[0].opened.task_id, "approve", actor, NOON))
    return story.of(TaskDecided)[-1]


def refused(story: Story, actor: Actor) -> str:
    with pytest.raises(Refused) as no:
        decide(story, actor)
    return no.value.code


def test_a_delegate_decides_and_the_decision_says_for_whom() -> None:
    """Without the loan the role is wrong; with it the delegate decides, under their own name."""
    story = at_credit()
    assert refused(story, QUINN) == "wrong_role"
    said = decide(story, for_finn(QUINN))
    assert (said.decided_by, said.for_whom) == ("quinn", "finn")
    assert story.of(CreditApproved)[0].approved_by == "quinn"


def test_one_s_own_name_comes_first() -> None:
    """Who holds the role decides for themselves, whatever else was lent to them."""
    assert decide(at_credit(), for_finn(LEA)).for_whom is None


def test_the_name_whose_limit_reaches_is_taken() -> None:
    """A clerk with a lead's authority decides above their own limit, where a lead is asked, in the
    lead's name."""
    lent = Actor("cleo", frozenset({"finance_clerk"}))
    lent = replace(lent, mandates=(Mandate("finance_lead", "lea", "D-2"),))
    story = at_credit(finance_clerk=10_00)
    assert refused(story, FINN) == "wrong_role"
    assert decide(story, lent).for_whom == "lea"


def test_a_delegate_s_own_part_counts() -> None:
    """Own request and own inspection stay refused in another's name too."""
    assert refused(at_credit(), for_finn(PAM)) == "own_request"
    assert refused(at_credit(), for_finn(INES)) == "own_inspection"


@pytest.mark.parametrize("owner", ["pam", "ines"])
def test_what_the_owner_of_a_role_did_counts_too(owner: str) -> None:
    """Nobody has their own request or inspection approved through a role they lent; another's
    loan of the same role still serves."""
    lent = (Mandate("finance_clerk", owner, "D-3"),)
    assert refused(at_credit(), replace(QUINN, mandates=lent)) == "own_request"
    both = replace(QUINN, mandates=(*lent, Mandate("finance_clerk", "finn", "D-1")))
    assert decide(at_credit(), both).for_whom == "finn"


def test_one_authority_is_not_two() -> None:
    """Under dual control neither the delegate after the delegator, nor the delegator after the
    delegate, nor two delegates of one; somebody with their own authority must be the second."""
    for first, second in (
        (FINN, for_finn(QUINN)),
        (for_finn(QUINN), FINN),
        (for_finn(QUINN), for_finn(WALT)),
    ):
        story = at_credit("dual_control")
        decide(story, first)
        assert refused(story, second) == "same_authority"
        assert not story.of(CreditApproved)
        decide(story, LEA)
        assert story.of(CreditApproved)


def test_a_delegate_with_their_own_role_is_a_second_person() -> None:
    """They agree in their own name, though the first lent them theirs as well."""
    story = at_credit("dual_control")
    decide(story, FINN)
    assert decide(story, for_finn(LEA)).for_whom is None
    assert story.of(CreditApproved)


@pytest.mark.parametrize("kind", ["service", "model", "system"])
def test_a_machine_decides_in_nobody_s_name(kind: str) -> None:
    """Only people approve what is reserved for people, whatever was lent."""
    assert refused(at_credit(), for_finn(Actor("bot", frozenset(), kind))) == "wrong_role"
