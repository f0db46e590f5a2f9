"""Goods are held to limits by their value: by hand, by task, on hold or not; two people above."""

from decimal import Decimal

import pytest

from tests.workflow.fakes import (
    INES,
    LEA,
    MIA,
    NOON,
    PAM,
    QUINN,
    WALT,
    FakePolicies,
    Story,
    line,
    request,
    verdict,
)
from workflow.actor import SYSTEM, Actor, Mandate
from workflow.commands import (
    DecideTask,
    DisposePortion,
    InspectLine,
    ReceiptLine,
    ReceiveGoods,
    ReportRecall,
)
from workflow.events import DispositionConfirmed, DispositionPart, HoldReleased
from workflow.refused import Refused

QUENTIN = Actor("quentin", frozenset({"quality"}))
TWO = verdict("ask_human", "quality", approvals="2")


def inspected(
    answer: str | None = None, two: bool = False, limits: dict[str, int] | None = None
) -> Story:
    """Four pieces worth 24.00 came back; the model says what becomes of them, or nothing. Then the
    limits want ``two`` people for them."""
    lanes = {"disposition": "review"} if answer is None else {}
    story = Story(FakePolicies(lanes=lanes, limits=limits or {}))
    story.send(request(line(shipped_lot="L1")))
    story.send(ReceiveGoods("GR-1", "W1", (ReceiptLine(1, "SKU-1", Decimal(4)),), WALT, NOON))
    story.send(InspectLine(1, Decimal(4), "opened", INES, NOON))
    story.answer_models(NOON, answer)
    if two:
        story.policies.limit = TWO
    return story


def by_hand(value: str, quantity: str, actor: Actor = QUINN) -> DisposePortion:
    parts = (DispositionPart(value, Decimal(quantity)),)
    return DisposePortion("1.1", parts, actor, NOON, note="Looked at.")


def on_task(
    story: Story, actor: Actor, decision: str = "approve", value: str | None = None
) -> DecideTask:
    (task,) = [t for t in story.case.tasks if t.opened.point in ("release", "disposition")]
    return DecideTask(task.opened.task_id, decision, actor, NOON, value, "other", "Looked at.")


def code_of(story: Story, command: DisposePortion | DecideTask) -> str:
    before = story.state
    with pytest.raises(Refused) as no:
        story.send(command)
    assert story.state == before
    return no.value.code


def test_a_release_by_hand_is_held_to_the_limit_of_the_part() -> None:
    """What is worth more than the limit of who releases it is refused; a smaller part is not."""
    story = inspected("quarantine", limits={"quality": 12_00, "returns_manager": 100_00})
    assert code_of(story, by_hand("scrap", "3")) == "over_limit"
    story.send(by_hand("scrap", "2"))
    assert code_of(story, on_task(story, WALT, "override", "scrap")) == "wrong_role"
    assert story.line().portions[0].held == Decimal(2)
    story.send(by_hand("scrap", "2", MIA))
    assert story.line().portions[0].held == 0


def test_a_disposition_by_hand_is_held_to_the_limit() -> None:
    """The task about it has a second key; who asked for the return has no hand in it."""
    story = inspected(limits={"quality": 23_99, "returns_manager": 100_00})
    assert code_of(story, by_hand("scrap", "4")) == "over_limit"
    (task,) = story.case.tasks
    assert (task.opened.role, task.opened.other_role) == ("quality", "returns_manager")
    both = Actor(PAM.id, frozenset({"customer_service", "quality"}))
    assert code_of(story, by_hand("scrap", "4", both)) == "own_request"
    story.send(by_hand("scrap", "4", MIA))
    assert len(story.of(DispositionConfirmed)) == 1


def test_two_people_release_what_the_limits_want_two_for() -> None:
    """By hand or by task: the first says what they want, another agrees to exactly that; the same
    person twice is refused, also in another's name."""
    story = inspected("quarantine", two=True)
    story.send(by_hand("scrap", "3"))
    assert story.of(HoldReleased) == []
    (task,) = [t for t in story.case.tasks if t.opened.point == "release"]
    assert (task.opened.proposal, task.opened.approved_by) == ("scrap", ("quinn",))
    assert (task.opened.amount_minor, task.opened.approvals_needed) == (18_00, 2)
    assert code_of(story, by_hand("scrap", "3")) == "already_decided"
    assert code_of(story, on_task(story, QUINN)) == "already_decided"
    lent = Actor("dora", frozenset(), mandates=(Mandate("quality", "quinn", "D-1"),))
    assert code_of(story, on_task(story, lent)) == "same_authority"
    story.send(on_task(story, QUENTIN))
    assert story.line().portions[0].held == Decimal(1)
    (released,) = story.of(HoldReleased)
    assert released.released_by == "quentin" and released.because


def test_who_wants_something_else_is_a_first_one_too() -> None:
    """Nobody alone decides by disagreeing."""
    story = inspected("quarantine", two=True)
    story.send(on_task(story, QUINN, "override", "scrap"))
    story.send(on_task(story, QUENTIN, "override", "restock"))
    assert story.of(HoldReleased) == []
    story.send(on_task(story, QUINN))
    (released,) = story.of(HoldReleased)
    assert released.parts == (DispositionPart("restock", Decimal(4)),)


def test_a_recall_voids_what_the_first_one_wanted() -> None:
    """The question is put anew, with nobody's yes."""
    story = inspected("quarantine", two=True)
    story.send(by_hand("restock", "4"))
    story.send(ReportRecall("RC-1", "SKU-1", (), SYSTEM, NOON))
    (task,) = [t for t in story.case.tasks if t.opened.point == "release"]
    assert (task.opened.proposal, task.opened.approved_by) == (None, ())


def test_two_people_dispose_of_what_the_limits_want_two_for() -> None:
    """By hand the first is noted and another is asked; by task a different value is a new
    question."""
    story = inspected(two=True)
    story.send(by_hand("scrap", "4"))
    assert story.of(DispositionConfirmed) == []
    (task,) = [t for t in story.case.tasks if t.opened.point == "disposition"]
    assert task.opened.approved_by == ("quinn",)
    assert code_of(story, on_task(story, QUINN)) == "already_decided"
    story.send(on_task(story, QUENTIN, "override", "restock"))
    assert story.of(DispositionConfirmed) == []
    story.send(on_task(story, QUINN))
    (confirmed,) = story.of(DispositionConfirmed)
    assert [part.disposition for part in confirmed.parts] == ["restock"]


def test_a_finance_lead_releases_above_the_others() -> None:
    """Whoever has the limit may act by hand, not only quality."""
    story = inspected("quarantine", limits={"quality": 1, "returns_manager": 1})
    assert code_of(story, by_hand("scrap", "4")) == "over_limit"
    assert code_of(story, by_hand("scrap", "4", MIA)) == "over_limit"
    story.send(by_hand("scrap", "4", LEA))
    assert story.line().portions[0].held == 0
