"""A gap in an item's master record is found or closed while goods of it are under way."""

from datetime import timedelta
from decimal import Decimal

from tests.workflow.fakes import INES, NOON, QUINN, WALT, FakePolicies, Story, line, request
from workflow.actor import SYSTEM
from workflow.asking import disposition_facts
from workflow.assessment import Masked
from workflow.commands import (
    DisposePortion,
    InspectLine,
    ReceiptLine,
    ReceiveGoods,
    ReportMasterGaps,
)
from workflow.events import DispositionPart, MasterGapsChanged, TaskOpened, TaskWithdrawn

LATER = NOON + timedelta(hours=3)


class RealGap(FakePolicies):
    """Removes restock exactly where the facts say that a gap is open."""

    def masks(self, name, facts):  # type: ignore[no-untyped-def]
        self.removed = (Masked("restock", "master-gap"),) if facts["master_gap"] else ()
        return super().masks(name, facts)


def gaps(*blocks: str, sku: str = "SKU-1") -> ReportMasterGaps:
    findings = tuple(f"product.{block}:{sku}" for block in blocks)
    return ReportMasterGaps(sku, blocks, findings, SYSTEM, LATER)


def waiting_story() -> Story:
    """Two of four are inspected; a person is asked about them, restock is proposed."""
    story = Story(RealGap(lanes={"disposition": "review"}))
    story.send(request(line()))
    goods = (ReceiptLine(1, "SKU-1", Decimal(4)),)
    story.send(ReceiveGoods("GR-1", "W1", goods, WALT, NOON))
    story.send(InspectLine(1, Decimal(2), "sealed", INES, NOON))
    story.answer_models(NOON)
    return story


def test_goods_that_wait_are_asked_about_anew() -> None:
    """With the gap restock is gone from the question; once it is closed it is back."""
    story = waiting_story()
    story.send(gaps("restock"))
    (task,) = story.case.tasks
    assert "restock" not in task.opened.allowed
    story.send(gaps())
    (task,) = story.case.tasks
    assert "restock" in task.opened.allowed and task.opened.proposal == "restock"
    assert len(story.of(TaskWithdrawn)) == 2
    assert len([t for t in story.of(TaskOpened) if t.point == "disposition"]) == 3


def test_told_twice_nothing_happens_twice() -> None:
    """Nor for another item, nor where the same is possible as before."""
    story = waiting_story()
    story.send(gaps("restock"))
    told = len(story.events)
    story.send(gaps("restock"))
    story.send(gaps("restock", sku="SKU-2"))
    assert len(story.events) == told
    story.send(gaps("restock", "return_to_vendor"))  # which these policies do not remove
    assert isinstance(story.events[-1], MasterGapsChanged)
    assert story.events[-1].portions == ()
    facts = disposition_facts(story.case, story.line().portions[0], LATER)
    assert (facts["master_gap"], facts["master_gap_vendor"]) == (True, True)


def test_goods_on_hold_are_asked_about_anew() -> None:
    """What may become of goods in quarantine is asked by the record of now, too."""
    story = waiting_story()
    quarantine = (DispositionPart("quarantine", Decimal(2)),)
    portion = story.line().portions[0].id
    story.send(DisposePortion(portion, quarantine, QUINN, LATER, "needs_quality", "Wait."))
    (task,) = story.case.tasks
    assert (task.opened.point, "restock" in task.opened.allowed) == ("release", True)
    story.send(gaps("restock"))
    (task,) = story.case.tasks
    assert (task.opened.point, "restock" in task.opened.allowed) == ("release", False)


def test_a_return_that_is_not_there_is_left_alone() -> None:
    """Before the goods are inspected only the line is marked."""
    story = Story(RealGap())
    story.send(request(line()))
    story.send(gaps("restock"))
    (changed,) = story.of(MasterGapsChanged)
    assert (changed.blocks, changed.portions) == (("restock",), ())
    assert story.line().master_blocks == ("restock",)
