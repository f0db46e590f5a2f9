"""A case in another currency than the ERP's books, and another company beside ours."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from integrations.erp.accounts import ACCOUNTS
from integrations.erp.booking import Standing, book
from integrations.erp.documents import CreditMemo, Request, Rma
from integrations.erp.port import Rejected, send
from integrations.erp.tryton.adapter import TrytonErp
from integrations.erp.tryton.entries import in_books
from integrations.erp.tryton.masters import Currency
from integrations.erp.tryton.rpc import Rpc
from tests.integrations.erp_requests import AT, memo, whole_case


def in_euro(asked: Any) -> Any:
    """The same for the customer, invoice and currency of the fourth order of the prepared ERP."""
    said: dict[str, object] = {
        "currency": "EUR", "customer_id": "C-3", "invoice_id": "INV-1003",
    }  # fmt: skip
    if isinstance(asked, CreditMemo):
        said |= {"net_minor": 30_03, "tax_minor": 6_02}  # halves of which leave a cent over
    if isinstance(asked, Rma):
        said["lines"] = tuple(in_euro(line) for line in asked.lines)
    names = {field.name for field in fields(asked)}
    return replace(asked, **{name: value for name, value in said.items() if name in names})


def expected(asked: Sequence[Request]) -> dict[str, int]:
    """Account -> what the requests come to by our posting rules."""
    standing, total = Standing(), Counter[str]()
    for request in asked:
        booking = book(request, standing)
        standing = booking.standing
        for entry in booking.gl:
            total[entry.account] += entry.debit_minor - entry.credit_minor
    return {account: total[account] for account in ACCOUNTS}


@pytest.mark.tryton
@pytest.mark.slow
def test_a_case_in_euro(engine: Engine, clerk: Rpc) -> None:
    """A whole return in euro in the books of a company in dollars: every account comes to what the
    case expects in euro, the credit note is in euro over exactly our amounts, and the ERP's own
    entry in dollars balances though a cent is left over."""
    erp, case = TrytonErp(engine, clerk), "R-euro"
    asked = [(key, in_euro(request)) for key, request in whole_case(case)]
    documents = [send(erp, key, request, AT) for key, request in asked]
    should = expected([request for _, request in asked])
    assert should["accounts_receivable"] == -30_05 and should["accounts_payable"] == 10_00
    assert {account: erp.balances(account).get(case, 0) for account in ACCOUNTS} == should
    (note,) = clerk.read(
        "model.account.invoice.search_read", [["reference", "=", f"{case}/1/credit/1"]],
        0, None, None, ["currency.code", "untaxed_amount", "tax_amount", "move"],
    )  # fmt: skip
    assert note["currency."]["code"] == "EUR"
    assert (note["untaxed_amount"], note["tax_amount"]) == (Decimal("-30.03"), Decimal("-6.02"))
    lines = clerk.read(
        "model.account.move.line.search_read", [["move", "=", note["move"]]],
        0, None, None, ["debit", "credit", "account.code"],
    )  # fmt: skip
    assert sum(line["debit"] - line["credit"] for line in lines) == 0
    assert "5900" in {line["account."]["code"] for line in lines}, "a cent is left over in dollars"
    credited = next(one.number for one in documents if one.kind == "credit_memo")
    assert {entry.account for entry in erp.entries(credited)} == {
        "accounts_receivable", "sales_returns", "tax_payable",
    }  # fmt: skip
    told = [line for line in erp.changes("", 1_000_000).lines if line.return_id == case]
    assert {line.currency for line in told if line.amount_minor is not None} == {"EUR"}


@pytest.mark.tryton
@pytest.mark.slow
def test_invoice_in_euro(engine: Engine, clerk: Rpc) -> None:
    """An invoiced line is told in the currency of its invoice."""
    (line,) = TrytonErp(engine, clerk).find_invoice_lines(invoice_id="INV-1003")
    assert (line.net_minor, line.tax_minor, line.currency) == (80_00, 16_00, "EUR")


@pytest.mark.tryton
@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "code", "says"),
    [
        (replace(memo("R-other"), currency="GBP"), "unknown_master", "has no currency GBP"),
        (
            replace(memo("R-other"), currency="EUR"),
            "currency_mismatch",
            "INV-1 is in USD in the ERP, not in EUR",
        ),
    ],
)
def test_refused_before_anything_is_written(
    engine: Engine, clerk: Rpc, asked: CreditMemo, code: str, says: str
) -> None:
    """A credit in a currency that the ERP has no rate of, or that is not its invoice's, is refused
    with a reason that a person understands. No draft is left and the key is free."""
    erp = TrytonErp(engine, clerk)
    with pytest.raises(Rejected, match=says) as no:
        erp.post_credit_memo("R-other/1/credit/1", asked, AT)
    assert no.value.code == code
    rows = clerk.read(
        "model.account.invoice.search_read", [["reference", "like", "R-other/%"]],
        0, None, None, ["state"],
    )  # fmt: skip
    assert rows == []
    with engine.connect() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM erp_link.written").scalar() == 0


@pytest.fixture
def for_another_company(clerk: Rpc) -> Iterator[int]:
    """The company of our user, while the user works for the other one by default."""
    told = clerk.read("model.res.user.get_preferences", True)
    ours, (other,) = told["company"], [one for one in told["companies"] if one != told["company"]]
    clerk.write("model.res.user.set_preferences", {"company": other})
    yield ours
    clerk.write("model.res.user.set_preferences", {"company": ours})


@pytest.mark.tryton
@pytest.mark.slow
def test_the_company_of_the_user(engine: Engine, clerk: Rpc) -> None:
    """Of two companies of one ERP that both have an invoice INV-1, the one that our user works for
    is read and credited; nothing of the other is seen."""
    erp = TrytonErp(engine, clerk)
    mine = erp.find_invoice_lines(invoice_id="INV-1")
    assert [(line.sku, line.currency) for line in mine] == [("SKU-1", "USD"), ("SKU-2", "USD")]
    company = erp.masters.company().id
    erp.post_credit_memo("R-ours/1/credit/1", memo("R-ours"), AT)
    (note,) = clerk.read(
        "model.account.invoice.search_read", [["reference", "=", "R-ours/1/credit/1"]],
        0, None, None, ["company", "lines.origin"],
    )  # fmt: skip
    (origin,) = [line["origin"] for line in note["lines."]]
    (sold,) = clerk.read(
        "model.account.invoice.line.read", [int(origin.partition(",")[2])], ["company"]
    )
    assert note["company"] == sold["company"] == company


@pytest.mark.tryton
@pytest.mark.slow
def test_another_company_needs_its_own(
    engine: Engine, clerk: Rpc, for_another_company: int
) -> None:
    """A user who works for another company sees that one's invoices, and a credit is refused
    before anything is written where its accounts are not those of the map."""
    erp = TrytonErp(engine, clerk)
    assert erp.masters.company().currency == "EUR"
    assert erp.masters.company().id != for_another_company
    asked = replace(memo("R-theirs"), currency="EUR")
    with pytest.raises(Rejected, match="no account 4100") as no:
        erp.post_credit_memo("R-theirs/1/credit/1", asked, AT)
    assert no.value.code == "unknown_master"


@settings(max_examples=60)
@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=6),
    st.decimals("0.0001", "10000", places=4),
)
def test_an_entry_balances_in_both_currencies(amounts: list[int], per_ours: Decimal) -> None:
    """Amounts that come to zero come to zero in the books at any rate, each within a cent of its
    own but the largest, which takes what rounding leaves."""
    told = [*amounts, -sum(amounts)]
    found = in_books(told, Currency(2, "EUR", 2, per_ours, 2))
    assert sum(found) == 0
    exact = [Decimal(one).scaleb(-2) / per_ours for one in told]
    off = sorted(abs(one - other) for one, other in zip(found, exact, strict=True))
    assert all(one <= Decimal("0.0051") for one in off[:-1])
    assert off[-1] <= Decimal("0.0051") * len(told)
