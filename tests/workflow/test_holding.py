"""Quarantine is a hold: somebody releases the goods, and the case waits for it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.workflow.fakes import (
    INES,
    MIA,
    NOON,
    PAM,
    QUINN,
    WALT,
    FakePolicies,
    Story,
    line,
    request,
)
from workflow.actor import SYSTEM, Actor
from workflow.assessment import Masked
from workflow.commands import (
    AcknowledgeEffect,
    DecideTask,
    DisposePortion,
    EscalateOverdue,
    InspectLine,
    ReceiptLine,
    ReceiveGoods,
    ReinspectPortion,
    ReportRecall,
)
from workflow.effects import Effect
from workflow.events import DispositionPart, HoldReleased, PortionReinspected
from workflow.refused import Refused
from workflow.state import Closed

WEEK_LATER = NOON + timedelta(days=7)


def on_hold(**given: object) -> Story:
    """Four of lot L1 came back and went into quarantine; everything else is settled."""
    story = Story(FakePolicies(**given))  # type: ignore[arg-type]
    story.send(request(line(shipped_lot="L1")))
    story.send(ReceiveGoods("GR-1", "W1", (ReceiptLine(1, "SKU-1", Decimal(4)),), WALT, NOON))
    story.send(InspectLine(1, Decimal(4), "opened", INES, NOON))
    story.answer_models(NOON, "quarantine")
    do_all(story)
    return story


def do_all(story: Story) -> None:
    for effect in list(story.effects):
        if effect.kind != "assess":
            story.send(AcknowledgeEffect(effect.key, effect.kind, "DOC", SYSTEM, NOON))


def release(value: str | None, actor: Actor = QUINN, story: Story | None = None) -> DecideTask:
    (task,) = (story or on_hold()).case.tasks
    return DecideTask(
        task.opened.task_id, "override", actor, WEEK_LATER, value, "laboratory", "Clean."
    )


def moves(story: Story) -> list[Effect]:
    return [effect for effect in story.effects if effect.kind == "erp.stock_move"]


def test_a_case_stays_open_while_goods_are_on_hold() -> None:
    """Quality is asked, within two weeks, what becomes of them; nothing else is left to do."""
    story = on_hold()
    (task,) = story.case.tasks
    asked = task.opened
    assert (asked.point, asked.role, asked.quantity) == ("release", "quality", Decimal(4))
    assert asked.due_at == NOON + timedelta(days=14)
    assert "quarantine" not in asked.allowed
    assert not isinstance(story.state, Closed)


def test_released_goods_move_out_of_quarantine_once_and_the_case_closes() -> None:
    """The move starts from blocked stock, under a key of its own; the credit is not touched."""
    story = on_hold()
    credits = story.line().credits
    story.send(release("restock", story=story))
    into, out = moves(story)
    assert (into.payload["to_status"], out.payload["from_status"]) == ("blocked", "blocked")
    assert (out.payload["to_status"], out.payload["quantity"]) == ("unrestricted", "4")
    assert into.key != out.key
    assert story.line().credits == credits
    do_all(story)
    assert isinstance(story.state, Closed)


def test_goods_released_to_the_vendor_are_claimed() -> None:
    """A claim follows as for goods that went there at once."""
    story = on_hold()
    story.send(release("return_to_vendor", story=story))
    (claim,) = [effect for effect in story.effects if effect.kind == "erp.supplier_claim"]
    assert claim.payload["claimed_minor"] == 24_00


def test_a_part_may_be_released_and_the_rest_is_asked_about_anew() -> None:
    """What is not named stays on hold, under a new question for what is left."""
    story = on_hold()
    parts = (DispositionPart("scrap", Decimal(1)), DispositionPart("restock", Decimal(2)))
    story.send(DisposePortion("1.1", parts, QUINN, WEEK_LATER, note="One is torn."))
    (task,) = story.case.tasks
    assert (task.opened.point, task.opened.quantity) == ("release", Decimal(1))
    placed = {p.disposition: p.quantity for p in story.line().portions[0].placed}
    assert placed == {"scrap": 1, "restock": 2, "quarantine": 1}
    assert len({effect.key for effect in moves(story)}) == 3
    with pytest.raises(Refused, match="is on hold; the parts add up"):
        story.send(DisposePortion("1.1", parts, QUINN, WEEK_LATER, note="Again."))


def test_what_is_found_now_stands_instead_of_what_was_found_before() -> None:
    """The question is put anew with what the rules leave now, and both findings are kept."""
    story = on_hold(removed=(Masked("restock", "opened"),))
    assert "restock" not in story.case.tasks[0].opened.allowed
    story.policies.removed = ()
    story.send(ReinspectPortion("1.1", "sealed", INES, WEEK_LATER, note="Only the carton."))
    (found,) = story.of(PortionReinspected)
    portion = story.line().portions[0]
    assert portion.inspected.condition == found.condition == "sealed"
    assert "restock" in story.case.tasks[0].opened.allowed
    assert story.of(InspectLine) == []


def test_a_recall_that_was_closed_no_longer_binds_once_looked_at_again() -> None:
    """A recall reaches goods on hold; a new inspection counts the recalls open on its day."""
    story = on_hold()
    story.send(ReportRecall("RC-1", "SKU-1", ("L1",), SYSTEM, NOON))
    assert story.line().portions[0].recalled
    story.send(ReinspectPortion("1.1", "sealed", INES, WEEK_LATER, recall_open=False))
    assert not story.line().portions[0].recalled
    story.send(ReportRecall("RC-2", "SKU-1", (), SYSTEM, WEEK_LATER))
    assert story.line().portions[0].recalled


@pytest.mark.parametrize(
    ("actor", "code"), [(WALT, "wrong_role"), (INES, "wrong_role"), (PAM, "wrong_role")]
)
def test_only_quality_or_above_releases(actor: Actor, code: str) -> None:
    """Neither the warehouse nor the inspector nor customer service, by hand or by the task."""
    story = on_hold()
    parts = (DispositionPart("restock", Decimal(4)),)
    for command in (
        release("restock", actor, story),
        DisposePortion("1.1", parts, actor, WEEK_LATER, note="Mine."),
    ):
        with pytest.raises(Refused) as no:
            story.send(command)
        assert no.value.code == code


def test_who_inspected_the_goods_does_not_release_them() -> None:
    """Not in the task and not by hand, whatever other roles they hold."""
    story = on_hold()
    both = Actor("ines", frozenset({"inspector", "quality"}))
    for command in (
        release("restock", both, story),
        DisposePortion(
            "1.1", (DispositionPart("restock", Decimal(4)),), both, WEEK_LATER, note="Mine."
        ),
    ):
        with pytest.raises(Refused) as no:
            story.send(command)
        assert no.value.code == "own_inspection"


def test_what_a_rule_removes_is_not_released() -> None:
    """The rules of the day of the release decide, not those of the day it was asked."""
    story = on_hold()
    command = release("restock", story=story)
    story.policies.removed = (Masked("restock", "past-use-by"),)
    with pytest.raises(Refused, match="not left by the rules"):
        story.send(command)
    assert story.of(HoldReleased) == []


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_release_names_what_becomes_of_the_goods(decision: str) -> None:
    """There is no proposal to approve and nothing to reject: goods stay on hold until then."""
    story = on_hold()
    (task,) = story.case.tasks
    with pytest.raises(Refused, match="what becomes of"):
        story.send(
            DecideTask(task.opened.task_id, decision, QUINN, WEEK_LATER, None, "other", "Hm.")
        )


def test_a_hold_nobody_releases_goes_to_the_role_above() -> None:
    """After two weeks the returns manager is asked, who may release in quality's place."""
    story = on_hold()
    story.send(EscalateOverdue(SYSTEM, NOON + timedelta(days=15)))
    (task,) = story.case.tasks
    assert task.opened.role == "returns_manager"
    story.send(release("scrap", MIA, story))
    assert story.line().portions[0].held == 0


def test_nothing_is_looked_at_again_that_is_not_on_hold() -> None:
    """Goods that went back to stock are out of the case's hands."""
    story = Story(FakePolicies(lanes={"credit": "review"}))
    story.send(request(line()))
    story.send(ReceiveGoods("GR-1", "W1", (ReceiptLine(1, "SKU-1", Decimal(4)),), WALT, NOON))
    story.send(InspectLine(1, Decimal(4), "sealed", INES, NOON))
    story.answer_models(NOON)
    with pytest.raises(Refused, match="is in quarantine"):
        story.send(ReinspectPortion("1.1", "sealed", INES, WEEK_LATER))
