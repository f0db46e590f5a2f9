"""Two keys: what is never returnable comes back only where two roles, two people, agree."""

from datetime import timedelta

import pytest

from tests.workflow.fakes import FINN, LEA, MIA, NOON, FakePolicies, Story, request, verdict
from workflow.actor import SYSTEM, Actor
from workflow.commands import DecideTask, EscalateOverdue
from workflow.events import ReturnAuthorised, ReturnRefused, TaskDecided, TaskOpened
from workflow.policy_reading import read_policy
from workflow.refused import Refused

BOTH = Actor("bo", frozenset({"returns_manager", "finance_lead"}))
MAX = Actor("max", frozenset({"returns_manager"}))


def asked(role: str = "returns_manager", **limits: int) -> Story:
    """A return whose line asks for two keys."""
    keys = verdict("ask_human", role, second_role="finance_lead")
    policies = FakePolicies(
        authorisation=verdict("ask_human", role), eligibility=keys, limits=limits
    )
    story = Story(policies)
    story.send(request())
    return story


def yes(story: Story, who: Actor, decision: str = "approve", value: str | None = None) -> None:
    task = story.case.tasks[0].opened.task_id
    story.send(DecideTask(task, decision, who, NOON, value, "agreed", "Agreed."))


def test_two_roles_agree_and_the_return_is_authorised() -> None:
    """The first yes puts the same question to the other role; the second lets goods come back."""
    story = asked()
    yes(story, MIA, "override", "authorise_all_lines")
    (task,) = story.case.tasks
    assert (task.opened.role, task.opened.other_role) == ("finance_lead", "returns_manager")
    assert (task.opened.proposal, task.approved_by) == ("authorise_all_lines", ("mia",))
    assert story.of(ReturnAuthorised) == []
    yes(story, LEA)
    (granted,) = story.of(ReturnAuthorised)
    assert granted.authorised_by == "lea"
    said = [(d.decided_by, d.role) for d in story.of(TaskDecided)]
    assert said == [("mia", "returns_manager"), ("lea", "finance_lead")]


def test_one_person_never_turns_both() -> None:
    """Not with both roles, and not in the name of whoever turned the first."""
    story = asked()
    yes(story, BOTH)
    with pytest.raises(Refused, match="another must") as no:
        yes(story, BOTH)
    assert no.value.code == "already_decided"


def test_two_people_of_one_role_are_one_key() -> None:
    """A second returns manager, and a finance clerk, are refused the second key."""
    story = asked()
    yes(story, MIA)
    for other in (MAX, FINN):
        with pytest.raises(Refused) as no:
            yes(story, other)
        assert no.value.code == "wrong_role"


def test_either_no_is_enough() -> None:
    """Whoever is asked first or second refuses the return at once."""
    first, second = asked(), asked()
    yes(first, MIA, "reject")
    yes(second, MIA)
    yes(second, LEA, "reject")
    for story in (first, second):
        assert len(story.of(ReturnRefused)) == 1 and story.of(ReturnAuthorised) == []


def test_a_key_is_never_passed_on_to_who_holds_the_other() -> None:
    """Above the returns manager stands the finance lead, who has a key: neither a person nor the
    clock moves the first one there."""
    story = asked()
    with pytest.raises(Refused, match="holds the other key"):
        yes(story, MIA, "escalate")
    story.send(EscalateOverdue(SYSTEM, NOON + timedelta(days=9)))
    (task,) = story.case.tasks
    assert (task.opened.role, task.overdue) == ("returns_manager", True)


def test_the_last_key_is_bound_by_its_limit() -> None:
    """The first says only that it agrees; whoever lets goods move must be allowed the amount."""
    story = asked(returns_manager=0, finance_lead=0)
    yes(story, MIA)
    with pytest.raises(Refused) as no:
        yes(story, LEA)
    assert no.value.code == "over_limit"


def test_an_authorisation_can_ask_for_two_keys_too() -> None:
    """Its own second role holds where no line names one."""
    policies = FakePolicies(
        authorisation=verdict("ask_human", "quality", second_role="finance_lead")
    )
    story = Story(policies)
    story.send(request())
    (opened,) = story.of(TaskOpened)
    assert (opened.role, opened.other_role) == ("quality", "finance_lead")


@pytest.mark.parametrize("other", ["returns_manager", "customer_service"])
def test_keys_that_one_person_could_hold_do_not_load(other: str) -> None:
    """The same role twice, or one that stands in for the other, is no second key."""
    text = f"""
name = "eligibility"
version = 1
effective = 2026-01-01
says = "Keys."
outcomes = ["eligible", "ask_human"]
[facts]
stocked = {{ type = "bool", says = "Stocked." }}
[values]
second_role = {{ type = "string", says = "Second.", one_of = "Role" }}
[[rule]]
id = "keys"
outcome = "ask_human"
role = "returns_manager"
second_role = "{other}"
because = "Both."
"""
    policy, faults = read_policy(text, "keys.toml")
    assert policy is None
    assert "is no other key" in str(faults[0])
