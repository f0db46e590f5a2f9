"""Tasks past their due time: to the role above, once; at the top they stay and are marked."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflow.fakes import FINN, LEA, MIA, NOON, PAM, FakePolicies, Story, request, verdict
from workflow.actor import SYSTEM
from workflow.approvals import ESCALATES_TO
from workflow.commands import CancelReturn, DecideTask, EscalateOverdue
from workflow.escalating import role_above
from workflow.events import CaseEvent, TaskEscalated, TaskOpened, TaskOverdue
from workflow.refused import Refused
from workflow.state import Authorised

LATE = NOON + timedelta(days=2, minutes=1)
HIERARCHY = sorted({*ESCALATES_TO, *ESCALATES_TO.values()})


def waiting(role: str = "returns_manager", due_hours: str = "48") -> Story:
    """A request that a person must authorise."""
    asks = verdict("ask_human", role, due_hours=due_hours)
    story = Story(FakePolicies(authorisation=asks))
    story.send(request())
    return story


def tick(
    story: Story, at: object = LATE, unmanned: frozenset[str] = frozenset()
) -> list[CaseEvent]:
    return story.send(EscalateOverdue(SYSTEM, at, unmanned))  # type: ignore[arg-type]


def test_nothing_is_passed_on_before_its_time() -> None:
    """At its due time to the second it is not late yet."""
    story = waiting()
    assert tick(story, NOON + timedelta(hours=48)) == []
    assert tick(waiting(due_hours="72")) == []


def test_a_late_task_goes_to_the_role_above_once() -> None:
    """The event says from whom to whom and why; asked again at the same time nothing happens."""
    story = waiting()
    tick(story)
    (said,) = story.of(TaskEscalated)
    assert (said.task_id, said.from_role, said.to_role) == (
        "R-1001-T1", "returns_manager", "finance_lead",
    )  # fmt: skip
    assert said.because == "Due 2026-11-04 12:00 and not decided."
    (task,) = story.case.tasks
    assert (task.opened.task_id, task.opened.role) == ("R-1001-T2", "finance_lead")
    assert task.opened.due_at == LATE + timedelta(hours=48)
    assert tick(story) == []
    with pytest.raises(Refused, match="not an open task"):
        story.send(DecideTask("R-1001-T1", "approve", MIA, LATE))
    story.send(DecideTask("R-1001-T2", "approve", LEA, LATE))
    assert isinstance(story.state, Authorised)


def test_at_the_top_it_stays_and_is_marked_once() -> None:
    """Nobody stands above a finance lead: the task is theirs still, and marked as overdue."""
    story = waiting("finance_lead")
    tick(story)
    assert tick(story, LATE + timedelta(days=30)) == []
    assert len(story.of(TaskOverdue)) == 1 and not story.of(TaskEscalated)
    (task,) = story.case.tasks
    assert task.overdue and task.opened.role == "finance_lead"
    story.send(DecideTask("R-1001-T1", "approve", LEA, LATE))
    assert isinstance(story.state, Authorised)


def test_a_role_with_nobody_present_is_passed_over() -> None:
    """The next above takes it, and the event says so."""
    story = waiting("inspector")
    tick(story, unmanned=frozenset({"quality"}))
    (said,) = story.of(TaskEscalated)
    assert said.to_role == "returns_manager"
    assert "Nobody is present between inspector and returns_manager." in said.because


def test_only_the_clock_escalates_by_the_clock() -> None:
    """People pass a task on by a decision, with their name on it."""
    with pytest.raises(Refused) as no:
        waiting().send(EscalateOverdue(FINN, LATE))
    assert no.value.code == "wrong_role"


def test_a_case_that_is_over_is_left_alone() -> None:
    """Cancelled meanwhile: nobody is asked any more."""
    story = waiting()
    story.send(CancelReturn("Changed their mind.", PAM, NOON))
    assert tick(story) == []


@given(st.sampled_from(HIERARCHY), st.frozensets(st.sampled_from(HIERARCHY)))
def test_escalation_ends_at_the_top(role: str, unmanned: frozenset[str]) -> None:
    """From any role, whoever is there: always further up, never round, at last to the top; and to
    nobody who is away as long as somebody above is there."""
    seen = [role]
    while (above := role_above(seen[-1], unmanned)) is not None:
        assert above not in seen
        seen.append(above)
    assert seen[-1] == "finance_lead"
    if role != "finance_lead" and "finance_lead" not in unmanned:
        assert not set(seen[1:]) & unmanned


def test_every_late_task_of_a_case_goes_up_by_itself() -> None:
    """Two questions, two escalations; each keeps what it is about."""
    story = waiting()
    before = story.case.tasks[0].opened
    tick(story)
    after = story.of(TaskOpened)[-1]
    same = ("point", "line", "portion", "amount_minor", "proposal", "allowed", "verdict")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]
