"""Cells that hold a list become columns of their own; running text is left to ``terms``.

"Germany,Poland" in one cell is two facts and not a third country. What counts as a list is
learned in training and travels in the bundle.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.protocol import Column
from models.tabular import BadCell
from workflow.assessment import Row, Value

SEPARATORS = (",", ";", "|")
LEAST_FLAG = 10
"""Rows that must hold an item before it gets a column of its own."""
MOST_FLAGS = 60
OFTEN_REPEATED = 0.5
"""A text column with so few different cells, for each that is filled, holds codes, not prose."""
LEAST_LISTS = 0.02
"""Share of cells with a separator under which a column is taken for plain."""
FEW_ITEMS = 0.8
"""A list repeats its items: so many different ones, at most, for each different cell."""


@dataclass(frozen=True)
class Spread:
    """``separators`` by list column; ``flags`` the items, by list column, with a column each.

    A text column may be a list too, with an empty separator where its cells are one item each.
    """

    separators: Mapping[str, str]
    flags: Mapping[str, tuple[str, ...]]

    @classmethod
    def fit(cls, columns: Sequence[Column], rows: Sequence[Row]) -> "Spread":
        """Finds lists among categories and texts, and the items common enough to stand alone.

        A comma alone makes no list ("nuts, seeds and products thereof"): splitting must leave
        fewer different items than there were different cells.
        """
        separators: dict[str, str] = {}
        flags: dict[str, tuple[str, ...]] = {}
        for column in columns:
            if column.kind not in ("category", "text"):
                continue
            cells = Counter(cell for row in rows if (cell := _cell(row, column.name)))
            found = _separator(cells)
            if column.kind == "text" and len(cells) > OFTEN_REPEATED * cells.total():
                continue
            if found is None and column.kind == "text" and cells:
                found = ""
            if found is None:
                continue
            separators[column.name] = found
            held: Counter[str] = Counter()
            for cell, count in cells.items():
                held.update(dict.fromkeys(_items(cell, found), count))
            often = [(-n, item) for item, n in held.items() if n >= LEAST_FLAG]
            flags[column.name] = tuple(item for _, item in sorted(often)[:MOST_FLAGS])
        return cls(separators, flags)

    def columns(self, columns: Iterable[Column]) -> tuple[Column, ...]:
        """The columns of a layout: no prose, and behind every list its count and its items."""
        return tuple(self._columns(columns))

    def _columns(self, columns: Iterable[Column]) -> Iterator[Column]:
        for column in columns:
            if column.kind != "text":
                yield column
            if column.name in self.separators:
                yield Column(_count_of(column.name), "number", "", column.says)
                for item in self.flags[column.name]:
                    yield Column(_flag_of(column.name, item), "flag", "", column.says)

    def sources(self, columns: Iterable[Column]) -> tuple[str, ...]:
        """The column each of ``columns(columns)`` was made from: pushes are told of it."""
        made_from: list[str] = []
        for column in columns:
            made_from += [column.name] * len(self.columns([column]))
        return tuple(made_from)

    def rows(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Rows with the cells of ``columns``; the same rows where nothing is a list."""
        return [self._row(row) for row in rows] if self.separators else rows

    def _row(self, row: Row) -> Row:
        wide: dict[str, Value] = dict(row)
        for name in self.separators:
            items = self.items(row, name)
            wide[_count_of(name)] = len(items)
            for item in self.flags[name]:
                wide[_flag_of(name, item)] = item in items
        return wide

    def items(self, row: Row, name: str) -> tuple[str, ...]:
        """What a category cell holds: its items where the column is a list, else itself."""
        cell = _cell(row, name)
        if not cell:
            return ()
        separator = self.separators.get(name)
        return (cell,) if separator is None else _items(cell, separator)

    def to_json(self) -> dict[str, Any]:
        flags = {name: list(items) for name, items in self.flags.items()}
        return {"separators": dict(self.separators), "flags": flags}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Spread":
        """What ``to_json`` wrote."""
        flags = {name: tuple(items) for name, items in data["flags"].items()}
        return cls(dict(data["separators"]), flags)


def _cell(row: Row, name: str) -> str:
    cell = row.get(name)
    if cell is None:
        return ""
    if not isinstance(cell, str):
        raise BadCell(f"{name} needs text, not {cell!r}")
    return cell


def _items(cell: str, separator: str) -> tuple[str, ...]:
    """Each item once, in order, whatever the case and the blanks around it."""
    parts = cell.split(separator) if separator else [cell]
    return tuple(dict.fromkeys(item for part in parts if (item := part.strip().casefold())))


def _separator(cells: Counter[str]) -> str | None:
    """The separator that leaves the fewest different items; ``None`` for what is no list."""
    best, fewest = None, FEW_ITEMS * len(cells)
    for separator in SEPARATORS:
        with_it = sum(n for cell, n in cells.items() if separator in cell)
        if with_it < LEAST_LISTS * cells.total():
            continue
        different = len({item for cell in cells for item in _items(cell, separator)})
        if different < fewest:
            best, fewest = separator, different
    return best


def _count_of(name: str) -> str:
    return f"{name}#"


def _flag_of(name: str, item: str) -> str:
    return f"{name}={item}"
