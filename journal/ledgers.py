"""The ledgers of an invoice line, moved by sums: quantity come back, net value credited, and its
share of the invoice's freight given back.

Rows are locked in one order and checked here, so that a refusal can say which line and how
much is left; the CHECK constraints of ``invoice_line`` stand behind, for writers who forget.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg

from journal.entries import LedgerViolation

Driver = psycopg.Connection[tuple[Any, ...]]
SourceLine = tuple[str, int]


@dataclass(slots=True)
class Movement:
    """What a batch of events adds to (or, negative, gives back to) one invoice line."""

    quantity: Decimal = Decimal(0)
    net_minor: int = 0
    freight_minor: int = 0


class Movements:
    """Sums movements by invoice line until they are written at once."""

    def __init__(self) -> None:
        self._by_line: defaultdict[SourceLine, Movement] = defaultdict(Movement)

    def returned(self, source: SourceLine | None, quantity: Decimal) -> None:
        """Reserve, or give back where negative; a line without a source has no ledger."""
        if source is not None and quantity:
            self._by_line[source].quantity += quantity

    def credited(self, source: SourceLine | None, net_minor: int) -> None:
        if source is not None and net_minor:
            self._by_line[source].net_minor += net_minor

    def carried(self, source: SourceLine | None, freight_minor: int) -> None:
        """Freight given back."""
        if source is not None and freight_minor:
            self._by_line[source].freight_minor += freight_minor

    @property
    def by_line(self) -> Mapping[SourceLine, Movement]:
        return self._by_line


def move(driver: Driver, movements: Movements) -> None:
    """Write all movements or raise ``LedgerViolation``: ``over_return``, ``over_credit`` or
    ``unknown_invoice_line``."""
    moved = {
        source: m
        for source, m in movements.by_line.items()
        if m.quantity != 0 or m.net_minor or m.freight_minor
    }
    if not moved:
        return
    invoices = [invoice for invoice, _ in moved]
    lines = [line for _, line in moved]
    rows = driver.execute(
        "SELECT invoice_id, line, delivered_quantity, returned_quantity, net_minor, credited_minor,"
        " freight_minor, freight_refunded_minor FROM invoice_line WHERE (invoice_id, line) IN"
        " (SELECT * FROM unnest(%s::text[], %s::int[]))"
        " ORDER BY invoice_id, line FOR UPDATE",
        (invoices, lines),
    ).fetchall()
    found = {(invoice, line): values for invoice, line, *values in rows}
    for source, movement in moved.items():
        _check(source, movement, found.get(source))
    driver.execute(
        "UPDATE invoice_line AS ledger SET returned_quantity = returned_quantity + new.quantity,"
        " credited_minor = credited_minor + new.net,"
        " freight_refunded_minor = freight_refunded_minor + new.freight"
        " FROM unnest(%s::text[], %s::int[], %s::numeric[], %s::bigint[], %s::bigint[])"
        " AS new (invoice_id, line, quantity, net, freight)"
        " WHERE ledger.invoice_id = new.invoice_id AND ledger.line = new.line",
        (
            invoices,
            lines,
            [movement.quantity for movement in moved.values()],
            [movement.net_minor for movement in moved.values()],
            [movement.freight_minor for movement in moved.values()],
        ),
    )


def _check(source: SourceLine, movement: Movement, row: list[Any] | None) -> None:
    invoice, line = source
    if row is None:
        raise LedgerViolation(
            "unknown_invoice_line", f"Invoice {invoice} has no line {line}.", invoice, line
        )
    delivered, returned, net, credited, freight, refunded = row
    if not 0 <= refunded + movement.freight_minor <= freight:
        raise LedgerViolation(
            "over_credit",
            f"Invoice {invoice} line {line}: {movement.freight_minor} more freight would make"
            f" {refunded + movement.freight_minor} given back of {freight} (minor units, net).",
            invoice,
            line,
        )
    if not 0 <= returned + movement.quantity <= delivered:
        raise LedgerViolation(
            "over_return",
            f"Invoice {invoice} line {line}: {movement.quantity.normalize():f} more would make"
            f" {(returned + movement.quantity).normalize():f} returned of"
            f" {delivered.normalize():f} delivered.",
            invoice,
            line,
        )
    if not 0 <= credited + movement.net_minor <= net:
        raise LedgerViolation(
            "over_credit",
            f"Invoice {invoice} line {line}: {movement.net_minor} more would make"
            f" {credited + movement.net_minor} credited of {net} invoiced (minor units, net).",
            invoice,
            line,
        )
