"""The second review: drawn in the decision, given by somebody else, followed by nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflow.fakes import FINN, INES, LEA, NOON, PAM, QUINN, FakePolicies, Story, request
from tests.workflow.test_case_story import done, inspected, received
from workflow.actor import Actor
from workflow.commands import DecideTask, GiveSecondReview
from workflow.events import CreditApproved, SecondReviewGiven, TaskDecided
from workflow.refused import Refused
from workflow.reviewing import outcome
from workflow.state import Closed

FAY = Actor("fay", frozenset({"finance_clerk"}))


def decided(draw: int | None, decision: str = "approve", permille: int = 50) -> Story:
    """A credit that a clerk decided, at a point of which some are reviewed."""
    story = Story(FakePolicies(lanes={"credit": "review"}, reviewed={"credit": permille}))
    story.send(request())
    received(story)
    inspected(story)
    story.answer_models(NOON)
    task = story.case.tasks[0].opened.task_id
    story.send(DecideTask(task, decision, FINN, NOON, None, "goodwill", "Worn.", draw))
    return story


def review(story: Story, actor: Actor, decision: str = "approve", value: str | None = None) -> str:
    """The code of the refusal; empty where it was recorded."""
    try:
        task = story.of(TaskDecided)[-1].task_id
        story.send(GiveSecondReview(task, decision, actor, NOON, value))
    except Refused as no:
        return no.code
    return ""


@given(st.integers(0, 999), st.integers(0, 1000))
def test_the_draw_is_recorded_with_the_share(draw: int, permille: int) -> None:
    """Whatever is drawn: it can be told afterwards why a decision was, or was not, reviewed."""
    story = decided(draw, permille=permille)
    said = story.of(TaskDecided)[-1]
    assert said.reviewed == (draw < permille)
    assert bool(story.case.reviews) == said.reviewed
    if permille:
        assert (said.review_draw, said.review_permille) == (draw, permille)


def test_nothing_is_drawn_without_a_draw_nor_for_what_is_passed_on() -> None:
    """An import or a replay draws nothing; an escalation decides nothing."""
    assert not decided(None).case.reviews
    assert not decided(0, "escalate").case.reviews


def test_effects_never_wait_for_a_second_review() -> None:
    """The credit goes out and the case closes; the review is given after that, and changes
    nothing but the figures."""
    story = decided(0)
    assert len(story.of(CreditApproved)) == 1
    done(story)
    assert isinstance(story.state, Closed) and story.case.reviews
    asked = list(story.asked)
    assert review(story, FAY, "reject") == ""
    assert isinstance(story.state, Closed) and story.asked == asked
    (said,) = story.of(SecondReviewGiven)
    assert (said.agreed, said.reviewed_by, said.role) == (False, "fay", "finance_clerk")
    assert review(story, LEA) == "unknown_review"


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (FINN, "already_decided"),
        (QUINN, "wrong_role"),
        (Actor("pam", FAY.roles), "own_request"),
        (Actor("ines", FAY.roles), "own_inspection"),
        (Actor("bot", FAY.roles, "service"), "wrong_role"),
    ],
)
def test_the_second_is_somebody_else_of_the_role(actor: Actor, code: str) -> None:
    """Not the first decider, not another role, not the requester or inspector, not a machine."""
    assert PAM.id == "pam" and INES.id == "ines"
    assert review(decided(0), actor) == code


def test_an_answer_is_one_that_the_task_allowed() -> None:
    """A value the rules do not know is refused, as is passing it on."""
    assert review(decided(0), FAY, "override", "perhaps") == "not_allowed_value"
    assert review(decided(0), FAY, "escalate") == "invalid_decision"


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (("approve", None), ("approve", None), True),
        (("approve", None), ("override", "4000"), True),
        (("approve", None), ("override", "3999"), False),
        (("reject", None), ("override", "deny"), True),
        (("approve", None), ("reject", None), False),
        (("override", "100"), ("override", "100"), True),
    ],
)
def test_two_agree_where_the_outcome_is_the_same(
    first: tuple[str, str | None], second: tuple[str, str | None], same: bool
) -> None:
    """However it is said: naming the amount proposed is a yes, denying is a no."""
    one, other = (outcome("credit", "full", 4000, *said) for said in (first, second))
    assert (one == other) is same
    assert outcome("credit", "deny", 4000, "approve", None) == "deny"
