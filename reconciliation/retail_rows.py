"""Lines of an online-retail file as typed rows; what cannot be a row is counted by kind.

Columns (any order, further ones are ignored): ``InvoiceNo, StockCode, Description, Quantity,
InvoiceDate, UnitPrice, CustomerID, Country``. Prices are GBP, times have no zone and are taken
as UTC. A row of the file ends at the end of its line; a quoted value that goes on over the
following lines is one row that is set aside whole (``quoted_newline``).
"""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from reconciliation.errors import UnreadableFile
from reconciliation.text_lines import TextLines

T = TypeVar("T")

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
LONGEST_QUOTE_LINES = 20
"""How far an open quote may reach before it is one stray character instead."""

_CODE = re.compile(r"[^\x00-\x1f\x7f/]{1,40}")
_QUANTITY = re.compile(r"-?[0-9]{1,9}")
_PRICE = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,6})?")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_PRODUCT = re.compile(r"[0-9]{5,6}[A-Za-z]{0,3}|DCGS[A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Row:
    """One well-formed line.

    ``kind``: ``sale`` (positive quantity), ``credit`` (invoice number starts with C, negative
    quantity) or ``write_off`` (negative quantity, no C). ``aside`` is why the row stays out of
    part of the work although it is a fact: ``non_product_code``, ``free_of_charge`` or
    ``missing_customer``; ``None`` for a plain row.
    """

    source_line: int
    invoice_no: str
    sku: str
    description: str
    quantity: int
    at: datetime
    unit_price: Decimal
    customer_id: str | None
    country: str
    kind: str
    aside: str | None

    @property
    def net_minor(self) -> int:
        """Absolute value of the line in pence, rounded half to even."""
        exact = abs(self.quantity) * self.unit_price * 100
        return int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))


@dataclass(slots=True)
class Reading:
    """A whole file: ``lines`` rows below the header, each in ``rows`` or once in ``refused``."""

    source: str
    digest: str
    lines: int
    rows: list[Row]
    refused: dict[str, list[int]] = field(default_factory=dict)
    """Kind -> line numbers (1 is the header) of rows that cannot be facts."""

    def counts(self) -> dict[str, int]:
        """Every row under exactly one name; the values add up to ``lines``."""
        counted = Counter(row.aside or row.kind for row in self.rows)
        counted.update({kind: len(lines) for kind, lines in self.refused.items()})
        return dict(sorted(counted.items()))

    def set_aside(self) -> dict[str, list[int]]:
        """Kind -> line numbers of everything that is not a plain sale, credit or write-off."""
        kinds: dict[str, list[int]] = defaultdict(list)
        for row in self.rows:
            if row.aside:
                kinds[row.aside].append(row.source_line)
        return {**{kind: list(lines) for kind, lines in self.refused.items()}, **kinds}


@lru_cache(maxsize=65_536)
def is_product_code(sku: str) -> bool:
    """Whether a stock code can be goods: five or six digits with a short variant, or a DCGS code.

    Everything else is a service or an adjustment (POST, D, M, BANK CHARGES, gift vouchers).
    """
    return _PRODUCT.fullmatch(sku.strip()) is not None


def read_rows(path: Path, at: datetime) -> Reading:
    """Read a file to its end; nothing is written anywhere.

    ``at`` is now: a line dated later is refused as ``future_date``. Errors: ``UnreadableFile``
    for a missing or incomplete header, an empty file, broken gzip.
    """
    lines = TextLines(path)
    walk = iter(lines)
    number, header = next(walk, (0, ""))
    positions = _positions(path, header or "")
    parser = _RowParser(positions, at)
    reading = Reading(path.name, "", 0, [])
    refused: dict[str, list[int]] = defaultdict(list)
    for number, fields in _records(walk, lines.damage):
        reading.lines += 1
        found = parser(number, fields) if isinstance(fields, list) else fields
        if isinstance(found, Row):
            reading.rows.append(found)
        else:
            refused[found].append(number)
    reading.refused = dict(refused)
    reading.digest = lines.digest
    return reading


def _positions(path: Path, header: str) -> tuple[int, dict[str, int]]:
    names = [name.strip() for name in next(csv.reader([header]), [])]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise UnreadableFile(
            f"{path.name} is no online-retail file: its first line lacks the column(s) "
            f"{', '.join(missing)}. Expected: {','.join(COLUMNS)}."
        )
    return len(names), {name: names.index(name) for name in COLUMNS}


def _records(
    walk: Iterator[tuple[int, str | None]], damage: dict[int, str]
) -> Iterator[tuple[int, list[str] | str]]:
    """Fields of each row, or the kind of damage; a row's number is that of its first line."""
    ahead: list[tuple[int, str | None]] = []
    while True:
        number, text = ahead.pop(0) if ahead else next(walk, (0, None))
        if number == 0:
            return
        if text is None:
            yield number, damage[number]
        elif '"' not in text:
            yield number, text.split(",") if text.strip() else "blank_line"
        else:
            fields = _split(text)
            if fields is not None:
                yield number, fields
                continue
            while len(ahead) < LONGEST_QUOTE_LINES and (following := next(walk, None)):
                ahead.append(following)
            length = _closing_line(text, ahead)
            del ahead[:length]
            yield number, "quoted_newline" if length else "stray_quote"


def _split(text: str) -> list[str] | None:
    """One line of CSV; ``None`` where a quote stays open or stands in the wrong place."""
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error:
        return None


def _closing_line(text: str, ahead: Sequence[tuple[int, str | None]]) -> int:
    """How many of the lines ahead belong to a row whose quote is open; 0 where it never closes.

    A following line that is a row by itself ends the search: then the quote is a stray one.
    """
    for length, (_, following) in enumerate(ahead, start=1):
        if following is None:
            return 0
        text = f"{text}\n{following}"
        try:
            parts = next(csv.reader(text.splitlines(keepends=True), strict=True))
        except csv.Error:
            continue
        return length if len(parts) >= len(COLUMNS) else 0
    return 0


class _RowParser:
    """Typed values from fields; each distinct text is understood once and then shared."""

    def __init__(self, positions: tuple[int, dict[str, int]], at: datetime) -> None:
        self._width, where = positions
        self._where = tuple(where[name] for name in COLUMNS)
        self._at = at
        self._codes: dict[str, str | None] = {}
        self._customers: dict[str, str | None] = {"": ""}
        self._prices: dict[str, Decimal | None] = {}
        self._times: dict[str, datetime | None] = {}
        self._texts: dict[str, str | None] = {}

    def __call__(self, number: int, fields: list[str]) -> Row | str:
        if len(fields) != self._width:
            return "wrong_column_count"
        values = [fields[i] for i in self._where]
        code = _once(self._codes, values[0], _code_of)
        sku = _once(self._codes, values[1], _code_of)
        customer = _once(self._customers, values[6], _customer_of)
        if code is None or sku is None or customer is None:
            return "bad_code"
        if not _QUANTITY.fullmatch(values[3]):
            return "bad_quantity"
        price = _once(self._prices, values[5], _price_of)
        if price is None:
            return "bad_price"
        at = _once(self._times, values[4], _time_of)
        if at is None:
            return "bad_date"
        if at > self._at:
            return "future_date"
        description = _once(self._texts, values[2], _text_of)
        country = _once(self._texts, values[7], _text_of)
        if description is None or country is None:
            return "control_character"
        quantity = int(values[3])
        kind = _kind(code, quantity, price)
        if kind not in ("sale", "credit", "write_off"):
            return kind
        aside = None if kind == "write_off" else _aside(sku, price, customer)
        if aside == "zero_price":
            return aside
        return Row(
            number, code, sku, description, quantity, at, price, customer or None, country,
            kind, aside,
        )  # fmt: skip


def _kind(invoice_no: str, quantity: int, price: Decimal) -> str:
    if price < 0:
        return "negative_price"
    if quantity == 0:
        return "zero_quantity"
    if invoice_no.startswith("C"):
        return "credit" if quantity < 0 else "positive_credit"
    return "sale" if quantity > 0 else "write_off"


def _aside(sku: str, price: Decimal, customer: str) -> str | None:
    if price == 0 and not customer:
        return "zero_price"  # a stock correction in the shape of a sale: nobody got goods or money
    if not is_product_code(sku):
        return "non_product_code"
    if price == 0:
        return "free_of_charge"
    return None if customer else "missing_customer"


def _once(known: dict[str, T | None], text: str, understand: Callable[[str], T | None]) -> T | None:
    if text not in known:
        known[text] = understand(text)
    return known[text]


def _code_of(text: str) -> str | None:
    return text if _CODE.fullmatch(text) and text.strip() else None


def _customer_of(text: str) -> str | None:
    plain = text.strip()
    if not plain:
        return ""
    # Spreadsheets and data frames write a number column with gaps as decimals: 17850.0
    whole = re.fullmatch(r"([0-9]+)\.0", plain)
    return _code_of(whole[1] if whole else plain)


def _price_of(text: str) -> Decimal | None:
    return Decimal(text) if _PRICE.fullmatch(text) else None


def _time_of(text: str) -> datetime | None:
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


def _text_of(text: str) -> str | None:
    plain = text.strip()
    return None if any(ord(letter) < 32 and letter != "\t" for letter in plain) else plain
