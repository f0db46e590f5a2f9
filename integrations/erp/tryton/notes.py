"""Credit notes and what is charged back: posted with exactly our amounts, none computed there.

They are in the currency of the invoice. Where that is not the books', the system books it at its
own rate of the day beside the amounts of the note.
"""

from typing import Any

from integrations.erp.documents import ChargeBack, CreditMemo
from integrations.erp.port import Rejected
from integrations.erp.tryton.invoices import Invoices
from integrations.erp.tryton.masters import Masters
from integrations.erp.tryton.money import major
from integrations.erp.tryton.stepping import Paper, Step

POSTED = (Step("post", frozenset({"posted", "paid"}), entry="move"),)

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
        **_amount(masters, asked, "sales_returns", asked.net_minor, sign),
    }
    if asked.invoice_id is not None and asked.invoice_line is not None:
        sold = invoices.sold(asked.invoice_id, asked.invoice_line, asked.customer_id)
        if sold.currency != asked.currency:
            raise Rejected(
                "currency_mismatch",
                f"{asked.invoice_id} is in {sold.currency} in the ERP, not in {asked.currency}.",
            )
        line["origin"] = f"account.invoice.line,{sold.line}"
    return line


def _freight(
    masters: Masters, memo: CreditMemo, account: str, amount_minor: int, sign: int
) -> list[Values]:
    if not amount_minor:
        return []
    said = f"{memo.return_id} line {memo.line}: {account.replace('_', ' ')}"
    return [{"description": said, **_amount(masters, memo, account, amount_minor, sign)}]


def _amount(
    masters: Masters, asked: CreditMemo | ChargeBack, account: str, amount_minor: int, sign: int
) -> Values:
    currency = masters.currency(asked.currency)
    return {
        "type": "line",
        "quantity": float(sign),
        "unit_price": major(amount_minor, currency.decimals),
        "currency": currency.id,
        "account": masters.account(account),
    }


def _note(
    masters: Masters, asked: CreditMemo | ChargeBack, lines: list[Values], tax_minor: int
) -> Paper:
    currency, party = masters.currency(asked.currency), masters.party(asked.customer_id)
    values: Values = {
        "type": "out",
        "party": party.id,
        "invoice_address": party.address,
        "currency": currency.id,
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
            "amount": major(tax_minor, currency.decimals),
        }
        values["taxes"] = [["create", [tax]]]
    return Paper("account.invoice", values, POSTED)
