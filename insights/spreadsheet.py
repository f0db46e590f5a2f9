"""Traceability records as a table that any spreadsheet opens and sorts (CSV, RFC 4180)."""

import csv
from collections.abc import Iterable, Iterator

from insights.traceability import COLUMNS, Kde


class _Line:
    """A file for ``csv`` that keeps the last line written."""

    text = ""

    def write(self, text: str) -> int:
        self.text = text
        return len(text)


def lines(found: Iterable[Kde]) -> Iterator[bytes]:
    """A header, then a row a record, each as UTF-8."""
    line = _Line()
    writer = csv.DictWriter(line, COLUMNS)
    writer.writeheader()
    yield line.text.encode()
    for record in found:
        writer.writerow({name: harmless(cell) for name, cell in record.cells().items()})
        yield line.text.encode()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; a number stays one."""
    starts = cell[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{cell}" if starts and not cell[1:].replace(".", "", 1).isdigit() else cell
