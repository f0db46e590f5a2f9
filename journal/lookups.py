"""What the rest of the house asks the masters and the ledgers; reads only, one statement each.

Masters come back as the facts that told us of them. Times given and returned are aware.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, and_, exists, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import JSONB

from journal import tables
from workflow.facts import (
    CustomerRegistered,
    LotRegistered,
    ProductListed,
    SupplierRegistered,
)

MOST_EFFECTS = 50_000
"""Effects of one case that are read: more than a request of the most lines can ask for."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """An invoice line as a return's source: what was delivered and what is used up of it."""

    invoice_id: str
    line: int
    customer_id: str | None
    business_unit: str
    currency: str
    sku: str
    lot: str | None
    uom: str
    unit_price: Decimal
    delivered: Decimal
    net_minor: int
    tax_minor: int
    returned_before: Decimal
    credited_before_minor: int
    carrier_id: str | None
    warehouse: str | None
    channel: str | None
    invoiced_at: datetime
    delivered_at: datetime
    delivery_signed: bool | None
    expires_on: date | None
    """Of the lot that was shipped; ``None`` where there is none, or it is not registered."""
    serials: tuple[str, ...] = ()
    freight_minor: int = 0
    freight_tax_minor: int = 0
    freight_refunded_before_minor: int = 0

    @property
    def returnable(self) -> Decimal:
        return self.delivered - self.returned_before

    @property
    def creditable_minor(self) -> int:
        return self.net_minor - self.credited_before_minor


def _one(conn: Connection, table: Table, **key: object) -> RowMapping | None:
    query = select(table).where(*(table.c[name] == value for name, value in key.items()))
    return conn.execute(query).mappings().one_or_none()


def customer(conn: Connection, customer_id: str) -> CustomerRegistered | None:
    row = _one(conn, tables.customer, customer_id=customer_id)
    return CustomerRegistered(**row) if row else None


def product(conn: Connection, sku: str) -> ProductListed | None:
    row = _one(conn, tables.product, sku=sku)
    if row is None:
        return None
    flags = row["flags"]
    return ProductListed(**{**row, "flags": None if flags is None else tuple(flags)})


def supplier(conn: Connection, supplier_id: str) -> SupplierRegistered | None:
    row = _one(conn, tables.supplier, supplier_id=supplier_id)
    return SupplierRegistered(**row) if row else None


def unit_of_warehouse(conn: Connection, warehouse_id: str) -> str | None:
    """The business unit that owns a warehouse; ``None`` for one that nobody registered."""
    row = _one(conn, tables.warehouse, warehouse_id=warehouse_id)
    return row["business_unit"] if row else None


def lot(conn: Connection, sku: str, lot_id: str) -> LotRegistered | None:
    row = _one(conn, tables.lot, sku=sku, lot=lot_id)
    return LotRegistered(**row) if row else None


def source_line(
    conn: Connection, invoice_id: str, line: int, lock: bool = False
) -> SourceLine | None:
    """An invoice line with its ledgers; ``lock`` keeps others from moving them until commit."""
    ledger, document, lots = tables.invoice_line, tables.invoice, tables.lot
    same_lot = and_(lots.c.sku == ledger.c.sku, lots.c.lot == ledger.c.lot)
    query = (
        select(
            ledger.c.invoice_id,
            ledger.c.line,
            ledger.c.customer_id,
            document.c.business_unit,
            document.c.currency,
            ledger.c.sku,
            ledger.c.lot,
            ledger.c.uom,
            ledger.c.unit_price,
            ledger.c.delivered_quantity.label("delivered"),
            ledger.c.net_minor,
            ledger.c.tax_minor,
            ledger.c.returned_quantity.label("returned_before"),
            ledger.c.credited_minor.label("credited_before_minor"),
            document.c.carrier_id,
            document.c.warehouse,
            document.c.channel,
            document.c.invoiced_at,
            document.c.delivered_at,
            document.c.delivery_signed,
            lots.c.expires_on,
            ledger.c.serials,
            ledger.c.freight_minor,
            ledger.c.freight_tax_minor,
            ledger.c.freight_refunded_minor.label("freight_refunded_before_minor"),
        )
        .select_from(ledger.join(document, document.c.invoice_id == ledger.c.invoice_id))
        .join(lots, same_lot, isouter=True)
        .where(ledger.c.invoice_id == invoice_id, ledger.c.line == line)
    )
    if lock:
        query = query.with_for_update(of=ledger)
    row = conn.execute(query).mappings().one_or_none()
    return SourceLine(**{**row, "serials": tuple(row["serials"])}) if row else None


def lines_of_item(conn: Connection, invoice_id: str, sku: str) -> list[int]:
    """The lines of an invoice that sold an item, in order."""
    ledger = tables.invoice_line
    query = (
        select(ledger.c.line)
        .where(ledger.c.invoice_id == invoice_id, ledger.c.sku == sku)
        .order_by(ledger.c.line)
    )
    return list(conn.execute(query).scalars())


def open_recall(conn: Connection, sku: str, lot_id: str | None) -> bool:
    """Whether a recall that is open now covers the lot.

    A recall without lots covers all; an unknown lot (``None``) is covered by any recall of
    its item, since nobody can say that it is not meant.
    """
    recall = tables.recall
    covers = or_(
        recall.c.lots == literal([], JSONB),
        true() if lot_id is None else recall.c.lots.contains([lot_id]),
    )
    query = select(recall.c.recall_id).where(
        recall.c.sku == sku, recall.c.closed_at.is_(None), covers
    )
    return conn.execute(query.limit(1)).first() is not None


def sale_lines(
    conn: Connection, customer_id: str, sku: str, until: datetime
) -> Sequence[RowMapping]:
    """Invoice lines of a customer and item up to a time, oldest first, with their ledgers."""
    ledger = tables.invoice_line
    query = (
        select(ledger)
        .where(
            ledger.c.customer_id == customer_id,
            ledger.c.sku == sku,
            ledger.c.invoiced_at <= until,
        )
        .order_by(ledger.c.invoiced_at, ledger.c.invoice_id, ledger.c.line)
    )
    return conn.execute(query).mappings().all()


def file_import(conn: Connection, source_digest: str) -> RowMapping | None:
    """The row of a file that was imported to its end; ``None`` for a new one."""
    return _one(conn, tables.file_import, source_digest=source_digest)


def champion(conn: Connection, name: str, alias: str = "champion") -> RowMapping | None:
    """The promoted version of a model: version, bundle_digest, proposal_id, since, position."""
    return _one(conn, tables.champion, name=name, alias=alias)


def champions(conn: Connection) -> Sequence[RowMapping]:
    """Which version carries which alias. ``in_ledger`` is false where the event that the row
    names says otherwise: somebody wrote into the table behind the journal's back."""
    table, event = tables.champion, tables.event
    said = {
        name: event.c.payload[name].as_string() == table.c[name]
        for name in ("name", "version", "bundle_digest")
    }
    alias = func.coalesce(event.c.payload["alias"].as_string(), "champion") == table.c.alias
    types = event.c.type.in_(("promotion_approved", "champion_rolled_back"))
    same = and_(event.c.position == table.c.position, types, alias, *said.values())
    query = (
        select(table, event.c.position.is_not(None).label("in_ledger"))
        .select_from(table.join(event, same, isouter=True))
        .order_by(table.c.name, table.c.alias)
    )
    return conn.execute(query).mappings().all()


def proposal(conn: Connection, proposal_id: str) -> RowMapping | None:
    return _one(conn, tables.promotion, proposal_id=proposal_id)


def proposals(conn: Connection, name: str | None = None) -> Sequence[RowMapping]:
    """Every proposed promotion, newest first; of one model where named."""
    table = tables.promotion
    query = select(table).order_by(table.c.proposed_at.desc(), table.c.proposal_id)
    if name is not None:
        query = query.where(table.c.name == name)
    return conn.execute(query).mappings().all()


def returns_with(
    conn: Connection, sku: str, situations: Sequence[str] = ("under_review", "authorised", "closed")
) -> list[str]:
    """Returns with a line of the item, open or closed; not those that nothing came of."""
    line, case = tables.case_line, tables.return_case
    query = (
        select(case.c.return_id)
        .join(line, line.c.return_id == case.c.return_id)
        .where(line.c.sku == sku, case.c.situation.in_(situations))
        .distinct()
        .order_by(case.c.return_id)
    )
    return list(conn.execute(query).scalars())


def effects(
    conn: Connection,
    *,
    return_id: str | None = None,
    statuses: Collection[str] | None = None,
    limit: int = 500,
) -> Sequence[RowMapping]:
    """Effects of a return, or with a status (``parked`` ...), oldest first."""
    table = tables.effect
    query = select(table).order_by(table.c.decided_at_position, table.c.key).limit(limit)
    if return_id is not None:
        query = query.where(table.c.return_id == return_id)
    if statuses is not None:
        query = query.where(table.c.status.in_(statuses))
    return conn.execute(query).mappings().all()


def effect(conn: Connection, key: str) -> RowMapping | None:
    return _one(conn, tables.effect, key=key)


def case_rows(conn: Connection, return_id: str) -> Mapping[str, Any] | None:
    """A case as the desk shows it: ``case`` row, its ``lines``, ``tasks`` and ``effects``."""
    case = _one(conn, tables.return_case, return_id=return_id)
    if case is None:
        return None
    lines = select(tables.case_line).where(tables.case_line.c.return_id == return_id)
    tasks = select(tables.task).where(tables.task.c.return_id == return_id)
    return {
        "case": case,
        "lines": conn.execute(lines.order_by(tables.case_line.c.line)).mappings().all(),
        "tasks": conn.execute(tasks.order_by(tables.task.c.opened_at)).mappings().all(),
        "effects": effects(conn, return_id=return_id, limit=MOST_EFFECTS),
    }


def expired_authorisations(conn: Connection, at: datetime, limit: int = 500) -> list[str]:
    """Returns authorised until before ``at`` of which goods are still to come, oldest first.

    Those of which something arrived are among them: what is outstanding is then given up. Those
    with an advance are not: somebody says what becomes of its goods.
    """
    case, line = tables.return_case, tables.case_line
    awaited = exists().where(line.c.return_id == case.c.return_id, line.c.goods_due.is_not(None))
    query = (
        select(case.c.return_id)
        .where(
            case.c.situation == "authorised",
            case.c.goods_required,
            or_(case.c.received_at.is_(None), case.c.status == "partially_received"),
            case.c.expires_at <= at,
            ~awaited,
        )
        .order_by(case.c.expires_at, case.c.return_id)
        .limit(limit)
    )
    return list(conn.execute(query).scalars())
