"""What follows when a supplier answers a claim: credits that waited for it are released."""

from datetime import datetime

from sqlalchemy import Connection

from serving.cases import Cases
from workflow.actor import SYSTEM
from workflow.commands import ReleaseCredit
from workflow.facts import SupplierClaimAnswered
from workflow.state import Authorised


def release_after_vendor(
    cases: Cases, conn: Connection, answered: SupplierClaimAnswered, at: datetime
) -> int:
    """Release the line's credits that were held for the vendor; answers how many.

    The supplier's answer ends the wait whatever was recovered: what the customer is owed does
    not depend on it.
    """
    state, _ = cases.state(conn, answered.return_id)
    if not isinstance(state, Authorised):
        return 0
    line = state.case.line(answered.line)
    held = [
        credit.sequence
        for credit in (line.credits if line else ())
        if credit.status == "held" and credit.proposed.release == "after_vendor_credit"
    ]
    because = f"the supplier answered claim {answered.claim_id} ({answered.response})"
    for sequence in held:
        command = ReleaseCredit(answered.line, sequence, because, SYSTEM, at)
        cases.handle(conn, answered.return_id, command)
    return len(held)
