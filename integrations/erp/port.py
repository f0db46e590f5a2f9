"""The one door to a system of record. Every write is idempotent on its key.

A second call under a key returns the first document and changes nothing; the same key with
another content is ``Rejected`` as ``key_reused``. Three errors, and what the caller does:
``Unavailable`` -> try again later; ``UnknownOutcome`` -> read ``document(key)``, then try
again under the same key; ``Rejected`` -> a person must look.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from integrations.erp.documents import (
    Changes,
    ChargeBack,
    ClaimSettlement,
    Closing,
    CreditMemo,
    Document,
    Intercompany,
    InvoicedLine,
    OnHand,
    Receipt,
    RefurbishCompletion,
    RefurbishOrder,
    Replacement,
    Request,
    Rma,
    StockMove,
    SupplierClaim,
)


class Unavailable(Exception):
    """The system did not do it and may do it later (down, overloaded, deadlock)."""


class UnknownOutcome(Exception):
    """The answer was lost: it may or may not have been done. Read by key before anything."""


REJECTIONS: dict[str, str] = {
    "key_reused": "The key was used for other content; find out which of the two is true.",
    "unknown_effect": "Teach integrations/perform.py the effect kind.",
    "invalid_payload": "Correct the effect's payload; it cannot be posted as it is.",
    "invalid_quantity": "Post a positive quantity.",
    "invalid_amount": "Post an amount that is not negative, and not all zero.",
    "unknown_status": "Use a stock status of integrations/erp/accounts.py.",
    "currency_mismatch": "A case is posted in one currency.",
    "rma_exists": "The case has an RMA under another key.",
    "insufficient_stock": "Receive the goods first, or move no more than was received.",
    "unknown_master": "Create what the ERP does not know (a customer, an item, ...), or map it.",
    "interim_open": "Dispose of all goods of the case before it closes.",
    "not_covered": "Do it there by hand, or complete the mapping of the system.",
    "refused_by_system": "Read what the system said, correct it there or here, and retry.",
    "several_documents": "Find out which of the documents under the key is the true one.",
    "case_closed": "The case is closed in the ERP; post a correction there by hand.",
}
"""Code of a rejection -> what a person should do."""


class Rejected(Exception):
    """The system says no, and would say no again. ``code`` is one of ``REJECTIONS``."""

    def __init__(self, code: str, message: str) -> None:
        if code not in REJECTIONS:
            raise AssertionError(f"unregistered rejection code {code!r}")
        super().__init__(message)
        self.code = code
        self.message = message


class ErpPort(Protocol):
    """What returns need of an ERP: ``FakeErp``, ``ReferenceErp``, ``TrytonErp``."""

    def create_rma(self, key: str, rma: Rma, at: datetime) -> Document: ...
    def receive(self, key: str, receipt: Receipt, at: datetime) -> Document: ...
    def move_stock(self, key: str, move: StockMove, at: datetime) -> Document: ...
    def post_credit_memo(self, key: str, memo: CreditMemo, at: datetime) -> Document: ...
    def charge_back(self, key: str, charge: ChargeBack, at: datetime) -> Document: ...
    def create_supplier_claim(self, key: str, claim: SupplierClaim, at: datetime) -> Document: ...
    def settle_claim(self, key: str, settled: ClaimSettlement, at: datetime) -> Document: ...
    def post_intercompany(self, key: str, owed: Intercompany, at: datetime) -> Document: ...
    def order_refurbish(self, key: str, order: RefurbishOrder, at: datetime) -> Document: ...
    def complete_refurbish(self, key: str, done: RefurbishCompletion, at: datetime) -> Document: ...
    def create_replacement(self, key: str, order: Replacement, at: datetime) -> Document: ...
    def close(self, key: str, closing: Closing, at: datetime) -> Document: ...

    def document(self, key: str) -> Document | None:
        """The document written under a key, or ``None``; how a lost answer is found again."""
        ...

    def changes(self, after: str = "", limit: int = 10_000) -> Changes:
        """Ledger lines of up to ``limit`` documents changed after a cursor; never skips one."""
        ...

    def balances(self, account: str) -> dict[str | None, int]:
        """Debits less credits of one of ``ACCOUNTS`` by case, in minor units, zeros left out.

        ``None`` stands for what was posted without a case.
        """
        ...

    def on_hand(self) -> list[OnHand]:
        """Goods in ``stock.RETURN_STATUSES`` by place, item and lot, zeros left out."""
        ...

    def find_invoice_lines(
        self,
        *,
        invoice_id: str | None = None,
        customer_id: str | None = None,
        sku: str | None = None,
        limit: int = 100,
    ) -> list[InvoicedLine]:
        """Invoiced lines that match all filters given (at least one), newest first."""
        ...


_CALLS: dict[type, Callable[[ErpPort, str, Any, datetime], Document]] = {
    Rma: lambda erp, key, request, at: erp.create_rma(key, request, at),
    Receipt: lambda erp, key, request, at: erp.receive(key, request, at),
    StockMove: lambda erp, key, request, at: erp.move_stock(key, request, at),
    CreditMemo: lambda erp, key, request, at: erp.post_credit_memo(key, request, at),
    ChargeBack: lambda erp, key, request, at: erp.charge_back(key, request, at),
    SupplierClaim: lambda erp, key, request, at: erp.create_supplier_claim(key, request, at),
    ClaimSettlement: lambda erp, key, request, at: erp.settle_claim(key, request, at),
    Intercompany: lambda erp, key, request, at: erp.post_intercompany(key, request, at),
    RefurbishOrder: lambda erp, key, request, at: erp.order_refurbish(key, request, at),
    RefurbishCompletion: lambda erp, key, request, at: erp.complete_refurbish(key, request, at),
    Replacement: lambda erp, key, request, at: erp.create_replacement(key, request, at),
    Closing: lambda erp, key, request, at: erp.close(key, request, at),
}


def send(erp: ErpPort, key: str, request: Request, at: datetime) -> Document:
    """Make the call of the port that belongs to the request's type."""
    return _CALLS[type(request)](erp, key, request, at)
