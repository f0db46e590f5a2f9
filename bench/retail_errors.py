"""Known errors written into a copy of an online-retail file, by seed, with the answers.

Each is what a clerk could do to a real credit note: enter it twice, credit above the price,
credit more than was sold, credit an item or a customer that was never sold to.
"""

import csv
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from reconciliation.retail_rows import COLUMNS, Row, read_rows

Place = tuple[str, int]
"""Credit note and line."""
Pair = tuple[str, str]
"""Customer and item."""

SHARE = 0.02
"""Of all sound credit lines, how many get an error of each kind."""


@dataclass(frozen=True, slots=True)
class Injected:
    """One error at a credit note and line; ``codes`` are what it may rightly be called."""

    kind: str
    place: Place
    codes: frozenset[str]
    exposure_minor: int


def inject(source: Path, target: Path, seed: int, at: datetime) -> list[Injected]:
    """Write a copy of ``source`` with errors to ``target``; answers what was done.

    Real credit lines are altered in place; a duplicate is a further note, and a wrong customer's
    line one of its own.
    """
    draw = random.Random(seed)
    rows = read_rows(source, at).rows
    sold = _Sold(rows)
    sound = [i for i, row in enumerate(rows) if sold.covers(row)]
    many = max(1, round(len(sound) * SHARE)) * len(_CODES)
    done: dict[int, tuple[str, int]] = {}
    for n, i in enumerate(draw.sample(sound, min(len(sound), many))):
        kind = tuple(_CODES)[n % len(_CODES)]
        wrong, exposure = _wrong(draw, kind, rows[i], sold)
        if kind in ("duplicate_credit", "never_sold_customer"):
            wrong = replace(wrong, invoice_no=f"C{9_000_000 + n}")
        if kind == "duplicate_credit":
            wrong = replace(wrong, source_line=-wrong.source_line)
            rows.append(wrong)
        else:
            rows[i] = wrong
        done[wrong.source_line] = (kind, exposure)
    rows.sort(key=lambda row: row.at)
    _write(target, rows)
    return [
        Injected(kind, place, _CODES[kind], exposure)
        for i, place in places_of(rows).items()
        if rows[i].source_line in done
        for kind, exposure in [done[rows[i].source_line]]
    ]


def places_of(rows: Sequence[Row]) -> dict[int, Place]:
    """Index of each credit row -> (credit note, line), as the import numbers them."""
    count: Counter[str] = Counter()
    places: dict[int, Place] = {}
    for i, row in enumerate(rows):
        if row.kind == "credit":
            count[row.invoice_no] += 1
            places[i] = (row.invoice_no, count[row.invoice_no])
    return places


class _Sold:
    """What was sold to whom: enough to say that a credit was in order and would not be now."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.quantity: Counter[Pair] = Counter()
        self.highest: dict[Pair, Decimal] = {}
        self._items: dict[str, set[str]] = defaultdict(set)
        self._customers: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            if row.kind == "sale" and row.customer_id:
                pair = (row.customer_id, row.sku)
                self.quantity[pair] += row.quantity
                self.highest[pair] = max(self.highest.get(pair, Decimal(0)), row.unit_price)
                self._items[row.customer_id].add(row.sku)
                self._customers[row.sku].add(row.customer_id)
        self._all_items, self._all_customers = sorted(self._customers), sorted(self._items)

    def covers(self, row: Row) -> bool:
        """Whether a row is a plain credit of goods that its customer bought as many of."""
        return (
            row.kind == "credit"
            and row.aside is None
            and row.unit_price > 0
            and self.quantity[row.customer_id or "", row.sku] >= -row.quantity
        )

    def other_item(self, draw: random.Random, customer_id: str) -> str:
        return _none_of(draw, self._all_items, self._items[customer_id])

    def other_customer(self, draw: random.Random, sku: str) -> str:
        return _none_of(draw, self._all_customers, self._customers[sku])


def _none_of(draw: random.Random, names: Sequence[str], had: set[str]) -> str:
    """One of the names that is not among those had; a number nobody has where all are."""
    return draw.choice([name for name in names if name not in had] or ["99999"])


_CODES = {
    "duplicate_credit": frozenset({"R11", "R10"}),
    "inflated_price": frozenset({"R10"}),
    "inflated_quantity": frozenset({"R10"}),
    "never_sold_item": frozenset({"R8"}),
    "never_sold_customer": frozenset({"R8"}),
}
"""Kind of error -> codes that name it rightly."""


def _wrong(draw: random.Random, kind: str, row: Row, sold: _Sold) -> tuple[Row, int]:
    """A credit with one error in it, and the pence that the error gives away."""
    customer = row.customer_id or ""
    pair = (customer, row.sku)
    match kind:
        case "duplicate_credit":
            return replace(row, at=row.at + timedelta(hours=draw.randrange(1, 72))), row.net_minor
        case "inflated_price":
            percent = draw.randrange(120, 400)
            cent = Decimal("0.01")
            dearer = (sold.highest[pair] * percent / 100).quantize(cent) + cent
            wrong = replace(row, unit_price=dearer)
        case "inflated_quantity":
            wrong = replace(row, quantity=-(sold.quantity[pair] + draw.randrange(1, 50)))
        case "never_sold_item":
            wrong = replace(row, sku=sold.other_item(draw, customer))
            return wrong, wrong.net_minor
        case _:
            return replace(row, customer_id=sold.other_customer(draw, row.sku)), row.net_minor
    return wrong, wrong.net_minor - row.net_minor


def _write(target: Path, rows: Sequence[Row]) -> None:
    with target.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow(
                (
                    row.invoice_no, row.sku, row.description, row.quantity,
                    f"{row.at:%Y-%m-%d %H:%M:%S}", row.unit_price, row.customer_id or "",
                    row.country,
                )
            )  # fmt: skip
