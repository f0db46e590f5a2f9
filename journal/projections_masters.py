"""Masters as last told: customers, suppliers, carriers, warehouses, products, lots, recalls."""

from collections.abc import Mapping, Sequence

from journal import tables
from journal.entries import Recorded
from journal.rows import Driver, columns_of, update, upsert

_MASTERS = {
    "customer_registered": tables.customer,
    "customer_life_agreed": tables.customer_life,
    "class_life_agreed": tables.class_life,
    "supplier_registered": tables.supplier,
    "carrier_registered": tables.carrier,
    "warehouse_registered": tables.warehouse,
    "product_listed": tables.product,
    "lot_registered": tables.lot,
}


def project_masters(driver: Driver, by_type: Mapping[str, Sequence[Recorded]]) -> None:
    """The newest version of every master wins; a closed recall stays, with its closing time."""
    for type_name, table in _MASTERS.items():
        entries = by_type.get(type_name, ())
        upsert(driver, table, (columns_of(table, entry.payload) for entry in entries))
    opened = (
        {**columns_of(tables.recall, entry.payload), "closed_at": None}
        for entry in by_type.get("recall_opened", ())
    )
    upsert(driver, tables.recall, opened)
    update(
        driver,
        tables.recall,
        (
            {"recall_id": entry.payload["recall_id"], "closed_at": entry.payload["closed_at"]}
            for entry in by_type.get("recall_closed", ())
        ),
    )
