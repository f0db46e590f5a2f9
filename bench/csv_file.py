"""A CSV of somebody else for a bench: what is wrong with it ends the command in a sentence.

Row 1 is the first below the headings, as in ``training.csv_file``, which reads it.
"""

from collections.abc import Sequence
from pathlib import Path

import typer

from training import csv_file


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    """Headings and rows. Errors: ``typer.BadParameter`` for what ``training.csv_file`` refuses."""
    try:
        return csv_file.read(path)
    except csv_file.BadTable as error:
        raise typer.BadParameter(str(error)) from error


def columns(path: Path, *needed: str, filled: Sequence[str] = ()) -> list[dict[str, str]]:
    """The rows by heading. Errors, beside those of ``read``: ``typer.BadParameter`` for a heading
    that is missing, for a table without rows, and for an empty cell of a column of ``filled``."""
    names, rows = read(path)
    if missing := sorted(set(needed) - set(names)):
        there = ", ".join(names) or "no headings at all"
        raise typer.BadParameter(f"{path} has no column {', '.join(missing)}; it has {there}")
    if not rows:
        raise typer.BadParameter(f"{path} has headings but no rows")
    found = [dict(zip(names, row, strict=True)) for row in rows]
    for number, row_cells in enumerate(found, 1):
        if empty := [name for name in filled if not row_cells[name].strip()]:
            raise typer.BadParameter(f"{path}, row {number}, column {empty[0]}: may not be empty")
    return found
