"""A purchase return that its supplier does not pay: closed there, so that nobody waits for a note.

The system keeps a purchase return open until its quantity was invoiced. What will never be is a
draft credit note that is cancelled and ignored, as its own people do it; it is never posted and
draws no number. The money is an entry of its own, which was written before.
"""

from typing import Any

from integrations.erp.documents import ClaimSettlement
from integrations.erp.port import Rejected, Unavailable
from integrations.erp.tryton.masters import Masters
from integrations.erp.tryton.rpc import NotAllowed, Overtaken, Values, Warned
from integrations.erp.tryton.stepping import Stepper
from integrations.erp.tryton.supplier_returns import OWED

INVOICE = "model.account.invoice"
IGNORE = "wizard.purchase.handle.invoice.exception"


def close(
    masters: Masters, stepper: Stepper, key: str, settled: ClaimSettlement, line: int
) -> None:
    """Close the purchase return that a purchase line belongs to, however often it is tried.

    Nothing is done where a credit note of it is posted, which closes it when it is settled, or
    where somebody there drafts one. Raises as ``Stepper.write`` does.
    """
    fields = ["purchase", "quantity", "purchase.state", "purchase.invoices"]
    sent = stepper.rpc.read("model.purchase.line.read", [line], fields)[0]
    if sent["purchase."]["state"] != "processing":
        return
    known = stepper.rpc.read(
        f"{INVOICE}.read", list(sent["purchase."]["invoices"]), ["state", "reference"]
    )
    ours = {row["id"]: row["state"] for row in known if row["reference"] == key}
    if len(ours) < len(known):
        return
    try:
        if not ours:
            ours[_drafted(masters, stepper, key, settled, line, sent)] = "draft"
        drafts = [note for note, state in ours.items() if state == "draft"]
        if drafts:
            stepper.mine()
            stepper.rpc.write(f"{INVOICE}.cancel", drafts, context={"company": stepper.company})
        _ignore(stepper, sent["purchase"], list(ours))
    except Overtaken as busy:
        raise Unavailable(str(busy)) from busy
    except (NotAllowed, Warned) as no:
        raise Rejected("refused_by_system", f"Closing the purchase return: {no}") from no


def _drafted(
    masters: Masters, stepper: Stepper, key: str, settled: ClaimSettlement, line: int, sent: Values
) -> int:
    """The credit note that the supplier refused: what was sent back, at nothing."""
    party, currency = masters.party(settled.supplier_id), masters.currency(settled.currency)
    refused: dict[str, Any] = {
        "type": "line",
        "quantity": sent["quantity"],
        "unit_price": 0,
        "currency": currency.id,
        "account": masters.account("claims_written_off"),
        "description": f"{settled.return_id} line {settled.line}: not paid, {settled.reason}",
        "origin": f"purchase.line,{line}",
    }
    values = {
        "company": stepper.company,
        "reference": key,
        "type": "in",
        "party": party.id,
        "invoice_address": party.address,
        "currency": currency.id,
        "journal": masters.journal("suppliers"),
        "account": masters.account(OWED),
        "lines": [["create", [refused]]],
    }
    stepper.mine()
    made: list[int] = stepper.rpc.write(
        f"{INVOICE}.create", [values], context={"company": stepper.company}
    )
    return made[0]


def _ignore(stepper: Stepper, bought: int, notes: list[int]) -> None:
    """Answer the system's question what becomes of a purchase whose invoice was cancelled."""
    stepper.mine()
    context = {"company": stepper.company}
    said = {"domain_invoices": notes, "recreate_invoices": [], "ignore_invoices": notes}
    about = {"active_model": "purchase.purchase", "active_id": bought, "active_ids": [bought]}
    session = stepper.rpc.write(f"{IGNORE}.create", context=context)[0]
    stepper.rpc.write(
        f"{IGNORE}.execute", session, {"ask": said}, "handle", context=context | about
    )
    stepper.rpc.write(f"{IGNORE}.delete", session, context=context)
