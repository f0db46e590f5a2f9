"""How far an answer is acted on: given a clearing, when it enters, then who decides.

The fake rollout lets everything pass that is cleared, and audits one answer in ten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import pytest

from tests.workflow.fakes import (
    FINN,
    INES,
    NOON,
    QUINN,
    WALT,
    FakePolicies,
    Story,
    line,
    request,
    said,
    verdict,
)
from workflow.actor import SYSTEM, Actor
from workflow.assessment import Assessment, Clearing
from workflow.commands import DecideTask, InspectLine, ReceiptLine, ReceiveGoods, RecordAssessment
from workflow.events import (
    CreditApproved,
    DispositionConfirmed,
    LaneChosen,
    ReasonSettled,
    TaskDecided,
    TaskOpened,
    Verdict,
)
from workflow.refused import Refused

CLEARED = Clearing(True, "x:1", 999)
DRAWN = Clearing(True, "x:1", 99)
NOT_CLEARED = Clearing(False, "x:1", 999)
NOT_CLEARED_BUT_DRAWN = Clearing(False, None, 0)
CARL = Actor("carl", frozenset({"customer_service"}))


@dataclass
class Rollout(FakePolicies):
    """Automatic where cleared, with an audit of a tenth; else recommended to a person."""

    def judge(self, name: str, facts: Mapping[str, object]) -> Verdict:
        if name != "rollout":
            return super().judge(name, facts)
        if facts["cleared"]:
            return verdict("automate", lane="automatic", audit_permille="100")
        return verdict("assist", role="customer_service", lane="recommend")


def told(clearing: Clearing | None) -> Story:
    """A line without a stated reason, of which the model is told to have said wrong_item."""
    story = Story(Rollout())
    story.send(request(line(stated=None)))
    story.send(RecordAssessment("reason", 1, said("wrong_item"), SYSTEM, NOON, None, clearing))
    return story


@pytest.mark.parametrize(
    ("clearing", "passes", "blind", "permille"),
    [
        (CLEARED, True, False, 100),
        (DRAWN, False, True, 100),
        (NOT_CLEARED, False, False, 1000),
        (NOT_CLEARED_BUT_DRAWN, False, True, 1000),
        (None, False, False, 1000),
    ],
)
def test_who_decides_and_how_likely_a_person_was(
    clearing: Clearing | None, passes: bool, blind: bool, permille: int
) -> None:
    """Cleared and not drawn passes; drawn is decided blind; the propensity is recorded with it."""
    story = told(clearing)
    (chosen,) = story.of(LaneChosen)
    assert chosen.eligible, "the rules would let it pass, were it sure enough"
    assert (chosen.audited, chosen.review_permille) == (blind, permille)
    assert bool(story.of(ReasonSettled)) == passes
    tasks = story.of(TaskOpened)
    assert [task.blind for task in tasks] == ([] if passes else [blind])


def test_an_audit_shows_nothing_of_the_answer() -> None:
    """Neither its proposal nor the rule that let it pass; the person's own word stands."""
    story = told(DRAWN)
    (task,) = story.of(TaskOpened)
    assert task.proposal is None and task.verdict.rule == "audit"
    with pytest.raises(Refused, match="no proposal to approve"):
        story.send(DecideTask(task.task_id, "approve", CARL, NOON))
    story.send(DecideTask(task.task_id, "override", CARL, NOON, "missing_parts"))
    assert story.of(ReasonSettled)[-1].reason == "missing_parts"
    assert story.of(TaskDecided)[-1].proposal is None


def test_who_saw_an_answer_says_why_they_override_it() -> None:
    """The reason code is kept; without one and a note nothing is decided."""
    story = told(NOT_CLEARED)
    (task,) = story.of(TaskOpened)
    with pytest.raises(Refused) as no:
        story.send(DecideTask(task.task_id, "override", CARL, NOON, "missing_parts"))
    assert no.value.code == "reason_required"


def inspected(
    clearing: Clearing, policies: FakePolicies | None = None, answer: Assessment | None = None
) -> Story:
    story = Story(policies or Rollout())
    story.send(request())
    goods = (ReceiptLine(1, "SKU-1", Decimal(4)),)
    story.send(ReceiveGoods("GR-1", "W1", goods, WALT, NOON))
    story.send(InspectLine(1, Decimal(4), "sealed", INES, NOON))
    story.send(
        RecordAssessment("disposition", 1, answer or said("restock"), SYSTEM, NOON, "1.1", clearing)
    )
    return story


def test_an_audited_disposition_and_credit_stay_the_persons() -> None:
    """What the model proposed is there, but nobody can approve it unseen; the credit's amount is
    the policy's, so that it is shown and changing it needs a reason."""
    story = inspected(DRAWN)
    task = story.of(TaskOpened)[-1]
    assert (task.point, task.blind, task.proposal, task.role) == (
        "disposition", True, None, "quality",
    )  # fmt: skip
    with pytest.raises(Refused, match="no proposal to approve"):
        story.send(DecideTask(task.task_id, "approve", QUINN, NOON))
    story.send(DecideTask(task.task_id, "override", QUINN, NOON, "scrap"))
    assert story.of(DispositionConfirmed)[-1].parts[0].disposition == "scrap"
    story.send(RecordAssessment("credit", 1, said("normal", 0.1), SYSTEM, NOON, "1", DRAWN))
    credit = story.of(TaskOpened)[-1]
    assert (credit.point, credit.blind, credit.proposal) == ("credit", True, "full")
    with pytest.raises(Refused, match="needs a reason_code"):
        story.send(DecideTask(credit.task_id, "override", FINN, NOON, "100"))
    story.send(DecideTask(credit.task_id, "approve", FINN, NOON))
    assert story.of(CreditApproved)[-1].approved_by == FINN.id


@dataclass
class Observing(FakePolicies):
    """Whatever the lane: people decide alone, and what the model says is only recorded."""

    lane: str = "review"

    def judge(self, name: str, facts: Mapping[str, object]) -> Verdict:
        if name != "rollout":
            return super().judge(name, facts)
        return verdict("observe", role="quality", lane=self.lane)


@pytest.mark.parametrize("lane", ["review", "automatic"])
def test_who_is_observed_decides_alone(lane: str) -> None:
    """The model's disposition is recorded and kept from the person, who needs no reason to choose;
    it never passes, whatever lane the rule names. The score of a credit warns and is shown."""
    story = inspected(CLEARED, Observing(lane=lane))
    task = story.of(TaskOpened)[-1]
    assert (task.blind, task.proposal, task.verdict.outcome) == (True, None, "observe")
    assert story.of(LaneChosen)[-1].lane == "review" and not story.of(LaneChosen)[-1].audited
    with pytest.raises(Refused, match="no proposal to approve"):
        story.send(DecideTask(task.task_id, "approve", QUINN, NOON))
    story.send(DecideTask(task.task_id, "override", QUINN, NOON, "scrap"))
    assert story.of(DispositionConfirmed)[-1].parts[0].disposition == "scrap"
    story.send(RecordAssessment("credit", 1, said("normal", 0.1), SYSTEM, NOON, "1", CLEARED))
    credit = story.of(TaskOpened)[-1]
    assert (credit.point, credit.blind, credit.proposal) == ("credit", False, "full")


def test_where_no_model_answered_nothing_is_kept_back() -> None:
    """Observed or not: there is no answer to hide."""
    story = inspected(CLEARED, Observing(), said(None))
    assert not story.of(TaskOpened)[-1].blind


def test_a_rule_that_leaves_one_option_is_not_audited() -> None:
    """Nothing of the model's would be learned; a limit that asks a person is no lane either."""
    story = inspected(CLEARED)
    assert story.of(DispositionConfirmed)[-1].how == "model"
    assert story.of(LaneChosen)[-1].portion == "1.1"
    story.policies.limit = verdict("ask_human", role="finance_lead")
    story.send(RecordAssessment("credit", 1, said("normal", 0.1), SYSTEM, NOON, "1", DRAWN))
    chosen = story.of(LaneChosen)[-1]
    assert (chosen.lane, chosen.eligible, chosen.audited) == ("review", False, False)
    assert story.of(TaskOpened)[-1].role == "finance_lead"
