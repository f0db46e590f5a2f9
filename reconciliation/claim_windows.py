"""Windows of suppliers that close while something could still be claimed; pure.

R13 is raised some days before, for goods that may go back and were not judged, for claims that
wait for evidence, and for those the supplier wants to have again with more. What was not claimed
when the window has closed is R12.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from reconciliation.books import Books, Case, CaseLine, Claim, cost_of
from reconciliation.findings import Finding
from workflow.claim import ASKS_FOR_MORE
from workflow.codes import SUPPLIER_BEARS
from workflow.money import money_text

WARNED_DAYS = 7
"""So many days before the last one somebody is told."""


def claim_windows(books: Books, at: datetime) -> Iterator[Finding]:
    """What should be claimed soon, or should have been, by ``at`` (days in UTC)."""
    today = at.date()
    for line in books.lines.values():
        case = books.cases.get(line.return_id)
        if case is not None and line.claim_by is not None and _may_be_claimed(case, line):
            yield from _unjudged(case, line, line.claim_by, today)
    for claim in books.claims:
        if claim.rest_minor > 0 and claim.claim_by is not None:
            yield from _claim(books, claim, claim.claim_by, today)


def _may_be_claimed(case: Case, line: CaseLine) -> bool:
    """Goods are here, nobody has judged them, and their supplier would have to pay."""
    bears = line.reason in SUPPLIER_BEARS and line.vendor_takes_back
    return case.situation == "authorised" and bears and line.received > line.judged


def _unjudged(case: Case, line: CaseLine, last: date, today: date) -> Iterator[Finding]:
    if last - today > timedelta(WARNED_DAYS):
        return
    waiting = line.received - line.judged
    worth = cost_of(waiting, line.unit_cost_minor)
    goods = f"{waiting.normalize():f} of {line.sku}, at cost {money_text(worth, case.currency)},"
    where = f"{line.return_id} line {line.line}: {goods}"
    if today <= last:
        says = f"{where} may go back to {line.supplier_id} until {last} and is not judged yet."
    else:
        says = f"{where} could go back to {line.supplier_id} until {last} and was not judged."
    code = "R13" if today <= last else "R12"
    yield Finding(
        code, f"{line.return_id}/{line.line}/window", worth, worth, case.currency, says,
        document=line.return_id,
        return_id=line.return_id,
        line=line.line,
        customer_id=case.customer_id,
        supplier_id=line.supplier_id,
        sku=line.sku,
        due_on=last,
    )  # fmt: skip


def _claim(books: Books, claim: Claim, last: date, today: date) -> Iterator[Finding]:
    again = claim.submitted and claim.response in ASKS_FOR_MORE
    if (claim.submitted and not again) or last - today > timedelta(WARNED_DAYS):
        return
    late = today > last
    if late and again:
        return  # it was claimed in time; what the supplier paid of it is R14
    money = money_text(claim.rest_minor, claim.currency)
    what = f"{claim.claim_id}: {money} of {claim.supplier_id}"
    if again:
        says = f"{what} has to be claimed again with more by {last}."
    elif late:
        says = f"{what} was not claimed by {last}: evidence was missing."
    else:
        says = f"{what} has to be claimed by {last} and evidence is missing."
    case = books.cases.get(claim.return_id)
    yield Finding(
        "R12" if late else "R13", claim.claim_id, claim.rest_minor, claim.rest_minor,
        claim.currency, says,
        document=claim.claim_id,
        return_id=claim.return_id,
        line=claim.line,
        customer_id=case.customer_id if case else None,
        supplier_id=claim.supplier_id,
        sku=claim.sku,
        due_on=last,
    )  # fmt: skip
