"""Tasks: a question to a role, opened once a subject, due when the rule or two days say."""

from dataclasses import replace
from datetime import timedelta

from workflow.events import TaskOpened, Verdict
from workflow.heights import opens_at
from workflow.run import Run

DUE = timedelta(days=2)
"""A task is due two days after it opens unless its rule names ``due_hours``."""


def no_rule(rule: str, because: str) -> Verdict:
    """A verdict of the workflow itself, where no policy table is asked."""
    return Verdict("workflow", "ask_human", rule, because)


def open_task(
    run: Run, point: str, role: str, verdict: Verdict, amount: int, **extra: object
) -> None:
    """Open a task unless one for the same subject is open.

    ``role`` is the one that a rule names; where its limit does not reach the amount, the task opens
    higher or gets a second key (``heights.py``), unless the rules named two keys themselves.
    """
    subject = (point, extra.get("line"), extra.get("portion"), extra.get("sequence"))
    for open_already in run.case.tasks:
        t = open_already.opened
        if (t.point, t.line, t.portion, t.sequence) == subject:
            return
    hours = dict(verdict.values).get("due_hours")
    task = TaskOpened(
        return_id=run.case.return_id,
        task_id=run.next_task_id(),
        point=point,
        role=role,
        verdict=verdict,
        amount_minor=amount,
        currency=run.case.requested.currency,
        opened_at=run.at,
        due_at=run.at + (timedelta(hours=int(hours)) if hours else DUE),
    )
    task = replace(task, **extra)  # type: ignore[arg-type]
    if task.other_role is None and not task.approved_by:
        first, other = opens_at(run.policies, run.case, task)
        task = replace(task, role=first, other_role=other)
    run.emit(task)
