"""What the reference ERP's ledgers say, for reconciliation: document lines and GL balances.

Two ways to read. ``page`` follows the ledger by cursor and shows only what can no longer be
overtaken: documents of transactions older than every one still running, in the order of
their transaction numbers (a sequence number alone is not a commit order). ``ledger_lines``
streams everything the connection sees, its own uncommitted writes included.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ARRAY, Connection, RowMapping, Text, any_, literal, select, text

from integrations.erp.booking import Row, StockChange
from integrations.erp.clerk import ClerkEntry, clerk_entries, inject_error
from integrations.erp.documents import Changes, LedgerLine, OnHand
from integrations.erp.ledger import TABLES_OF, Head, ledger_lines_of
from integrations.erp.stock import on_hand
from integrations.erp.tables import DETAILS, stock_balance

__all__ = [
    "ClerkEntry",
    "clerk_entries",
    "gl_balances",
    "inject_error",
    "ledger_lines",
    "page",
    "stock_on_hand",
]

_NAMES = tuple(f.name for f in fields(LedgerLine))

_HEADS = """
    SELECT number, key, kind, return_id, posted_at, voided,
           written_in::text AS transaction, position
    FROM erp.document
    WHERE (written_in, position) > (CAST(:written_in AS text)::xid8, :position)
      AND (CAST(:return_id AS text) IS NULL OR return_id = :return_id)
      AND (NOT :settled OR written_in < pg_snapshot_xmin(pg_current_snapshot()))
    ORDER BY written_in, position
    LIMIT :limit
"""


def page(
    conn: Connection,
    after: str = "",
    limit: int = 10_000,
    *,
    settled: bool = True,
    return_id: str | None = None,
) -> Changes:
    """Lines of up to ``limit`` documents after the cursor, and the next cursor.

    ``settled`` hides what a slower transaction could still overtake, which includes all that
    was written after the oldest running transaction of the whole server began to write. A
    cursor belongs to one server: start again from ``""`` after a dump and restore.
    """
    written_in, position = _parsed(after)
    found = conn.execute(
        text(_HEADS),
        {
            "written_in": written_in,
            "position": position,
            "settled": settled,
            "return_id": return_id,
            "limit": limit,
        },
    ).mappings()
    heads = list(found)
    if not heads:
        return Changes((), after)
    details = _details(conn, heads)
    lines = tuple(
        line for head in heads for line in ledger_lines_of(_head(head), details[head["number"]])
    )
    return Changes(lines, f"{heads[-1]['transaction']}:{heads[-1]['position']}")


def ledger_lines(
    conn: Connection,
    *,
    return_id: str | None = None,
    voided: bool = False,
    batch: int = 5_000,
) -> Iterator[dict[str, Any]]:
    """Every line the connection sees, as dicts with the fields of ``LedgerLine``.

    Voided documents are left out unless asked for. ``batch`` documents are held at a time.
    """
    cursor = ""
    while True:
        changes = page(conn, cursor, batch, settled=False, return_id=return_id)
        if not changes.lines:
            return
        for line in changes.lines:
            if voided or not line.voided:
                yield {name: getattr(line, name) for name in _NAMES}
        cursor = changes.cursor


def gl_balances(
    conn: Connection, account: str = "returns_interim", *, zero: bool = False
) -> Iterator[dict[str, Any]]:
    """Balance of an account by case: ``return_id``, ``account``, ``currency``, ``balance_minor``.

    Debits less credits in minor units; cases at zero only with ``zero``. ``return_id`` is
    ``None`` for what was posted without a case.
    """
    rows = conn.execute(
        text(
            "SELECT return_id, account, currency, "
            "CAST(sum(debit_minor) - sum(credit_minor) AS bigint) AS balance_minor "
            "FROM erp.gl_line WHERE account = :account GROUP BY return_id, account, currency "
            "HAVING :zero OR sum(debit_minor) <> sum(credit_minor) ORDER BY return_id"
        ),
        {"account": account, "zero": zero},
    )
    for row in rows.mappings():
        yield dict(row)


def _parsed(cursor: str) -> tuple[str, int]:
    if cursor == "":
        return "0", 0
    written_in, colon, position = cursor.partition(":")
    if not (colon and written_in.isdecimal() and position.isdecimal()):
        raise ValueError(f"{cursor!r} is no cursor of this ledger; start from an empty one.")
    return written_in, int(position)


def _head(row: RowMapping) -> Head:
    return Head(
        row["number"], row["key"], row["kind"], row["return_id"], row["posted_at"], row["voided"]
    )


def _details(conn: Connection, heads: Sequence[RowMapping]) -> dict[str, dict[str, list[Row]]]:
    """Document number -> table -> rows in the order they were written."""
    found: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    numbers = defaultdict(list)
    for head in heads:
        for name in filter(None, TABLES_OF[head["kind"]]):
            numbers[name].append(head["number"])
    for name, wanted in numbers.items():
        table = DETAILS[name]
        among = any_(literal(wanted, ARRAY(Text)))
        query = table.select().where(table.c.number == among).order_by(*table.primary_key)
        for row in conn.execute(query).mappings():
            found[row["number"]][name].append(dict(row))
    return found


def stock_on_hand(conn: Connection) -> list[OnHand]:
    """Goods of returns by place, item and lot, as the connection sees them."""
    columns = [stock_balance.c[name] for name in StockChange._fields]
    return on_hand(StockChange(*row) for row in conn.execute(select(*columns)))
