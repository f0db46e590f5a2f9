"""What our words are called in another ERP: a TOML file a system, read and checked whole.

A file says for each operation its address, and for each of our fields theirs (or that it is left
out, and why; or that it is refused where it is given). Every field is ``documented`` with its
source or a ``guess``; ``verified_live`` says whether anybody has seen it work. Nothing is implied:
a field of ours that a file does not mention is a fault of the file.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integrations.erp.keys_there import FORMS

FOLDER = Path(__file__).parent / "mappings"
SYSTEMS = ("sap_s4", "dynamics365", "netsuite", "business_central")
PROTOCOLS = ("odata2", "odata4", "rest")
KINDS = ("text", "int", "decimal", "negative", "minor", "date", "datetime")
"""How a value is written there; ``minor`` is our minor units as a decimal of the currency,
``negative`` a quantity below zero."""

RMA = ("key", "return_id", "customer_id", "business_unit", "currency", "expires_at")
RMA_LINE = ("line", "sku", "quantity", "uom", "lot", "invoice_id", "invoice_line")
CREDIT = (
    "key", "return_id", "line", "sequence", "customer_id", "sku", "invoice_id", "invoice_line",
    "net_minor", "tax_minor", "currency", "decision", "reason", "freight_minor",
    "freight_tax_minor", "return_freight_minor",
)  # fmt: skip
INVOICE = ("invoice_id", "customer_id", "currency", "invoiced_at")
INVOICE_LINE = ("line", "sku", "lot", "quantity", "net_minor", "tax_minor")
OPERATIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "find_invoice_lines": (INVOICE, INVOICE_LINE),
    "create_rma": (RMA, RMA_LINE),
    "post_credit_memo": (CREDIT, ()),
}
"""Operations that a file may cover, with our fields of the document and of its lines."""
WRITES = ("create_rma", "post_credit_memo")


class Incomplete(Exception):
    """A mapping file has faults; the message names each."""


@dataclass(frozen=True, slots=True)
class FieldMap:
    """One field. ``ours`` is ``None`` for what they want and we do not have: then ``value`` or a
    ``setting`` of the installation is written. ``theirs`` may be a path (``entity.id``)."""

    theirs: str
    ours: str | None
    kind: str
    status: str
    source: str
    value: str | None = None
    setting: str | None = None
    on_line: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. ``key`` is their field that keeps our key in a form of ``keys_there`` and at most
    ``key_chars``, ``number`` that of their number. ``lines_at`` is the address of lines that are
    posted after their document: ``{name}`` in it is a field of the document, ``lines_link`` the
    field of a line that takes its number, ``lines_order`` the one that counts them."""

    name: str
    path: str
    number: str
    key: str
    key_form: str
    key_chars: int
    lines: str
    lines_at: str
    lines_link: str
    lines_order: str
    fields: tuple[FieldMap, ...]
    line_fields: tuple[FieldMap, ...]
    left_out: Mapping[str, str]
    refused: tuple[str, ...]
    status_field: str
    statuses: Mapping[str, str]

    def field_of(self, ours: str) -> FieldMap | None:
        """Where a field of ours stands, on the document or on its lines."""
        every = (*self.fields, *self.line_fields)
        return next((one for one in every if one.ours == ours), None)

    @property
    def guesses(self) -> tuple[str, ...]:
        """Their fields that nobody has read about."""
        every = (*self.fields, *self.line_fields)
        return tuple(one.theirs for one in every if one.status == "guess")


@dataclass(frozen=True, slots=True)
class ErpMapping:
    """A whole file."""

    system: str
    title: str
    protocol: str
    verified_live: bool
    sources: Mapping[str, str]
    operations: Mapping[str, Operation]
    not_covered: Mapping[str, str]

    @property
    def settings(self) -> frozenset[str]:
        """Names of the values that only the installation knows."""
        every = [
            field for one in self.operations.values() for field in (*one.fields, *one.line_fields)
        ]
        return frozenset(field.setting for field in every if field.setting is not None)


def load(system: str, folder: Path = FOLDER) -> ErpMapping:
    """The mapping of a system. Errors: ``Incomplete``."""
    given = tomllib.loads((folder / f"{system}.toml").read_text(encoding="utf-8"))
    faults: list[str] = []
    operations = {
        name: _operation(name, given[name], given.get("sources", {}), faults)
        for name in OPERATIONS
        if name in given
    }
    made = ErpMapping(
        system=str(given.get("system", "")),
        title=str(given.get("title", "")),
        protocol=str(given.get("protocol", "")),
        verified_live=given.get("verified_live") is True,
        sources=given.get("sources", {}),
        operations=operations,
        not_covered=given.get("not_covered", {}),
    )
    if made.system != system or made.protocol not in PROTOCOLS or "verified_live" not in given:
        faults.append("system, protocol and verified_live are said at the top")
    for name in OPERATIONS:
        if (name in operations) == (name in made.not_covered):
            faults.append(f"{name} is either an operation or not_covered with a reason")
    if faults:
        raise Incomplete(f"{system}: {'; '.join(faults)}")
    return made


def _operation(
    name: str, given: Mapping[str, Any], sources: Mapping[str, str], faults: list[str]
) -> Operation:
    made = Operation(
        name=name,
        path=str(given.get("path", "")),
        number=str(given.get("number", "")),
        key=str(given.get("key", "")),
        key_form=str(given.get("key_form", "as_is")),
        key_chars=int(given.get("key_chars", 0)),
        lines=str(given.get("lines", "")),
        lines_at=str(given.get("lines_at", "")),
        lines_link=str(given.get("lines_link", "")),
        lines_order=str(given.get("lines_order", "")),
        fields=_fields(name, given.get("fields", ()), sources, faults),
        line_fields=_fields(name, given.get("line_fields", ()), sources, faults, on_line=True),
        left_out=given.get("left_out", {}),
        refused=tuple(given.get("refused", ())),
        status_field=str(given.get("status", {}).get("field", "")),
        statuses=given.get("status", {}).get("words", {}),
    )
    if not made.path or (name in WRITES and not (made.number and made.key)):
        faults.append(f"{name}: path, number and key are needed")
    if made.key_form not in FORMS:
        faults.append(f"{name}: key_form is one of {', '.join(FORMS)}")
    head, lines = OPERATIONS[name]
    said = {one.ours for one in (*made.fields, *made.line_fields)}
    for ours in (*head, *lines):
        times = (ours in said) + (ours in made.left_out) + (ours in made.refused)
        if times != 1:
            faults.append(f"{name}: {ours} is mapped, left_out or refused, once")
    return made


def _fields(
    operation: str,
    given: Any,
    sources: Mapping[str, str],
    faults: list[str],
    on_line: bool = False,
) -> tuple[FieldMap, ...]:
    made = []
    for one in given:
        field = FieldMap(
            theirs=one.get("theirs", ""),
            ours=one.get("ours"),
            kind=one.get("as", "text"),
            status=one.get("is", ""),
            source=one.get("source", ""),
            value=one.get("value"),
            setting=one.get("setting"),
            on_line=on_line,
        )
        many = sum(x is not None for x in (field.ours, field.value, field.setting))
        if many != 1 or not field.theirs or field.kind not in KINDS:
            faults.append(f"{operation}: {one} names theirs and one of ours, value, setting")
        if (field.status, field.source in sources) not in (("documented", True), ("guess", False)):
            faults.append(f"{operation}: {field.theirs} is documented with a source, or a guess")
        made.append(field)
    return tuple(made)
