"""R-1001 in both books: asked by us, written by the ERP, in agreement until a test changes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from integrations.erp.documents import LedgerLine
from reconciliation.books import Asked, Books, Case, CaseLine, ClaimAnswer
from reconciliation.findings import Finding
from reconciliation.ledgers import compare
from reconciliation.open_ends import open_ends

DAY = datetime(2026, 11, 2, 12, tzinfo=UTC)
SOON = DAY + timedelta(days=2)
Q = Decimal


def days(many: float) -> datetime:
    return DAY + timedelta(days=many)


RMA = {
    "return_id": "R-1001", "customer_id": "C-1", "business_unit": "industrial", "currency": "USD",
    "expires_at": "2026-12-02T12:00:00+00:00",
    "lines": [{"line": 1, "sku": "SEAL-7", "quantity": "3", "uom": "each", "lot": "L7",
               "invoice_id": "I-1", "invoice_line": 1}],
}  # fmt: skip
RECEIPT: Mapping[str, Any] = {
    "return_id": "R-1001", "receipt_id": "W-1", "warehouse": "WH1", "currency": "USD",
    "received_at": "2026-11-02T12:00:00+00:00",
    "lines": [{"line": 1, "sku": "SEAL-7", "lot": "L7", "quantity": "3", "unit_cost_minor": 600}],
}  # fmt: skip
MOVE = {
    "return_id": "R-1001", "line": 1, "portion": "1.1", "part": 1, "sku": "SEAL-7", "lot": "L7",
    "warehouse": "WH1", "quantity": "3", "disposition": "return_to_vendor",
    "from_status": "returns", "to_status": "at_supplier", "unit_cost_minor": 600,
    "currency": "USD",
}  # fmt: skip
CLAIM = {
    "return_id": "R-1001", "line": 1, "portion": "1.1", "supplier_id": "S-1", "sku": "SEAL-7",
    "lot": "L7", "quantity": "3", "claimed_minor": 1800, "currency": "USD",
    "reason": "defective_on_arrival", "claim_by": None,
}  # fmt: skip
CREDIT = {
    "return_id": "R-1001", "line": 1, "sequence": 1, "customer_id": "C-1", "sku": "SEAL-7",
    "invoice_id": "I-1", "invoice_line": 1, "net_minor": 3000, "tax_minor": 600,
    "currency": "USD", "decision": "full", "reason": "defective_on_arrival",
}  # fmt: skip
REPLACEMENT = {
    "return_id": "R-1001", "line": 1, "portion": "1.1", "customer_id": "C-1", "sku": "SEAL-7",
    "quantity": "3", "uom": "each",
}  # fmt: skip
CLOSE = {"return_id": "R-1001"}

ASKED: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "rma": ("erp.rma", RMA),
    "receipt/W-1": ("erp.receipt", RECEIPT),
    "1.1/move/1": ("erp.stock_move", MOVE),
    "1.1/claim/1": ("erp.supplier_claim", CLAIM),
    "1/credit/1": ("erp.credit_memo", CREDIT),
    "1/replacement/2": ("erp.replacement", REPLACEMENT),
    "close": ("erp.close", CLOSE),
}
"""What follows ``R-1001/`` in a key, and what is asked under it, in the order of a case."""


def line(kind: str, document: str, key: str | None, **more: Any) -> LedgerLine:
    """A line of the ERP; what a test does not name is that of R-1001 line 1."""
    usual: dict[str, Any] = {
        "return_id": "R-1001", "line": 1, "sku": "SEAL-7", "lot": None, "quantity": None,
        "amount_minor": None, "currency": "USD", "at": DAY,
    }  # fmt: skip
    return LedgerLine("erp", kind, document, key, **(usual | more))


def memo(document: str = "CM-1", key: str | None = "R-1001/1/credit/1", **more: Any) -> LedgerLine:
    usual: dict[str, Any] = {
        "amount_minor": 3000, "tax_minor": 600, "customer_id": "C-1", "invoice_id": "I-1",
        "invoice_line": 1,
    }  # fmt: skip
    return line("credit_memo", document, key, **(usual | more))


def move(document: str = "SM-1", key: str | None = "R-1001/1.1/move/1", **more: Any) -> LedgerLine:
    usual: dict[str, Any] = {
        "lot": "L7", "quantity": Q(3), "amount_minor": 1800, "portion": "1.1",
        "disposition": "return_to_vendor", "from_status": "returns", "to_status": "at_supplier",
    }  # fmt: skip
    return line("stock_move", document, key, **(usual | more))


def _posted() -> dict[str, LedgerLine]:
    key = "R-1001/".__add__
    return {
        "rma": line("rma", "RMA-1", key("rma"), lot="L7", quantity=Q(3)),
        "receipt/W-1": line(
            "receipt", "GR-1", key("receipt/W-1"), lot="L7", quantity=Q("3.0"), amount_minor=1800
        ),
        "1.1/move/1": move(),
        "1.1/claim/1": line(
            "supplier_claim", "SC-1", key("1.1/claim/1"), lot="L7", quantity=Q(3),
            amount_minor=1800, supplier_id="S-1",
        ),
        "1/credit/1": memo(),
        "1/replacement/2": line("replacement", "RO-1", key("1/replacement/2"), quantity=Q(3)),
        "close": line("closing", "CL-1", key("close"), line=None, sku=None, currency=None),
    }  # fmt: skip


CASE = Case(
    "R-1001", "closed", "C-1", "industrial", "USD", True, DAY, days(30), DAY, DAY
)  # fmt: skip
LINE = CaseLine(
    "R-1001", 1, "SEAL-7", "S-1", 3000, Q(3), Q(3), Q(3), Q(0), Q(3), {"return_to_vendor": "3"}, 2
)
ANSWER = ClaimAnswer(
    "R-1001/1.1/claim/1", "S-1", "R-1001", 1, "SEAL-7", 1800, 1440, "USD", "PWA", 80
)


@dataclass
class Story:
    """Both books of R-1001; the methods change one thing and answer the story."""

    asked: dict[str, Asked] = field(default_factory=dict)
    posted: dict[str, LedgerLine] = field(default_factory=_posted)
    case: Case = CASE
    case_line: CaseLine = LINE
    answers: tuple[ClaimAnswer, ...] = (ANSWER,)
    interim_minor: dict[str | None, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, (kind, payload) in ASKED.items():
            key = f"R-1001/{name}"
            self.asked[name] = Asked(key, kind, "R-1001", payload, "done", DAY)

    def theirs(self, name: str, **changes: Any) -> "Story":
        self.posted[name] = replace(self.posted[name], **changes)
        return self

    def ours(self, name: str, **changes: Any) -> "Story":
        self.asked[name] = replace(self.asked[name], **changes)
        return self

    def gone(self, *names: str) -> "Story":
        for name in names:
            del self.posted[name]
        return self

    def never_asked(self, *names: str) -> "Story":
        for name in names:
            del self.asked[name]
        return self

    def extra(self, added: LedgerLine) -> "Story":
        self.posted[added.document] = added
        return self

    def state(self, situation: str = "authorised", **line_changes: Any) -> "Story":
        self.case = replace(self.case, situation=situation)
        self.case_line = replace(self.case_line, **line_changes)
        return self

    def interim(self, balance_minor: int) -> "Story":
        self.interim_minor["R-1001"] = balance_minor
        return self

    def books(self) -> Books:
        return Books(
            list(self.asked.values()),
            list(self.posted.values()),
            {"R-1001": self.case},
            {("R-1001", 1): self.case_line},
            self.answers,
            self.interim_minor,
        )

    def found(self, at: datetime = SOON) -> list[Finding]:
        books = self.books()
        return [*compare(books, at), *open_ends(books, at)]

    def one(self, at: datetime = SOON) -> Finding:
        (only,) = self.found(at)
        return only


Change = Callable[[Story], Story]
