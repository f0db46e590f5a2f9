"""``/v1/queue``: tasks, who works on them, and for how long."""

from typing import Literal

from serving.answers.form import Answer, Currency, Share, Time
from workflow.codes import Point, Role


class Task(Answer):
    """What somebody who holds ``role`` must decide, or had to; money in minor units."""

    task_id: str
    return_id: str
    point: Point
    role: Role
    status: Literal["open", "decided", "withdrawn"]
    line: int | None
    portion: str | None
    amount_minor: int
    """What is at stake."""
    currency: Currency
    business_unit: str
    customer_id: str
    opened_at: Time
    due_at: Time
    proposal: str | None
    allowed: list[str]
    """What it may be decided as; empty: yes or no."""
    approvals_needed: int
    approved_by: list[str]
    policy: str
    """``name@version#digest``."""
    rule: str
    because: str
    decision: str | None
    decided_by: str | None
    decided_for: str | None
    """The delegator in whose name it was decided."""
    closed_at: Time | None
    overdue_at: Time | None
    """Since when it is late, where nobody stands above to whom it could go."""
    risk: Share | None
    """The newest anomaly score of its line."""
    blind: bool
    """An audit: the model's answer is not shown until it is decided."""
    asked_by: str | None
    """May not decide it."""
    note: str | None
    lease_holder: str | None
    lease_until: Time | None


class QueuedTask(Task):
    """An open task, and who is there for it."""

    uncovered: bool | None
    """Nobody present may decide it; null where we do not know who else there is."""
    waits_for: list[str]
    """Those away who could."""
    for_whom: str | None
    """The delegator in whose name you would decide it."""


class TaskPage(Answer):
    items: list[QueuedTask]
    next: str | None
    """The cursor of the following page, null at the end."""
    leased_to_others: int
    """Open tasks of the whole list that somebody else works on."""


class Lease(Answer):
    task: str
    holder: str
    until: Time


class LeaseReleased(Answer):
    task: str
    released: bool
    """False where it was not yours."""
