"""Masters as last told, for checks that look at every record or at one; reads only."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, func, select, union_all

from journal import tables
from workflow.facts import CustomerRegistered, LotRegistered, ProductListed, SupplierRegistered
from workflow.masters import described_alike

_product, _supplier, _customer = tables.product, tables.supplier, tables.customer
_lot, _sold = tables.lot, tables.invoice_line
Alike = tuple[str, str | None]


def products(conn: Connection, sku: str | None = None) -> Iterator[ProductListed]:
    """Every item by number, or one."""
    query = select(_product).order_by(_product.c.sku)
    if sku is not None:
        query = query.where(_product.c.sku == sku)
    return (ProductListed(**row) for row in conn.execute(query).mappings())


def customers(conn: Connection, customer_id: str | None = None) -> Iterator[CustomerRegistered]:
    """Every customer by number, or one."""
    query = select(_customer).order_by(_customer.c.customer_id)
    if customer_id is not None:
        query = query.where(_customer.c.customer_id == customer_id)
    return (CustomerRegistered(**row) for row in conn.execute(query).mappings())


def suppliers(conn: Connection, supplier_id: str | None = None) -> Iterator[SupplierRegistered]:
    """Every supplier by number, or one."""
    query = select(_supplier).order_by(_supplier.c.supplier_id)
    if supplier_id is not None:
        query = query.where(_supplier.c.supplier_id == supplier_id)
    return (SupplierRegistered(**row) for row in conn.execute(query).mappings())


def lots(conn: Connection) -> Iterator[LotRegistered]:
    """Every lot by item and number."""
    query = select(_lot).order_by(_lot.c.sku, _lot.c.lot)
    return (LotRegistered(**row) for row in conn.execute(query).mappings())


def unknown_warehouses(conn: Connection, since: datetime) -> dict[str, list[str]]:
    """Names of warehouses in receipts and invoices since a moment that nobody registered, each with
    the returns and invoices that say them, the newest first; none where nobody registered any."""
    case, invoice, known = tables.return_case, tables.invoice, tables.warehouse
    told = union_all(
        select(case.c.warehouse, case.c.return_id, case.c.received_at.label("at")).where(
            case.c.received_at > since
        ),
        select(invoice.c.warehouse, invoice.c.invoice_id, invoice.c.invoiced_at).where(
            invoice.c.invoiced_at > since
        ),
    ).subquery()
    unknown = told.c.warehouse.not_in(select(known.c.warehouse_id)) & select(known).exists()
    query = select(told.c.warehouse, told.c.return_id).where(told.c.warehouse != "", unknown)
    found: dict[str, list[str]] = {}
    for name, document in conn.execute(query.order_by(told.c.at.desc(), told.c.return_id)):
        found.setdefault(str(name), []).append(str(document))
    return dict(sorted(found.items()))


def without_lot(conn: Connection, since: datetime, sku: str | None = None) -> Counter[str]:
    """How many invoiced lines since a moment name no lot, by item tracked by lot; or of one."""
    named = _sold.c.sku
    query = (
        select(named, func.count())
        .join(_product, _product.c.sku == named)
        .where(_product.c.lot_controlled, _sold.c.lot.is_(None), _sold.c.invoiced_at > since)
        .group_by(named)
    )
    if sku is not None:
        query = query.where(named == sku)
    return Counter({str(key): count for key, count in conn.execute(query)})


def supplier_ids(conn: Connection) -> frozenset[str]:
    """Every supplier that is registered."""
    return frozenset(conn.execute(select(_supplier.c.supplier_id)).scalars())


def items_of_suppliers(conn: Connection, supplier_id: str | None = None) -> Counter[str]:
    """How many items name each supplier, registered or not; or one of them."""
    named = _product.c.supplier_id
    query = select(named, func.count()).where(named.is_not(None)).group_by(named)
    if supplier_id is not None:
        query = query.where(named == supplier_id)
    return Counter({str(key): count for key, count in conn.execute(query)})


def described(conn: Connection, beside: ProductListed | None = None) -> Counter[Alike]:
    """How many items a reader would take for the same; only of the supplier of one where named."""
    query = select(_product)
    if beside is not None:
        query = query.where(_product.c.supplier_id.is_not_distinct_from(beside.supplier_id))
    rows = conn.execute(query).mappings()
    return Counter(described_alike(ProductListed(**row)) for row in rows)
