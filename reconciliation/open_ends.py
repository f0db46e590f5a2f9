"""What our own books leave open too long, and balances that should be zero; pure.

The other half of reconciliation: here nothing is missing in the ERP because of a slip, but
goods, money or a claim have not moved when they should have. Start reading at ``open_ends``.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from integrations.erp.documents import LedgerLine
from reconciliation.books import Asked, Books, Case, CaseLine
from reconciliation.findings import Finding
from workflow.money import money_text, percent_of

NOT_RECEIVED_DAYS = 21
"""Authorised goods that are not here after so many days may never come."""
NOT_DISPOSITIONED_DAYS = 7
"""Received goods should be inspected and judged within a week."""
NOT_CREDITED_DAYS = 21
"""A customer whose goods were judged should have an answer about the money by then."""
CLAIM_ROUNDING_MINOR = 1
"""A supplier's own rounding of the agreed share is no difference."""

_ENDED = ("closed", "expired", "cancelled", "declined")


def open_ends(books: Books, at: datetime) -> list[Finding]:
    """Cases, claims and accounts that should have come to an end by ``at``."""
    by_case: defaultdict[str, list[CaseLine]] = defaultdict(list)
    for line in books.lines.values():
        by_case[line.return_id].append(line)
    found: list[Finding] = []
    for case in books.cases.values():
        if case.situation == "authorised" and case.goods_required:
            found += _not_received(books, case, by_case[case.return_id], at)
            found += _not_finished(books, case, by_case[case.return_id], at)
    found += _unclaimed(books)
    found += _underpaid(books)
    found += _balances(books)
    return found


def _not_received(
    books: Books, case: Case, lines: list[CaseLine], at: datetime
) -> Iterator[Finding]:
    since = case.authorised_at
    if since is None or at - since <= timedelta(NOT_RECEIVED_DAYS):
        return
    if case.expires_at is not None and case.expires_at <= at:
        return
    waiting = [line for line in lines if line.outstanding > 0]
    if not waiting:
        return
    worth = sum(line.worth(line.outstanding) for line in waiting)
    one = waiting[0] if len(waiting) == 1 else None
    goods = f"{_n(one.outstanding)} of {one.sku}" if one else f"{len(waiting)} lines"
    says = (
        f"{case.return_id}: {goods} worth {money_text(worth, case.currency)} were authorised"
        f" {(at - since).days} days ago and have not come."
    )
    yield Finding(
        "R1", case.return_id, worth, worth, case.currency, says,
        document=f"{case.return_id}/rma",
        return_id=case.return_id,
        line=one.line if one else None,
        customer_id=case.customer_id,
        supplier_id=one.supplier_id if one else None,
        sku=one.sku if one else None,
    )  # fmt: skip


def _not_finished(
    books: Books, case: Case, lines: list[CaseLine], at: datetime
) -> Iterator[Finding]:
    """Goods that nobody judged, and judged goods about whose money nobody said a word."""
    since = case.received_at
    if since is None:
        return
    days = (at - since).days
    for line in lines:
        unjudged = line.received - line.judged
        if unjudged > 0 and at - since > timedelta(NOT_DISPOSITIONED_DAYS):
            worth = books.cost(line.return_id, line.line, unjudged)
            says = (
                f"{case.return_id} line {line.line}: {_n(unjudged)} of {line.sku}, at cost"
                f" {money_text(worth, case.currency)}, came {days} days ago and nobody has"
                " said what shall happen to them."
            )
            yield _of_line("R5", case, line, worth, says)
        owed = _owed(line)
        if unjudged <= 0 and owed > 0 and at - since > timedelta(NOT_CREDITED_DAYS):
            worth = line.worth(owed)
            says = (
                f"{case.return_id} line {line.line}: {_n(owed)} of {line.sku} worth"
                f" {money_text(worth, case.currency)} came {days} days ago and no credit was"
                " decided."
            )
            yield _of_line("R9", case, line, worth, says)


def _owed(line: CaseLine) -> Decimal:
    """Goods kept from the customer without any credit granted or denied."""
    if line.credits_settled:
        return Decimal(0)
    back = sum(
        Decimal(text)
        for disposition, text in line.disposed.items()
        if disposition in ("return_to_customer", "keep_at_customer")
    )
    return line.judged - back


def _of_line(code: str, case: Case, line: CaseLine, worth: int, says: str) -> Finding:
    return Finding(
        code, f"{line.return_id}/{line.line}", worth, worth, case.currency, says,
        document=line.return_id,
        return_id=line.return_id,
        line=line.line,
        customer_id=case.customer_id,
        supplier_id=line.supplier_id,
        sku=line.sku,
    )  # fmt: skip


def _unclaimed(books: Books) -> Iterator[Finding]:
    """Goods sent back to a supplier for which we asked nothing."""
    claimed = {
        (one.return_id, one.payload["portion"], one.key.rsplit("/", 1)[-1])
        for one in books.asked
        if one.kind == "erp.supplier_claim"
    }
    known = {(claim.return_id, claim.portion, claim.part) for claim in books.claims}
    for one in books.asked:
        ours = one.payload
        if one.kind != "erp.stock_move" or ours["disposition"] != "return_to_vendor":
            continue
        if (one.return_id, ours["portion"], str(ours["part"])) in claimed:
            continue
        if (one.return_id, ours["portion"], ours["part"]) in known:
            continue  # not made yet, or given up: told by ``claim_windows`` in its time
        worth = books.cost(one.return_id, ours["line"], Decimal(ours["quantity"]))
        says = (
            f"{one.return_id} line {ours['line']}: {ours['quantity']} of {ours['sku']}, at cost"
            f" {money_text(worth, ours['currency'])}, go back to the supplier and nothing was"
            " claimed."
        )
        yield Finding(
            "R12", one.key, worth, worth, ours["currency"], says,
            document=one.key,
            return_id=one.return_id,
            line=ours["line"],
            customer_id=_customer(books, one),
            supplier_id=_supplier(books, one),
            sku=ours["sku"],
        )  # fmt: skip


def _underpaid(books: Books) -> Iterator[Finding]:
    """What a supplier paid against the share of the claim that was agreed."""
    for answer in books.answers:
        agreed = percent_of(answer.claimed_minor, answer.credit_percent)
        off = agreed - answer.recovered_minor
        if abs(off) <= CLAIM_ROUNDING_MINOR:
            continue
        says = (
            f"{answer.supplier_id} answered {answer.response} and credited"
            f" {money_text(answer.recovered_minor, answer.currency)} for {answer.return_id} line"
            f" {answer.line}; {answer.credit_percent} % of"
            f" {money_text(answer.claimed_minor, answer.currency)} is"
            f" {money_text(agreed, answer.currency)}."
        )
        case = books.cases.get(answer.return_id)
        yield Finding(
            "R14", f"{answer.claim_id}/answer", abs(off), off, answer.currency, says,
            document=answer.claim_id,
            matched_document=answer.response,
            match="confirmed",
            return_id=answer.return_id,
            line=answer.line,
            customer_id=case.customer_id if case else None,
            supplier_id=answer.supplier_id,
            sku=answer.sku,
        )  # fmt: skip


# -- balances --------------------------------------------------------------------------------


def _balances(books: Books) -> Iterator[Finding]:
    """Interim account by case: zero once the case has ended, and what the documents add up to.

    What a document that is missing or in excess explains is told by its own finding.
    """
    unfinished = {one.return_id for one in books.asked if one.status not in ("done", "abandoned")}
    documents: defaultdict[str | None, int] = defaultdict(int)
    explained: defaultdict[str | None, int] = defaultdict(int)
    for line in books.posted:
        effect = _interim_effect(line)
        if not effect:
            continue
        ours = line.key in books.by_key
        if not line.voided:
            documents[line.return_id] += effect
            if not ours:
                explained[line.return_id] += effect
        elif ours:
            explained[line.return_id] -= effect
    for return_id in sorted({*documents, *books.interim_minor}, key=str):
        balance, sum_minor = books.interim_minor.get(return_id, 0), documents[return_id]
        case = books.cases.get(return_id or "")
        if balance != sum_minor:
            yield _subledger(return_id, case, sum_minor, balance)
        left = sum_minor - explained[return_id]
        ended = case is None or case.situation in _ENDED
        if left and ended and return_id not in unfinished:
            yield _interim(return_id, case, left, balance)


def _interim_effect(line: LedgerLine) -> int:
    """What a line adds to the interim account, in minor units."""
    amount = line.amount_minor or 0
    if line.kind == "receipt":
        return amount
    if line.kind != "stock_move":
        return 0
    return amount * ((line.to_status == "returns") - (line.from_status == "returns"))


def _subledger(return_id: str | None, case: Case | None, sum_minor: int, balance: int) -> Finding:
    currency = case.currency if case else ""
    off = sum_minor - balance
    says = (
        f"Documents of {return_id or 'no return'} add up to {money_text(sum_minor, currency)} in"
        f" returns interim, the general ledger says {money_text(balance, currency)}."
    )
    return _of_case("R16", return_id, case, abs(off), off, says)


def _interim(return_id: str | None, case: Case | None, left: int, balance: int) -> Finding:
    currency = case.currency if case else ""
    ended = f"{return_id} is {case.situation}" if case else "Nothing of ours is open"
    says = (
        f"{ended} and the ERP's returns interim account still holds"
        f" {money_text(balance, currency)} of it."
    )
    return _of_case("R15", return_id, case, abs(left), -left, says)


def _of_case(
    code: str, return_id: str | None, case: Case | None, exposure: int, variance: int, says: str
) -> Finding:
    return Finding(
        code, f"interim/{return_id}", exposure, variance, case.currency if case else "", says,
        document=return_id,
        return_id=return_id,
        customer_id=case.customer_id if case else None,
    )  # fmt: skip


def _customer(books: Books, one: Asked) -> str | None:
    case = books.cases.get(one.return_id)
    return case.customer_id if case else None


def _supplier(books: Books, one: Asked) -> str | None:
    line = books.lines.get((one.return_id, one.payload["line"]))
    return line.supplier_id if line else None


def _n(quantity: Decimal) -> str:
    return format(quantity.normalize(), "f")
