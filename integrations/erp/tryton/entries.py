"""Journal entries: lines of our ledger in the currency of the case, and in that of the books."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from integrations.erp.booking import GlEntry
from integrations.erp.documents import Request
from integrations.erp.tryton.masters import Currency, Masters
from integrations.erp.tryton.money import major
from integrations.erp.tryton.stepping import Paper, Step

POSTED = (Step("post", frozenset({"posted"})),)
PARTY_ACCOUNTS = frozenset({"accounts_receivable", "accounts_payable"})

Values = dict[str, Any]


def entry(
    masters: Masters, request: Request, currency: Currency, booked: Sequence[GlEntry]
) -> Paper:
    """A posted journal entry of today over these lines."""
    today, lines = masters.today(), []
    amounts = in_books([one.debit_minor - one.credit_minor for one in booked], currency)
    for one, amount in zip(booked, amounts, strict=True):
        lines.append(_line(masters, request, currency, one, amount))
    values = {
        "journal": masters.journal("goods"),
        "period": masters.period(today),
        "date": today,
        "lines": [["create", lines]],
    }
    return Paper("account.move", values, POSTED, named_in="description")


def in_books(amounts_minor: Sequence[int], currency: Currency) -> list[Decimal]:
    """Amounts that come to zero, in the currency of the books at the rate of the day, so that they
    come to zero there too: the largest takes what rounding leaves."""
    told = [major(amount, currency.decimals) for amount in amounts_minor]
    if currency.per_ours is None:
        return told
    cent = Decimal(1).scaleb(-currency.books_decimals)
    found = [(one / currency.per_ours).quantize(cent, ROUND_HALF_EVEN) for one in told]
    largest = max(range(len(found)), key=lambda n: abs(found[n]))
    found[largest] -= sum(found)
    return found


def _line(
    masters: Masters, request: Request, currency: Currency, one: GlEntry, amount: Decimal
) -> Values:
    zero = Decimal(0)
    line: Values = {
        "account": masters.account(one.account),
        "debit": max(amount, zero),
        "credit": max(-amount, zero),
        "description": f"{request.return_id} {one.company or ''}".strip(),
    }
    if currency.per_ours is not None:
        line["second_currency"] = currency.id
        line["amount_second_currency"] = major(
            one.debit_minor - one.credit_minor, currency.decimals
        )
    supplier = getattr(request, "supplier_id", None)
    if one.account in PARTY_ACCOUNTS and supplier:
        line["party"] = masters.party(supplier).id
    return line
