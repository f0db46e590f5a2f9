"""What ``bench.delivery`` asks of the ERP, and how many papers of it the ERP holds in the end."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Engine, text

from integrations.erp.documents import (
    ClaimSettlement,
    Closing,
    CreditMemo,
    Receipt,
    ReceiptLine,
    Request,
    Rma,
    RmaLine,
    StockMove,
    SupplierClaim,
)
from integrations.erp.tryton.rpc import Rpc

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
ONE, COST_MINOR, PAID_MINOR = Decimal(1), 6_00, 4_00


class Effect(NamedTuple):
    """A row of the outbox that is to be performed."""

    key: str
    kind: str
    return_id: str
    payload: Mapping[str, Any]

    def row(self) -> dict[str, Any]:
        """As the outbox shows it once it is done."""
        return {**self._asdict(), "status": "done", "reference": None}


def credit(number: int) -> Effect:
    """A credit of its own amount for a case of its own."""
    case = f"RD-{number}"
    memo = CreditMemo(
        case, 1, 1, "C-1", "SKU-1", "INV-1", 1, 1_00 + number, 20, "USD", "full", None
    )
    return _effect(f"{case}/1/credit/1", "erp.credit_memo", memo)


def whole_case(number: int) -> list[Effect]:
    """A return from its announcement to its closing: one piece comes back, is credited and goes
    to the supplier, who pays two thirds of what is claimed."""
    case, item = f"RD-{number}", ("SKU-1", "L7")
    announced = RmaLine(1, "SKU-1", ONE, "pcs", "L7", "INV-1", 1)
    got = ReceiptLine(1, *item, ONE, COST_MINOR)
    return [
        _effect(
            f"{case}/rma", "erp.rma", Rma(case, "C-1", "industrial", "USD", (announced,), AT)
        ),
        _effect(
            f"{case}/receipt/1", "erp.receipt", Receipt(case, "GR-1", "W1", AT, "USD", (got,))
        ),
        _effect(
            f"{case}/1.1/move/1", "erp.stock_move",
            StockMove(case, 1, "1.1", 1, *item, "W1", ONE, "return_to_vendor", "returns",
                      "at_supplier", COST_MINOR, "USD"),
        ),
        credit(number),
        _effect(
            f"{case}/1.1/claim/1", "erp.supplier_claim",
            SupplierClaim(case, 1, "1.1", "S-1", *item, ONE, COST_MINOR, "USD", None,
                          date(2027, 1, 31)),
        ),
        _effect(
            f"{case}/1.1/recovery/1", "erp.claim_settlement",
            ClaimSettlement(case, 1, "1.1", "S-1", "recovered", PAID_MINOR, PAID_MINOR, "USD",
                            "PWA", True),
        ),
        _effect(f"{case}/close", "erp.close", Closing(case)),
    ]  # fmt: skip


def _effect(key: str, kind: str, request: Request) -> Effect:
    return Effect(key, kind, request.return_id, asdict(request))


PAPERS_OF: dict[str, tuple[str, ...]] = {
    "erp.rma": ("sale.sale",),
    "erp.receipt": ("account.move", "stock.shipment.out.return"),
    "erp.stock_move": ("account.move", "stock.shipment.internal"),
    "erp.credit_memo": ("account.invoice",),
    "erp.supplier_claim": ("account.move", "purchase.purchase", "stock.shipment.in.return"),
    "erp.claim_settlement": ("account.invoice",),
    "erp.close": (),
}
"""Kind of effect -> the papers that must each be there once, under its key."""

FINAL = frozenset({"posted", "paid", "processing", "done"})
NAMED_IN = {"account.move": "description"}
"""Model -> the field with our key, where it is not ``reference``."""


class Held(NamedTuple):
    """What the ERP holds under our keys: (key, model) -> final papers; key -> totals of credit
    notes in minor units; and the drafts, as model and key."""

    papers: Counter[tuple[str, str]]
    credits: Mapping[str, list[int]]
    drafts: tuple[str, ...]


def held(direct: Rpc) -> Held:
    """All papers of this bench, read past the wire."""
    papers, drafts = Counter[tuple[str, str]](), list[str]()
    for model in {model for models in PAPERS_OF.values() for model in models}:
        named = NAMED_IN.get(model, "reference")
        for row in _rows(direct, model, named):
            papers[row[named], model] += row["state"] in FINAL
            if row["state"] == "draft":
                drafts.append(f"{model} {row[named]}")
    credits: dict[str, list[int]] = {}
    for row in _rows(direct, "account.invoice", "reference", "total_amount"):
        if row["state"] in FINAL:
            credits.setdefault(row["reference"], []).append(-int(row["total_amount"] * 100))
    return Held(papers, credits, tuple(sorted(drafts)))


def amiss(found: Held, effects: Iterable[Mapping[str, Any]]) -> int:
    """Effects of which a paper is there more or fewer than once."""
    return sum(
        any(found.papers[effect["key"], model] != 1 for model in PAPERS_OF[effect["kind"]])
        for effect in effects
    )


def both_sides(engine: Engine, direct: Rpc, case: str) -> dict[str, Any]:
    """What is known of a case whose books differ: its keys with us, its notes and entries there."""
    with engine.connect() as conn:
        asked = text(
            "SELECT key, attempt, number, papers FROM erp_link.written WHERE return_id = :case"
        )
        keys = [dict(row) for row in conn.execute(asked, {"case": case}).mappings()]
    notes = direct.read(
        "model.account.invoice.search_read", [["reference", "like", f"{case}/%"]], 0, None, None,
        ["number", "reference", "state", "move", "create_date", "write_date", "total_amount"],
    )  # fmt: skip
    papers = [paper for key in keys for paper in key["papers"] or ()]
    entries = direct.read(
        "model.account.move.search_read",
        ["OR", ["origin", "in", [f"{model},{record}" for model, record in papers]],
         ["id", "in", [note["move"] for note in notes if note["move"]]],
         ["description", "like", f"{case}/%"]],
        0, None, None, ["number", "state", "origin", "lines", "create_date", "write_date"],
    )  # fmt: skip
    return {"case": case, "keys": keys, "notes": notes, "entries": entries}


def _rows(direct: Rpc, model: str, named: str, *more: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = direct.read(
        f"model.{model}.search_read", [[named, "like", "RD-%"]], 0, None, None,
        [named, "state", *more],
    )  # fmt: skip
    return rows
