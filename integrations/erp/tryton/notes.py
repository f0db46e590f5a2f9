"""Credit notes and what is charged back: posted with exactly our amounts, none computed there."""

from typing import Any

from integrations.erp.documents import ChargeBack, CreditMemo
from integrations.erp.tryton.invoices import Invoices
from integrations.erp.tryton.masters import Masters
from integrations.erp.tryton.money import major
from integrations.erp.tryton.stepping import Paper, Step

POSTED = (Step("post", frozenset({"posted", "paid"})),)

Values = dict[str, Any]


def credit_note(masters: Masters, invoices: Invoices, memo: CreditMemo) -> Paper:
    """What was granted: goods and freight given back, less the freight of the way back."""
    lines = [
        _goods(masters, invoices, memo, -1, memo.reason or memo.decision),
        *_freight(masters, memo, "freight_refunded", memo.freight_minor, -1),
        *_freight(masters, memo, "freight_charged", memo.return_freight_minor, 1),
    ]
    return _note(masters, memo, lines, -(memo.tax_minor + memo.freight_tax_minor))


def charge(masters: Masters, invoices: Invoices, asked: ChargeBack) -> Paper:
    """An invoice that takes back a part of a credit, against the same accounts."""
    lines = [_goods(masters, invoices, asked, 1, asked.reason or asked.given)]
    return _note(masters, asked, lines, asked.tax_minor)


def _goods(
    masters: Masters, invoices: Invoices, asked: CreditMemo | ChargeBack, sign: int, why: str
) -> Values:
    item = masters.item(asked.sku)
    line: Values = {
        "product": item.id,
        "unit": item.unit,
        "description": f"{asked.return_id} line {asked.line}: {why}",
        **_amount(masters, "sales_returns", asked.net_minor, sign),
    }
    if asked.invoice_id is not None and asked.invoice_line is not None:
        sold = invoices.sold(asked.invoice_id, asked.invoice_line)
        line["origin"] = f"account.invoice.line,{sold.line}"
    return line


def _freight(
    masters: Masters, memo: CreditMemo, account: str, amount_minor: int, sign: int
) -> list[Values]:
    if not amount_minor:
        return []
    said = f"{memo.return_id} line {memo.line}: {account.replace('_', ' ')}"
    return [{"description": said, **_amount(masters, account, amount_minor, sign)}]


def _amount(masters: Masters, account: str, amount_minor: int, sign: int) -> Values:
    return {
        "type": "line",
        "quantity": float(sign),
        "unit_price": major(amount_minor, masters.company().decimals),
        "account": masters.account(account),
    }


def _note(
    masters: Masters, asked: CreditMemo | ChargeBack, lines: list[Values], tax_minor: int
) -> Paper:
    company, party = masters.company(), masters.party(asked.customer_id)
    values: Values = {
        "type": "out",
        "party": party.id,
        "invoice_address": party.address,
        "currency": company.currency_id,
        "journal": masters.journal("customers"),
        "account": masters.account("accounts_receivable"),
        "lines": [["create", lines]],
    }
    if tax_minor:
        amounts = [line["unit_price"] * int(line["quantity"]) for line in lines]
        tax = {
            "manual": True,
            "description": f"{asked.return_id} line {asked.line}: its tax",
            "account": masters.account("tax_payable"),
            "base": sum(amounts),
            "amount": major(tax_minor, company.decimals),
        }
        values["taxes"] = [["create", [tax]]]
    return Paper("account.invoice", values, POSTED)
