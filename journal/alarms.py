"""Alarms in the journal: raised by jobs and rules, settled by people, listed by role."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from journal import tables
from journal.entries import Append
from journal.journal import Journal
from workflow import alarms
from workflow.actor import SYSTEM, Actor
from workflow.facts import AlarmRaised
from workflow.refused import Refused

MOST_ROWS = 200


def raise_alarm(
    journal: Journal,
    conn: Connection,
    *,
    kind: str,
    subject: str,
    says: str,
    role: str,
    at: datetime,
    actor: Actor = SYSTEM,
    figures: tuple[tuple[str, float], ...] = (),
    report: str | None = None,
    due_at: datetime | None = None,
) -> AlarmRaised | None:
    """Record a task for ``role``; ``None`` where one of this kind and subject is open already.

    Errors: ``journal.entries.Conflict`` (somebody was faster: roll back and repeat).
    """
    stream = alarms.stream_of(kind, subject)
    history = [entry.event for entry in journal.read_stream(conn, stream)]
    alarm = alarms.raised(history, kind, subject, says, role, at, figures, report, due_at)
    if alarm is not None:
        journal.append(conn, [Append(stream, (alarm,), actor, at, len(history))])
    return alarm


def settle_alarm(
    journal: Journal, conn: Connection, alarm_id: str, actor: Actor, at: datetime, note: str
) -> None:
    """Record what came of an alarm.

    Errors: ``Refused`` (``unknown_alarm``, ``already_decided``, ``wrong_role``,
    ``reason_required``), ``journal.entries.Conflict``.
    """
    shown = alarm(conn, alarm_id)
    if shown is None:
        raise Refused("unknown_alarm", f"There is no alarm {alarm_id}.")
    stream = alarms.stream_of(shown["kind"], shown["subject"])
    history = [entry.event for entry in journal.read_stream(conn, stream)]
    fact = alarms.settled(history, alarm_id, actor, at, note)
    journal.append(conn, [Append(stream, (fact,), actor, at, len(history))])


def alarm(conn: Connection, alarm_id: str) -> RowMapping | None:
    """One alarm, open or settled."""
    query = select(tables.alarm).where(tables.alarm.c.alarm_id == alarm_id)
    return conn.execute(query).mappings().one_or_none()


def listed(
    conn: Connection,
    *,
    status: str | None = "open",
    roles: Collection[str] | None = None,
    limit: int = MOST_ROWS,
) -> Sequence[RowMapping]:
    """Alarms for any of the roles (``None``: all), newest first, at most 200."""
    table = tables.alarm
    query = select(table)
    if status is not None:
        query = query.where(table.c.status == status)
    if roles is not None:
        query = query.where(table.c.role.in_(roles))
    query = query.order_by(table.c.raised_at.desc(), table.c.alarm_id)
    return conn.execute(query.limit(min(limit, MOST_ROWS))).mappings().all()
