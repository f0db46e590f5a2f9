"""Switches of automation in the journal: thrown, turned back, listed, and what is off now."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from journal import tables
from journal.entries import Append
from journal.journal import Journal
from workflow import stopping
from workflow.actor import Actor
from workflow.facts import AutomationStopped
from workflow.refused import Refused
from workflow.stopping import Wanted

MOST_ROWS = 200
_stop = tables.automation_stop


def stop(journal: Journal, conn: Connection, wanted: Wanted, actor: Actor, at: datetime) -> None:
    """Throw a switch. Errors: those of ``workflow.stopping.stopped``, ``Conflict``."""
    fact = stopping.stopped(wanted, actor, at)
    stream = stopping.stream_of(wanted.stop_id)
    journal.append(conn, [Append(stream, (fact,), actor, at, 0)])


def resume(
    journal: Journal, conn: Connection, stop_id: str, actor: Actor, at: datetime, because: str
) -> None:
    """Turn a switch back. Errors: those of ``workflow.stopping.resumed``, ``Conflict``."""
    if one(conn, stop_id) is None:  # an unknown name may not even be that of a stream
        raise Refused("unknown_stop", f"There is no switch {stop_id}.")
    stream = stopping.stream_of(stop_id)
    history = [entry.event for entry in journal.read_stream(conn, stream)]
    fact = stopping.resumed(history, actor, at, because)
    journal.append(conn, [Append(stream, (fact,), actor, at, len(history))])


def one(conn: Connection, stop_id: str) -> RowMapping | None:
    """One switch, thrown or turned back."""
    return conn.execute(select(_stop).where(_stop.c.stop_id == stop_id)).mappings().one_or_none()


def listed(
    conn: Connection, status: str | None = None, limit: int = MOST_ROWS
) -> Sequence[RowMapping]:
    """Switches with a status (``None``: all), newest first, at most 200."""
    query = select(_stop)
    if status is not None:
        query = query.where(_stop.c.status == status)
    query = query.order_by(_stop.c.stopped_at.desc(), _stop.c.stop_id)
    return conn.execute(query.limit(min(limit, MOST_ROWS))).mappings().all()


def thrown(conn: Connection) -> list[AutomationStopped]:
    """Every switch that is off now, however many, the oldest first."""
    query = select(_stop).where(_stop.c.status == "stopped")
    rows = conn.execute(query.order_by(_stop.c.stopped_at, _stop.c.stop_id)).mappings()
    names = AutomationStopped.__dataclass_fields__
    return [AutomationStopped(**{name: row[name] for name in names}) for row in rows]
