"""Limits: the smallest that reaches, the top where none does; the model's own, and its stops."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflow.fakes import INES, NOON, WALT, FakePolicies, Story, line, request, said
from workflow.actor import SYSTEM
from workflow.assessment import Clearing
from workflow.codes import ReturnReason
from workflow.commands import InspectLine, ReceiptLine, ReceiveGoods, RecordAssessment
from workflow.events import (
    CreditApproved,
    DispositionConfirmed,
    LaneChosen,
    ReasonSettled,
    TaskOpened,
    Verdict,
)
from workflow.policy import load
from workflow.policy_limits import Limit
from workflow.policy_questions import questions
from workflow.policy_reading import read_policy

FILE = Path(__file__).parents[2] / "policies" / "approval_limits.toml"
POLICIES = load(FILE.parent)
LIMITS = POLICIES["approval_limits"].limits
DOCUMENTS = sorted({limit.document for limit in LIMITS})
asked = st.fixed_dictionaries(
    {
        "document": st.sampled_from(DOCUMENTS),
        "currency": st.sampled_from(["USD", "EUR", "GBP", "JPY"]),
        "amount_minor": st.one_of(st.integers(0, 60_000_00), st.integers(0, 10**12)),
        "reason": st.sampled_from([None, *ReturnReason]),
        "item_class": st.sampled_from([None, "pumps", "pharmacy"]),
        "principal_kind": st.just("person"),
    }
)


def reaching(facts: dict[str, Any]) -> list[Limit]:
    """The rows of roles that cover what is asked."""
    names = ("document", "currency", "amount_minor", "reason", "item_class")
    values = [facts[name] for name in names]
    return [limit for limit in LIMITS if limit.role and limit.covers(limit.role, *values)]


@settings(max_examples=300, deadline=None)
@given(asked)
def test_the_smallest_limit_that_reaches_is_asked(facts: dict[str, Any]) -> None:
    """By role, document, currency, range and reason: nobody with a smaller limit would do, and
    out of everybody's range, or in a currency without limits, it is the top of the hierarchy. A
    reason is nobody's money: customer service settles it whatever is at stake."""
    verdict = POLICIES.judge("approval_limits", facts)
    rows = reaching(facts)
    chosen = next(limit for limit in rows if limit.id == verdict.rule)
    assert all(
        other.max_minor is None or (chosen.max_minor or 0) <= other.max_minor
        for other in rows
        if chosen.max_minor is not None or other.max_minor is not None
    )
    if facts["document"] == "reason":
        assert verdict.role == "customer_service"
    elif facts["currency"] == "JPY" or facts["amount_minor"] > 50_000_00:
        assert verdict.role == "finance_lead"


@given(asked)
def test_who_is_asked_may_say_yes(facts: dict[str, Any]) -> None:
    """The role that the limits name is one whose limit reaches."""
    verdict = POLICIES.judge("approval_limits", facts)
    names = ("document", "currency", "amount_minor", "reason", "item_class")
    assert verdict.role and POLICIES.covers(verdict.role, *(facts[name] for name in names))


def test_a_row_that_could_never_speak_refuses_to_load() -> None:
    """A larger limit above a smaller one would ask the wrong person: it is a fault by name."""
    row = """[[limit]]
id = "too-late"
role = "finance_clerk"
document = "credit_memo"
currency = "USD"
max_minor = 1_000_00
because = "Never asked."

# ---- Returns"""
    policy, faults = read_policy(FILE.read_text().replace("# ---- Returns", row), "x.toml")
    assert policy is None
    assert [str(fault) for fault in faults] == [
        "x.toml, rule too-late: never speaks: finance-clerk-credit-usd, above it, reaches as much."
    ]


def test_a_limit_for_an_item_class_reaches_no_other() -> None:
    """Who may approve pumps may not for that reason approve medicines."""
    pumps = Limit("x", "credit_memo", "USD", "Pumps.", role="quality", item_classes=("pumps",))
    assert pumps.covers("quality", "credit_memo", "USD", 1, None, "pumps")
    assert not pumps.covers("quality", "credit_memo", "USD", 1, None, "pharmacy")
    assert not pumps.covers("quality", "credit_memo", "USD", 1, None)


class ByTheLimits(FakePolicies):
    """Everything automatic, but for the shipped approval limits."""

    def judge(self, name: str, facts: Any) -> Verdict:
        if name == "approval_limits":
            return POLICIES.judge(name, facts)
        return super().judge(name, facts)


def settled(
    reason: str, value_minor: int = 40_00, item_class: str = "hydraulics", policies: Any = None
) -> Story:
    """A line of this value whose reason a sure model proposed."""
    asked_for = line(stated=None)
    facts = replace(asked_for.facts, item_class=item_class)
    story = Story(policies or ByTheLimits())
    story.send(request(replace(asked_for, facts=facts, value_minor=value_minor)))
    sure = Clearing(True, "x:1", 999)
    story.send(RecordAssessment("reason", 1, said(reason), SYSTEM, NOON, None, sure))
    return story


def test_a_reason_is_settled_by_the_model_within_its_own_limit() -> None:
    """To the cent of the line's value; above it customer service is asked, however sure the
    model is, and the lane names whose limit said so."""
    within, above = settled("wrong_item", 2_500_00), settled("wrong_item", 2_500_01)
    assert [r.how for r in within.of(ReasonSettled)] == ["model"]
    assert not above.of(ReasonSettled)
    (task,) = above.of(TaskOpened)
    assert (task.point, task.role, task.proposal, task.verdict.rule) == (
        "reason", "customer_service", "wrong_item", "customer-service-reason",
    )  # fmt: skip
    for story in (within, above):
        assert [chosen.principal for chosen in story.of(LaneChosen)] == ["model"]


@pytest.mark.parametrize(
    ("reason", "item_class"),
    [("quality_complaint", "hydraulics"), ("recall", "hydraulics"), ("wrong_item", "pharmacy")],
)
def test_what_the_model_may_not_settle_a_person_does(reason: str, item_class: str) -> None:
    """By the reason that it proposes, and by item class."""
    assert not settled(reason, 1_00, item_class).of(ReasonSettled)


def test_a_table_without_limits_on_reasons_lets_none_pass() -> None:
    """A version that was published before there were such limits does not know them: people are
    asked, and nothing breaks."""
    text = FILE.read_text()
    start, end = text.index("# ---- Reasons of a return"), text.index("# ---- Returns")
    old = (text[:start] + text[end:]).replace('"reason", "authorisation"', '"authorisation"')
    policy, faults = read_policy(old, "old.toml")
    assert policy is not None and faults == []
    table = policy

    class Older(FakePolicies):
        def judge(self, name: str, facts: Any) -> Verdict:
            return table.judge(facts) if name == "approval_limits" else super().judge(name, facts)

        def limits_on(self, document: str) -> bool:
            return document in table.facts["document"].one_of

    story = settled("wrong_item", policies=Older())
    (task,) = story.of(TaskOpened)
    assert task.verdict.rule == "no-limit-for-this" and not story.of(ReasonSettled)


def credited(net_minor: int, stated: str | None = None) -> Story:
    """Four of ten pieces come back whole; a sure model settles the reason unless it is stated."""
    story = Story(ByTheLimits())
    sure = Clearing(True, "x:1", 999)
    story.send(request(line(stated=stated, net_minor=net_minor)))
    if stated is None:
        story.send(RecordAssessment("reason", 1, said("wrong_item"), SYSTEM, NOON, None, sure))
    story.send(ReceiveGoods("GR-1", "W1", (ReceiptLine(1, "SKU-1", Decimal(4)),), WALT, NOON))
    story.send(InspectLine(1, Decimal(4), "sealed", INES, NOON))
    for point, value, part in (("disposition", "restock", "1.1"), ("credit", "normal", "1")):
        story.send(RecordAssessment(point, 1, said(value), SYSTEM, NOON, part, sure))
    return story


def test_a_credit_after_a_models_reason_is_bound_by_the_models_limit() -> None:
    """The same 120.00 pass by the system's limit where the customer stated the reason, and are for
    a clerk where a model settled it; 100.00 pass either way."""
    assert credited(300_00, "wrong_item").of(CreditApproved)[-1].approved_by == "system"
    assert credited(250_00).of(CreditApproved)[-1].verdict.rule == "model-credit-usd"
    story = credited(300_00)
    assert not story.of(CreditApproved)
    (task,) = story.of(TaskOpened)
    assert (task.point, task.role, task.verdict.rule) == (
        "credit", "finance_clerk", "finance-clerk-credit-usd",
    )  # fmt: skip


def test_what_passed_before_limits_were_noted_is_asked_again_as_then() -> None:
    """A lane of the past, without the name of a principal, is weighed by the limits of then: none
    for a reason, the system's for a credit."""
    story = settled("wrong_item", 9_000_00)
    (event,) = story.of(LaneChosen)
    told = [(e, NOON) for e in story.events if not isinstance(e, TaskOpened)]
    past = [(replace(e, principal="") if e is event else e, at) for e, at in told]
    for history, lane in ((told, "review"), (past, "automatic")):
        (asked,) = questions(POLICIES, ("rollout",), history)
        assert asked.again(POLICIES["rollout"]).outcome == lane


def by_model(reason: str, item_class: str = "hydraulics", unit_cost_minor: int = 6_00) -> Story:
    """Four pieces of a stated reason, up to the model's word on their disposition."""
    asked_for = line(stated=reason)
    facts = replace(asked_for.facts, item_class=item_class, unit_cost_minor=unit_cost_minor)
    sure = Clearing(True, "x:1", 999)
    story = Story(ByTheLimits())
    story.send(request(replace(asked_for, facts=facts)))
    goods = (ReceiptLine(1, "SKU-1", Decimal(4)),)
    story.send(ReceiveGoods("GR-1", "W1", goods, WALT, NOON))
    story.send(InspectLine(1, Decimal(4), "sealed", INES, NOON))
    story.send(RecordAssessment("disposition", 1, said("restock"), SYSTEM, NOON, "1.1", sure))
    return story


def test_the_model_acts_within_its_own_limit() -> None:
    """A disposition on a model's word passes up to the model's row of limits; above it somebody
    whose limit reaches is asked."""
    assert by_model("wrong_item").of(DispositionConfirmed)[-1].how == "model"
    assert by_model("wrong_item", unit_cost_minor=62_50).of(DispositionConfirmed)
    above = by_model("wrong_item", unit_cost_minor=62_51)
    assert not above.of(DispositionConfirmed)
    (task,) = above.of(TaskOpened)
    assert (task.point, task.role, task.verdict.rule) == (
        "disposition", "quality", "quality-goods-usd",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "item_class"), [("recall", "hydraulics"), ("wrong_item", "pharmacy")]
)
def test_a_stop_switches_the_model_off_at_once(reason: str, item_class: str) -> None:
    """By reason and by item class, whatever the amount and however sure: a person decides."""
    story = by_model(reason, item_class)
    assert not story.of(DispositionConfirmed)
    (task,) = story.of(TaskOpened)
    assert task.point == "disposition"
    chosen = story.of(LaneChosen)[-1]
    assert (chosen.lane, chosen.eligible) == ("review", False)
