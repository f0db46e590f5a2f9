"""Masters checked against their contracts, customers against each other, codes against the
crosswalk, names of warehouses: by the clock, by command, and of one record when it is told.

What waits for a gap of an item is told to every open return of it in the same transaction.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import Connection

from journal import findings, lookups, masters
from journal.findings import DUPLICATE, Changes
from reconciliation import warehouses
from reconciliation.duplicate_customers import Duplicates, find, findings_of, subject_of
from reconciliation.masters import MASTERS, Master, check_all, check_one
from serving.codes import check_codes
from serving.http import retrying
from serving.wiring import Services
from workflow.actor import SYSTEM, Actor
from workflow.commands import ReportMasterGaps
from workflow.facts import CustomerRegistered, LotRegistered, ProductListed, SupplierRegistered
from workflow.masters import KIND_OF

log = structlog.get_logger("serving.masters")
CORRECTED = "The record is in order now."
APART = "The records are not alike any more."
OPEN = ("under_review", "authorised")


def check(services: Services) -> Changes:
    """Every master against its contract, every code against the crosswalk, every warehouse that
    documents name; what changed."""
    return retrying(services.engine, partial(_check, services))


def _check(services: Services, conn: Connection) -> Changes:
    now = services.clock()
    policies = services.policies.at(now)
    known = [row["finding_id"] for row in findings.not_closed(conn, (*MASTERS, "warehouse"))]
    found = [*check_all(conn, policies, now), *warehouses.found(conn, now)]
    records = findings.bring_up_to_date(services.journal, conn, found, known, now, CORRECTED)
    reach(services, conn, records.touched, now)
    codes = check_codes(services, conn, now)
    return Changes(records.opened + codes.opened, records.closed + codes.closed, records.touched)


def check_told(services: Services, conn: Connection, fact: object, now: datetime) -> Changes:
    """One master that was just recorded; nothing for any other fact.

    What it changes for other records (a supplier that items were waiting for) the next check finds.
    """
    if not isinstance(fact, Master):
        return Changes()
    master, records = KIND_OF[type(fact)], _records(fact)
    known = [row["finding_id"] for row in findings.not_closed(conn, [master], records)]
    found = check_one(conn, services.policies.at(now), fact, now)
    changes = findings.bring_up_to_date(services.journal, conn, found, known, now, CORRECTED)
    reach(services, conn, changes.touched, now)
    return changes


def _records(fact: Master) -> tuple[str, ...]:
    """What findings about the record name."""
    match fact:
        case ProductListed():
            return (fact.sku,)
        case CustomerRegistered():
            return (fact.customer_id,)
        case SupplierRegistered():
            return (fact.supplier_id,)
        case LotRegistered():
            return (fact.sku, fact.lot)


def reach(services: Services, conn: Connection, skus: Iterable[str], at: datetime) -> int:
    """Tell every open return of the items what waits for their records now; how many were."""
    told = 0
    for sku in sorted(skus):
        blocks, numbers = findings.blocked(conn, sku)
        command = ReportMasterGaps(sku, blocks, numbers, SYSTEM, at)
        for return_id in lookups.returns_with(conn, sku, OPEN):
            told += bool(services.cases.handle(conn, return_id, command).recorded)
    return told


def accept(services: Services, conn: Connection, finding_id: str, actor: Actor, note: str) -> None:
    """A person lets a finding be; what waited for it is free, also in returns under way.

    Refused: as ``workflow.findings.accepted``.
    """
    now = services.clock()
    findings.accept(services.journal, conn, finding_id, actor, now, note)
    row = findings.finding(conn, finding_id)
    if row is not None and row["blocks"]:
        reach(services, conn, row["records"], now)


def check_duplicates(services: Services) -> tuple[Changes, Duplicates]:
    """Customers against each other: comparing takes seconds and is done outside a transaction.

    Errors: ``ImportError`` where Splink is not installed.
    """
    with services.engine.connect() as conn:
        customers = list(masters.customers(conn))
    found = find(customers)
    return retrying(services.engine, partial(_record, services, found)), found


def _record(services: Services, found: Duplicates, conn: Connection) -> Changes:
    possible = {f"{DUPLICATE}:{subject_of(pair)}" for pair in found.pairs}
    rows = findings.not_closed_of(conn, DUPLICATE)
    gone = [row["finding_id"] for row in rows if row["finding_id"] not in possible]
    sure, now = findings_of(found), services.clock()
    return findings.bring_up_to_date(services.journal, conn, sure, gone, now, APART)


def nightly(services: Services) -> None:
    """Look for duplicates, where Splink is installed."""
    try:
        changes, found = check_duplicates(services)
    except ImportError as missing:
        log.warning("customers are not compared: install the training extra", why=str(missing))
        return
    log.info("customers compared", opened=len(changes.opened), basis=found.basis)
