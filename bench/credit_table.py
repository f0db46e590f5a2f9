"""Any table of requests becomes rows that the product's models read: kinds are found, not asked.

Kinds are learned from the training part alone. What a model may know of a request is what the
table says of it, when it came, and how often its values came before; what became of earlier
requests counts from the moment it was known (``credit_memory``).
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray

from bench import csv_file

Array = NDArray[np.float64]

NOTHING = frozenset({"", "na", "n/a", "nan", "null", "none"})
"""Cells that say nothing, in small letters."""
FORMATS = ("%d.%m.%Y %H:%M", "%d.%m.%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y")
"""Tried in this order where a time is not written as ISO 8601."""
MOSTLY = 0.98
"""Share of cells that must be of a kind for the column to be."""
MOST_DISTINCT = 0.9
"""Share of distinct values from which a column names its row and says nothing of the next."""
TEXT_WORDS, TEXT_DISTINCT = 3.0, 0.2
"""Mean words, and share of values distinct without their digits, from which a column is text."""
FEW = 20
"""Fewer cells than these are not called a running number."""
MOST_RATIOS = 6
"""So many number columns, the first, are compared with each other."""


@dataclass(frozen=True)
class Table:
    """Cells as read, by column; every column has ``size`` of them."""

    size: int
    cells: dict[str, list[str]]

    def taken(self, rows: Sequence[int] | NDArray[np.intp]) -> "Table":
        """These rows, in this order."""
        return Table(len(rows), {n: [c[i] for i in rows] for n, c in self.cells.items()})


def read(path: Path) -> Table:
    """A CSV with headings, as ``bench.csv_file`` reads it and with its errors."""
    names, rows = csv_file.read(path)
    if not rows:
        raise typer.BadParameter(f"{path} has no rows")
    return Table(len(rows), {name: [row[j] for row in rows] for j, name in enumerate(names)})


def joined(first: Table, second: Table) -> Table:
    """One after the other; columns that both have."""
    both = [name for name in first.cells if name in second.cells]
    return Table(first.size + second.size, {n: first.cells[n] + second.cells[n] for n in both})


def said(cell: str) -> str | None:
    """The cell without spaces around it; ``None`` where it says nothing."""
    text = cell.strip()
    return None if text.lower() in NOTHING else text


def number(cell: str) -> float | None:
    """The cell as a finite number, or ``None``."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def moments(cells: Sequence[str]) -> list[datetime | None] | None:
    """The cells as times, in UTC where they name no zone; ``None`` where they are no times.

    One way of writing holds for the whole column: 03/04 is not now March and now April.
    """
    some = [cell for cell in cells if said(cell)][:: max(1, len(cells) // 500)]
    for form in ("", *FORMATS):
        if _mostly(_moment(cell, form) is not None for cell in some):
            return [_moment(cell, form) for cell in cells]
    return None


def _moment(cell: str, form: str) -> datetime | None:
    text = cell.strip()
    try:
        at = datetime.fromisoformat(text) if not form else datetime.strptime(text, form)  # noqa: DTZ007
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def kind_of(cells: Iterable[str]) -> str:
    """``number``, ``time``, ``text``, ``category``; ``identifier`` or ``constant`` say nothing."""
    known = [text for cell in cells if (text := said(cell)) is not None]
    distinct = set(known)
    if len(distinct) < 2:
        return "constant"
    if _mostly(number(cell) is not None for cell in known):
        return "identifier" if _counts_up(known) else "number"
    if moments(known) is not None:
        return "time"
    bare = {re.sub(r"\d+", "", cell) for cell in distinct}
    words = np.mean([len(re.findall(r"[^\W\d_]{2,}", cell)) for cell in known[:1000]])
    if words >= TEXT_WORDS and len(bare) > TEXT_DISTINCT * len(known):
        return "text"
    return "identifier" if len(distinct) > MOST_DISTINCT * len(known) else "category"


def _mostly(marks: Iterable[bool]) -> bool:
    some = list(marks)
    return bool(some) and sum(some) >= MOSTLY * len(some)


def _counts_up(cells: Sequence[str]) -> bool:
    """Whole numbers, each once, nearly always larger than the one before: a running number."""
    if (
        len(cells) < FEW
        or len(set(cells)) < len(cells)
        or not all(re.fullmatch(r"\d+", cell) for cell in cells)
    ):
        return False
    return _mostly(int(a) < int(b) for a, b in pairwise(cells))


@dataclass(frozen=True)
class Facts:
    """Columns for a model, rows in order: numbers (NaN is missing) and categories (``None`` is).

    ``own`` names the columns that are of the request itself; the others are history.
    """

    numbers: dict[str, Array]
    categories: dict[str, list[str | None]]
    texts: dict[str, list[str]]
    times: dict[str, Array]
    """Seconds since 1970 of time columns, NaN where missing."""

    @property
    def own(self) -> list[str]:
        return [*self.numbers, *self.categories]


def facts_of(table: Table, train: NDArray[np.bool_], leave_out: Sequence[str]) -> Facts:
    """What each row says of itself; kinds by the rows marked ``train``."""
    facts = Facts({}, {}, {}, {})
    at = np.flatnonzero(train)
    for name, cells in table.cells.items():
        kind = "constant" if name in leave_out else kind_of(cells[i] for i in at)
        if kind == "number":
            found = (number(cell) for cell in cells)
            facts.numbers[name] = np.array([math.nan if v is None else v for v in found])
        elif kind == "category":
            facts.categories[name] = [said(cell) for cell in cells]
        elif kind == "text":
            facts.texts[name] = [said(cell) or "" for cell in cells]
        elif kind == "time":
            _add_time(facts, name, cells)
    _add_pairs(facts)
    return facts


def _add_time(facts: Facts, name: str, cells: Sequence[str]) -> None:
    """Hour, weekday and day of the month as written: years and months do not come again soon."""
    whens = moments(cells) or [None] * len(cells)
    facts.times[name] = np.array([math.nan if w is None else w.timestamp() for w in whens])
    hours = np.array([math.nan if w is None else w.hour + w.minute / 60 for w in whens])
    if len(set(hours[~np.isnan(hours)].tolist())) > 1:
        facts.numbers[f"{name}_hour"] = hours
    facts.numbers[f"{name}_day"] = np.array([math.nan if w is None else w.day for w in whens])
    facts.categories[f"{name}_weekday"] = [None if w is None else f"{w:%a}" for w in whens]


def _add_pairs(facts: Facts) -> None:
    """Ratios of numbers that are never negative, and days from one time to another."""
    plain = [
        name
        for name, values in facts.numbers.items()
        if not name.endswith(("_hour", "_day")) and np.nanmin(values) >= 0
    ][:MOST_RATIOS]
    for i, one in enumerate(plain):
        for other in plain[i + 1 :]:
            ratio = (facts.numbers[one] + 1.0) / (facts.numbers[other] + 1.0)
            facts.numbers[f"{one}_per_{other}"] = ratio
    times = list(facts.times)
    for i, one in enumerate(times):
        for other in times[i + 1 :]:
            days = (facts.times[other] - facts.times[one]) / 86_400
            facts.numbers[f"{one}_to_{other}_days"] = days


def labels_of(cells: Sequence[str]) -> Array:
    """1 for what is to be found: a number above zero, ``true`` or ``yes``, else the rarer value.

    Errors: ``ValueError`` where a word column holds other than two values.
    """
    numbers = [number(cell) for cell in cells]
    if all(value is not None for value in numbers):
        return np.array([float(value > 0) for value in numbers if value is not None])
    words = [cell.strip().lower() for cell in cells]
    counts = Counter(words)
    if set(counts) <= {"true", "false", "yes", "no"}:
        return np.array([float(word in ("true", "yes")) for word in words])
    if len(counts) != 2:
        raise ValueError(f"a label is a number or one of two words, not {sorted(counts)[:5]}")
    rarer = min(counts, key=lambda word: (counts[word], word))
    return np.array([float(word == rarer) for word in words])
