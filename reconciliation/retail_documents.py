"""Rows of an online-retail file as documents, in the order in which a stream would bring them.

One invoice or credit note a number. An invoice that spans minutes in the file counts from its
earliest line; a credit note is processed at its latest, so that every sale at or before any of
its lines is known by then. A write-off is a document a line.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from reconciliation.match import CreditLine, Pair, SaleLine
from reconciliation.retail_rows import Reading, Row, is_product_code
from workflow.codes import Channel
from workflow.facts import (
    CreditNoteLine,
    CreditNoteRecorded,
    CustomerRegistered,
    InvoiceLine,
    InvoiceRecorded,
    ProductListed,
    StockWriteOffRecorded,
)

BUSINESS_UNIT, CURRENCY, UOM = "online_retail", "GBP", "each"
UNKNOWN = "unknown"

_ORDER = {"sale": 0, "write_off": 1, "credit": 2}
_STREAM = {"sale": "invoice", "write_off": "stock", "credit": "credit-note"}


@dataclass(frozen=True, slots=True)
class Document:
    """Lines of one number and kind. ``at`` is its date, ``due`` when the stream brings it."""

    kind: str
    document_id: str
    customer_id: str | None
    at: datetime
    due: datetime
    rows: tuple[Row, ...]

    @property
    def stream(self) -> str:
        return f"{_STREAM[self.kind]}/{self.document_id}"

    @property
    def net_minor(self) -> int:
        return sum(row.net_minor for row in self.rows)


def documents_of(reading: Reading) -> list[Document]:
    """Every row of the file in one document, sales first where times are equal.

    A row that names another customer than its document does is refused here
    (``conflicting_customer``), since a document has one customer.
    """
    grouped: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in reading.rows:
        grouped[row.kind, row.invoice_no].append(row)
    conflicting: list[Row] = []
    documents: list[Document] = []
    for (kind, number), rows in grouped.items():
        if kind == "write_off":
            documents.extend(_write_offs(number, rows))
        else:
            documents.append(_document(kind, number, rows, conflicting))
    if conflicting:
        refused = {row.source_line for row in conflicting}
        reading.rows = [row for row in reading.rows if row.source_line not in refused]
        reading.refused["conflicting_customer"] = sorted(refused)
    documents.sort(key=lambda d: (d.due, _ORDER[d.kind], d.rows[0].source_line))
    return documents


def _document(kind: str, number: str, rows: list[Row], conflicting: list[Row]) -> Document:
    customer = next((row.customer_id for row in rows if row.customer_id), None)
    ours = [row for row in rows if row.customer_id in (None, customer)]
    conflicting.extend(row for row in rows if row.customer_id not in (None, customer))
    times = [row.at for row in ours]
    due = max(times) if kind == "credit" else min(times)
    return Document(kind, number, customer, min(times), due, tuple(ours))


def _write_offs(number: str, rows: list[Row]) -> Iterable[Document]:
    for count, row in enumerate(rows, start=1):
        name = number if count == 1 else f"{number}#{count}"
        yield Document("write_off", name, None, row.at, row.at, (row,))


def credited_pairs(documents: Iterable[Document]) -> set[Pair]:
    """Customer and item of every credit that can be matched."""
    return {
        (row.customer_id, row.sku)
        for document in documents
        if document.kind == "credit"
        for row in document.rows
        if row.customer_id
    }


def sale_lines(
    document: Document, wants: Callable[[str, str], bool]
) -> Iterable[tuple[str, str, SaleLine]]:
    """Customer, item and sale line for each line of an invoice that a credit may ask for."""
    for number, row in enumerate(document.rows, start=1):
        if row.customer_id and wants(row.customer_id, row.sku):
            yield (
                row.customer_id,
                row.sku,
                SaleLine(
                    document.document_id, number, row.at, row.unit_price, Decimal(row.quantity),
                    row.net_minor,
                ),
            )  # fmt: skip


def credit_lines(document: Document) -> Iterable[CreditLine]:
    """The lines of a credit note that name a customer."""
    for number, row in enumerate(document.rows, start=1):
        if row.customer_id:
            yield CreditLine(
                document.document_id, number, row.customer_id, row.sku, Decimal(-row.quantity),
                row.unit_price, row.net_minor, row.at,
            )  # fmt: skip


class Masters:
    """Products and customers as the file tells them; each fact is given once, when first needed."""

    def __init__(self, rows: Iterable[Row], known: frozenset[str]) -> None:
        self._listed: dict[str, Row] = {}
        for row in sorted(rows, key=_telling):
            self._listed.setdefault(row.sku, row)
        self._told = set(known)

    def needed(self, document: Document) -> Iterable[tuple[str, object]]:
        """``(stream, fact)`` of masters that nobody has told yet."""
        customer = document.customer_id
        if customer and self._first(f"customer/{customer}"):
            yield f"customer/{customer}", _customer(customer, document.rows[0].country)
        for row in document.rows:
            if is_product_code(row.sku) and self._first(f"product/{row.sku}"):
                yield f"product/{row.sku}", self._product(row.sku)

    def price_of(self, sku: str) -> Decimal:
        """First price the file sells it at; 0 where it never does."""
        row = self._listed[sku]
        return Decimal(0) if row.kind == "write_off" else row.unit_price

    def _first(self, stream: str) -> bool:
        if stream in self._told:
            return False
        self._told.add(stream)
        return True

    def _product(self, sku: str) -> ProductListed:
        row = self._listed[sku]
        return ProductListed(
            sku=sku,
            description="" if row.kind == "write_off" else row.description,
            item_class="general_merchandise",
            business_unit=BUSINESS_UNIT,
            uom=UOM,
            uom_scale=0,
            supplier_id=None,
            currency=CURRENCY,
            unit_cost_minor=_pence(self.price_of(sku)),
        )


def _telling(row: Row) -> tuple[bool, bool, bool]:
    """Sorts the rows that tell most of a product first: a sale, with a price, with a name."""
    return row.kind != "sale", not row.unit_price, not row.description


def master_streams(documents: Iterable[Document]) -> set[str]:
    """The streams of every customer and product that the documents name."""
    streams: set[str] = set()
    for document in documents:
        if document.customer_id:
            streams.add(f"customer/{document.customer_id}")
        streams.update(f"product/{row.sku}" for row in document.rows if is_product_code(row.sku))
    return streams


def _customer(customer_id: str, country: str) -> CustomerRegistered:
    return CustomerRegistered(
        customer_id=customer_id,
        name=f"Customer {customer_id}",
        business_unit=BUSINESS_UNIT,
        country=country,
        channel=Channel.E_COMMERCE.value,
        segment=UNKNOWN,
    )


def fact_of(
    document: Document, masters: Masters
) -> InvoiceRecorded | CreditNoteRecorded | StockWriteOffRecorded:
    """The document as the fact that the journal records."""
    if document.kind == "sale":
        return _invoice(document)
    if document.kind == "credit":
        return _credit_note(document)
    row = document.rows[0]
    price = row.unit_price or masters.price_of(row.sku)
    return StockWriteOffRecorded(
        document_id=document.document_id,
        sku=row.sku,
        quantity=Decimal(-row.quantity),
        uom=UOM,
        written_off_at=row.at,
        text=row.description,
        value_minor=_pence(-row.quantity * price),
        currency=CURRENCY,
        source_line=row.source_line,
    )


def _invoice(document: Document) -> InvoiceRecorded:
    return InvoiceRecorded(
        invoice_id=document.document_id,
        customer_id=document.customer_id,
        business_unit=BUSINESS_UNIT,
        currency=CURRENCY,
        invoiced_at=document.at,
        delivered_at=document.at,
        lines=tuple(
            InvoiceLine(
                line=number,
                sku=row.sku,
                lot=None,
                quantity=Decimal(row.quantity),
                uom=UOM,
                unit_price=row.unit_price,
                net_minor=row.net_minor,
                description=row.description,
                source_line=row.source_line,
            )
            for number, row in enumerate(document.rows, start=1)
        ),
        country=document.rows[0].country,
        channel=Channel.E_COMMERCE.value,
    )


def _credit_note(document: Document) -> CreditNoteRecorded:
    return CreditNoteRecorded(
        credit_note_id=document.document_id,
        customer_id=document.customer_id,
        business_unit=BUSINESS_UNIT,
        currency=CURRENCY,
        credited_at=document.at,
        lines=tuple(
            CreditNoteLine(
                line=number,
                sku=row.sku,
                quantity=Decimal(-row.quantity),
                unit_price=row.unit_price,
                net_minor=row.net_minor,
                description=row.description,
                source_line=row.source_line,
            )
            for number, row in enumerate(document.rows, start=1)
        ),
        country=document.rows[0].country,
    )


def _pence(amount: Decimal) -> int:
    return int((amount * 100).quantize(Decimal(1), ROUND_HALF_EVEN))
