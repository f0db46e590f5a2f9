"""Effects that people look after: what is parked and why, tried again, corrected, or given up."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from integrations.erp.port import Rejected
from integrations.perform import request_of
from journal import attempts, lookups, outbox
from serving.http import plain
from serving.wiring import Services
from workflow.actor import Actor
from workflow.approvals import require_any_role
from workflow.commands import AbandonEffect, CorrectEffect
from workflow.correcting import correctable
from workflow.events import FieldChange
from workflow.parked_effects import ROLES
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
    parked = row["status"] == "parked"
    tries = attempts.of(conn, key)
    return shown(row) | {"tries": tries, "correctable": fields(row) if parked else []}


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


def fields(row: Mapping[Any, Any]) -> list[dict[str, Any]]:
    """The fields of an effect that may be corrected, by path, with what they say now."""
    kind, named = row["kind"], flat(row["payload"])
    return [{"path": p, "value": v} for p, v in named.items() if correctable(kind, p)]


def flat(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Every value of a payload by its path; entries of a list count from 1 (``lines.1.lot``)."""
    return _flat("", payload)


def _flat(prefix: str, value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        parts = list(value.items())
    elif isinstance(value, list):
        parts = [(str(n), item) for n, item in enumerate(value, start=1)]
    else:
        return {prefix: value}
    joined = ((f"{prefix}.{name}" if prefix else name, item) for name, item in parts)
    return {path: leaf for name, item in joined for path, leaf in _flat(name, item).items()}


def correct(
    services: Services,
    conn: Connection,
    actor: Actor,
    key: str,
    changes: Mapping[str, str | None],
    because: str,
) -> dict[str, Any]:
    """Correct fields of a parked effect and try it again.

    Refused: ``unknown_effect``, those of ``workflow.correcting``; ``not_allowed_value`` also where
    the effect could not be asked with the new values.
    """
    row = one(conn, key)
    if not outbox.hold_parked(conn, key):
        raise Refused("not_parked", f"{key} is not parked.")
    flat = _flat("", row["payload"])
    told = tuple(FieldChange(path, _text(flat.get(path)), now) for path, now in changes.items())
    command = CorrectEffect(key, row["kind"], told, because, actor, services.clock())
    services.cases.handle(conn, row["return_id"], command)
    payload = row["payload"]
    for path, now in changes.items():
        _put(payload, path, now)
    try:
        request_of(row["kind"], key, row["return_id"], payload)
    except Rejected as no:
        raise Refused("not_allowed_value", no.message) from no
    outbox.correct(conn, key, payload)
    outbox.retry(conn, key)
    return one(conn, key)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _put(payload: Any, path: str, now: str | None) -> None:
    """Refused: ``not_allowed_value`` where there is no such line."""
    *outer, last = path.split(".")
    try:
        for name in outer:
            payload = payload[int(name) - 1] if isinstance(payload, list) else payload[name]
        payload[last] = now
    except (LookupError, ValueError) as error:
        raise Refused("not_allowed_value", f"There is no {path}.") from error


def abandon(
    services: Services, conn: Connection, actor: Actor, key: str, reason: str, note: str
) -> dict[str, Any]:
    """Ask that a parked effect is given up, or agree to it.

    Refused: ``unknown_effect``, those of ``workflow.abandoning``.
    """
    row = one(conn, key)
    if not outbox.hold_parked(conn, key):
        raise Refused("not_parked", f"{key} is not parked.")
    command = AbandonEffect(key, row["kind"], reason, note, actor, services.clock())
    services.cases.handle(conn, row["return_id"], command)
    return one(conn, key)
