"""What the journal knows already of a file's documents; reads of the read models only.

Statements take arrays, so that one of them serves a file of any size.
"""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

from sqlalchemy import Connection, text

from reconciliation.match import CreditLine, Pair, SaleLine
from reconciliation.retail_documents import Document

Content = tuple[str | None, tuple[tuple[str, Decimal, int], ...]]
"""Customer, then ``(sku, quantity, net_minor)`` a line: what makes two documents the same."""

_IMPORT_LOCK = 0x72_6574_6169_6C
"""Any fixed number: one import of sales history at a time, so that none matches a sale twice."""

_PAIRS = "unnest(CAST(:customers AS text[]), CAST(:skus AS text[])) AS pair (customer_id, sku)"

_SALES = f"""
    SELECT line.customer_id, line.sku, line.invoice_id, line.line, line.invoiced_at,
           line.unit_price, line.delivered_quantity, line.net_minor,
           line.returned_quantity, line.credited_minor
    FROM invoice_line AS line
    JOIN {_PAIRS} ON line.customer_id = pair.customer_id AND line.sku = pair.sku
    WHERE line.delivered_quantity > 0
    ORDER BY line.invoiced_at, line.invoice_id, line.line
"""

_CREDITS = f"""
    SELECT line.credit_note_id, line.line, line.customer_id, line.sku, line.quantity,
           line.unit_price, line.net_minor, line.credited_at
    FROM credit_note_line AS line
    JOIN {_PAIRS} ON line.customer_id = pair.customer_id AND line.sku = pair.sku
    ORDER BY line.credited_at, line.credit_note_id, line.line
"""

_CONTENTS = {
    "sale": """
        SELECT document.invoice_id, document.customer_id, line.sku, line.delivered_quantity,
               line.net_minor
        FROM invoice AS document JOIN invoice_line AS line USING (invoice_id)
        WHERE document.invoice_id = ANY (CAST(:ids AS text[]))
        ORDER BY document.invoice_id, line.line
    """,
    "credit": """
        SELECT document.credit_note_id, document.customer_id, line.sku, line.quantity,
               line.net_minor
        FROM credit_note AS document JOIN credit_note_line AS line USING (credit_note_id)
        WHERE document.credit_note_id = ANY (CAST(:ids AS text[]))
        ORDER BY document.credit_note_id, line.line
    """,
    "write_off": """
        SELECT document_id, NULL, sku, quantity, 0 FROM stock_write_off
        WHERE document_id = ANY (CAST(:ids AS text[]))
    """,
}


def hold_imports(conn: Connection) -> None:
    """Wait until no other import runs, and keep others waiting until this transaction ends."""
    conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORT_LOCK})


def sales_of(conn: Connection, pairs: Collection[Pair]) -> Iterator[tuple[str, str, SaleLine]]:
    """Every recorded sale line of these customers and items, with what credits took of it."""
    for row in conn.execute(text(_SALES), _arrays(pairs)):
        customer_id, sku, *told = row
        yield customer_id, sku, SaleLine(*told)


def credits_of(conn: Connection, pairs: Collection[Pair]) -> Iterator[CreditLine]:
    """Every recorded credit line of these customers and items, oldest first."""
    for row in conn.execute(text(_CREDITS), _arrays(pairs)):
        yield CreditLine(*row)


def contents_of(conn: Connection, kind: str, ids: Collection[str]) -> Mapping[str, Content]:
    """Recorded documents of a kind by id, as far as they are known."""
    lines: dict[str, tuple[str | None, list[tuple[str, Decimal, int]]]] = {}
    for document_id, customer, sku, quantity, net in conn.execute(
        text(_CONTENTS[kind]), {"ids": sorted(ids)}
    ):
        lines.setdefault(document_id, (customer, []))[1].append((sku, quantity, net))
    return {number: (customer, tuple(found)) for number, (customer, found) in lines.items()}


def content_of(document: Document) -> Content:
    """A document of the file in the form of ``contents_of``."""
    worth = document.kind != "write_off"
    return document.customer_id, tuple(
        (row.sku, Decimal(abs(row.quantity)), row.net_minor if worth else 0)
        for row in document.rows
    )


def _arrays(pairs: Collection[Pair]) -> dict[str, list[str]]:
    ordered = sorted(pairs)
    return {"customers": [pair[0] for pair in ordered], "skus": [pair[1] for pair in ordered]}
