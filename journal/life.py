"""Who buys an item regularly, and how much life each of them must get; reads only."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, select

from journal import tables
from workflow.events import RequestedLine, RequiredLife
from workflow.remaining_life import REGULAR_DAYS, REGULAR_INVOICES, Agreed, required

_customer, _own, _class = tables.customer, tables.customer_life, tables.class_life


def required_life(conn: Connection, line: RequestedLine, at: datetime) -> RequiredLife | None:
    """As agreed at the moment; ``None`` for an item without a date."""
    if line.facts.date_kind == "none":
        return None
    of_class = _of_class(conn, line.facts.item_class)
    regular = _regular(conn, line.sku, at, of_class)
    return required(regular, Agreed(None, line.facts.minimum_life_days, of_class))


def _of_class(conn: Connection, item_class: str) -> int | None:
    query = select(_class.c.minimum_life_days).where(_class.c.item_class == item_class)
    return conn.execute(query).scalar()


def _regular(conn: Connection, sku: str, at: datetime, of_class: int | None) -> list[Agreed]:
    sold = tables.invoice_line
    buyers = (
        select(sold.c.customer_id)
        .where(
            sold.c.sku == sku,
            sold.c.customer_id.is_not(None),
            sold.c.invoiced_at > at - timedelta(days=REGULAR_DAYS),
            sold.c.invoiced_at <= at,
        )
        .group_by(sold.c.customer_id)
        .having(func.count(sold.c.invoice_id.distinct()) >= REGULAR_INVOICES)
        .subquery()
    )
    about_item = and_(_own.c.customer_id == buyers.c.customer_id, _own.c.sku == sku)
    query = (
        select(_own.c.minimum_life_days, _customer.c.minimum_life_days)
        .select_from(buyers)
        .join(_customer, _customer.c.customer_id == buyers.c.customer_id, isouter=True)
        .join(_own, about_item, isouter=True)
    )
    return [Agreed(item, customer, of_class) for item, customer in conn.execute(query)]
