"""Absences in the journal: recorded, ended, listed, and who is away at a moment."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from journal import leases, tables
from journal.delegations import mandated
from journal.entries import Append
from journal.journal import Journal
from workflow import absence
from workflow.actor import Actor
from workflow.refused import Refused

MOST_ROWS = 200
_absence = tables.absence


def record(
    journal: Journal,
    conn: Connection,
    absence_id: str,
    person: str,
    days: tuple[date, date],
    actor: Actor,
    at: datetime,
) -> None:
    """Record an absence; what the person leases is released at once where it has begun.

    Errors: those of ``workflow.absence.recorded``, ``Conflict``.
    """
    fact = absence.recorded(absence_id, person, *days, actor, at)
    journal.append(conn, [Append(absence.stream_of(absence_id), (fact,), actor, at, 0)])
    leases.release_of(conn, away(conn, at))


def end(journal: Journal, conn: Connection, absence_id: str, actor: Actor, at: datetime) -> None:
    """Record that somebody is back. Errors: those of ``workflow.absence.ended``, ``Conflict``."""
    if one(conn, absence_id) is None:  # an unknown name may not even be that of a stream
        raise Refused("unknown_absence", f"There is no absence {absence_id}.")
    stream = absence.stream_of(absence_id)
    history = [entry.event for entry in journal.read_stream(conn, stream)]
    fact = absence.ended(history, actor, at)
    journal.append(conn, [Append(stream, (fact,), actor, at, len(history))])


def one(conn: Connection, absence_id: str) -> RowMapping | None:
    """One absence, ended or not."""
    query = select(_absence).where(_absence.c.absence_id == absence_id)
    return conn.execute(query).mappings().one_or_none()


def listed(
    conn: Connection,
    *,
    person: str | None = None,
    since: date | None = None,
    limit: int = MOST_ROWS,
) -> Sequence[RowMapping]:
    """Absences of a person (``None``: of all) whose last day is not before ``since``, at most
    200, the last to begin first."""
    query = select(_absence)
    if person is not None:
        query = query.where(_absence.c.person == person)
    if since is not None:
        query = query.where(_absence.c.last_day >= since)
    query = query.order_by(_absence.c.first_day.desc(), _absence.c.absence_id)
    return conn.execute(query.limit(min(limit, MOST_ROWS))).mappings().all()


def away(conn: Connection, at: datetime) -> frozenset[str]:
    """Everybody who is absent at a moment."""
    return frozenset(conn.execute(select(_absence.c.person).where(*_now(at))).scalars())


def at_work(conn: Connection, actor: Actor, at: datetime) -> Actor:
    """The actor with what is delegated to them. Refused: ``absent``."""
    query = select(_absence.c.last_day).where(*_now(at), _absence.c.person == actor.id)
    until = conn.execute(query.limit(1)).scalar_one_or_none()
    if until is not None:
        raise Refused("absent", f"{actor.id} is absent until {until} and takes no tasks.")
    return mandated(conn, actor, at)


def _now(at: datetime) -> tuple[ColumnElement[bool], ...]:
    day = at.date()
    return (
        _absence.c.status == "recorded",
        _absence.c.first_day <= day,
        _absence.c.last_day >= day,
    )
