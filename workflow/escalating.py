"""Time runs out for a task: it goes to the role above, once; at the top it stays and is marked.

The task that opens in its place has a due time of its own, as long as the first was, and so may
be passed on again by itself, up to the top.
"""

from dataclasses import replace

from workflow.approvals import ESCALATES_TO, apart, require_any_role
from workflow.commands import EscalateOverdue
from workflow.events import TaskEscalated, TaskOpened, TaskOverdue
from workflow.run import Run
from workflow.state import Task, Unborn


def escalate_overdue(run: Run, command: EscalateOverdue) -> None:
    """Pass on every open task past its due time; of a return that is over, only write-offs are.

    Refused: ``wrong_role`` for anybody but our own system.
    """
    require_any_role(command.actor, (), "Escalating by the clock")
    if isinstance(run.state, Unborn):
        return
    for task in run.case.tasks:
        if task.opened.due_at < run.at:
            _escalate(run, task, command.unmanned)


def _escalate(run: Run, task: Task, unmanned: frozenset[str]) -> None:
    opened = task.opened
    role = passes_to(opened, unmanned)
    if role is None:
        if not task.overdue:
            case, due = run.case.return_id, opened.due_at
            run.emit(TaskOverdue(case, opened.task_id, opened.role, due, run.at))
        return
    because = f"Due {opened.due_at:%Y-%m-%d %H:%M} and not decided."
    if role != ESCALATES_TO[opened.role]:
        because += f" Nobody is present between {opened.role} and {role}."
    run.emit(
        TaskEscalated(
            return_id=run.case.return_id,
            task_id=opened.task_id,
            from_role=opened.role,
            to_role=role,
            due_at=opened.due_at,
            escalated_at=run.at,
            because=because,
        )
    )
    pass_on(run, opened, role)


def role_above(role: str, unmanned: frozenset[str] = frozenset()) -> str | None:
    """The first role above in which somebody is present; the next above where nobody is in any;
    ``None`` at the top."""
    nearest = above = ESCALATES_TO.get(role)
    while above is not None and above in unmanned:
        above = ESCALATES_TO.get(above)
    return above or nearest


def passes_to(opened: TaskOpened, unmanned: frozenset[str] = frozenset()) -> str | None:
    """The role above that a task may go to; of two keys never to the role of the other one."""
    role = role_above(opened.role, unmanned)
    if role is not None and opened.other_role is not None and not apart(role, opened.other_role):
        return None
    return role


def pass_on(run: Run, opened: TaskOpened, role: str) -> None:
    """Open the same question for another role, due after as long as it was given before."""
    due_at = run.at + (opened.due_at - opened.opened_at)
    task_id = run.next_task_id()
    run.emit(replace(opened, task_id=task_id, role=role, opened_at=run.at, due_at=due_at))
