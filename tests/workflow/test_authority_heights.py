"""A question about money opens at the lowest role whose limit reaches it, and skips no word."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflow.fakes import (
    FINN,
    INES,
    LEA,
    MIA,
    NOON,
    QUINN,
    WALT,
    FakePolicies,
    Story,
    request,
    said,
    verdict,
)
from workflow.actor import SYSTEM, Actor
from workflow.approvals import ESCALATES_TO, STANDS_IN_FOR
from workflow.commands import DecideTask, InspectLine, ReceiptLine, ReceiveGoods, RecordAssessment
from workflow.events import (
    CreditApproved,
    DispositionConfirmed,
    ReturnAuthorised,
    TaskOpened,
)
from workflow.heights import opens_at
from workflow.refused import Refused

ROLES = sorted({*ESCALATES_TO, *ESCALATES_TO.values()})
LIMITS = st.fixed_dictionaries({role: st.integers(0, 100) for role in ROLES})


def asked(role: str, limits: dict[str, int], **more: Any) -> Story:
    """A return worth 40.00 whose authorisation a rule asks of a role."""
    story = Story(FakePolicies(authorisation=verdict("ask_human", role), limits=limits, **more))
    story.send(request())
    return story


def yes(story: Story, who: Actor, decision: str = "approve", value: str | None = None) -> None:
    task = story.case.tasks[0].opened.task_id
    story.send(DecideTask(task, decision, who, NOON, value, "agreed", "Agreed."))


@pytest.mark.parametrize(
    ("role", "limits", "opened"),
    [
        ("returns_manager", {}, ("returns_manager", None)),
        ("customer_service", {"customer_service": 39_99}, ("returns_manager", None)),
        ("finance_clerk", {"finance_clerk": 39_99}, ("finance_lead", None)),
        ("quality", {"quality": 39_99}, ("quality", "returns_manager")),
        ("quality", {"quality": 0, "returns_manager": 0}, ("quality", "finance_lead")),
        (
            "customer_service",
            {"customer_service": 0, "returns_manager": 0},
            ("customer_service", "finance_lead"),
        ),
    ],
)
def test_it_opens_where_the_limit_reaches(
    role: str, limits: dict[str, int], opened: tuple[str, str | None]
) -> None:
    """At a role that stands in for the one named, alone; else the one named says its word first
    and the lowest one above whose limit reaches has the other key."""
    (task,) = asked(role, limits).of(TaskOpened)
    assert (task.role, task.other_role) == opened


@settings(max_examples=80)
@given(st.sampled_from(ROLES), LIMITS, st.integers(0, 100))
def test_no_word_is_skipped_and_the_last_key_reaches(
    named: str, limits: dict[str, int], amount: int
) -> None:
    """Whoever is asked first is the role named or speaks for it; whoever is asked last may approve
    the amount, wherever anybody above may, and nobody below would have done."""
    policies, story = FakePolicies(limits=limits), asked("finance_lead", {})
    (task,) = story.of(TaskOpened)
    task = replace(task, point="disposition", role=named, amount_minor=amount, line=1)
    first, other = opens_at(policies, story.case, task)
    assert first == named or named in STANDS_IN_FOR.get(first, frozenset())
    above = [named]
    while above[-1] in ESCALATES_TO:
        above.append(ESCALATES_TO[above[-1]])
    able = [role for role in above if limits[role] >= amount]
    assert (other or first) == (able[0] if able else named)


def test_quality_says_its_word_and_the_money_is_approved_above() -> None:
    """Quality's yes alone authorises nothing; a finance clerk's is not asked for."""
    story = asked("quality", {"quality": 39_99})
    with pytest.raises(Refused) as no:
        yes(story, MIA)
    assert no.value.code == "wrong_role"
    yes(story, QUINN)
    assert not story.of(ReturnAuthorised)
    with pytest.raises(Refused) as no:
        yes(story, FINN)
    assert no.value.code == "wrong_role"
    yes(story, MIA)
    assert story.of(ReturnAuthorised)[0].authorised_by == "mia"


def goods(limits: dict[str, int], lane: str = "recommend") -> Story:
    """Four pieces of 6.00, inspected; a model proposes to restock them, people decide."""
    lanes = {"disposition": lane, "credit": "review"}
    story = Story(FakePolicies(limits=limits, lanes=lanes))
    story.send(request())
    story.send(ReceiveGoods("GR-1", "W1", (ReceiptLine(1, "SKU-1", Decimal(4)),), WALT, NOON))
    story.send(InspectLine(1, Decimal(4), "sealed", INES, NOON))
    story.send(RecordAssessment("disposition", 1, said("restock"), SYSTEM, NOON, "1.1"))
    return story


@pytest.mark.parametrize("chosen", ["restock", "scrap"])
def test_what_quality_chose_is_what_the_other_key_approves(chosen: str) -> None:
    """The model's proposal or quality's own: the returns manager is asked about that, and only
    then it is confirmed."""
    story = goods({"quality": 23_99})
    (task,) = story.case.tasks
    assert (task.opened.role, task.opened.other_role) == ("quality", "returns_manager")
    if chosen == "restock":
        yes(story, QUINN)
    else:
        yes(story, QUINN, "override", chosen)
    (task,) = story.case.tasks
    assert (task.opened.role, task.opened.proposal) == ("returns_manager", chosen)
    assert not story.of(DispositionConfirmed)
    yes(story, MIA)
    (confirmed,) = story.of(DispositionConfirmed)
    assert [part.disposition for part in confirmed.parts] == [chosen]
    assert confirmed.confirmed_by == "mia"


def test_two_of_the_other_role_where_two_people_must_agree() -> None:
    """Under dual control quality's word does not count as one of the two whose limit reaches."""
    story = goods({"quality": 23_99}, lane="dual_control")
    yes(story, QUINN)
    yes(story, MIA)
    assert not story.of(DispositionConfirmed)
    with pytest.raises(Refused) as no:
        yes(story, MIA)
    assert no.value.code == "already_decided"
    yes(story, Actor("max", frozenset({"returns_manager"})))
    assert story.of(DispositionConfirmed)[0].confirmed_by == "max"


@pytest.mark.parametrize("decision", ["approve", "override"])
def test_naming_what_stands_is_a_yes_to_it(decision: str) -> None:
    """Who names what was proposed agrees: nobody who said yes before is forgotten."""
    story = goods({"quality": 23_99}, lane="dual_control")
    yes(story, QUINN)
    for who in (MIA, Actor("max", frozenset({"returns_manager"}))):
        yes(story, who, decision, "restock" if decision == "override" else None)
    assert story.of(DispositionConfirmed)[0].confirmed_by == "max"


def test_a_credit_asked_of_quality_is_paid_by_finance() -> None:
    """The first key says yes or no, the amount is for who holds the other."""
    limits = {"quality": 0, "returns_manager": 0, "finance_clerk": 0}
    lane = verdict("assist", "quality", lane="review")

    class AsksQuality(FakePolicies):
        def judge(self, name: str, facts: Any) -> Any:
            credit = name == "rollout" and facts["point"] == "credit"
            return lane if credit else super().judge(name, facts)

    story = Story(AsksQuality(limits=limits))
    story.send(request())
    story.send(ReceiveGoods("GR-1", "W1", (ReceiptLine(1, "SKU-1", Decimal(4)),), WALT, NOON))
    story.send(InspectLine(1, Decimal(4), "sealed", INES, NOON))
    story.answer_models(NOON)
    (task,) = story.case.tasks
    assert (task.opened.role, task.opened.other_role) == ("quality", "finance_lead")
    with pytest.raises(Refused, match="who holds the other key"):
        yes(story, QUINN, "override", "1000")
    yes(story, QUINN)
    assert not story.of(CreditApproved)
    yes(story, LEA)
    assert story.of(CreditApproved)[0].approved_by == "lea"
