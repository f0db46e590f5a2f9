"""Effects that people look after: what is parked and why, tried again, or given up."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from journal import attempts, lookups, outbox
from serving.http import plain
from serving.wiring import Services
from workflow.abandoning import ROLES
from workflow.actor import Actor
from workflow.approvals import require_any_role
from workflow.commands import AbandonEffect
from workflow.refused import Refused

MOST_AT_ONCE = 1000
"""Effects that one request puts back in the queue."""


def shown(row: Mapping[Any, Any]) -> dict[str, Any]:
    """An effect as people and programs read it, with the ``cause`` it failed for and its money."""
    payload = row["payload"]
    minor = payload.get("net_minor", payload.get("amount_minor", payload.get("claimed_minor")))
    tax = payload.get("tax_minor", 0)
    return plain(row) | {
        "cause": cause_of(row["error"]),
        "system": outbox.system_of(row["kind"]),
        "money_minor": None if minor is None else minor + tax,
        "currency": payload.get("currency"),
    }


def cause_of(error: str | None) -> str | None:
    """What failed, without which: ``case_closed`` of ``case_closed: The case ...``."""
    return error.partition(":")[0][:100] if error else None


def one(conn: Connection, key: str) -> dict[str, Any]:
    """An effect with every attempt that is kept. Refused: ``unknown_effect``."""
    row = lookups.effect(conn, key)
    if row is None:
        raise Refused("unknown_effect", f"There is no effect {key[:200]}.")
    return shown(row) | {"tries": attempts.of(conn, key)}


def listed(
    conn: Connection, status: str, cause: str | None = None, limit: int = 500
) -> list[dict[str, Any]]:
    """Effects of a status, the oldest first; with ``cause`` those that failed for it."""
    rows = lookups.effects(conn, statuses=(status,), limit=limit)
    return [item for row in rows if cause in (None, (item := shown(row))["cause"])]


def causes(items: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many failed for which cause."""
    counted: dict[str, int] = {}
    for item in items:
        name = item["cause"] or "unknown"
        counted[name] = counted.get(name, 0) + 1
    return counted


def retry(conn: Connection, actor: Actor, key: str) -> dict[str, Any]:
    """Put a parked effect back in the queue, with all its attempts before it.

    Refused: ``wrong_role``, ``unknown_effect``, ``not_parked``.
    """
    require_any_role(actor, ROLES, f"Retrying {key[:200]}")
    one(conn, key)
    if not outbox.retry(conn, key):
        raise Refused("not_parked", f"{key} is not parked.")
    return one(conn, key)


def retry_all(conn: Connection, actor: Actor, cause: str | None) -> list[str]:
    """The same for all that are parked, or those parked for one cause; the keys.

    Refused: ``wrong_role``.
    """
    require_any_role(actor, ROLES, "Retrying effects")
    found = listed(conn, "parked", cause, MOST_AT_ONCE)
    return [item["key"] for item in found if outbox.retry(conn, item["key"])]


def abandon(
    services: Services, conn: Connection, actor: Actor, key: str, reason: str, note: str
) -> dict[str, Any]:
    """Give a parked effect up. Refused: ``unknown_effect``, those of ``workflow.abandoning``."""
    row = one(conn, key)
    if not outbox.hold_parked(conn, key):
        raise Refused("not_parked", f"{key} is not parked.")
    command = AbandonEffect(key, row["kind"], reason, note, actor, services.clock())
    services.cases.handle(conn, row["return_id"], command)
    return one(conn, key)
