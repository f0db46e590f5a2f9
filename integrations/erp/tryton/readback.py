"""Records of the system as ledger lines: ours with what it says now, and those of its clerks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

from integrations.erp.documents import LedgerLine
from integrations.erp.ledger import SYSTEM
from integrations.erp.tryton.masters import Masters
from integrations.erp.tryton.money import minor, quantity_of

Lines = tuple[LedgerLine, ...]
Found = Iterable[tuple[int, Lines]]
Reader = Callable[[Masters, Mapping[int, Lines]], Found]

MOVES = ["product.code", "lot.number", "quantity", "shipment"]


def _credit_notes(masters: Masters, asked: Mapping[int, Lines]) -> Found:
    """Net, tax and customer as posted; what is charged back is above zero there."""
    fields = ["state", "untaxed_amount", "tax_amount", "party.code", "currency.code",
              "currency.digits"]  # fmt: skip
    for row in masters.rpc.read("model.account.invoice.read", sorted(asked), fields):
        decimals = row["currency."]["digits"]
        sign = 1 if asked[row["id"]][0].kind == "charge_back" else -1
        line = asked[row["id"]][0]
        freight = (line.freight_minor or 0) - (line.return_freight_minor or 0)
        freight_tax = line.freight_tax_minor or 0
        said = {
            # The system has one total: what is not the freight that was asked is goods.
            "amount_minor": sign * minor(row["untaxed_amount"], decimals) - freight,
            "currency": row["currency."]["code"],
            "voided": row["state"] == "cancelled",
        }
        if line.kind != "claim_settlement":
            said["tax_minor"] = sign * minor(row["tax_amount"], decimals) - freight_tax
            said["customer_id"] = row["party."]["code"]
        yield row["id"], tuple(replace(line, **said) for line in asked[row["id"]])


def _orders(masters: Masters, asked: Mapping[int, Lines]) -> Found:
    """Customer and quantities as ordered; what came and went is on papers of its own."""
    fields = ["state", "party.code", "lines.quantity", "lines.product.code"]
    for row in masters.rpc.read("model.sale.sale.read", sorted(asked), fields):
        ordered = sorted(row["lines."], key=lambda line: int(line["id"]))
        lines = asked[row["id"]]
        said = {"customer_id": row["party."]["code"], "voided": row["state"] == "cancelled"}
        if len(ordered) == len(lines):
            lines = tuple(
                replace(
                    line,
                    sku=now["product."]["code"],
                    quantity=abs(quantity_of(now["quantity"])),
                )
                for line, now in zip(lines, ordered, strict=True)
            )
        yield row["id"], tuple(replace(line, **said) for line in lines)


def _shipments(model: str) -> Reader:
    def read(masters: Masters, asked: Mapping[int, Lines]) -> Found:
        """Item, lot and quantity of each movement as done."""
        moves = _moves_of(masters, model, sorted(asked))
        states = masters.rpc.read(f"model.{model}.read", sorted(asked), ["state"])
        for row in states:
            lines, now = asked[row["id"]], moves.get(row["id"], [])
            if len(now) == len(lines):
                lines = tuple(_moved(line, move) for line, move in zip(lines, now, strict=True))
            voided = row["state"] == "cancelled"
            yield row["id"], tuple(replace(line, voided=voided) for line in lines)

    return read


def _moves_of(
    masters: Masters, model: str, shipments: Sequence[int]
) -> dict[int, list[dict[str, Any]]]:
    """Shipment -> its movements in the order they were made."""
    wanted = [["shipment", "in", [f"{model},{number}" for number in shipments]]]
    rows = masters.rpc.read("model.stock.move.search_read", wanted, 0, None, [["id", "ASC"]], MOVES)
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(int(row["shipment"].partition(",")[2]), []).append(row)
    return found


def _moved(line: LedgerLine, move: Mapping[str, Any]) -> LedgerLine:
    return replace(
        line,
        sku=move["product."]["code"],
        lot=move["lot."]["number"] if move.get("lot.") else None,
        quantity=quantity_of(move["quantity"]),
    )


def _purchase_returns(masters: Masters, asked: Mapping[int, Lines]) -> Found:
    """Item, lot and quantity as sent back to the supplier."""
    wanted = [["purchase", "in", sorted(asked)], ["state", "!=", "cancelled"]]
    sent = masters.rpc.read(
        "model.stock.move.search_read", wanted, 0, None, [["id", "ASC"]], [*MOVES, "purchase"]
    )
    states = masters.rpc.read("model.purchase.purchase.read", sorted(asked), ["state"])
    for row in states:
        (line,) = asked[row["id"]]
        moves = [move for move in sent if move["purchase"] == row["id"]]
        said = _moved(line, moves[0]) if len(moves) == 1 else line
        yield row["id"], (replace(said, voided=row["state"] == "cancelled"),)


READERS: dict[str, Reader] = {
    "sale.sale": _orders,
    "stock.shipment.out.return": _shipments("stock.shipment.out.return"),
    "stock.shipment.internal": _shipments("stock.shipment.internal"),
    "stock.shipment.out": _shipments("stock.shipment.out"),
    "stock.shipment.in.return": _shipments("stock.shipment.in.return"),
    "purchase.purchase": _purchase_returns,
    "account.invoice": _credit_notes,
}
"""Model -> how its records of ours are read. Posted journal entries cannot change there."""


def strangers(masters: Masters, model: str, records: Sequence[int]) -> list[tuple[int, Lines]]:
    """What clerks of the system wrote past us: posted credit notes and received returns."""
    if not records:
        return []
    if model == "account.invoice":
        return _foreign_credits(masters, records)
    if model == "stock.shipment.out.return":
        return _foreign_returns(masters, records)
    return []


def _foreign_credits(masters: Masters, records: Sequence[int]) -> list[tuple[int, Lines]]:
    rows = masters.rpc.read(
        "model.account.invoice.search_read",
        [["id", "in", list(records)], ["type", "=", "out"], ["total_amount", "<", 0],
         ["number", "!=", None]],
        0, None, [["id", "ASC"]],
        ["number", "state", "invoice_date", "untaxed_amount", "tax_amount", "party.code",
         "lines.product.code", "currency.code", "currency.digits"],
    )  # fmt: skip
    return [
        (
            row["id"],
            (
                LedgerLine(
                    **_nobody("credit_memo", f"CM-{row['number']}", _at(row["invoice_date"])),
                    sku=_only_item(row["lines."]),
                    lot=None,
                    quantity=None,
                    amount_minor=-minor(row["untaxed_amount"], row["currency."]["digits"]),
                    currency=row["currency."]["code"],
                    voided=row["state"] == "cancelled",
                    tax_minor=-minor(row["tax_amount"], row["currency."]["digits"]),
                    customer_id=row["party."]["code"],
                ),
            ),
        )
        for row in rows
    ]


def _only_item(lines: Sequence[Mapping[str, Any]]) -> str | None:
    items = {line["product."]["code"] for line in lines if line.get("product.")}
    return items.pop() if len(items) == 1 else None


def _foreign_returns(masters: Masters, records: Sequence[int]) -> list[tuple[int, Lines]]:
    rows = masters.rpc.read(
        "model.stock.shipment.out.return.search_read",
        [["id", "in", list(records)], ["state", "in", ["done", "cancelled"]]],
        0, None, [["id", "ASC"]],
        ["number", "state", "effective_date", "customer.code", "warehouse.code"],
    )  # fmt: skip
    moves = _moves_of(masters, "stock.shipment.out.return", [row["id"] for row in rows])
    return [(row["id"], _foreign_return(row, moves.get(row["id"], []))) for row in rows]


def _foreign_return(row: Mapping[str, Any], moves: Sequence[Mapping[str, Any]]) -> Lines:
    head = _nobody("receipt", f"GR-{row['number']}", _at(row["effective_date"]))
    return tuple(
        LedgerLine(
            **head,
            sku=move["product."]["code"],
            lot=move["lot."]["number"] if move.get("lot.") else None,
            quantity=quantity_of(move["quantity"]),
            amount_minor=None,
            currency=None,
            voided=row["state"] == "cancelled",
            customer_id=row["customer."]["code"],
            warehouse=row["warehouse."]["code"],
        )
        for move in moves
    )


def _nobody(kind: str, document: str, at: datetime) -> dict[str, Any]:
    return {
        "system": SYSTEM, "kind": kind, "document": document, "key": None, "return_id": None,
        "line": None, "at": at,
    }  # fmt: skip


def _at(day: date | None) -> datetime:
    return datetime.combine(day or date.min, time(), UTC)
