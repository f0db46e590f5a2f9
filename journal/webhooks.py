"""Subscriptions to the public feed: who is told, under which secrets, and how they are doing.

Configuration, as accounts are: not part of the log. A removed subscription keeps its row, so that
who was told, and on whose word, can be looked up later; its secrets are gone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from journal import tables
from journal.codec import EVENT_CLASSES
from journal.sealing import Sealer
from workflow.refused import Refused

MOST_WEBHOOKS = 50
MOST_SECRETS = 3
"""So many secrets of one subscription sign at once; an older one ends where one is added."""
REPLAY_DAYS = 30
MOST_OVERLAP_HOURS = 168

_hook, _secret = tables.webhook, tables.webhook_secret
_delivery = tables.webhook_delivery


def subscribe(
    conn: Connection,
    webhook_id: str,
    url: str,
    description: str,
    types: Sequence[str],
    by: str,
    at: datetime,
    cursor: int,
) -> None:
    """Tell ``url`` of what comes after ``cursor``: of events of ``types``, or of all if empty.

    Refused: ``not_allowed_value`` (no such type), ``too_many_webhooks``.
    """
    unknown = sorted(set(types) - set(EVENT_CLASSES))
    if unknown:
        raise Refused("not_allowed_value", f"There is no event type {unknown[0][:80]!r}.")
    if len(listed(conn)) >= MOST_WEBHOOKS:
        raise Refused("too_many_webhooks", f"There are {MOST_WEBHOOKS} webhooks already.")
    conn.execute(
        insert(_hook).values(
            webhook_id=webhook_id,
            url=url,
            description=description,
            types=sorted(set(types)),
            status="active",
            created_by=by,
            created_at=at,
            cursor=cursor,
        )
    )


def listed(conn: Connection) -> Sequence[RowMapping]:
    """Subscriptions that were not removed, the oldest first, each with how many messages are
    ``waiting`` and how many ``failed`` for good."""
    query = (
        select(_hook, *_counts())
        .where(_hook.c.status != "removed")
        .order_by(_hook.c.created_at, _hook.c.webhook_id)
    )
    return conn.execute(query).mappings().all()


def _counts() -> tuple[Any, Any]:
    def counted(*statuses: str) -> Any:
        return (
            select(func.count())
            .where(_delivery.c.webhook_id == _hook.c.webhook_id, _delivery.c.status.in_(statuses))
            .scalar_subquery()
        )

    return counted("waiting", "sending").label("waiting"), counted("failed").label("failed")


def one(conn: Connection, webhook_id: str, *, lock: bool = False) -> RowMapping:
    """One subscription as ``listed`` has it. Refused: ``unknown_webhook``."""
    query = select(_hook, *_counts()).where(
        _hook.c.webhook_id == webhook_id, _hook.c.status != "removed"
    )
    if lock:
        query = query.with_for_update(of=_hook)
    found = conn.execute(query).mappings().one_or_none()
    if found is None:
        raise Refused("unknown_webhook", f"There is no webhook {webhook_id[:80]}.")
    return found


def active(conn: Connection) -> list[str]:
    """The subscriptions that are sent to."""
    query = select(_hook.c.webhook_id).where(_hook.c.status == "active")
    return list(conn.execute(query.order_by(_hook.c.webhook_id)).scalars())


def add_secret(
    conn: Connection, sealer: Sealer, webhook_id: str, secret: str, at: datetime, overlap: timedelta
) -> None:
    """Sign with one more secret from now on; those before end after ``overlap``."""
    own = _secret.c.webhook_id == webhook_id
    until = func.least(func.coalesce(_secret.c.expires_at, at + overlap), at + overlap)
    conn.execute(update(_secret).where(own).values(expires_at=until))
    last = conn.execute(select(func.max(_secret.c.number)).where(own)).scalar() or 0
    conn.execute(delete(_secret).where(own, _secret.c.number <= last + 1 - MOST_SECRETS))
    conn.execute(
        insert(_secret).values(
            webhook_id=webhook_id, number=last + 1, sealed=sealer.seal(secret), created_at=at
        )
    )


def secrets_of(conn: Connection, sealer: Sealer, webhook_id: str, at: datetime) -> list[str]:
    """The secrets that sign at a moment, the newest first."""
    query = select(_secret.c.sealed).where(
        _secret.c.webhook_id == webhook_id,
        (_secret.c.expires_at.is_(None)) | (_secret.c.expires_at > at),
    )
    rows = conn.execute(query.order_by(_secret.c.number.desc())).scalars()
    return [sealer.unseal(bytes(row)) for row in rows]


def disable(conn: Connection, webhook_id: str, because: str) -> None:
    """Send nothing more until a person says so; what waits goes on waiting."""
    change = update(_hook).where(_hook.c.webhook_id == webhook_id, _hook.c.status == "active")
    conn.execute(change.values(status="disabled", because=because))


def activate(conn: Connection, webhook_id: str) -> None:
    """Send again, from where it stopped. Refused: ``unknown_webhook``."""
    one(conn, webhook_id, lock=True)
    conn.execute(
        update(_hook)
        .where(_hook.c.webhook_id == webhook_id)
        .values(status="active", because=None, failures=0, failing_since=None, paused_until=None)
    )


def remove(conn: Connection, webhook_id: str, by: str, at: datetime) -> None:
    """End a subscription, forget its secrets and what waits. Refused: ``unknown_webhook``."""
    one(conn, webhook_id, lock=True)
    conn.execute(
        update(_hook)
        .where(_hook.c.webhook_id == webhook_id)
        .values(status="removed", ended_by=by, ended_at=at)
    )
    for table in (_secret, _delivery, tables.webhook_attempt):
        conn.execute(delete(table).where(table.c.webhook_id == webhook_id))


def rewind(conn: Connection, webhook_id: str, since: datetime, at: datetime) -> int:
    """Send again what was recorded from ``since`` on, in the order of the feed; the cursor then.

    Refused: ``unknown_webhook``, ``too_old``, ``future_date``.
    """
    if since > at:
        raise Refused("future_date", f"{since.isoformat()} has not come yet.")
    if since < at - timedelta(days=REPLAY_DAYS):
        raise Refused("too_old", f"Messages of the last {REPLAY_DAYS} days are sent again.")
    hook = one(conn, webhook_id, lock=True)
    events = tables.event
    first = conn.execute(
        select(func.min(events.c.position)).where(
            events.c.recorded_at >= since, events.c.position <= hook["cursor"]
        )
    ).scalar()
    cursor: int = hook["cursor"] if first is None else first - 1
    # What waits behind the new cursor is found again by it, after what goes before it.
    conn.execute(
        delete(_delivery).where(
            _delivery.c.webhook_id == webhook_id,
            _delivery.c.position > cursor,
        )
    )
    conn.execute(update(_hook).where(_hook.c.webhook_id == webhook_id).values(cursor=cursor))
    return cursor
