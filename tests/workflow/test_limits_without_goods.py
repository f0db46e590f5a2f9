"""A credit for which no goods are had is held to limits of its own."""

from pathlib import Path
from typing import Any

import pytest

from tests.workflow.fakes import (
    FINN,
    INES,
    LEA,
    NOON,
    WALT,
    FakePolicies,
    Story,
    line,
    request,
    verdict,
)
from workflow.commands import DecideTask, InspectLine, ReceiptLine, ReceiveGoods
from workflow.events import CreditApproved, TaskOpened, Verdict
from workflow.policy import load
from workflow.refused import Refused
from workflow.state import ZERO

SHIPPED = load(Path(__file__).parents[2] / "policies")


class ByTheLimits(FakePolicies):
    """Everything automatic, but for the shipped approval limits, with or without rows of its own
    for credits without goods."""

    known = True

    def judge(self, name: str, facts: Any) -> Verdict:
        if name == "approval_limits":
            return SHIPPED.judge(name, facts)
        return super().judge(name, facts)

    def covers(self, *asked: Any) -> bool:
        return SHIPPED.covers(*asked)

    def limits_on(self, document: str) -> bool:
        return self.known and SHIPPED.limits_on(document)


def with_goods(minor: int) -> Story:
    """The whole line comes back and goes to stock."""
    story = Story(ByTheLimits())
    asked = line(net_minor=minor, delivered="4")
    story.send(request(asked))
    goods = (ReceiptLine(1, "SKU-1", asked.quantity),)
    story.send(ReceiveGoods("GR-1", "W1", goods, WALT, NOON))
    story.send(InspectLine(1, asked.quantity, "sealed", INES, NOON))
    story.answer_models(NOON)
    return story


def without(minor: int, known: bool = True, outcome: str = "full") -> Story:
    """Nothing comes back: a price was wrong, or the goods stay where they are."""
    policies = ByTheLimits(credit=verdict(outcome, release="on_approval"))
    policies.known = known
    story = Story(policies)
    story.send(request(line(net_minor=minor, delivered="4", stated="pricing_or_billing")))
    story.answer_models(NOON)
    return story


@pytest.mark.parametrize(
    ("minor", "asked"),
    [(200_00, "finance_clerk"), (250_01, "finance_lead"), (50_01, "finance_clerk")],
)
def test_without_goods_a_smaller_amount_goes_to_somebody_above(minor: int, asked: str) -> None:
    """What a clerk may credit for goods that came back, only a lead may where nothing did."""
    (task,) = without(minor).of(TaskOpened)
    assert (task.point, task.role) == ("credit", asked)
    credited = with_goods(minor)
    assert not [t for t in credited.of(TaskOpened) if t.role == "finance_lead"]


def test_who_may_credit_goods_may_not_credit_as_much_without() -> None:
    """The decision is held to the document, whoever opens the task."""
    story = without(400_00)
    (task,) = story.case.tasks
    both = DecideTask(task.opened.task_id, "approve", FINN, NOON)
    with pytest.raises(Refused) as no:
        story.send(both)
    assert no.value.code == "wrong_role"
    assert not SHIPPED.covers("finance_clerk", "credit_without_goods", "USD", 400_00, None)
    assert SHIPPED.covers("finance_clerk", "credit_memo", "USD", 400_00, None)
    story.send(DecideTask(task.opened.task_id, "approve", LEA, NOON))
    assert len(story.of(CreditApproved)) == 1


def test_limits_from_before_know_one_document_for_both() -> None:
    """A published table that does not name the document still has somebody who may say yes."""
    story = without(400_00, known=False)
    (task,) = story.case.tasks
    assert task.opened.role == "finance_clerk"
    story.send(DecideTask(task.opened.task_id, "approve", FINN, NOON))
    assert story.line().credited_minor == 400_00
    assert story.line().received == ZERO
