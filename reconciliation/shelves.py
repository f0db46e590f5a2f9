"""Returned goods on the ERP's shelves against its own documents: what a count there changed.

Every receipt and every stock move is a document that we compare with ours one by one. What stands
on the shelves is the ERP's own tally; where it is not what the documents come to, somebody
counted, corrected or moved goods past all of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from integrations.erp.accounts import RETURN_STATUSES
from integrations.erp.documents import LedgerLine, OnHand
from reconciliation.findings import Finding
from workflow.money import money_text, share

ZERO = Decimal(0)


class Place(NamedTuple):
    """Where goods of one item and lot stand; ``lot`` is empty where they have none."""

    warehouse: str
    status: str
    sku: str
    lot: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """A place where documents and tally differ. ``unit_cost_minor`` is 0 where no document of the
    item says what it cost."""

    place: Place
    documents: Decimal
    counted: Decimal
    unit_cost_minor: int
    currency: str


def differing(
    before: Iterable[OnHand], posted: Sequence[LedgerLine], after: Iterable[OnHand]
) -> list[Shelf]:
    """Places that differ both before and after the documents were read, and by the same: what was
    posted in between is no difference."""
    documents, first, second = _documents(posted), _counted(before), _counted(after)
    costs = _costs(posted)
    found = []
    for place in sorted({*documents, *first}):
        counted = first.get(place, ZERO)
        if counted != documents.get(place, ZERO) and counted == second.get(place, ZERO):
            cost, currency = costs.get(place.sku, (0, ""))
            found.append(Shelf(place, documents.get(place, ZERO), counted, cost, currency))
    return found


def counted_otherwise(shelves: Iterable[Shelf]) -> Iterator[Finding]:
    """R16 for each shelf: what is missing (a variance above zero) or too much, at cost."""
    for shelf in shelves:
        place, off = shelf.place, shelf.documents - shelf.counted
        worth = share(shelf.unit_cost_minor, abs(off), Decimal(1))
        lot = f" lot {place.lot}" if place.lot else ""
        money = f", {money_text(worth, shelf.currency)} at cost" if shelf.currency else ""
        says = (
            f"The ERP has {_n(shelf.counted)} of {place.sku}{lot} in {place.status} of"
            f" {place.warehouse}, its documents come to {_n(shelf.documents)}{money}:"
            " counted, corrected or moved without a document."
        )
        yield Finding(
            "R16", f"stock/{'/'.join(place)}", worth, worth if off > 0 else -worth,
            shelf.currency, says, sku=place.sku,
        )  # fmt: skip


def _documents(posted: Iterable[LedgerLine]) -> dict[Place, Decimal]:
    total: defaultdict[Place, Decimal] = defaultdict(Decimal)
    for line in posted:
        if line.voided or line.quantity is None:
            continue
        if line.kind == "receipt":
            total[_place(line, "returns")] += line.quantity
        elif line.kind == "stock_move":
            total[_place(line, line.from_status)] -= line.quantity
            total[_place(line, line.to_status)] += line.quantity
    return {place: left for place, left in total.items() if place.status in RETURN_STATUSES}


def _place(line: LedgerLine, status: str | None) -> Place:
    return Place(line.warehouse or "", status or "", line.sku or "", line.lot or "")


def _counted(shelves: Iterable[OnHand]) -> dict[Place, Decimal]:
    return {
        Place(one.warehouse, one.status, one.sku, one.lot or ""): one.quantity for one in shelves
    }


def _costs(posted: Iterable[LedgerLine]) -> dict[str, tuple[int, str]]:
    """Item -> what one costs by the last receipt of it, and in which currency."""
    found: dict[str, tuple[int, str]] = {}
    for line in posted:
        if line.kind != "receipt" or not line.sku or not line.currency:
            continue
        if line.quantity and line.amount_minor:
            cost = share(line.amount_minor, Decimal(1), line.quantity)
            found[line.sku] = (cost, line.currency)
    return found


def _n(quantity: Decimal) -> str:
    return format(quantity.normalize(), "f")
