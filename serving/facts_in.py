"""A fact told by another system: its shape is checked to the last field before it is recorded.

The journal keeps what it is given for ever, and ledgers are built on it; so nothing is coerced,
ignored or guessed here. Money is integer minor units, quantities are decimals, times are aware.
"""

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from journal.codec import encode
from serving.errors import Invalid
from serving.present import time
from serving.reading import check_text
from serving.shapes import ID_PATTERN
from workflow.codes import CLAIM_RESPONSES, ItemFlag, Temperature
from workflow.facts import (
    CarrierRegistered,
    ClassLifeAgreed,
    CreditNoteRecorded,
    CustomerLifeAgreed,
    CustomerRegistered,
    InvoiceRecorded,
    LotRegistered,
    ProductListed,
    RecallClosed,
    RecallOpened,
    StockStatusReported,
    StockWriteOffRecorded,
    SupplierClaimAnswered,
    SupplierRegistered,
    WarehouseRegistered,
)
from workflow.mappings import MOST_CODE, SYSTEM
from workflow.money import CURRENCIES

STREAM_OF: dict[type, str] = {
    CustomerRegistered: "customer/{customer_id}",
    CustomerLifeAgreed: "life/{customer_id}/{sku}",
    ClassLifeAgreed: "life-of-class/{item_class}",
    SupplierRegistered: "supplier/{supplier_id}",
    CarrierRegistered: "carrier/{carrier_id}",
    WarehouseRegistered: "warehouse/{warehouse_id}",
    ProductListed: "product/{sku}",
    LotRegistered: "lot/{sku}/{lot}",
    RecallOpened: "recall/{recall_id}",
    RecallClosed: "recall/{recall_id}",
    InvoiceRecorded: "invoice/{invoice_id}",
    CreditNoteRecorded: "credit-note/{credit_note_id}",
    StockWriteOffRecorded: "stock/{document_id}",
    SupplierClaimAnswered: "claim/{claim_id}",
    StockStatusReported: "stock-status/{document_id}",
}
"""Facts that other systems may tell us, and the stream each belongs to."""

ONCE_ONLY = (
    InvoiceRecorded, CreditNoteRecorded, StockWriteOffRecorded, SupplierClaimAnswered,
    StockStatusReported,
)  # fmt: skip
"""Documents that exist once: the same one under another event id changes nothing."""

MOST_LINES = 5000
MOST_TEXT = 2000
MOST_MINOR = 10**15
MOST_COUNT = 10**6
MOST_MEASURE = 10**9
"""Millimetres and grams; what is too much for an item is found, not refused."""
MOST_QUANTITY = 10**9
EARLIEST_YEAR = 1970
CLOCK_SKEW = timedelta(minutes=1)
"""How far another system's clock may be ahead of ours."""

_ID = re.compile(ID_PATTERN)
_DECIMAL = re.compile(r"[0-9]{1,10}(\.[0-9]{1,6})?")
_ONE_OF = {
    "returnable": ("always", "never", "by_authorisation"),
    "regulated": ("none", "food", "drug"),
    "date_kind": ("none", "use_by", "best_before"),
    "currency": tuple(sorted(CURRENCIES)),
    "response": tuple(CLAIM_RESPONSES),
    "flags": tuple(ItemFlag),
    "temperature": tuple(Temperature),
}
_DECIMALS = ("quantity", "unit_price")
_IDS = ("sku", "lot", "lots")
_MAY_BE_EMPTY = ("answer_id",)
_CODES = ("status", "disposition")


def snake(cls: type) -> str:
    """The type name of a fact: ``InvoiceRecorded`` is ``invoice_recorded``."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("_")


KINDS: Mapping[str, type] = {snake(cls): cls for cls in STREAM_OF}


def vars_of(fact: object) -> dict[str, object]:
    """The fields of a fact by name."""
    return {field.name: getattr(fact, field.name) for field in fields(fact)}  # type: ignore[arg-type]


def stream_of(fact: object) -> str:
    """The journal stream of a fact."""
    return STREAM_OF[type(fact)].format(**vars_of(fact))


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(KINDS[name])


def read_fact(name: str, data: Mapping[str, Any], now: datetime) -> object:
    """The fact of a type from its JSON form.

    Errors: ``Invalid`` (``invalid_event``, ``invalid_text``, ``unknown_currency``,
    ``unknown_code``, ``invalid_quantity``, ``future_date``), each naming the place.
    """
    check_text(data)
    try:
        fact: object = _adapter(name).validate_json(orjson.dumps(data), strict=True)
    except ValidationError as error:
        errors = [
            {"at": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in error.errors()[:20]
        ]
        first = errors[0]
        raise Invalid(
            "invalid_event", f"{first['at']}: {first['message']}", errors=errors
        ) from error
    _, written = encode(fact)
    _check(data, written, "")
    _check_dates(fact, now)
    _check_lines(written)
    _check_temperature(fact)
    if isinstance(fact, ClassLifeAgreed) and not _ID.fullmatch(fact.item_class):
        raise _bad("item_class", "a class has 1 to 64 letters, digits and . _ : -, no sign first")
    return fact


def _check(given: object, written: object, at: str) -> None:
    """Walk what was given beside what it was understood as; the field's name says its rules."""
    if isinstance(written, dict) and isinstance(given, Mapping):
        unknown = sorted(set(given) - set(written))
        if unknown:
            known = ", ".join(sorted(written))
            raise _bad(f"{at}{unknown[0]}", f"unknown field; known: {known}")
        for name, value in written.items():
            _check(given.get(name), value, f"{at}{name}.")
    elif isinstance(written, list) and isinstance(given, list):
        if len(written) > MOST_LINES:
            raise _bad(at[:-1], f"at most {MOST_LINES} entries")
        for number, (one, value) in enumerate(zip(given, written, strict=True)):
            _check(one, value, f"{at}{number}.")
    else:
        _check_value(at[:-1], written)


def _check_value(at: str, value: object) -> None:
    name = next(part for part in reversed(at.split(".")) if not part.isdigit())
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int):
        _check_number(at, name, value)
    elif isinstance(value, str):
        if len(value) > MOST_TEXT:
            raise _bad(at, f"at most {MOST_TEXT} characters")
        if name == "system" and not SYSTEM.fullmatch(value):
            raise _bad(at, "a system has 1 to 64 small letters, digits and _, such as sap_stock")
        if name in _CODES:
            _check_code(at, value)
        elif name in _DECIMALS:
            _check_decimal(at, name, value)
        elif name in _MAY_BE_EMPTY and not value:
            return
        elif _is_number(name) and not _ID.fullmatch(value):
            raise _bad(at, "a number has 1 to 64 letters, digits and . _ : -, no sign first")
        elif name in _ONE_OF and value not in _ONE_OF[name]:
            if name == "response":
                known = ", ".join(_ONE_OF[name])
                raise Invalid("unknown_code", f"{at}: {value[:40]!r} is not one of {known}.")
            if name == "currency":
                raise Invalid("unknown_currency", f"{at}: {value!r} is not an ISO 4217 currency.")
            raise _bad(at, f"must be one of {', '.join(_ONE_OF[name])}")


def _is_number(name: str) -> bool:
    """Whether a field holds a document's or record's number; VAT numbers are written freely."""
    return (name.endswith("_id") and name != "vat_id") or name in _IDS


def _check_code(at: str, value: str) -> None:
    """A code of another system is kept as it is said, so it must be one that can be said again."""
    if not 0 < len(value) <= MOST_CODE or value != value.strip() or not value.isprintable():
        raise _bad(at, f"a code has 1 to {MOST_CODE} printable characters, no space around it")


def _check_number(at: str, name: str, value: int) -> None:
    most = MOST_MINOR if name.endswith("_minor") else MOST_COUNT
    if name.endswith(("_mm", "_g")):
        most = MOST_MEASURE
    least = 1 if name in ("line", "pack_quantity") else 0
    if name == "uom_scale":
        most = 6
    if not least <= value <= most:
        raise _bad(at, f"{value} is not between {least} and {most}")


def _check_decimal(at: str, name: str, value: str) -> None:
    fits = _DECIMAL.fullmatch(value) and float(value) <= MOST_QUANTITY
    if not fits or (name == "quantity" and float(value) == 0):
        least = "above 0" if name == "quantity" else "from 0"
        raise Invalid(
            "invalid_quantity",
            f"{at}: {value[:40]} must be {least} to {MOST_QUANTITY:,} with at most 6 decimals.",
        )


def _check_dates(fact: object, now: datetime) -> None:
    """Times are aware and not in the future; a document from tomorrow is a broken clock."""
    for name, value in vars_of(fact).items():
        if not isinstance(value, date):
            continue
        if value.year < EARLIEST_YEAR:
            raise _bad(name, f"{value.isoformat()} is before {EARLIEST_YEAR}")
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise _bad(name, "give the time with its offset, such as Z")
            late = value.year > now.year + 1 or value > now + CLOCK_SKEW
        else:
            late = name == "produced_on" and value > (now + timedelta(days=1)).date()
        if late:
            said = time(value) if isinstance(value, datetime) else value.isoformat()
            raise Invalid("future_date", f"{name}: {said} is in the future.")


def _check_lines(written: Mapping[str, Any]) -> None:
    lines = written.get("lines")
    if not isinstance(lines, list):
        return
    if not lines:
        raise _bad("lines", "a document has at least one line")
    seen: set[int] = set()
    for line in lines:
        if line["line"] in seen:
            raise _bad("lines", f"line {line['line']} stands twice")
        seen.add(line["line"])


def _check_temperature(fact: object) -> None:
    """Two fields speak of cold: they agree, so that no rule depends on which one it reads."""
    if isinstance(fact, ProductListed) and fact.temperature is not None:
        chilled = fact.temperature != Temperature.DRY
        if chilled != fact.cold_chain:
            raise _bad("temperature", f"{fact.temperature} does not agree with cold_chain")


def _bad(at: str, message: str) -> Invalid:
    return Invalid("invalid_event", f"{at}: {message}.", errors=[{"at": at, "message": message}])
