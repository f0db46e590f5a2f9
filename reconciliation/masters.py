"""Masters against their contracts: which rule of which policy a record breaks, as findings.

The rules are ``policies/master_*.toml``. ``found_in`` is pure; ``check_all`` and ``check_one`` read
the records. What only other records can tell is seen for all by ``check_all``; where one record
changes, ``check_one`` judges that record.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Connection

from journal import lookups, masters
from workflow.facts import CustomerRegistered, LotRegistered, ProductListed, SupplierRegistered
from workflow.findings import Found
from workflow.masters import (
    customer_facts,
    described_alike,
    lot_facts,
    product_facts,
    supplier_facts,
)
from workflow.policy import Policies, Policy

MASTERS = ("product", "customer", "supplier", "lot")
"""The masters that have a contract, as findings call them."""
Master = ProductListed | CustomerRegistered | SupplierRegistered | LotRegistered
LATELY = timedelta(days=30)
"""How far back deliveries without a lot are looked for."""


def found_in(
    policy: Policy, subject: str, facts: Mapping[str, object], records: tuple[str, ...] = ()
) -> Iterator[Found]:
    """One finding for each rule that a record breaks; ``records`` where the subject is several."""
    for rule in policy.found(facts):
        if rule.role is None:
            raise AssertionError(f"{policy.ref}: {rule.id} has no owner")
        yield Found(
            kind=f"{policy.finds}.{rule.id}",
            subject=subject,
            records=records or (subject,),
            severity=dict(rule.values)["severity"],
            role=rule.role,
            says=rule.because,
            blocks=rule.removes,
            policy=policy.ref,
        )


def check_all(conn: Connection, policies: Policies, at: datetime) -> Iterator[Found]:
    """Every rule that any record breaks. ``policies`` are those in force, variants included."""
    book = _book(policies)
    suppliers, alike = masters.supplier_ids(conn), masters.described(conn)
    without_lot = masters.without_lot(conn, at - LATELY)
    items = {product.sku: product for product in masters.products(conn)}
    for sku, product in items.items():
        known = product.supplier_id in suppliers if product.supplier_id else None
        same = alike[described_alike(product)] - 1
        yield from _of_product(book, product, known, same, without_lot[sku])
    for lot in masters.lots(conn):
        yield from _of_lot(book, lot, items.get(lot.sku))
    yield from _of_customers(book, masters.customers(conn))
    named = masters.items_of_suppliers(conn)
    for supplier in masters.suppliers(conn):
        yield from _of_supplier(book, supplier, named[supplier.supplier_id])


def check_one(
    conn: Connection, policies: Policies, master: Master, at: datetime
) -> Iterator[Found]:
    """Every rule that a record breaks which is stored already."""
    book = _book(policies)
    match master:
        case ProductListed(supplier_id=supplier_id):
            known = lookups.supplier(conn, supplier_id) is not None if supplier_id else None
            alike = masters.described(conn, beside=master)[described_alike(master)]
            without_lot = masters.without_lot(conn, at - LATELY, master.sku)[master.sku]
            yield from _of_product(book, master, known, max(0, alike - 1), without_lot)
        case CustomerRegistered():
            yield from _of_customers(book, [master])
        case SupplierRegistered(supplier_id=supplier_id):
            items = masters.items_of_suppliers(conn, supplier_id)
            yield from _of_supplier(book, master, items[supplier_id])
        case LotRegistered(sku=sku):
            yield from _of_lot(book, master, lookups.product(conn, sku))


Book = Callable[[str, str], Policy]


def _book(policies: Policies) -> Book:
    """A policy by name and business unit, chosen once each."""

    @cache
    def chosen(name: str, unit: str) -> Policy:
        return policies.of(unit)[name]

    return chosen


def _of_product(
    book: Book,
    product: ProductListed,
    supplier_known: bool | None,
    same_item: int,
    without_lot: int,
) -> Iterator[Found]:
    facts = product_facts(product, supplier_known, same_item, without_lot)
    return found_in(book("master_product", product.business_unit), product.sku, facts)


def _of_customers(book: Book, customers: Iterable[CustomerRegistered]) -> Iterator[Found]:
    for customer in customers:
        policy = book("master_customer", customer.business_unit)
        yield from found_in(policy, customer.customer_id, customer_facts(customer))


def _of_supplier(book: Book, supplier: SupplierRegistered, items: int) -> Iterator[Found]:
    policy = book("master_supplier", "")
    return found_in(policy, supplier.supplier_id, supplier_facts(supplier, items))


def _of_lot(book: Book, lot: LotRegistered, item: ProductListed | None) -> Iterator[Found]:
    """A lot is named by its item and its number; neither number holds a tilde."""
    policy = book("master_lot", item.business_unit if item else "")
    return found_in(policy, f"{lot.sku}~{lot.lot}", lot_facts(lot, item), (lot.sku, lot.lot))
