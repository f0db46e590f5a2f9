"""What a return waits for because another system is down, in words that a customer may read."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from journal import lookups, outbox, systems
from serving.present import time

NAMES = {"erp": "the accounting system", "wms": "the warehouse system"}
SAYS = {
    "erp.credit_memo": "Credit approved",
    "erp.replacement": "Replacement approved",
    "erp.rma": "Return authorised",
}
"""What the customer has already, whatever the other system says; the first that fits is told."""


def waits_for(conn: Connection, return_id: str) -> list[dict[str, str]]:
    """Each system that is down and owes this return something: ``system``, ``since`` when it does
    not answer, and a sentence ``says``. Empty in ordinary times, at the cost of one small query."""
    away = systems.down(conn)
    if not away:
        return []
    rows = lookups.effects(conn, return_id=return_id, statuses=("pending", "doing"))
    kinds: dict[str, list[str]] = {}
    for row in rows:
        kinds.setdefault(outbox.system_of(row["kind"]) or "", []).append(row["kind"])
    return [
        _told(name, row["opened_at"], kinds[name]) for name, row in away.items() if name in kinds
    ]


def _told(system: str, since: datetime, kinds: Iterable[str]) -> dict[str, str]:
    wanted: Mapping[str, Any] = {kind: SAYS[kind] for kind in SAYS if kind in kinds}
    start = next(iter(wanted.values()), "In order")
    name = NAMES.get(system, f"the system {system}")
    says = f"{start}, waiting for {name} since {since:%Y-%m-%d %H:%M} UTC."
    return {"system": system, "since": time(since), "says": says}
