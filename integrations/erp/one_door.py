"""The writes of the port as one, and the answers that every implementation shares."""

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import datetime

from integrations.erp.documents import (
    ChargeBack,
    ClaimSettlement,
    Closing,
    CreditMemo,
    Document,
    Intercompany,
    Receipt,
    RefurbishCompletion,
    RefurbishOrder,
    Replacement,
    Request,
    Rma,
    StockMove,
    SupplierClaim,
)
from integrations.erp.port import Rejected


class OneDoor(ABC):
    """Every named write of ``ErpPort`` ends in ``post``."""

    @abstractmethod
    def post(self, key: str, request: Request, at: datetime) -> Document:
        """Write the request once, whatever its type; errors as ``ErpPort`` says."""

    def create_rma(self, key: str, rma: Rma, at: datetime) -> Document:
        """Announce an authorised return."""
        return self.post(key, rma, at)

    def receive(self, key: str, receipt: Receipt, at: datetime) -> Document:
        """Take goods into stock status ``returns``."""
        return self.post(key, receipt, at)

    def move_stock(self, key: str, move: StockMove, at: datetime) -> Document:
        """Change the stock status of goods."""
        return self.post(key, move, at)

    def post_credit_memo(self, key: str, memo: CreditMemo, at: datetime) -> Document:
        """Credit the customer."""
        return self.post(key, memo, at)

    def charge_back(self, key: str, charge: ChargeBack, at: datetime) -> Document:
        """Charge the customer for what was given in advance and is not deserved."""
        return self.post(key, charge, at)

    def create_supplier_claim(self, key: str, claim: SupplierClaim, at: datetime) -> Document:
        """Claim on the supplier."""
        return self.post(key, claim, at)

    def settle_claim(self, key: str, settled: ClaimSettlement, at: datetime) -> Document:
        """Book what a supplier paid of a claim, or that no more is hoped for."""
        return self.post(key, settled, at)

    def post_intercompany(self, key: str, owed: Intercompany, at: datetime) -> Document:
        """Charge one unit with the cost of another's goods."""
        return self.post(key, owed, at)

    def order_refurbish(self, key: str, order: RefurbishOrder, at: datetime) -> Document:
        """Have goods made as good as new."""
        return self.post(key, order, at)

    def complete_refurbish(self, key: str, done: RefurbishCompletion, at: datetime) -> Document:
        """Note what came of an order, and book the cost of the work."""
        return self.post(key, done, at)

    def create_replacement(self, key: str, order: Replacement, at: datetime) -> Document:
        """Order goods for the customer at no charge."""
        return self.post(key, order, at)

    def close(self, key: str, closing: Closing, at: datetime) -> Document:
        """Close the case; its interim account must be clear."""
        return self.post(key, closing, at)


def repeated(first: Document, first_fingerprint: str, now: str) -> Document:
    """The first document again, or ``Rejected`` with ``key_reused`` where the content differs."""
    if first_fingerprint != now:
        raise Rejected(
            "key_reused",
            f"The key {first.key} wrote {first.number} with other content; nothing was changed.",
        )
    return replace(first, repeated=True)


def filters(**given: str | None) -> dict[str, str]:
    """The filters that were given; at least one must be."""
    wanted = {name: value for name, value in given.items() if value is not None}
    if not wanted:
        raise ValueError(f"Give at least one of {', '.join(given)}.")
    return wanted
