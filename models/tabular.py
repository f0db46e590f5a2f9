"""Typed rows become one numpy matrix, by column name, the same for one row as for a million.

No pandas: on a single row it costs more than the model. The layout is data (categories and
typical values learned in training) and travels in the model's bundle as ``layout.json``.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.protocol import Column
from workflow.assessment import Row, Value

Matrix = NDArray[np.float64]
RARE = 3
"""A category seen fewer times than this in training shares the code of unseen ones."""


class BadCell(ValueError):
    """A cell of a row has a type its column cannot hold; names the column and the value."""


@dataclass(frozen=True)
class Layout:
    """How the columns of a row become the columns of a matrix: same order, one for one.

    A category becomes its index in ``categories[name]``; a category that training hardly saw,
    or never, gets the one code after them ("other"). A flag becomes 0 or 1, a number itself.
    ``None`` becomes NaN, except in a number or flag that training never saw missing: there it
    becomes the training median in ``typical``, because trees that met no missing value would
    read it as zero, and unknown is not none.
    """

    columns: tuple[Column, ...]
    categories: Mapping[str, tuple[str, ...]]
    typical: Mapping[str, float] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, float]] = field(init=False, repr=False, compare=False)
    """Code of every known category, by column."""

    def __post_init__(self) -> None:
        codes = {
            name: {value: float(code) for code, value in enumerate(values)}
            for name, values in self.categories.items()
        }
        object.__setattr__(self, "codes", codes)

    @classmethod
    def fit(cls, columns: Sequence[Column], rows: Sequence[Row], rare: int = RARE) -> "Layout":
        """Learns categories (sorted, so that codes are stable) and typical values from rows."""
        for column in columns:
            if column.kind not in ("number", "category", "flag"):
                raise BadCell(
                    f"column {column.name!r} is of kind {column.kind!r}: a tabular model reads"
                    " numbers, categories and flags only"
                )
        categories: dict[str, tuple[str, ...]] = {}
        typical: dict[str, float] = {}
        for column in columns:
            cells = [row.get(column.name) for row in rows]
            if column.kind == "category":
                seen = Counter(_category(column, cell) for cell in cells if cell is not None)
                categories[column.name] = tuple(sorted(v for v, n in seen.items() if n >= rare))
            elif cells and all(cell is not None for cell in cells):
                typical[column.name] = float(np.median([_number(column, c) for c in cells]))
        return cls(tuple(columns), categories, typical)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def categorical(self) -> list[int]:
        """Indexes of the category columns, as LightGBM wants them."""
        return [i for i, column in enumerate(self.columns) if column.kind == "category"]

    def matrix(self, rows: Sequence[Row]) -> Matrix:
        """``len(rows)`` x ``len(columns)``. A column that a row lacks counts as ``None``.

        Errors: ``BadCell`` for text in a number, a number in a category, or infinity.
        """
        matrix = np.empty((len(rows), len(self.columns)))
        for j, column in enumerate(self.columns):
            name = column.name
            if column.kind == "category":
                codes = self.codes[name]
                other = float(len(codes))
                for i, row in enumerate(rows):
                    cell = row.get(name)
                    matrix[i, j] = (
                        math.nan if cell is None else codes.get(_category(column, cell), other)
                    )
            else:
                missing = self.typical.get(name, math.nan)
                for i, row in enumerate(rows):
                    cell = row.get(name)
                    matrix[i, j] = missing if cell is None else _number(column, cell)
        return matrix

    def unseen(self, rows: Iterable[Row]) -> dict[str, int]:
        """How often each category column held a value that has no code of its own."""
        counts: Counter[str] = Counter()
        for row in rows:
            for name, codes in self.codes.items():
                cell = row.get(name)
                if cell is not None and cell not in codes:
                    counts[name] += 1
        return dict(counts)

    def to_json(self) -> dict[str, Any]:
        """Everything learned; the columns themselves are on the model's card."""
        return {
            "columns": [column.name for column in self.columns],
            "categories": {name: list(values) for name, values in self.categories.items()},
            "typical": dict(self.typical),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], columns: Sequence[Column]) -> "Layout":
        """The layout saved by ``to_json``. Refuses a card whose columns are others."""
        by_name = {column.name: column for column in columns}
        if set(by_name) != set(data["columns"]):
            different = sorted(set(by_name) ^ set(data["columns"]))
            raise BadCell(f"card and layout disagree about columns: {', '.join(different)}")
        return cls(
            tuple(by_name[name] for name in data["columns"]),
            {name: tuple(values) for name, values in data["categories"].items()},
            {name: float(value) for name, value in data["typical"].items()},
        )


def _category(column: Column, cell: Value) -> str:
    if isinstance(cell, str):
        return cell
    raise BadCell(f"{column.name} is a category and needs text, not {cell!r}")


def _number(column: Column, cell: Value) -> float:
    if isinstance(cell, (bool, int, float)):
        if isinstance(cell, float) and not math.isfinite(cell):
            raise BadCell(f"{column.name} must be a finite number or null, not {cell!r}")
        return float(cell)
    needs = "true or false" if column.kind == "flag" else "a number"
    raise BadCell(f"{column.name} needs {needs}, not {cell!r}")


def all_missing(row: Row, names: Iterable[str]) -> bool:
    """Whether none of the columns named is known; false where no column is named."""
    wanted = tuple(names)
    return bool(wanted) and all(row.get(name) is None for name in wanted)


def log_scale(values: Matrix) -> Matrix:
    """Signed ``log(1 + |x|)``: money spans six powers of ten."""
    scaled: Matrix = np.sign(values) * np.log1p(np.abs(values))
    return scaled
