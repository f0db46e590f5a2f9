"""Goods in parts, and what the workshop does with them."""

from typing import Literal

from serving.answers.form import Answer, Quantity, Time
from serving.answers.verdicts import Verdict
from workflow.codes import Condition, Disposition, Role


class PartOfPortion(Answer):
    """A quantity of inspected goods and what happens to it."""

    disposition: Disposition
    quantity: Quantity


class WorkReport(Answer):
    """What the workshop reported of a quantity, and what it came to."""

    sequence: int
    status: Literal["reported", "settled", "sent_back"]
    quantity: Quantity
    outcome: Literal["as_new", "failed", "stopped"]
    condition: Condition | None
    disposition: Disposition | None
    """Where it goes; null while nobody has said so."""
    rule: str | None
    cost_minor: int
    reported_by: str
    settled_by: str | None
    note: str
    evidence: list[str]


class WorkshopOrder(Answer):
    """Goods that the workshop was given. Costs in minor units of the return's currency."""

    line: int
    portion: str
    part: int
    quantity: Quantity
    left: Quantity
    """Not reported on yet."""
    role: Role
    due_at: Time
    costing: str
    cost_minor: int
    check_role: Role | None
    check_from_minor: int | None
    """Work that costs so much or more is checked by ``check_role``."""
    verdict: Verdict
    work: list[WorkReport]
