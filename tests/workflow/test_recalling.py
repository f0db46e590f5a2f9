"""A recall that is opened later finds the goods wherever they are, each once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflow.fakes import INES, NOON, QUINN, WALT, FakePolicies, Story, line, request
from workflow.actor import SYSTEM
from workflow.assessment import Masked
from workflow.commands import (
    AcknowledgeEffect,
    CancelReturn,
    Command,
    DecideTask,
    InspectLine,
    ReceiptLine,
    ReceiveGoods,
    ReportRecall,
)
from workflow.events import (
    DispositionConfirmed,
    DispositionPart,
    RecallReached,
    TaskOpened,
    TaskWithdrawn,
)
from workflow.refused import Refused
from workflow.state import Closed

LATER = NOON + timedelta(days=3)
NO_RESTOCK = (Masked("restock", "recall-open"),)


def recall(*lots: str, sku: str = "SKU-1") -> ReportRecall:
    return ReportRecall("RC-1", sku, lots, SYSTEM, LATER)


def inspected_story(lane: str = "review", lot: str | None = "L1") -> Story:
    """Four of lot L1 came, two of them inspected."""
    story = Story(FakePolicies(lanes={"disposition": lane}))
    story.send(request(line(shipped_lot=lot)))
    goods = (ReceiptLine(1, "SKU-1", Decimal(4)),)
    story.send(ReceiveGoods("GR-1", "W1", goods, WALT, NOON))
    story.send(InspectLine(1, Decimal(2), "sealed", INES, NOON))
    story.answer_models(NOON)
    return story


def test_goods_that_wait_are_judged_anew() -> None:
    """The question about them is withdrawn and asked again under the rules for recalled goods."""
    story = inspected_story()
    (asked,) = story.case.tasks
    assert asked.opened.proposal == "restock"
    story.policies.removed = NO_RESTOCK
    story.send(recall("L1"))
    (withdrawn,) = story.of(TaskWithdrawn)
    assert withdrawn.task_id == asked.opened.task_id
    (again,) = story.case.tasks
    assert again.opened.task_id != asked.opened.task_id
    assert "restock" not in again.opened.allowed
    assert again.opened.proposal is None


def test_what_is_not_inspected_yet_is_marked_too() -> None:
    """Two of four wait for the inspector: the portion and the rest of the line are reached."""
    story = inspected_story()
    story.send(recall("L1"))
    assert [event.portion for event in story.of(RecallReached)] == ["1.1", None]
    assert story.line().recalled
    assert story.line().portions[0].recalled


def test_what_was_passed_on_is_told_and_stays_as_it_was() -> None:
    """Goods that were restocked are named with what became of them, also after the case closed."""
    story = inspected_story("automatic")
    story.send(InspectLine(1, Decimal(2), "sealed", INES, NOON))
    story.answer_models(NOON)
    for effect in list(story.effects):
        if effect.kind != "assess":
            story.send(AcknowledgeEffect(effect.key, effect.kind, "DOC", SYSTEM, NOON))
    assert isinstance(story.state, Closed)
    before = story.of(DispositionConfirmed)
    new = story.send(recall())
    assert [type(event) for event in new] == [RecallReached, RecallReached]
    told = story.of(RecallReached)
    assert [event.passed_on for event in told] == [(DispositionPart("restock", Decimal(2)),)] * 2
    assert story.of(DispositionConfirmed) == before
    assert isinstance(story.state, Closed)


@pytest.mark.parametrize("lots", [(), ("L1",), ("L0", "L1")])
def test_told_twice_it_reaches_once(lots: tuple[str, ...]) -> None:
    """The same recall again, or a wider one, marks nothing a second time."""
    story = inspected_story()
    story.send(recall(*lots))
    assert story.send(recall()) == []


@pytest.mark.parametrize(
    ("lot", "command", "reached"),
    [
        ("L1", recall("L2"), False),
        ("L1", recall(sku="SKU-9"), False),
        ("L1", recall(), True),
        (None, recall("L2"), True),
    ],
)
def test_only_what_is_covered_is_reached(
    lot: str | None, command: ReportRecall, reached: bool
) -> None:
    """Another lot or item is left alone; all lots are covered by a recall that names none, and a
    lot nobody knows by any."""
    story = inspected_story(lot=lot)
    assert bool(story.send(command)) == reached


def test_a_cancelled_return_is_left_alone() -> None:
    """Nothing came back, so there is nothing to find."""
    story = Story()
    story.send(request(line(shipped_lot="L1")))
    story.send(CancelReturn("changed my mind", request().actor, NOON))
    assert story.send(recall()) == []


def test_a_decision_is_held_to_the_rules_of_its_own_day() -> None:
    """What was allowed when the question was asked is refused once a rule removes it."""
    story = inspected_story()
    (asked,) = story.case.tasks
    story.policies.removed = (Masked("restock", "past-use-by"),)
    with pytest.raises(Refused, match="'restock' is removed by past-use-by by now"):
        story.send(DecideTask(asked.opened.task_id, "approve", QUINN, LATER))
    assert story.of(TaskOpened)[-1].task_id == asked.opened.task_id
    story.send(DecideTask(asked.opened.task_id, "override", QUINN, LATER, "scrap", "date", "over"))
    assert story.of(DispositionConfirmed)[0].parts == (DispositionPart("scrap", Decimal(2)),)


@given(st.lists(st.sampled_from(["recall", "inspect", "decide"]), max_size=8))
def test_after_a_recall_nothing_covered_is_restocked(steps: list[str]) -> None:
    """In whatever order people go on: what is decided after the recall keeps to its rules."""
    story = inspected_story()
    told = False
    for step in steps:
        command: Command | None = None
        if step == "recall":
            story.policies.removed, told, command = NO_RESTOCK, True, recall("L1")
        elif step == "inspect" and story.line().inspected < 4:
            command = InspectLine(1, Decimal(1), "sealed", INES, LATER)
        elif step == "decide" and (waiting := story.case.tasks):
            value = "quarantine" if told else "restock"
            if waiting[0].opened.point == "release":
                value = "scrap"
            command = DecideTask(
                waiting[0].opened.task_id, "override", QUINN, LATER, value, "seen", "note"
            )
        before = len(story.of(DispositionConfirmed))
        if command is not None and not (step == "decide" and waiting[0].opened.point == "credit"):
            story.send(command)
            story.answer_models(LATER, disposition="restock")
        if told:
            later = story.of(DispositionConfirmed)[before:]
            assert all(part.disposition != "restock" for event in later for part in event.parts)
