"""Every role that a line asks for is heard, whichever line stands first, and a rule that refuses a
line is not passed over because one above it asks a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflow.fakes import FINN, LEA, MIA, NOON, QUINN, FakePolicies, Story, line, request
from tests.workflow.fakes import verdict as says
from workflow.actor import Actor
from workflow.approvals import STANDS_IN_FOR, apart, upwards
from workflow.commands import DecideTask
from workflow.events import AlsoHolds, ReturnAuthorised, Verdict
from workflow.refused import Refused

CARL = Actor("carl", frozenset({"customer_service"}))
ROLES = (
    "customer_service", "quality", "returns_manager", "finance_clerk", "finance_lead",
    "procurement",
)  # fmt: skip
REASONS = ("wrong_item", "missing_parts", "late_delivery", "expired")


@dataclass
class ByReason(FakePolicies):
    """Each line is judged by its reason; the authorisation asks whom the first line does."""

    told: dict[str, Verdict] = field(default_factory=dict)

    def judge(self, name: str, facts: Mapping[str, object]) -> Verdict:
        if name == "eligibility":
            return self.told[str(facts["reason"])]
        if name == "authorisation":
            return says("ask_human", str(facts["ask_role"]))
        return super().judge(name, facts)


def asked(*lines: Verdict, **limits: int) -> Story:
    """A return of as many lines, each judged as told."""
    told = dict(zip(REASONS, lines, strict=False))
    story = Story(ByReason(told=told, limits=limits))
    story.send(request(*(line(n, stated=reason) for n, reason in enumerate(told, start=1))))
    return story


def ask(role: str, **values: str) -> Verdict:
    return says("ask_human", role, **values)


def also(one: Verdict, outcome: str, role: str | None = None) -> Verdict:
    return replace(one, also=(AlsoHolds("another-rule", outcome, "Because.", role),))


def answer(story: Story, who: Actor, decision: str = "approve", value: str | None = None) -> None:
    (task,) = story.case.tasks
    story.send(DecideTask(task.opened.task_id, decision, who, NOON, value, "agreed", "Agreed."))


def opened(story: Story) -> tuple[str, str | None]:
    (task,) = story.case.tasks
    return task.opened.role, task.opened.other_role


@pytest.mark.parametrize(
    ("roles", "whose"),
    [
        (("customer_service", "quality"), ("quality", None)),
        (("customer_service", "returns_manager"), ("returns_manager", None)),
        (("returns_manager", "quality"), ("quality", "returns_manager")),
        (("finance_clerk", "quality"), ("quality", "finance_clerk")),
        (("finance_clerk", "returns_manager"), ("finance_clerk", "returns_manager")),
        (("finance_clerk", "finance_lead"), ("finance_lead", None)),
        (("procurement",), ("procurement", None)),
        (("quality", "finance_clerk", "returns_manager"), ("quality", "finance_lead")),
    ],
)
def test_the_order_of_lines_decides_nothing(
    roles: tuple[str, ...], whose: tuple[str, str | None]
) -> None:
    """A medicine is quality's to authorise, also where another line asks customer service first;
    where two words are needed, both are asked."""
    assert {opened(asked(*map(ask, order))) for order in permutations(roles)} == {whose}


@settings(max_examples=60)
@given(st.lists(st.sampled_from(ROLES), min_size=1, max_size=4))
def test_every_word_is_heard_or_spoken_for(roles: list[str]) -> None:
    """Whoever a line asks has a key, or somebody above them does, or they only ask the customer;
    and no one person could hold both keys."""
    first, other = opened(asked(*map(ask, roles)))
    keys = {first, other} - {None}
    for role in set(roles) - {"customer_service"}:
        stands_in = {key for key in keys if role in STANDS_IN_FOR.get(str(key), frozenset())}
        assert stands_in or set(upwards(role)) & keys
    if "quality" in roles:
        assert first == "quality" or other == "quality"
    assert other is None or apart(first, other)


def test_two_keys_of_a_line_and_a_medicine_beside_it() -> None:
    """What is never returnable needs a finance lead as well, a medicine quality: both agree."""
    never = ask("returns_manager", second_role="finance_lead")
    story = asked(never, ask("quality"))
    assert opened(story) == ("quality", "finance_lead")
    answer(story, QUINN)
    assert story.of(ReturnAuthorised) == []
    answer(story, LEA)
    assert story.of(ReturnAuthorised)


def test_a_hold_does_not_speak_for_quality() -> None:
    """A medicine of a customer on credit hold: the rule below the hold asks quality, and finance
    alone authorises nothing."""
    story = asked(also(ask("finance_clerk"), "ask_human", "quality"))
    assert opened(story) == ("quality", "finance_clerk")


def test_who_may_let_goods_move_has_the_last_key() -> None:
    """Of two keys the last is bound by its limit, so it is the one whose limit reaches."""
    story = asked(ask("quality"), ask("finance_clerk"), finance_clerk=0)
    assert opened(story) == ("finance_clerk", "quality")
    low = {"quality": 0, "returns_manager": 0, "finance_clerk": 0}
    assert opened(asked(ask("quality"), ask("returns_manager"), **low)) == (
        "quality", "finance_lead",
    )  # fmt: skip
    assert opened(asked(ask("finance_clerk"), ask("returns_manager"), **low)) == (
        "finance_lead", None,
    )  # fmt: skip


@pytest.mark.parametrize("option", ["authorise", "without_goods"])
def test_a_line_that_a_rule_refuses_is_not_authorised_in_passing(option: str) -> None:
    """A special order in a part pack: customer service is asked about the pack, and a yes to that
    leaves the line out; alone it is no yes at all."""
    part_pack = also(ask("customer_service"), "ineligible")
    story = asked(part_pack, says("eligible"))
    answer(story, CARL, "override", option)
    (granted,) = story.of(ReturnAuthorised)
    assert [one.line for one in granted.lines] == [2]
    with pytest.raises(Refused) as no:
        answer(asked(part_pack), CARL, "override", option)
    assert no.value.code == "not_eligible"


def test_rules_are_overruled_by_who_may() -> None:
    """Every line, the refused ones too: for the returns manager, quality or a finance lead, and
    the refusal names line and rule."""
    refused = also(ask("customer_service"), "ineligible")
    story = asked(refused, says("ineligible"))
    with pytest.raises(Refused, match=r"line 1 by another-rule, line 2 by a-rule") as no:
        answer(story, CARL, "override", "authorise_all_lines")
    assert no.value.code == "wrong_role"
    answer(story, MIA, "override", "authorise_all_lines")
    (granted,) = story.of(ReturnAuthorised)
    assert [one.line for one in granted.lines] == [1, 2]


def test_a_line_put_to_who_may_overrule_is_theirs_to_grant() -> None:
    """The returns manager's plain yes brings back what a rule asked them about, though another
    rule speaks against it, and still nothing that no rule asked about."""
    story = asked(also(ask("returns_manager"), "ineligible"), says("ineligible"))
    answer(story, MIA)
    (granted,) = story.of(ReturnAuthorised)
    assert [one.line for one in granted.lines] == [1]


def test_finance_clears_a_hold_and_no_more() -> None:
    """Cut to length for a customer on hold: a finance clerk does not bring it back."""
    story = asked(also(ask("finance_clerk"), "ineligible"))
    with pytest.raises(Refused):
        answer(story, FINN)
    with pytest.raises(Refused):
        answer(story, FINN, "override", "authorise_all_lines")
