"""``/v1/exceptions``: what reconciliation found that does not agree."""

from typing import Literal

from serving.answers.form import Answer, Currency, Day, Json, Time
from workflow.codes import ExceptionCode


class ReconciliationException(Answer):
    """Two ledgers that do not agree; money in minor units of ``currency``."""

    exception_id: str
    code: ExceptionCode
    status: Literal["open", "resolved"]
    business_unit: str
    currency: Currency
    exposure_minor: int
    """What may be lost at most."""
    variance_minor: int
    subject: str
    says: str
    opened_at: Time
    return_id: str | None
    line: int | None
    customer_id: str | None
    supplier_id: str | None
    sku: str | None
    document: str | None
    matched_document: str | None
    match: str | None
    due_on: Day | None
    resolution: str | None
    """This and all below are null while it is open."""
    loss_minor: int | None
    recovered_minor: int | None
    note: str | None
    resolved_by: str | None
    resolved_at: Time | None
    confirmed_by: str | None
    """The second of two people, where two were needed."""
    rank_score: float | None
    """Expected loss by the ranking model; null where it abstained."""
    assessment: Json | None
    """What the ranking model said; as in a return, with the row that it saw."""
    proposal: Json | None
    """The first word of two about how it ends."""


class ExceptionPage(Answer):
    items: list[ReconciliationException]
    next: str | None
    """The cursor of the following page, null at the end."""
