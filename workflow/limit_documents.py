"""Which rows of the approval limits a decision is held to: the document it makes.

A credit for which no goods are had has rows of its own: goods that stay with the customer, value
alone, or a return without goods. Whoever may credit much against goods may credit less without.
"""

from workflow.codes import CreditDecision, Disposition
from workflow.events import CreditProposed, TaskOpened
from workflow.run import PolicyBook
from workflow.state import Case, Line

CREDIT = "credit_memo"
WITHOUT_GOODS = "credit_without_goods"
REASON = "reason"

DOCUMENT_OF = {
    "authorisation": "authorisation",
    "disposition": "disposition",
    "release": "release",
    "refurbish": "disposition",
    "refurbish_check": "disposition",
    "credit": CREDIT,
    "receipt": "authorisation",
    "reason": REASON,
    "claim": "write_off",
    "write_off": "write_off",
    "advance": "authorisation",
    "charge_back": CREDIT,
    "let_go": "write_off",
}
"""The document of a decision point; of credits the one against goods."""


def document_of(case: Case, opened: TaskOpened, policies: PolicyBook) -> str:
    """The document that a task is about."""
    if opened.point == "release":
        return release_document(policies)
    line = case.line(opened.line) if opened.line is not None else None
    if opened.point != "credit" or line is None:
        return DOCUMENT_OF[opened.point]
    return document_of_credit(line, opened.sequence, policies)


def document_of_credit(line: Line, sequence: int | None, policies: PolicyBook) -> str:
    """``credit_without_goods`` where nothing is had for the money and the limits know of it;
    limits from before that have one document for both."""
    found = next((c.proposed for c in line.credits if c.sequence == sequence), None)
    without = found is not None and had_nothing(found) and policies.limits_on(WITHOUT_GOODS)
    return WITHOUT_GOODS if without else CREDIT


def release_document(policies: PolicyBook) -> str:
    """Goods that leave quarantine; as a disposition where the limits do not know of it."""
    return "release" if policies.limits_on("release") else "disposition"


def had_nothing(credit: CreditProposed) -> bool:
    """Whether a credit is paid though no goods are had for it. For an advance they are to come."""
    if credit.kind == "advance":
        return False
    return credit.decision == CreditDecision.VALUE_ONLY or credit.disposition in (
        None,
        Disposition.KEEP_AT_CUSTOMER,
    )
