"""The figures of a file by their published definitions, whatever the journal knew before.

A *credit line* is on an invoice number that starts with C and has a negative quantity; it is
*unmatched* when the file holds no sale line (positive quantity, other invoice) of the same
customer and item at or before its time. Values are quantity x unit price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from reconciliation.match import Pair
from reconciliation.retail_rows import Row


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of lines; values are exact, in pounds."""

    lines: int
    credit_lines: int
    credit_lines_with_customer: int
    credit_lines_unmatched: int
    unmatched_value: Decimal
    credit_value_with_customer: Decimal
    write_off_lines: int


def figures_of(rows: Sequence[Row], lines: int) -> Figures:
    """The figures of the rows of one file; ``lines`` counts the refused ones too."""
    credits = [row for row in rows if row.kind == "credit"]
    named = [row for row in credits if row.customer_id]
    unmatched = never_sold(rows)
    return Figures(
        lines=lines,
        credit_lines=len(credits),
        credit_lines_with_customer=len(named),
        credit_lines_unmatched=len(unmatched),
        unmatched_value=sum((value_of(row) for row in unmatched), Decimal(0)),
        credit_value_with_customer=sum((value_of(row) for row in named), Decimal(0)),
        write_off_lines=sum(row.kind == "write_off" for row in rows),
    )


def never_sold(rows: Sequence[Row]) -> list[Row]:
    """The unmatched credit lines, in the order given."""
    first_sold: dict[Pair, datetime] = {}
    for row in rows:
        if row.kind == "sale" and row.customer_id:
            pair = (row.customer_id, row.sku)
            first_sold[pair] = min(first_sold.get(pair, row.at), row.at)
    return [
        row
        for row in rows
        if row.kind == "credit" and row.customer_id and not _sold_by(first_sold, row)
    ]


def _sold_by(first_sold: Mapping[Pair, datetime], row: Row) -> bool:
    first = first_sold.get((row.customer_id or "", row.sku))
    return first is not None and first <= row.at


def value_of(row: Row) -> Decimal:
    """Quantity times unit price, without sign."""
    return abs(row.quantity) * row.unit_price
