"""A CSV of somebody else, read whole or not at all: what is wrong is said by row and column.

Row 1 is the first below the headings; a cell that spans lines counts as one row.
"""

import csv
import gzip
import io
from collections import Counter
from pathlib import Path

LONGEST_CELL = 10_000_000
"""Characters of one cell."""


class BadTable(ValueError):
    """A table cannot be used; the message names the fault, by row and column where it has one."""


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    """Headings and rows, plain or gzipped, UTF-8 with or without a mark; empty lines are no rows,
    blanks around a heading are no part of it.

    Errors: ``BadTable`` for no file, other bytes than UTF-8, a heading that stands twice,
    a quote that never ends, and a row that is longer or shorter than the headings.
    """
    csv.field_size_limit(LONGEST_CELL)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(_text(path), newline=""), strict=True):
            if row:
                rows.append(row)
                if len(row) != len(rows[0]):
                    raise BadTable(
                        f"{path}, row {len(rows) - 1}: {len(row)} cells for {len(rows[0])} headings"
                        " (a comma inside a cell needs quotes around the cell)"
                    )
    except csv.Error as error:
        raise BadTable(f"{path}, row {len(rows)}: {error}") from error
    names = [name.strip() for name in rows[0]] if rows else []
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise BadTable(f"{path} has the heading {twice[0]!r} twice: rename one")
    return names, rows[1:]


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        if path.suffix.lower() == ".gz":
            raw = gzip.decompress(raw)
    except FileNotFoundError as error:
        raise BadTable(f"There is no file {path}.") from error
    except (OSError, EOFError) as error:
        raise BadTable(f"{path} cannot be read: {error}") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise BadTable(
            f"{path}, line {line}: byte {raw[error.start]:#04x} is no UTF-8; save the file as UTF-8"
        ) from error
