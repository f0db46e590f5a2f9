"""What a debit adjustment is to the person who must look: nothing is booked by itself.

A debit takes money from us: a supplier takes back what it paid for a claim, or a customer deducts
from what it owes. Whether that is right is a decision, and decisions about money are people's.
"""

from collections.abc import Mapping
from typing import Any

from workflow.money import CURRENCIES, money_text

TYPE = "debit_adjusted"
REASON = "debit_adjustment"


def says(data: Mapping[str, Any]) -> str:
    """Who takes how much for what, and what to do."""
    number, claim = data.get("adjustment_id"), data.get("claim_id")
    amount = _amount(data.get("net_minor"), data.get("currency"))
    if claim:
        return (
            f"Debit {number}: supplier {data.get('supplier_id')} takes {amount} back of claim"
            f" {claim}. Agree with the supplier or refuse it there; tell the claim's answer anew"
            " where it holds, then give this up with what was done."
        )
    about = data.get("invoice_id") or data.get("return_id") or "no document"
    return (
        f"Debit {number}: customer {data.get('customer_id')} deducts {amount} ({about}). Request a"
        " return for what is justified (pricing_or_billing where nothing comes back), collect the"
        " rest, then give this up with what was done."
    )


def _amount(minor: object, currency: object) -> str:
    if isinstance(minor, int) and isinstance(currency, str) and currency in CURRENCIES:
        return money_text(minor, currency)
    return f"{minor} {currency}"
