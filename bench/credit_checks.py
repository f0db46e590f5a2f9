"""What of somebody else's tables ``bench.credit`` cannot use is said by file, row and column."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray

from bench.credit_table import Table, labels_of, moments, number, read, said

Array = NDArray[np.float64]


def checked(path: Path, label: str, amount: str | None, named: Sequence[str]) -> Table:
    """The table. Errors: ``typer.BadParameter`` for columns that are missing, and by row for a
    label that is empty or none, and an amount that is no number."""
    table = read(path)
    _check_names(table, path, [label, *([amount] if amount else []), *named])
    for row, cell in enumerate(table.cells[label], 1):
        if not cell.strip():
            raise typer.BadParameter(f"{path}, row {row}, column {label}: may not be empty")
    for row, cell in enumerate(table.cells[amount] if amount else (), 1):
        if said(cell) is not None and number(cell) is None:
            raise typer.BadParameter(f"{path}, row {row}, column {amount}: {cell!r} is no number")
    _check_labels(table.cells[label], path, label)
    return table


def checked_log(path: Path, *named: str) -> Table:
    """A log of events. Errors: ``typer.BadParameter`` for a column missing, and a bad time."""
    table = read(path)
    _check_names(table, path, named)
    times_of(table, named[-1])
    return table


def times_of(table: Table, name: str) -> Array:
    """Seconds since 1970. Errors: ``typer.BadParameter`` for what is no time, with its row."""
    whens = moments(table.cells[name])
    if whens is None:
        raise typer.BadParameter(
            f"column {name!r} holds no times, {table.cells[name][0]!r} for one; ISO 8601 is read"
        )
    if None in whens:
        row = whens.index(None)
        raise typer.BadParameter(
            f"row {row + 1}, column {name}: {table.cells[name][row]!r} is no time"
        )
    return np.array([when.timestamp() for when in whens if when is not None])


def check_found(labels: Array, train: NDArray[np.bool_], label: str) -> None:
    """Errors: ``typer.BadParameter`` where a part holds nothing to find, or nothing else."""
    for words, part in (("to learn from", labels[train]), ("to judge on", labels[~train])):
        found = int(part.sum())
        if not 0 < found < len(part):
            raise typer.BadParameter(
                f"column {label}: {found} of the {len(part)} rows {words} are marked; some must be"
                " and some not"
            )


def _check_names(table: Table, path: Path, named: Sequence[str]) -> None:
    if missing := sorted(set(named) - set(table.cells)):
        there = ", ".join(table.cells)
        raise typer.BadParameter(f"{path} has no column {', '.join(missing)}; it has {there}")


def _check_labels(cells: Sequence[str], path: Path, label: str) -> None:
    """Errors: ``typer.BadParameter`` for a word among numbers, or the rarest of many words."""
    try:
        labels_of(cells)
    except ValueError as error:
        words = [cell.strip().lower() for cell in cells]
        strange = [row for row, cell in enumerate(cells) if number(cell) is None]
        counts = Counter(words)
        rarest = words.index(min(counts, key=lambda word: (counts[word], word)))
        row = strange[0] if 2 * len(strange) < len(cells) else rarest
        raise typer.BadParameter(
            f"{path}, row {row + 1}, column {label}: {cells[row]!r} is one of {len(counts)} labels;"
            " a label is a number or one of two words"
        ) from error
