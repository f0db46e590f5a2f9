"""What a fact refers to that must be known before it means anything here.

References are texts: ``customer/C-1001``, ``product/SKU``, ``lot/SKU/L1``, ``supplier/S-1``,
``invoice/INV-1`` and ``invoice/INV-1/2`` (a line), ``return/R-1`` and ``return/R-1/1``,
``recall/RC-1``. Masters and the opening of a recall wait for nothing: what a master lacks is a
finding of its contract, and a recall must hold from the moment we hear of it.
"""

from workflow.events import ReturnRequested
from workflow.facts import (
    CreditNoteRecorded,
    CustomerRegistered,
    InvoiceRecorded,
    LotRegistered,
    ProductListed,
    RecallClosed,
    RecallOpened,
    StockStatusReported,
    StockWriteOffRecorded,
    SupplierClaimAnswered,
    SupplierRegistered,
)


def refers_to(fact: object) -> tuple[str, ...]:
    """What must be known first, each once, in the order it is named."""
    match fact:
        case InvoiceRecorded():
            found = [*_one("customer", fact.customer_id)]
            found += [f"product/{line.sku}" for line in fact.lines]
        case CreditNoteRecorded():
            found = [*_one("customer", fact.customer_id), *_one("return", fact.return_id)]
            for line in fact.lines:
                found += [f"product/{line.sku}", *_source(line.invoice_id, line.invoice_line)]
        case StockWriteOffRecorded():
            found = [f"product/{fact.sku}"]
        case StockStatusReported():
            found = [f"product/{fact.sku}", *_one("return", fact.return_id)]
            found += [f"lot/{fact.sku}/{fact.lot}"] if fact.lot is not None else []
        case SupplierClaimAnswered():
            found = [f"supplier/{fact.supplier_id}", f"return/{fact.return_id}/{fact.line}"]
        case RecallClosed():
            found = [f"recall/{fact.recall_id}"]
        case _:
            found = []
    return tuple(dict.fromkeys(found))


def supplies(fact: object) -> tuple[str, ...]:
    """What others may refer to once this is recorded."""
    match fact:
        case CustomerRegistered():
            return (f"customer/{fact.customer_id}",)
        case SupplierRegistered():
            return (f"supplier/{fact.supplier_id}",)
        case ProductListed():
            return (f"product/{fact.sku}",)
        case LotRegistered():
            return (f"lot/{fact.sku}/{fact.lot}",)
        case RecallOpened():
            return (f"recall/{fact.recall_id}",)
        case InvoiceRecorded():
            lines = (f"invoice/{fact.invoice_id}/{line.line}" for line in fact.lines)
            return (f"invoice/{fact.invoice_id}", *lines)
        case ReturnRequested():
            numbers = (f"return/{fact.return_id}/{line.line}" for line in fact.lines)
            return (f"return/{fact.return_id}", *numbers)
        case _:
            return ()


def _one(kind: str, key: str | None) -> tuple[str, ...]:
    return () if key is None else (f"{kind}/{key}",)


def _source(invoice_id: str | None, line: int | None) -> tuple[str, ...]:
    if invoice_id is None:
        return ()
    return (f"invoice/{invoice_id}" if line is None else f"invoice/{invoice_id}/{line}",)
