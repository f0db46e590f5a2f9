"""Warehouses that receipts and invoices name and nobody registered: a task each, nothing waits.

Goods that came are in the house under whatever name; refused, no record would know them. Where no
warehouse is registered at all, names are not kept here and none is unknown.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection

from journal import masters
from workflow.findings import Found, named

KIND = "warehouse.unknown"
LATELY = timedelta(days=30)
"""How far back receipts and invoices are looked at."""
MOST_NAMED = 3


def found(conn: Connection, at: datetime) -> Iterator[Found]:
    """One finding for each name, with the newest documents that say it."""
    for warehouse_id, documents in masters.unknown_warehouses(conn, at - LATELY).items():
        more = len(documents) - MOST_NAMED
        told = ", ".join(documents[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        yield Found(
            kind=KIND,
            subject=named(warehouse_id),
            records=(warehouse_id,),
            severity="medium",
            role="warehouse",
            says=(
                f"No master lists warehouse {warehouse_id}, named by {told}: register it, or"
                " correct the name where it is said. Until then its goods count as taken in by the"
                " return's own business unit."
            ),
        )
