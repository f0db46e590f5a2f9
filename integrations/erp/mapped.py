"""An ERP reached through a mapping file: what the file covers is done, everything else is refused.

No such system was seen live: each file says what was read and what is a guess, and an operation
that rests on guesses is refused unless the installation allows it after looking. Uniqueness is
ours: the key is looked for before and after every write.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from decimal import InvalidOperation
from typing import Any

from integrations.erp import envelopes
from integrations.erp.documents import (
    Changes,
    CreditMemo,
    Document,
    InvoicedLine,
    Rma,
)
from integrations.erp.mapped_wire import Transport, Wire
from integrations.erp.mapping import WRITES, ErpMapping, FieldMap, Operation
from integrations.erp.port import Rejected, Unavailable, UnknownOutcome
from workflow.money import CURRENCIES

Json = dict[str, Any]
KIND_OF = {"create_rma": "rma", "post_credit_memo": "credit_memo"}


class MappedErp:
    """The part of ``ErpPort`` that a mapping covers. ``settings`` are values that the system wants
    and that are the installation's own, such as a sales organisation."""

    def __init__(
        self,
        mapping: ErpMapping,
        transport: Transport,
        settings: Mapping[str, str] | None = None,
        allow_guesses: bool = False,
    ) -> None:
        self.mapping, self._wire = mapping, Wire(mapping, transport)
        self._settings, self.allow_guesses = settings or {}, allow_guesses

    def covers(self, name: str) -> bool:
        """Whether the mapping has an operation, be it refused for its guesses."""
        return name in self.mapping.operations

    def answers(self, operation: Operation) -> None:
        """Read a row of an operation's address. Errors: ``Unavailable``, ``Rejected``."""
        self._wire.listed(operation, {}, 1)

    # -- writing ---------------------------------------------------------------------------

    def create_rma(self, key: str, rma: Rma, at: datetime) -> Document:
        lines = [asdict(line) for line in rma.lines]
        return self._write("create_rma", key, _plain(rma), lines, at)

    def post_credit_memo(self, key: str, memo: CreditMemo, at: datetime) -> Document:
        return self._write("post_credit_memo", key, _plain(memo), [], at)

    def __getattr__(self, name: str) -> Any:
        """Every other write of the port: not covered, and said so."""
        if name.startswith("_"):
            raise AttributeError(name)

        def refuse(*_: object, **__: object) -> Document:
            raise self._not_covered(name)

        return refuse

    def changes(self, after: str = "", limit: int = 10_000) -> Changes:
        """No file covers it yet. Errors: ``Rejected``."""
        raise self._not_covered("changes")

    def _write(self, name: str, key: str, head: Json, lines: list[Json], at: datetime) -> Document:
        operation = self._operation(name)
        told = head | {"key": self._wire.key(operation, key)}
        body, rows = self._body(operation, told, lines)
        found = self._wire.find(operation, key)
        if found is not None:
            self._wire.check_same(body, found, [one.theirs for one in operation.fields])
        try:
            made = found or self._made(operation, body, key)
            if operation.lines_at:
                self._wire.complete(operation, made, rows)
        except UnknownOutcome as lost:
            if not operation.lines_at:
                raise
            # Found by its key it may still lack lines: only the same write again completes it.
            raise Unavailable(f"{lost} It is completed at the next attempt.") from lost
        return self._document(operation, made, head["return_id"], key, at, found is not None)

    def _made(self, operation: Operation, body: Json, key: str) -> Json:
        made = self._wire.post(operation.path, body)
        if envelopes.get(made, operation.number) is None:
            made = self._wire.find(operation, key) or {}
        if not made:
            raise UnknownOutcome(f"{self.mapping.title} answered without a number for {key}.")
        return made

    def _operation(self, name: str) -> Operation:
        operation = self.mapping.operations.get(name)
        if operation is None:
            raise self._not_covered(name)
        if operation.guesses and not self.allow_guesses:
            raise Rejected(
                "not_covered",
                f"{self.mapping.title}: {name} rests on guesses"
                f" ({', '.join(operation.guesses)}); verify them first.",
            )
        return operation

    def _not_covered(self, name: str) -> Rejected:
        why = self.mapping.not_covered.get(name, "the mapping has no such operation.")
        return Rejected("not_covered", f"{self.mapping.title} does not cover {name}: {why}")

    def _body(self, operation: Operation, head: Json, lines: list[Json]) -> tuple[Json, list[Json]]:
        """A document, and its lines, which are inside it unless they have an address."""
        for ours in operation.refused:
            if any(row.get(ours) not in (None, 0) for row in (head, *lines)):
                said = f"{self.mapping.title}: {operation.name} has no place for {ours}."
                raise Rejected("not_covered", said)
        currency = str(head["currency"])
        body = self._row(operation.fields, head, currency)
        rows = [self._row(operation.line_fields, head | line, currency) for line in lines or [head]]
        if operation.lines and not operation.lines_at:
            envelopes.put(body, operation.lines, envelopes.lines_in(self.mapping.protocol, rows))
        return body, rows

    def _row(self, maps: tuple[FieldMap, ...], values: Json, currency: str) -> Json:
        row: Json = {}
        for one in maps:
            value = self._value(one, values)
            if value is not None:
                envelopes.put(row, one.theirs, self._told(one, value, currency))
        return row

    def _told(self, one: FieldMap, value: object, currency: str) -> object:
        try:
            return envelopes.written(self.mapping.protocol, one.kind, value, currency)
        except ValueError as error:
            raise Rejected("invalid_amount", f"{one.theirs} is not written: {error}.") from error

    def _value(self, one: FieldMap, values: Json) -> object:
        if one.setting is not None:
            if one.setting not in self._settings:
                raise Rejected(
                    "not_covered", f"{self.mapping.title} needs the setting {one.setting!r}."
                )
            return self._settings[one.setting]
        return one.value if one.ours is None else values.get(one.ours)

    # -- reading ---------------------------------------------------------------------------

    def document(self, key: str) -> Document | None:
        """The document of a key, of whatever kind the mapping can write."""
        for name in WRITES:
            operation = self.mapping.operations.get(name)
            if operation is None or (operation.guesses and not self.allow_guesses):
                continue
            found = self._wire.find(operation, key)
            if found is not None:
                at = datetime.fromtimestamp(0).astimezone()
                return self._document(operation, found, key.partition("/")[0], key, at, True)
        return None

    def status(self, name: str, key: str) -> str | None:
        """How far a document is, in our words (``open``, ``in_progress``, ``done``, ``cancelled``);
        ``None`` where it does not exist. Errors: ``Rejected`` for a status that nobody mapped."""
        operation = self._operation(name)
        if not operation.status_field:
            raise self._not_covered(f"the status of {name}")
        found = self._wire.find(operation, key)
        if found is None:
            return None
        theirs = str(envelopes.get(found, operation.status_field))
        if theirs not in operation.statuses:
            said = (
                f"{operation.status_field} {theirs!r} of {self.mapping.title} means nothing here."
            )
            raise Rejected("not_covered", said)
        return operation.statuses[theirs]

    def find_invoice_lines(
        self,
        *,
        invoice_id: str | None = None,
        customer_id: str | None = None,
        sku: str | None = None,
        limit: int = 100,
    ) -> list[InvoicedLine]:
        """Lines of invoices by number or customer; ``sku`` narrows them here."""
        operation = self._operation("find_invoice_lines")
        asked = {"invoice_id": invoice_id, "customer_id": customer_id}
        filters = {
            one.theirs: value
            for ours, value in asked.items()
            if value is not None and (one := operation.field_of(ours)) is not None
        }
        if not filters:
            raise self._not_covered("finding invoice lines by item alone")
        rows = self._wire.listed(operation, filters, limit, operation.lines)
        lines = [line for row in rows for line in self._invoiced(operation, row)]
        wanted = [line for line in lines if sku is None or line.sku == sku]
        newest = sorted(wanted, key=lambda line: (line.invoiced_at, line.invoice_id), reverse=True)
        return newest[:limit]

    def _invoiced(self, operation: Operation, row: Json) -> list[InvoicedLine]:
        head = self._read(operation.fields, row, str(self._currency(operation, row)))
        inner = envelopes.rows_of(self.mapping.protocol, _wrapped(row, operation.lines))
        found = []
        for line in inner:
            values = head | self._read(operation.line_fields, line, head["currency"])
            given: Json = {one.name: values.get(one.name) for one in fields(InvoicedLine)}
            given["tax_minor"] = given["tax_minor"] or 0
            if any(given[name] is None for name in ("invoice_id", "line", "sku", "quantity")):
                continue  # a text line, or one that is no goods
            found.append(InvoicedLine(**given))
        return found

    def _currency(self, operation: Operation, row: Json) -> object:
        one = operation.field_of("currency")
        found = envelopes.get(row, one.theirs) if one else None
        found = found or self._settings.get("currency")
        if found not in CURRENCIES:
            raise Rejected("not_covered", f"{self.mapping.title}: {found!r} is no currency.")
        return found

    def _read(self, maps: tuple[FieldMap, ...], row: Json, currency: str) -> Json:
        found: Json = {"currency": currency}
        for one in maps:
            if one.ours is None or one.ours == "currency":
                continue
            try:
                value = envelopes.get(row, one.theirs)
                found[one.ours] = envelopes.read(one.kind, value, currency)
            except (ValueError, InvalidOperation) as error:
                said = f"{self.mapping.title}: {one.theirs} cannot be read: {error}."
                raise Rejected("not_covered", said) from error
        return found

    def _document(
        self, operation: Operation, row: Json, return_id: str, key: str, at: datetime,
        repeated: bool,
    ) -> Document:  # fmt: skip
        number = envelopes.get(row, operation.number)
        return Document(str(number), key, KIND_OF[operation.name], return_id, at, repeated)


def _plain(request: Rma | CreditMemo) -> Json:
    return {one.name: getattr(request, one.name) for one in fields(request) if one.name != "lines"}


def _wrapped(row: Json, lines: str) -> Any:
    found = envelopes.get(row, lines)
    return {"value": found} if isinstance(found, list) else found
