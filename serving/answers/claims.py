"""``/v1/claims``: what suppliers shall pay, and what became of it."""

from typing import Literal

from serving.answers.form import Answer, Currency, Day, Quantity, Share, Time
from workflow.codes import Point, ReturnReason, Role

ClaimStatus = Literal["open", "answered", "denied", "paid_short", "paid", "closed"]


class ClaimCause(Answer):
    """The customer's line that the goods came back on."""

    return_id: str
    line: int
    portion: str
    part: int
    customer: str
    business_unit: str
    reason: ReturnReason | None
    reason_text: str
    invoice_id: str | None
    invoice_line: int | None
    credited_minor: int
    """Net, to the customer, for the whole line."""


class ExpectedRecovery(Answer):
    """What is still to be expected, by what suppliers paid of claims alike."""

    minor: int
    """In minor units of the claim's currency."""
    share: Share
    answers: int
    """Claims alike that were answered; with few, the policy's own share weighs more."""
    supplier_answers: int


class ClaimEvidence(Answer):
    demanded: list[str]
    given: dict[str, str]
    """Reference by kind."""
    missing: list[str]


class SupplierAnswer(Answer):
    number: str
    """Of the credit note or message."""
    response: str
    """An X12 1172 code."""
    means: str | None
    """Null where we know only the code."""
    recovered_minor: int
    answered_at: Time


class Claim(Answer):
    """A claim on a supplier; money in minor units of ``currency``."""

    claim: str
    status: ClaimStatus
    supplier: str
    supplier_name: str | None
    number: str | None
    """The ERP's; null until it is submitted."""
    caused_by: ClaimCause
    sku: str
    lot: str | None
    quantity: Quantity
    currency: Currency
    claimed_minor: int
    recovered_minor: int
    written_off_minor: int
    written_off_because: str | None
    rest_minor: int
    expected: ExpectedRecovery
    claim_by: Day | None
    """The last day of the supplier's window; null where it has none."""
    raised_at: Time
    submitted_at: Time | None
    evidence: ClaimEvidence
    answers: list[SupplierAnswer]
    policy: str
    rule: str


class TaskOfClaim(Answer):
    """What waits for somebody about the goods of a claim."""

    task_id: str
    point: Point
    role: Role
    amount_minor: int
    """What is at stake, in minor units of the claim's currency."""
    asked_by: str | None
    """May not decide it."""
    note: str | None
    approved_by: list[str]
    due_at: Time


class ClaimWithTasks(Claim):
    tasks: list[TaskOfClaim]


class ClaimPage(Answer):
    items: list[Claim]
    next: str | None
    """The cursor of the following page, null at the end."""


class RecoverySum(Answer):
    """Minor units. ``refused_minor`` is not written off yet; ``lost_minor`` is."""

    claims: int
    claimed_minor: int
    recovered_minor: int
    expected_minor: int
    refused_minor: int
    lost_minor: int


class RecoveryOfSupplier(RecoverySum):
    supplier_id: str


class RecoveryOfReason(RecoverySum):
    reason: str
    """``unclear`` where it was never settled."""


class RecoveryOfCause(RecoverySum):
    cause: str
    """Why it was written off."""


class RecoveryOfAge(RecoverySum):
    age: str


class RecoveryInCurrency(RecoverySum):
    currency: Currency
    by_supplier: list[RecoveryOfSupplier]
    by_reason: list[RecoveryOfReason]
    lost_by_cause: list[RecoveryOfCause]
    ageing: list[RecoveryOfAge]
    """What is still open, by age."""


class Recovery(Answer):
    items: list[RecoveryInCurrency]
