"""Delegations in the journal: given, revoked, listed, and what of them is in force at a moment."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, or_, select

from journal import tables
from journal.entries import Append
from journal.journal import Journal
from workflow import delegation
from workflow.actor import Actor, Mandate
from workflow.delegation import Wanted
from workflow.refused import Refused

MOST_ROWS = 200
_given, _account = tables.delegation, tables.account


def give(
    journal: Journal,
    conn: Connection,
    wanted: Wanted,
    own_roles: Collection[str],
    actor: Actor,
    at: datetime,
) -> None:
    """Record a delegation. Errors: those of ``workflow.delegation.given``, ``Conflict``."""
    fact = delegation.given(wanted, own_roles, actor, at)
    stream = delegation.stream_of(wanted.delegation_id)
    journal.append(conn, [Append(stream, (fact,), actor, at, 0)])


def revoke(
    journal: Journal, conn: Connection, delegation_id: str, actor: Actor, at: datetime, because: str
) -> None:
    """End a delegation at once. Errors: those of ``workflow.delegation.revoked``, ``Conflict``."""
    if one(conn, delegation_id) is None:  # an unknown name may not even be that of a stream
        raise Refused("unknown_delegation", f"There is no delegation {delegation_id}.")
    stream = delegation.stream_of(delegation_id)
    history = [entry.event for entry in journal.read_stream(conn, stream)]
    fact = delegation.revoked(history, actor, at, because)
    journal.append(conn, [Append(stream, (fact,), actor, at, len(history))])


def one(conn: Connection, delegation_id: str) -> RowMapping | None:
    """One delegation, in force or not."""
    query = select(_given).where(_given.c.delegation_id == delegation_id)
    return conn.execute(query).mappings().one_or_none()


def listed(
    conn: Connection,
    *,
    person: str | None = None,
    status: str | None = None,
    limit: int = MOST_ROWS,
) -> Sequence[RowMapping]:
    """Delegations by or to a person (``None``: anybody), newest first, at most 200."""
    query = select(_given)
    if person is not None:
        query = query.where(or_(_given.c.delegator == person, _given.c.delegate == person))
    if status is not None:
        query = query.where(_given.c.status == status)
    query = query.order_by(_given.c.given_at.desc(), _given.c.delegation_id)
    return conn.execute(query.limit(min(limit, MOST_ROWS))).mappings().all()


def in_force(conn: Connection, at: datetime, delegate: str | None = None) -> list[dict[str, Any]]:
    """What is lent at a moment, to one person or to all: ``delegate``, ``delegator``, ``roles``
    and ``delegation_id``, the oldest first.

    Lent is only what the delegator holds today: an account that was closed lends nothing, a role
    that was taken away is not lent. Delegators without an account (single sign-on) lend what was
    recorded.
    """
    day = at.date()
    conditions: list[ColumnElement[bool]] = [
        _given.c.status == "given",
        _given.c.first_day <= day,
        _given.c.last_day >= day,
    ]
    if delegate is not None:
        conditions.append(_given.c.delegate == delegate)
    query = (
        select(_given, _account.c.roles.label("held"), _account.c.active)
        .outerjoin(_account, _account.c.account_id == _given.c.delegator)
        .where(*conditions)
        .order_by(_given.c.given_at, _given.c.delegation_id)
    )
    return [_lent(row) for row in conn.execute(query).mappings()]


def _lent(row: RowMapping) -> dict[str, Any]:
    held = row["roles"] if row["held"] is None else row["held"]
    roles = [] if row["active"] is False else [role for role in row["roles"] if role in held]
    names = ("delegate", "delegator", "delegation_id")
    return {name: row[name] for name in names} | {"roles": roles}


def mandated(conn: Connection, actor: Actor, at: datetime) -> Actor:
    """The actor with what is delegated to them at a moment; others than people get nothing."""
    if actor.kind != "person":
        return actor
    mandates = tuple(
        Mandate(role, lent["delegator"], lent["delegation_id"])
        for lent in in_force(conn, at, actor.id)
        for role in lent["roles"]
    )
    return replace(actor, mandates=mandates)
