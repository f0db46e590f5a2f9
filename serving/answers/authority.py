"""Who may decide: absences, delegations, switches, second reviews; alarms for a role."""

from typing import Any, Literal

from serving.answers.form import Answer, Currency, Day, Quantity, Share, Time
from workflow.codes import Condition, Point, ReturnReason, Role


class Absence(Answer):
    """``person`` takes no tasks, days in UTC, both included."""

    absence_id: str
    person: str
    first_day: Day
    last_day: Day
    recorded_by: str
    recorded_at: Time
    status: Literal["recorded", "ended"]
    ended_by: str | None
    ended_at: Time | None


class Absences(Answer):
    items: list[Absence]


class Delegation(Answer):
    """``delegate`` may decide in the name of ``delegator``, days in UTC, both included."""

    delegation_id: str
    delegator: str
    delegate: str
    roles: list[Role]
    """Empty: all that the delegator holds."""
    first_day: Day
    last_day: Day
    because: str
    given_by: str
    given_at: Time
    status: Literal["given", "revoked"]
    revoked_by: str | None
    revoked_at: Time | None
    note: str | None
    """Why it was revoked."""
    in_force: bool
    """Given, not revoked, and today is one of its days."""


class Delegations(Answer):
    items: list[Delegation]


class AutomationStop(Answer):
    """A switch that keeps models from acting alone; null is any."""

    stop_id: str
    point: Point | None
    reason: ReturnReason | None
    item_class: str | None
    because: str
    stopped_by: str
    stopped_at: Time
    status: Literal["stopped", "resumed"]
    note: str | None
    """Why it was turned back."""
    resumed_by: str | None
    resumed_at: Time | None


class AutomationStops(Answer):
    items: list[AutomationStop]


class Review(Answer):
    """A decision that somebody else takes again without seeing the first."""

    task_id: str
    return_id: str
    point: Point
    role: Role
    status: Literal["open", "given"]
    line: int | None
    portion: str | None
    amount_minor: int
    """What is at stake, in minor units of ``currency``."""
    currency: Currency
    proposal: str | None
    allowed: list[str]
    approved_by: list[str] | None = None
    """Only once it is given: who said yes first, the last of them decided."""
    drawn_at: Time
    first_outcome: str | None = None
    """Only once it is given."""
    second_outcome: str | None
    reviewed_by: str | None
    reviewed_at: Time | None
    agreed: bool | None
    note: str | None


class Reviews(Answer):
    items: list[Review]


class ReviewedLine(Answer):
    line: int
    sku: str
    quantity: Quantity
    reason_text: str
    evidence: list[str]


class ReviewedGoods(Answer):
    quantity: Quantity
    condition: Condition
    damage_code: str | None
    note: str


class ReviewEvidence(Answer):
    """What the customer wrote and the inspector found; nothing that anybody decided."""

    lines: list[ReviewedLine]
    inspected: ReviewedGoods | None


class ReviewWithEvidence(Review):
    evidence: ReviewEvidence


class ReviewAgreement(Answer):
    """How often two came to the same, with an exact 95 per cent interval."""

    point: Point
    role: Role
    open: int
    given: int
    agreed: int
    share: Share | None
    """Null before the first was given."""
    low: Share
    high: Share


class ReviewAgreements(Answer):
    items: list[ReviewAgreement]


class Alarm(Answer):
    """A task about something other than a return."""

    alarm_id: str
    kind: str
    subject: str
    says: str
    role: Role
    status: Literal["open", "settled"]
    raised_at: Time
    figures: list[Any]
    report: str | None
    due_at: Time | None
    settled_by: str | None
    settled_at: Time | None
    note: str | None


class Alarms(Answer):
    items: list[Alarm]
