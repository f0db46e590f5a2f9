"""What clerks do in an ERP past the workflow: errors made on purpose, each with its truth.

The simulator calls ``inject_error`` so that reconciliation has something true to find;
``erp.clerk_entry`` keeps what was done. The ledger stays balanced, as in a real ERP: a clerk
can book the wrong thing, not half of a thing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, select, text

from integrations.erp.accounts import ACCOUNT_OF_STATUS
from integrations.erp.booking import (
    GlEntry,
    StockChange,
    credit_entries,
    plain,
    transfer,
)
from integrations.erp.tables import (
    clerk_entry,
    credit_memo,
    document,
    gl_line,
    goods_receipt,
    goods_receipt_line,
    stock_move,
)
from integrations.erp.writing import add_stock, draw_numbers, gl_rows, insert_rows


@dataclass(frozen=True, slots=True)
class ClerkEntry:
    """One thing a clerk did. ``key`` is the workflow's key of the document it was done to."""

    kind: str
    number: str
    key: str | None
    clerk: str
    entered_at: datetime
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Slip:
    """The document a clerk has in hand, and with what."""

    conn: Connection
    head: RowMapping
    at: datetime
    clerk: str
    delta_minor: int
    lot: str | None


def inject_error(
    conn: Connection,
    kind: str,
    key: str,
    at: datetime,
    *,
    clerk: str = "clerk-1",
    delta_minor: int = 100,
    lot: str | None = None,
) -> ClerkEntry:
    """Make one ledger error on the document that the workflow wrote under ``key``.

    ``kind``: ``duplicate_credit_memo`` (again, under a key of the clerk's own),
    ``changed_amount`` (a credit memo's net moves by ``delta_minor``), ``deleted_stock_move``
    (voided, its goods back in the old status), ``credit_without_case`` (the same money again
    with neither key nor case), ``lot_changed`` (of a receipt's first item or a stock move, to
    ``lot``). In the caller's transaction. Raises ``ValueError`` for an unknown kind, a key
    without a document, or a document of the wrong kind.
    """
    if kind not in _ERRORS:
        raise ValueError(f"No clerk's error {kind!r}; there are {', '.join(_ERRORS)}.")
    made_on, make = _ERRORS[kind]
    query = select(document).where(document.c.key == key).with_for_update()
    head = conn.execute(query).mappings().one_or_none()
    if head is None:
        raise ValueError(f"The ERP has no document under {key}.")
    if head["kind"] not in made_on or head["voided"]:
        state = "voided " if head["voided"] else ""
        raise ValueError(f"{kind} cannot be done to the {state}{head['kind']} {head['number']}.")
    entry = make(_Slip(conn, head, at, clerk, delta_minor, lot))
    conn.execute(
        clerk_entry.insert().values(
            kind=entry.kind,
            number=entry.number,
            key=entry.key,
            clerk=entry.clerk,
            entered_at=entry.entered_at,
            before=_jsonable(entry.before),
            after=_jsonable(entry.after),
        )
    )
    return entry


def clerk_entries(conn: Connection) -> list[ClerkEntry]:
    """Everything clerks did, oldest first: the answers for a test of reconciliation."""
    rows = conn.execute(select(clerk_entry).order_by(clerk_entry.c.entry_id)).mappings()
    return [
        ClerkEntry(
            row["kind"], row["number"], row["key"], row["clerk"], row["entered_at"],
            row["before"], row["after"],
        )
        for row in rows
    ]  # fmt: skip


def _jsonable(values: dict[str, Any]) -> Any:
    return orjson.loads(orjson.dumps(values, default=plain))


def _entry(slip: _Slip, kind: str, before: dict[str, Any], after: dict[str, Any]) -> ClerkEntry:
    head = slip.head
    return ClerkEntry(kind, head["number"], head["key"], slip.clerk, slip.at, before, after)


def _touch(slip: _Slip, **values: object) -> None:
    """Let readers by cursor see the document again."""
    slip.conn.execute(
        document.update()
        .where(document.c.number == slip.head["number"])
        .values(
            position=text("nextval('erp.position')"),
            written_in=text("pg_current_xact_id()"),
            **values,
        )
    )


def _book_more(slip: _Slip, entries: tuple[GlEntry, ...], currency: str) -> None:
    number = slip.head["number"]
    last = slip.conn.execute(
        text("SELECT coalesce(max(item), 0) FROM erp.gl_line WHERE number = :number"),
        {"number": number},
    ).scalar_one()
    rows = gl_rows(number, entries, currency, slip.head["return_id"], slip.at, last + 1)
    insert_rows(slip.conn, gl_line, rows)


def _memo(slip: _Slip) -> dict[str, Any]:
    query = select(credit_memo).where(credit_memo.c.number == slip.head["number"])
    row = slip.conn.execute(query).mappings().one()
    return {str(name): value for name, value in row.items()}


def _copy_memo(slip: _Slip, key: str | None, return_id: str | None) -> dict[str, Any]:
    """The credit memo in hand once more, under another number, key and case."""
    memo = _memo(slip)
    number = next(draw_numbers(slip.conn, {"credit_memo": 1})["credit_memo"])
    head = {
        "number": number,
        "key": key and f"{key}/{number}",
        "kind": "credit_memo",
        "return_id": return_id,
        "fingerprint": "",
        "origin": "clerk",
        "posted_at": slip.at,
    }
    insert_rows(slip.conn, document, [head])
    insert_rows(slip.conn, credit_memo, [{**memo, "number": number}])
    names = (
        "net_minor", "tax_minor", "freight_minor", "freight_tax_minor", "return_freight_minor",
    )  # fmt: skip
    entries = credit_entries(*(memo[name] for name in names))
    rows = gl_rows(number, entries, memo["currency"], return_id, slip.at)
    insert_rows(slip.conn, gl_line, rows)
    return {"number": number, "key": head["key"], "net_minor": memo["net_minor"]}


def _duplicate_credit_memo(slip: _Slip) -> ClerkEntry:
    copied = _copy_memo(slip, f"manual/{slip.clerk}", slip.head["return_id"])
    entry = _entry(slip, "duplicate_credit_memo", {"number": slip.head["number"]}, copied)
    return replace(entry, number=copied["number"])


def _credit_without_case(slip: _Slip) -> ClerkEntry:
    copied = _copy_memo(slip, None, None)
    entry = _entry(slip, "credit_without_case", {"number": slip.head["number"]}, copied)
    return replace(entry, number=copied["number"])


def _changed_amount(slip: _Slip) -> ClerkEntry:
    memo = _memo(slip)
    net = memo["net_minor"] + slip.delta_minor
    if slip.delta_minor == 0 or net < 0:
        raise ValueError(
            f"{slip.head['number']} over {memo['net_minor']} cannot change by {slip.delta_minor}."
        )
    slip.conn.execute(
        credit_memo.update()
        .where(credit_memo.c.number == slip.head["number"])
        .values(net_minor=net)
    )
    _book_more(slip, credit_entries(slip.delta_minor, 0), memo["currency"])
    _touch(slip)
    before = {"net_minor": memo["net_minor"]}
    return _entry(slip, "changed_amount", before, {"net_minor": net})


def _deleted_stock_move(slip: _Slip) -> ClerkEntry:
    query = select(stock_move).where(stock_move.c.number == slip.head["number"])
    move = slip.conn.execute(query).mappings().one()
    place = (move["sku"], move["lot"] or "", move["warehouse"])
    back, gone = move["from_status"], move["to_status"]
    changes = [
        StockChange(*place, back, move["quantity"]),
        StockChange(*place, gone, -move["quantity"]),
    ]
    add_stock(slip.conn, changes)
    entries = transfer(ACCOUNT_OF_STATUS[back], ACCOUNT_OF_STATUS[gone], move["value_minor"])
    _book_more(slip, entries, move["currency"])
    _touch(slip, voided=True)
    return _entry(slip, "deleted_stock_move", {"voided": False}, {"voided": True})


def _lot_changed(slip: _Slip) -> ClerkEntry:
    table = stock_move if slip.head["kind"] == "stock_move" else goods_receipt_line
    query = select(table).where(table.c.number == slip.head["number"]).order_by(*table.primary_key)
    row = slip.conn.execute(query).mappings().first()
    if row is None or slip.lot is None or row["lot"] == slip.lot:
        raise ValueError(f"Give another lot for {slip.head['number']} than its own.")
    this_row = [column == row[column.name] for column in table.primary_key]
    slip.conn.execute(table.update().where(*this_row).values(lot=slip.lot))
    add_stock(slip.conn, _relotted(slip, row, slip.lot))
    _touch(slip)
    return _entry(slip, "lot_changed", {"lot": row["lot"]}, {"lot": slip.lot})


def _relotted(slip: _Slip, row: RowMapping, lot: str) -> list[StockChange]:
    """The row's effect on stock, taken from the old lot and given to the new."""
    if slip.head["kind"] == "stock_move":
        warehouse = row["warehouse"]
        signs = {row["from_status"]: -row["quantity"], row["to_status"]: row["quantity"]}
    else:
        query = select(goods_receipt.c.warehouse).where(
            goods_receipt.c.number == slip.head["number"]
        )
        warehouse = slip.conn.execute(query).scalar_one()
        signs = {"returns": row["quantity"]}
    old = row["lot"] or ""
    return [
        StockChange(row["sku"], where, warehouse, status, sign * quantity)
        for status, quantity in signs.items()
        for where, sign in ((old, -1), (lot, 1))
    ]


_ERRORS: dict[str, tuple[tuple[str, ...], Callable[[_Slip], ClerkEntry]]] = {
    "duplicate_credit_memo": (("credit_memo",), _duplicate_credit_memo),
    "changed_amount": (("credit_memo",), _changed_amount),
    "deleted_stock_move": (("stock_move",), _deleted_stock_move),
    "credit_without_case": (("credit_memo",), _credit_without_case),
    "lot_changed": (("receipt", "stock_move"), _lot_changed),
}
"""Error -> the kinds of document it can be made on, and how it is made."""
