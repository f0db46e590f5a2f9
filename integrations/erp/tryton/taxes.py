"""What a line was taxed there: percentages, fixed amounts, and groups of both, as the system counts
them. Its rules: taxes of one ``sequence`` are of one price; one that ``raises_price`` raises it for
those after them; a group is what its children are; each holds from and until a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from integrations.erp.port import Rejected
from integrations.erp.tryton.rpc import Rpc

MOST_LEVELS = 8
"""Groups within groups; deeper ones are not of this world."""
_FIELDS = [
    "type", "rate", "amount", "sequence", "update_unit_price", "start_date", "end_date", "childs",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tax:
    """``rate`` is a share of the price, ``fixed`` an amount a unit; a group has neither. Of taxes
    beside each other the lower ``place`` comes first."""

    place: tuple[int, int]
    rate: Decimal = Decimal(0)
    fixed: Decimal = Decimal(0)
    raises_price: bool = False
    start: date | None = None
    end: date | None = None
    children: tuple["Tax", ...] = ()

    def holds(self, on: date) -> bool:
        """Whether it is due on a day."""
        return (self.start or on) <= on <= (self.end or on)


def each(taxes: Sequence[Tax], price: Decimal, on: date) -> list[Decimal]:
    """What each tax comes to for one unit at this price, children in the place of their group."""
    found: list[Decimal] = []
    for _, beside in groupby(sorted(taxes, key=lambda t: t.place), key=lambda t: t.place[0]):
        raised = Decimal(0)
        for tax in beside:
            if not tax.holds(on):
                continue
            own = [one for one in (price * tax.rate, tax.fixed) if one]
            own += each(tax.children, price, on)
            found += own
            raised += sum(own) if tax.raises_price else 0
        price += raised
    return found


def taxes_of(rpc: Rpc, wanted: set[int]) -> dict[int, Tax]:
    """Taxes by their number, each with all its children.

    ``Rejected`` ``not_covered`` for groups that go deeper than ``MOST_LEVELS``.
    """
    rows: dict[int, Mapping[str, Any]] = {}
    ask = set(wanted)
    for _ in range(MOST_LEVELS):
        if not ask:
            return {number: _tax(rows, number) for number in wanted}
        for row in rpc.read("model.account.tax.read", sorted(ask), _FIELDS):
            rows[row["id"]] = row
        ask = {child for number in ask for child in rows[number]["childs"]} - rows.keys()
    raise Rejected("not_covered", f"Taxes there are groups of more than {MOST_LEVELS} levels.")


def _tax(rows: Mapping[int, Mapping[str, Any]], number: int) -> Tax:
    row = rows[number]
    return Tax(
        # Without a sequence it comes first; of one sequence the older does.
        (-1 if row["sequence"] is None else row["sequence"], number),
        (row["rate"] or Decimal(0)) if row["type"] == "percentage" else Decimal(0),
        (row["amount"] or Decimal(0)) if row["type"] == "fixed" else Decimal(0),
        bool(row["update_unit_price"]),
        row["start_date"],
        row["end_date"],
        tuple(_tax(rows, child) for child in row["childs"]),
    )
