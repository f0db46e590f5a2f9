"""Documents of the ERP as recorded: invoices, credit notes and how they match, stock, claims."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from journal import tables
from journal.entries import Recorded
from journal.ledgers import Movements
from journal.rows import Driver, columns_of, update, upsert
from workflow.freight import spread

ByType = Mapping[str, Sequence[Recorded]]


def project_documents(driver: Driver, by_type: ByType, movements: Movements) -> None:
    """Store documents; a match with earlier sales takes its part of their ledgers.

    A credit note that a case asked for takes nothing: the case took it when it was approved.
    """
    invoices = by_type.get("invoice_recorded", ())
    upsert(driver, tables.invoice, (columns_of(tables.invoice, e.payload) for e in invoices))
    # A corrected invoice changes what was delivered, never what was returned of it.
    upsert(driver, tables.invoice_line, _invoice_lines(invoices))
    notes = by_type.get("credit_note_recorded", ())
    upsert(driver, tables.credit_note, (columns_of(tables.credit_note, e.payload) for e in notes))
    upsert(driver, tables.credit_note_line, _credit_note_lines(notes))
    _matches(driver, by_type.get("credit_matched", ()), movements)
    _assessments(driver, by_type.get("credit_note_assessed", ()))
    for type_name, table in (
        ("stock_write_off_recorded", tables.stock_write_off),
        ("supplier_claim_answered", tables.supplier_claim),
        ("stock_status_reported", tables.stock_status_report),
    ):
        upsert(driver, table, (columns_of(table, e.payload) for e in by_type.get(type_name, ())))


def _invoice_lines(entries: Sequence[Recorded]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        document = entry.payload
        nets = [line["net_minor"] for line in document["lines"]]
        freight = spread(document.get("freight_minor", 0), nets)
        tax = spread(document.get("freight_tax_minor", 0), nets)
        for line, own, own_tax in zip(document["lines"], freight, tax, strict=True):
            yield {
                "invoice_id": document["invoice_id"],
                "line": line["line"],
                "customer_id": document["customer_id"],
                "sku": line["sku"],
                "lot": line["lot"],
                "invoiced_at": document["invoiced_at"],
                "delivered_quantity": line["quantity"],
                "uom": line["uom"],
                "unit_price": line["unit_price"],
                "net_minor": line["net_minor"],
                "tax_minor": line["tax_minor"],
                "description": line["description"],
                "source_line": line["source_line"],
                "serials": line.get("serials", ()),
                "freight_minor": own,
                "freight_tax_minor": own_tax,
            }


def _credit_note_lines(entries: Sequence[Recorded]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        document = entry.payload
        for line in document["lines"]:
            yield {
                **line,
                "credit_note_id": document["credit_note_id"],
                "customer_id": document["customer_id"],
                "credited_at": document["credited_at"],
            }


def _matches(driver: Driver, entries: Sequence[Recorded], movements: Movements) -> None:
    if not entries:
        return
    notes = sorted({entry.payload["credit_note_id"] for entry in entries})
    asked_by_case = {
        row[0]
        for row in driver.execute(
            "SELECT credit_note_id FROM credit_note"
            " WHERE credit_note_id = ANY (%s) AND return_id IS NOT NULL",
            (notes,),
        )
    }
    rows = []
    for entry in entries:
        match = entry.payload
        rows.append(
            {
                "credit_note_id": match["credit_note_id"],
                "line": match["line"],
                "match": match["match"],
                "unmatched_quantity": match["unmatched_quantity"],
                "unmatched_minor": match["unmatched_minor"],
                "price_variance_minor": match["price_variance_minor"],
                "days_since_sale": match["days_since_sale"],
                "matched_invoices": match["invoices"],
                "matched_at": match["matched_at"],
            }
        )
        if match["credit_note_id"] not in asked_by_case:
            take_match(match, movements)
    update(driver, tables.credit_note_line, rows)


def take_match(match: Mapping[str, Any], movements: Movements) -> None:
    """What a ``credit_matched`` payload takes of the invoice lines it names."""
    for invoice_id, line, quantity, net_minor in match["invoices"]:
        movements.returned((invoice_id, line), Decimal(quantity))
        movements.credited((invoice_id, line), net_minor)


def _assessments(driver: Driver, entries: Sequence[Recorded]) -> None:
    update(
        driver,
        tables.credit_note_line,
        (
            {
                "credit_note_id": entry.payload["credit_note_id"],
                "line": entry.payload["line"],
                "anomaly": entry.payload["assessment"]["value"],
                "anomaly_confidence": entry.payload["assessment"]["confidence"],
                "anomaly_abstained": entry.payload["assessment"]["abstained"],
                "assessment": entry.payload["assessment"],
            }
            for entry in entries
        ),
    )
