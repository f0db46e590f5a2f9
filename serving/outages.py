"""What a return waits for because another system owes it something, in words that a customer may
read."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping

from journal import lookups, outbox, systems
from serving.present import time

NAMES = {"erp": "the accounting system", "wms": "the warehouse system"}
SAYS = {
    "erp.credit_memo": "Credit approved",
    "erp.replacement": "Replacement approved",
    "erp.rma": "Return authorised",
}
"""What the customer has already, whatever the other system says; the first that fits is told."""


LATE = timedelta(minutes=1)
"""What another system owes for longer is said, though nobody knows yet whether it is down."""


def waits_for(conn: Connection, return_id: str, at: datetime) -> list[dict[str, str]]:
    """Each system that owes this return something and is down, late by ``LATE``, or has refused it
    (parked): ``system``, ``since`` when, and a sentence ``says``. Empty in ordinary times."""
    rows = lookups.effects(conn, return_id=return_id, statuses=("pending", "doing", "parked"))
    owed: dict[str, list[RowMapping]] = {}
    for row in rows:
        name = outbox.system_of(row["kind"])
        if name is not None:
            owed.setdefault(name, []).append(row)
    away = systems.down(conn) if owed else {}
    told = []
    for name, effects in owed.items():
        parked = any(row["status"] == "parked" for row in effects)
        since = min(row["created_at"] for row in effects)
        if name in away and not parked:
            since = away[name]["opened_at"]
        if parked or name in away or since + LATE <= at:
            told.append(_told(name, since, {row["kind"] for row in effects}, parked))
    return told


def _told(system: str, since: datetime, kinds: Collection[str], parked: bool) -> dict[str, str]:
    start = next((says for kind, says in SAYS.items() if kind in kinds), "In order")
    name = NAMES.get(system, f"the system {system}")
    says = f"{start}, waiting for {name} since {since:%Y-%m-%d %H:%M} UTC"
    return {
        "system": system,
        "since": time(since),
        "says": f"{says}; a person is looking after it." if parked else f"{says}.",
    }
