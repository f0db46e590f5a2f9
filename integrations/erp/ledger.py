"""From the rows of a document to the lines reconciliation compares: one table of columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from integrations.erp.booking import Row
from integrations.erp.documents import LedgerLine

SYSTEM = "erp"

TABLES_OF: dict[str, tuple[str | None, str | None]] = {
    "rma": ("rma", "rma_line"),
    "receipt": ("goods_receipt", "goods_receipt_line"),
    "stock_move": (None, "stock_move"),
    "credit_memo": (None, "credit_memo"),
    "charge_back": (None, "charge_back"),
    "supplier_claim": (None, "supplier_claim"),
    "claim_settlement": (None, "claim_settlement"),
    "intercompany": ("intercompany", "intercompany_line"),
    "refurbish_order": (None, "refurbish_order"),
    "refurbish_completion": (None, "refurbish_completion"),
    "replacement": (None, "replacement_order"),
    "closing": (None, None),
}
"""Kind of document -> (table of its head, table of its lines), where it has them."""

_AMOUNT_OF = {
    "receipt": "value_minor",
    "stock_move": "value_minor",
    "credit_memo": "net_minor",
    "charge_back": "net_minor",
    "supplier_claim": "claimed_minor",
    "claim_settlement": "amount_minor",
    "intercompany": "amount_minor",
    "refurbish_completion": "cost_minor",
}

_COPIED = tuple(
    f.name
    for f in fields(LedgerLine)
    if f.name
    not in (
        "system", "kind", "document", "key", "return_id", "amount_minor", "at", "voided"
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """What every document has. A clerk may have left ``key`` and ``return_id`` out: ``None``."""

    number: str
    key: str | None
    kind: str
    return_id: str | None
    posted_at: datetime
    voided: bool = False


def ledger_lines_of(head: Head, details: Mapping[str, Sequence[Row]]) -> tuple[LedgerLine, ...]:
    """The ledger lines of one document; one line without goods for a closing."""
    head_table, line_table = TABLES_OF[head.kind]
    shared = details[head_table][0] if head_table else {}
    rows = details[line_table] if line_table else ({},)
    return tuple(_line(head, {**shared, **row}) for row in rows)


def _line(head: Head, row: Row) -> LedgerLine:
    amount = _AMOUNT_OF.get(head.kind)
    copied = {"line": None, "sku": None, "lot": None, "quantity": None, "currency": None}
    copied |= {name: row[name] for name in _COPIED if name in row}
    return LedgerLine(
        system=SYSTEM,
        kind=head.kind,
        document=head.number,
        key=head.key,
        return_id=head.return_id,
        amount_minor=row[amount] if amount else None,
        at=head.posted_at,
        voided=head.voided,
        **copied,
    )
