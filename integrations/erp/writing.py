"""Rows into schema ``erp``: bulk inserts, number ranges, ledger rows and stock balances.

Rows go as JSON through ``jsonb_populate_recordset``: one round trip a table, whatever the
number of rows; PostgreSQL casts by the table's types.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import orjson
from sqlalchemy import Connection, Table, text

from integrations.erp.booking import PREFIX_OF, GlEntry, Row, StockChange, number_text
from integrations.erp.tables import stock_balance


def insert_rows(conn: Connection, table: Table, rows: Sequence[Row], on_conflict: str = "") -> None:
    """Insert rows that all have the same columns; ``Decimal`` goes as text, times as ISO 8601.

    ``on_conflict`` is the statement's tail. Rows go in the order given, which must be the
    lock order where several transactions meet.
    """
    if not rows:
        return
    columns = ", ".join(rows[0])
    name = table.fullname
    conn.execute(
        text(
            f"INSERT INTO {name} AS held ({columns}) SELECT {columns} "
            f"FROM jsonb_populate_recordset(NULL::{name}, CAST(:rows AS jsonb)) {on_conflict}"
        ),
        {"rows": orjson.dumps(rows, default=str).decode()},
    )


def draw_numbers(conn: Connection, wanted: Mapping[str, int]) -> dict[str, Iterator[str]]:
    """So many new numbers a kind, from the kind's own range. Ranges may have gaps."""
    drawn: dict[str, Iterator[str]] = {}
    for kind in sorted(wanted):
        if kind not in PREFIX_OF:
            raise AssertionError(f"no number range for {kind!r}")
        rows = conn.execute(
            text(f"SELECT nextval('erp.number_{kind}') FROM generate_series(1, :wanted)"),
            {"wanted": wanted[kind]},
        )
        values = sorted(rows.scalars())
        drawn[kind] = iter([number_text(kind, value) for value in values])
    return drawn


def gl_rows(
    number: str,
    entries: Iterable[GlEntry],
    currency: str | None,
    return_id: str | None,
    at: datetime,
    first_item: int = 1,
) -> list[Row]:
    """Ledger rows of a document; items count on from ``first_item``."""
    return [
        {
            "number": number,
            "item": item,
            **entry._asdict(),
            "currency": currency,
            "return_id": return_id,
            "posted_at": at,
        }
        for item, entry in enumerate(entries, start=first_item)
    ]


def add_stock(conn: Connection, changes: Iterable[StockChange]) -> None:
    """Add to balances, in the one lock order of (sku, lot, warehouse, status)."""
    total: dict[tuple[str, str, str, str], Decimal] = defaultdict(Decimal)
    for change in changes:
        total[change[:4]] += change.quantity
    names = ("sku", "lot", "warehouse", "status")
    insert_rows(
        conn,
        stock_balance,
        [
            {**dict(zip(names, place, strict=True)), "quantity": quantity}
            for place, quantity in sorted(total.items())
        ],
        "ON CONFLICT (sku, lot, warehouse, status) "
        "DO UPDATE SET quantity = held.quantity + excluded.quantity",
    )
