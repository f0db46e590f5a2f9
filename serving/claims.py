"""What follows when a supplier answers a claim: it is noted with the claim, and credits that
waited for it are released."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from serving.cases import Cases
from serving.errors import Invalid
from serving.facts_in import CLOCK_SKEW
from serving.shapes import ClaimAnswerShape
from workflow.actor import SYSTEM
from workflow.commands import AnswerClaim, ReleaseCredit
from workflow.facts import SupplierClaimAnswered
from workflow.money import money_text
from workflow.refused import Refused
from workflow.state import Authorised, Closed


def note_answer(
    cases: Cases, conn: Connection, answered: SupplierClaimAnswered, at: datetime
) -> int:
    """Note the answer with the claim it is about, once; release what was held for the vendor.

    Answers how many credits. The supplier's answer ends their wait whatever was recovered: what
    the customer is owed does not depend on it.
    """
    state, _ = cases.state(conn, answered.return_id)
    if not isinstance(state, Authorised | Closed):
        return 0
    command = AnswerClaim(
        line=answered.line,
        told_as=answered.claim_id,
        answer_id=answered.answer_id,
        supplier_id=answered.supplier_id,
        claimed_minor=answered.claimed_minor,
        recovered_minor=answered.recovered_minor,
        response=answered.response,
        answered_at=answered.answered_at,
        actor=SYSTEM,
        at=at,
    )
    handled = cases.handle(conn, answered.return_id, command)
    if not isinstance(handled.state, Authorised):
        return 0
    line = handled.state.case.line(answered.line)
    held = [
        credit.sequence
        for credit in (line.credits if line else ())
        if credit.status == "held" and credit.proposed.release == "after_vendor_credit"
    ]
    because = f"the supplier answered claim {answered.claim_id} ({answered.response})"
    for sequence in held:
        release = ReleaseCredit(answered.line, sequence, because, SYSTEM, at)
        cases.handle(conn, answered.return_id, release)
    return len(held)


def answer_of(
    row: Mapping[Any, Any], shape: ClaimAnswerShape, now: datetime
) -> SupplierClaimAnswered:
    """The fact of an answer to a claim of ours, from a row of ``journal.claims``.

    Errors: ``Invalid`` (``future_date``), ``Refused`` (``over_claim``: more than was claimed less
    what was paid by other answers; a slip of the hand cannot be taken back).
    """
    told = [one for one in row["answers"] if one["answer_id"] == shape.number]
    if not told and shape.recovered_minor > row["claimed_minor"] - row["recovered_minor"]:
        paid, currency = row["recovered_minor"], row["currency"]
        raise Refused(
            "over_claim",
            f"{row['claim_id']}: {money_text(shape.recovered_minor, currency)} is more than the"
            f" {money_text(row['claimed_minor'] - paid, currency)} left of"
            f" {money_text(row['claimed_minor'], currency)} claimed.",
        )
    at = shape.answered_at or now
    if at > now + CLOCK_SKEW:
        raise Invalid("future_date", f"answered_at: {at.isoformat()} is in the future.")
    return SupplierClaimAnswered(
        claim_id=row["claim_id"],
        supplier_id=row["supplier_id"],
        return_id=row["return_id"],
        line=row["line"],
        sku=row["sku"],
        claimed_minor=row["claimed_minor"],
        recovered_minor=shape.recovered_minor,
        currency=row["currency"],
        response=shape.response,
        answered_at=at,
        answer_id=shape.number,
    )
