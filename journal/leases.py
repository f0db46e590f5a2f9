"""One person at a time on a task, for a while: a lease that ends by itself.

Each step is one conditional UPDATE, so that two people who press at once get one lease.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from journal import tables
from workflow.refused import Refused

LEASE_SECONDS = 300

_task = tables.task


@dataclass(frozen=True, slots=True)
class Lease:
    task_id: str
    holder: str
    until: datetime


def lease(
    conn: Connection, task_id: str, holder: str, at: datetime, seconds: float = LEASE_SECONDS
) -> Lease:
    """Take a task, or keep it longer if it is ours (a heartbeat is the same call).

    Refused: ``unknown_task`` (or no longer open), ``task_leased`` (to somebody else, until ...).
    """
    until = at + timedelta(seconds=seconds)
    free = _task.c.lease_holder.is_(None) | (_task.c.lease_until <= at)
    statement = update(_task).where(
        _task.c.task_id == task_id,
        _task.c.status == "open",
        free | (_task.c.lease_holder == holder),
    )
    taken = conn.execute(statement.values(lease_holder=holder, lease_until=until)).rowcount
    if taken == 0:
        raise _why_not(conn, task_id, at)
    return Lease(task_id, holder, until)


def heartbeat(
    conn: Connection, task_id: str, holder: str, at: datetime, seconds: float = LEASE_SECONDS
) -> Lease:
    """Keep a lease that has not ended. Refused: ``lease_required`` where it has."""
    require(conn, task_id, holder, at)
    return lease(conn, task_id, holder, at, seconds)


def release(conn: Connection, task_id: str, holder: str) -> bool:
    """Give a task back; ``False`` where it was not ours to give."""
    statement = update(_task).where(_task.c.task_id == task_id, _task.c.lease_holder == holder)
    return conn.execute(statement.values(lease_holder=None, lease_until=None)).rowcount == 1


def release_of(conn: Connection, holders: Collection[str]) -> int:
    """Give back everything that these people hold; answers how many tasks."""
    statement = update(_task).where(_task.c.lease_holder.in_(holders))
    return conn.execute(statement.values(lease_holder=None, lease_until=None)).rowcount


def holder_of(conn: Connection, task_id: str, at: datetime) -> Lease | None:
    """Who has the task at a time; ``None`` where nobody has."""
    query = select(_task.c.lease_holder, _task.c.lease_until).where(
        _task.c.task_id == task_id, _task.c.lease_until > at
    )
    row = conn.execute(query).one_or_none()
    return Lease(task_id, row[0], row[1]) if row and row[0] is not None else None


def require(conn: Connection, task_id: str, holder: str, at: datetime) -> None:
    """Refuse unless the holder has the task now: ``lease_required`` or ``task_leased``."""
    held = holder_of(conn, task_id, at)
    if held is None:
        raise Refused("lease_required", f"Lease {task_id} before deciding it.")
    if held.holder != holder:
        raise _leased(held)


def _why_not(conn: Connection, task_id: str, at: datetime) -> Refused:
    held = holder_of(conn, task_id, at)
    query = select(_task.c.status).where(_task.c.task_id == task_id)
    status = conn.execute(query).scalar_one_or_none()
    if status != "open" or held is None:
        return Refused("unknown_task", f"{task_id} is not open: {status or 'there is none'}.")
    return _leased(held)


def _leased(held: Lease) -> Refused:
    return Refused(
        "task_leased",
        f"{held.holder} works on {held.task_id} until {held.until.isoformat()}.",
        holder=held.holder,
        until=held.until.isoformat(),
    )
