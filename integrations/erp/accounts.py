"""The general-ledger accounts that returns touch, and which stock status lives in which.

A stock move debits the account of the new status and credits that of the old one, so the
table below is the whole posting rule for dispositions.
"""

ACCOUNTS: dict[str, str] = {
    "accounts_receivable": "What customers owe",
    "sales_returns": "Revenue taken back",
    "freight_refunded": "Freight of deliveries given back",
    "freight_charged": "Freight of the way back that customers pay",
    "tax_payable": "Sales tax owed",
    "cost_of_goods_sold": "Cost of what was sold",
    "returns_interim": "Goods back, not yet judged; zero for a case that is closed",
    "inventory": "Saleable stock",
    "inventory_in_inspection": "Stock in quality inspection or refurbishing",
    "inventory_blocked": "Stock on hold",
    "goods_at_supplier": "Goods sent back to a supplier, claim not yet written",
    "supplier_claims_receivable": "What suppliers owe for claims",
    "accounts_payable": "What is owed to suppliers, less what they credit",
    "claims_written_off": "What suppliers did not pay of claims",
    "intercompany_receivable": "What another company of ours owes",
    "intercompany_payable": "What is owed to another company of ours",
    "transfer_price_difference": "Transfer prices beyond cost; zero over all companies of ours",
    "refurbish_expense": "Work on goods to make them as good as new",
    "workshop_absorbed": "Work of the workshop, as charged to returns",
    "scrap_expense": "Goods destroyed",
    "donation_expense": "Goods given away",
}
"""Account code -> what it holds."""

ACCOUNT_OF_STATUS: dict[str, str] = {
    "unrestricted": "inventory",
    "quality_inspection": "inventory_in_inspection",
    "blocked": "inventory_blocked",
    "returns": "returns_interim",
    "scrapped": "scrap_expense",
    "at_supplier": "goods_at_supplier",
    "at_customer": "cost_of_goods_sold",
    "donated": "donation_expense",
}
"""Stock status -> account; the keys are all the stock statuses there are."""

RETURN_STATUSES = ("blocked", "quality_inspection", "returns")
"""Stock statuses whose goods came back and are in the house. Saleable stock holds others too, and
what is at a supplier or a customer, scrapped or given away nobody can count."""

INTERIM = "returns_interim"
BEYOND_COST = "transfer_price_difference"
