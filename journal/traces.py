"""In which trace an event was recorded: whoever tells of it later continues that trace.

A memory of the edge, as long as webhooks may be replayed. Written only where there is a trace.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from journal import tables
from journal.database import raw
from journal.entries import Recorded
from journal.tracing import traceparent

KEPT_DAYS = 30
_trace = tables.event_trace


def keep(conn: Connection, entries: Sequence[Recorded]) -> None:
    """Note the trace under way beside what is recorded in it; nothing where there is none."""
    parent = traceparent()
    if parent is not None:
        raw(conn).execute(
            "INSERT INTO event_trace SELECT *, %s FROM unnest(%s::bigint[], %s::timestamptz[])",
            (parent, [one.position for one in entries], [one.recorded_at for one in entries]),
        )


def of(conn: Connection, positions: Sequence[int]) -> dict[int, str]:
    """The ``traceparent`` of events by their position; those of no trace are absent."""
    query = select(_trace.c.position, _trace.c.traceparent).where(_trace.c.position.in_(positions))
    return {row.position: row.traceparent for row in conn.execute(query)}


def of_first(conn: Connection, stream: str) -> str | None:
    """The ``traceparent`` of what began a stream."""
    begun = select(tables.event.c.position).where(
        tables.event.c.stream == stream, tables.event.c.version == 1
    )
    query = select(_trace.c.traceparent).where(_trace.c.position == begun.scalar_subquery())
    found: str | None = conn.execute(query).scalar()
    return found


def forget(conn: Connection, at: datetime) -> int:
    """Forget the traces of events recorded longer ago than ``KEPT_DAYS``; how many."""
    old = delete(_trace).where(_trace.c.recorded_at < at - timedelta(days=KEPT_DAYS))
    return conn.execute(old).rowcount
