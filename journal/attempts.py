"""What was said at each attempt of an effect: kept for whoever must find out why it did not go.

Failed attempts are kept, and the one that succeeded after them; what went at once leaves nothing.
Secrets are removed by whoever records (``integrations.redaction``).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from journal import tables

MOST_KEPT = 50
"""Attempts kept of one effect; older ones give way."""
KEPT_DAYS = 400

_attempt = tables.effect_attempt


def record(
    conn: Connection,
    key: str,
    at: datetime,
    took_ms: int,
    outcome: str,
    request: Mapping[str, object],
    answer: str,
) -> None:
    """``outcome``: ``done``, ``rejected``, ``unavailable`` or ``error``; ``answer`` in words."""
    conn.execute(
        insert(_attempt).values(
            key=key,
            at=at,
            took_ms=took_ms,
            outcome=outcome,
            request=dict(request),
            answer=answer[:2000],
        )
    )
    newest = (
        select(_attempt.c.attempt_id)
        .where(_attempt.c.key == key)
        .order_by(_attempt.c.attempt_id.desc())
        .limit(MOST_KEPT)
    )
    conn.execute(
        delete(_attempt).where(_attempt.c.key == key, _attempt.c.attempt_id.not_in(newest))
    )


def of(conn: Connection, key: str) -> list[dict[str, Any]]:
    """The attempts of an effect, the oldest first."""
    query = select(_attempt).where(_attempt.c.key == key).order_by(_attempt.c.attempt_id)
    return [
        {str(n): v for n, v in row.items() if n not in ("attempt_id", "key")}
        for row in conn.execute(query).mappings()
    ]


def forget(conn: Connection, at: datetime) -> int:
    """Forget attempts of longer ago than ``KEPT_DAYS``; how many."""
    old = delete(_attempt).where(_attempt.c.at < at - timedelta(days=KEPT_DAYS))
    return conn.execute(old).rowcount
