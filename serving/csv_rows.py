"""Rows of a dropped CSV file as facts or receipts; what does not fit names row and column.

A file is UTF-8 with a header of the documented columns, in any order; a column may be left out
where its field has a default, and an empty cell is the default too. Several values of one cell
stand with ``|`` between them.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from typing import Any, get_args, get_type_hints

from pydantic import ValidationError

from serving.errors import Invalid
from serving.facts_in import read_fact, snake
from serving.shapes import ReceiptShape
from workflow.facts import (
    CarrierRegistered,
    CustomerRegistered,
    LotRegistered,
    ProductListed,
    StockStatusReported,
    StockWriteOffRecorded,
    SupplierClaimAnswered,
    SupplierRegistered,
    WarehouseRegistered,
)

FACTS: Mapping[str, type] = {
    "customers": CustomerRegistered,
    "suppliers": SupplierRegistered,
    "carriers": CarrierRegistered,
    "warehouses": WarehouseRegistered,
    "products": ProductListed,
    "lots": LotRegistered,
    "supplier_answers": SupplierClaimAnswered,
    "stock_statuses": StockStatusReported,
    "write_offs": StockWriteOffRecorded,
}
"""What a file tells, by the first word of its name."""
RECEIPTS = "receipts"
RECEIPT_COLUMNS = (
    "return_id", "receipt_id", "warehouse", "sku", "quantity", "line", "lot", "final", "condition",
    "damage_code",
)  # fmt: skip
KINDS = (*FACTS, RECEIPTS)
MOST_ROWS = 20_000
MOST_FAULTS = 100
BETWEEN = "|"
_TRUE, _FALSE = ("true", "yes", "1", "y"), ("false", "no", "0", "n")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong; ``row`` counts from 1 with the header, as spreadsheets do."""

    row: int
    column: str
    says: str

    def __str__(self) -> str:
        return f"row {self.row}, column {self.column}: {self.says}" if self.column else self.says


@dataclass(frozen=True, slots=True)
class FactRow:
    """A row that is a fact: its type and data as ``POST /v1/events`` takes them."""

    row: int
    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReceiptRows:
    """Rows of one receipt of one return."""

    row: int
    return_id: str
    shape: ReceiptShape


@dataclass(slots=True)
class Sheet:
    """A file that was read: what it tells, or what is wrong with it (then nothing is taken)."""

    facts: list[FactRow]
    receipts: list[ReceiptRows]
    faults: list[Fault]


def columns_of(kind: str) -> tuple[str, ...]:
    """The columns of a kind of file; those needed first."""
    if kind == RECEIPTS:
        return RECEIPT_COLUMNS
    own = [one.name for one in fields(FACTS[kind])]
    return tuple(sorted(own, key=lambda name: name not in needed_columns(kind)))


def needed_columns(kind: str) -> frozenset[str]:
    """The columns that a file must have."""
    if kind == RECEIPTS:
        return frozenset(RECEIPT_COLUMNS[:5])
    hints = get_type_hints(FACTS[kind])
    return frozenset(
        one.name
        for one in fields(FACTS[kind])
        if one.default is MISSING and type(None) not in get_args(hints[one.name])
    )


def read_sheet(kind: str, data: bytes, now: datetime) -> Sheet:
    """Read a whole file; every fault is noted, up to ``MOST_FAULTS``."""
    sheet = Sheet([], [], [])
    rows = _rows(kind, data, sheet)
    if kind == RECEIPTS:
        _receipts(rows, sheet)
    else:
        _facts(kind, rows, sheet, now)
    if sheet.faults:
        sheet.facts, sheet.receipts = [], []
    return sheet


def _rows(kind: str, data: bytes, sheet: Sheet) -> list[tuple[int, dict[str, str]]]:
    """Rows by column name; empty lines are skipped."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        sheet.faults.append(Fault(0, "", f"The file is not UTF-8 (byte {error.start})."))
        return []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        sheet.faults.append(Fault(reader.line_num, "", f"Row {reader.line_num}: {error}."))
        return []
    if not lines or len(lines) - 1 > MOST_ROWS:
        sheet.faults.append(Fault(0, "", f"A file has a header and 1 to {MOST_ROWS} rows."))
        return []
    return list(_named(kind, lines, sheet))


def _delimiter(text: str) -> str:
    """A semicolon where the header has one and no comma, as spreadsheets of some countries do."""
    head = text.partition("\n")[0]
    return ";" if ";" in head and "," not in head else ","


def _named(
    kind: str, lines: list[tuple[int, list[str]]], sheet: Sheet
) -> Iterator[tuple[int, dict[str, str]]]:
    head = [cell.lower() for cell in lines[0][1]]
    known = columns_of(kind)
    for name in head:
        if name not in known or head.count(name) > 1:
            sheet.faults.append(Fault(1, name or "(empty)", f"known, once: {', '.join(known)}"))
    for name in sorted(needed_columns(kind) - set(head)):
        sheet.faults.append(Fault(1, name, "the column is missing"))
    if sheet.faults:
        return
    for number, cells in lines[1:]:
        if not any(cells):
            continue
        if len(cells) != len(head):
            _note(sheet, number, "(all)", f"has {len(cells)} cells, the header {len(head)}")
            continue
        yield number, dict(zip(head, cells, strict=True))


def _note(sheet: Sheet, row: int, column: str, says: str) -> None:
    if len(sheet.faults) < MOST_FAULTS:
        sheet.faults.append(Fault(row, column, says))


# -- facts -----------------------------------------------------------------------------------


def _facts(kind: str, rows: list[tuple[int, dict[str, str]]], sheet: Sheet, now: datetime) -> None:
    cls = FACTS[kind]
    hints = get_type_hints(cls)
    for number, cells in rows:
        before = len(sheet.faults)
        data = {
            name: _value(sheet, number, name, text, hints[name])
            for name, text in cells.items()
            if text
        }
        for one in fields(cls):
            if one.name in data or one.default is not MISSING:
                continue
            if one.name in needed_columns(kind):
                _note(sheet, number, one.name, "is empty")
            else:
                data[one.name] = None
        if len(sheet.faults) == before:
            _check(sheet, number, FactRow(number, snake(cls), data), now)


def _value(sheet: Sheet, row: int, name: str, text: str, hint: Any) -> Any:
    """A cell as its JSON value; numbers and truths are checked here, the rest by the fact."""
    kinds = (hint, *get_args(hint))
    if bool in kinds:
        if text.lower() in (*_TRUE, *_FALSE):
            return text.lower() in _TRUE
        _note(sheet, row, name, f"{text!r} is neither true nor false")
    elif int in kinds:
        if text.isascii() and text.isdecimal():
            return int(text[:18])
        _note(sheet, row, name, f"{text[:40]!r} is no whole number")
    elif any(str(kind).startswith("tuple") for kind in kinds):
        return [part.strip() for part in text.split(BETWEEN)]
    return text


def _check(sheet: Sheet, number: int, row: FactRow, now: datetime) -> None:
    try:
        read_fact(row.name, row.data, now)
    except Invalid as error:
        column, _, says = error.message.partition(": ")
        if error.code == "unknown_code":  # kept, and parked when it is told
            sheet.facts.append(row)
        elif says:
            _note(sheet, number, column.partition(".")[0], says.rstrip("."))
        else:
            _note(sheet, number, "(all)", error.message)
    else:
        sheet.facts.append(row)


# -- receipts --------------------------------------------------------------------------------


def _receipts(rows: list[tuple[int, dict[str, str]]], sheet: Sheet) -> None:
    """Rows with the same return and receipt number are one receipt."""
    together: dict[tuple[str, str], list[tuple[int, dict[str, str]]]] = {}
    for number, cells in rows:
        key = (cells["return_id"], cells["receipt_id"])
        together.setdefault(key, []).append((number, cells))
    for (return_id, receipt_id), own in together.items():
        first = own[0][0]
        if not return_id:
            _note(sheet, first, "return_id", "is empty")
            continue
        given = {
            "receipt_id": receipt_id,
            "warehouse": own[0][1]["warehouse"],
            "lines": [_line(sheet, number, cells) for number, cells in own],
            "final": any(_final(sheet, number, cells) for number, cells in own),
        }
        try:
            shape = ReceiptShape.model_validate(given)
        except ValidationError as error:
            for one in error.errors()[:5]:
                where = [part for part in one["loc"] if isinstance(part, int)]
                row = own[where[0]][0] if where else first
                _note(sheet, row, str(one["loc"][-1]), one["msg"])
        else:
            sheet.receipts.append(ReceiptRows(first, return_id, shape))


def _line(sheet: Sheet, number: int, cells: Mapping[str, str]) -> dict[str, Any]:
    line = cells.get("line", "")
    if line and not (line.isascii() and line.isdecimal()):
        _note(sheet, number, "line", f"{line[:40]!r} is no whole number")
        line = ""
    return {
        "line": int(line[:9]) if line else None,
        "sku": cells["sku"],
        "quantity": cells["quantity"],
        "lot": cells.get("lot") or None,
        "condition": cells.get("condition") or None,
        "damage_code": cells.get("damage_code") or None,
    }


def _final(sheet: Sheet, number: int, cells: Mapping[str, str]) -> bool:
    text = cells.get("final", "").lower()
    if text and text not in (*_TRUE, *_FALSE):
        _note(sheet, number, "final", f"{text!r} is neither true nor false")
    return text in _TRUE
