"""``/v1/returns``: a return in all its parts."""

from typing import Any, Literal

from serving.answers.findings import FindingInShort
from serving.answers.form import Answer, Currency, Time
from serving.answers.lines import ReturnLine
from serving.answers.verdicts import Verdict
from serving.answers.workshop import WorkshopOrder
from workflow.codes import Channel, Point, Role

Status = Literal[
    "under_review", "authorised", "partially_received", "received", "inspected", "disposed",
    "credited", "closed", "refused", "cancelled", "expired",
]  # fmt: skip
"""Derived from situation and quantities, never set."""


class Freight(Answer):
    """``refunded_minor``: of the deliveries, with approved credits; the way back: what it cost by
    the receipts, and what of it the customer pays."""

    refunded_minor: int
    return_cost_minor: int
    return_charged_minor: int


class ClaimInShort(Answer):
    """A claim on a supplier; all of it is at ``/v1/claims/{claim}``."""

    claim: str
    line: int
    portion: str
    supplier: str
    status: Literal["open", "answered", "denied", "paid_short", "paid", "closed"]
    claimed_minor: int
    recovered_minor: int
    rest_minor: int
    missing: list[str]
    """Evidence that is demanded and not there."""


class OpenTask(Answer):
    """What somebody who holds ``role`` must decide; ``/v1/queue/{task}`` has it too."""

    task: str
    point: Point
    role: Role
    line: int | None
    portion: str | None
    sequence: int | None
    """The credit, part or report that is asked about."""
    amount_minor: int
    """What is at stake."""
    currency: Currency
    proposal: str | None
    allowed: list[str]
    approvals_needed: int
    other_role: str | None
    """The role of the second key, where two are turned."""
    blind: bool
    """An audit: the model's answer is not shown until it is decided."""
    asked_by: str | None
    """May not decide it."""
    note: str
    overdue: bool
    approved_by: list[str]
    agreed_value: str | None
    """What the first of two said."""
    opened_at: Time
    due_at: Time
    verdict: Verdict


class EffectInShort(Answer):
    """What we ask of another system; all of it is at ``/v1/effects/{key}``."""

    key: str
    status: Literal["asked", "done", "parked", "abandoned"]


class Authority(Answer):
    """Who let the goods come back, and until when."""

    by: str
    at: Time
    expires_at: Time
    goods_required: bool
    """False: nothing comes back on any line."""
    verdict: Verdict


class Refusal(Answer):
    code: str
    because: str


class Cancellation(Answer):
    because: str


class Return(Answer):
    """A return as it is now; money in minor units of ``currency``, net."""

    id: str
    status: Status
    version: int
    """As in the ETag."""
    customer: str
    business_unit: str
    channel: Channel
    currency: Currency
    reference: str | None
    """The customer's own."""
    requested_by: str
    requested_at: Time
    value_minor: int
    credited_minor: int
    freight: Freight
    lines: list[ReturnLine]
    claims: list[ClaimInShort]
    orders: list[WorkshopOrder]
    """Of the workshop."""
    tasks: list[OpenTask]
    effects: list[EffectInShort]
    authority: Authority | None = None
    """Only once it is authorised."""
    refusal: Refusal | None = None
    """Only where it is refused."""
    cancelled: Cancellation | None = None
    """Only where it is cancelled."""
    closed_at: Time | None = None
    """Only where it is closed."""


class TimelineEntry(Answer):
    """An event of the return, as the journal has it; ``data`` by type, or that it is withheld."""

    position: int
    version: int
    at: Time
    actor: str
    type: str
    data: dict[str, Any]
    hash: str


class WaitsFor(Answer):
    """A system that does not answer and owes the return something, in words for the customer."""

    system: str
    since: Time
    says: str


class ReturnWithHistory(Return):
    """A return with everything that happened to it."""

    timeline: list[TimelineEntry]
    findings: list[FindingInShort]
    """About the records of its customer and items."""
    waits_for: list[WaitsFor]
    """Empty in ordinary times."""


class ReturnRow(Answer):
    """A return in a list; money in minor units of ``currency``, net."""

    return_id: str
    status: Status
    situation: str
    version: int
    customer_id: str
    business_unit: str
    channel: Channel
    segment: str
    """The customer's; empty where it has none."""
    currency: Currency
    value_minor: int
    goods_required: bool | None
    reference: str | None
    requested_by: str
    requested_at: Time
    authorised_by: str | None
    authorised_at: Time | None
    expires_at: Time | None
    warehouse: str | None
    received_at: Time | None
    closed_at: Time | None
    because: str | None
    """Why it was refused, cancelled or has expired."""
    updated_at: Time


class ReturnPage(Answer):
    items: list[ReturnRow]
    next: str | None
    """The cursor of the following page, null at the end."""


class AccountBalance(Answer):
    account: str
    says: str
    expected_minor: int
    posted_minor: int


class InterimBalance(Answer):
    """What came back and is not judged yet, at cost: zero once everything is."""

    expected_minor: int
    posted_minor: int


class PostingLine(Answer):
    account: str
    debit_minor: int
    credit_minor: int


class PostedDocument(Answer):
    """``document`` is the other system's number once it is posted, ``fault`` why it is not."""

    key: str
    kind: str
    status: Literal["pending", "doing", "done", "parked", "abandoned"]
    document: str | None
    fault: str | None
    lines: list[PostingLine]


class Postings(Answer):
    """What a return comes to in the general ledger, in minor units of ``currency``."""

    currency: Currency
    balanced: bool
    interim: InterimBalance
    accounts: list[AccountBalance]
    documents: list[PostedDocument]
