"""Delegations and absences at the edge: who the people are, then the rules of ``workflow``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from journal import absences, accounts, delegations
from serving.http import plain
from serving.shapes import AbsenceShape, DelegationShape
from serving.wiring import Services
from workflow.actor import Actor
from workflow.delegation import Wanted
from workflow.refused import Refused


def lend(
    services: Services, conn: Connection, actor: Actor, shape: DelegationShape
) -> dict[str, object]:
    """Record a delegation and give it as it is listed.

    Refused: as ``workflow.delegation.given``; ``unknown_account``.
    """
    delegator = shape.delegator or actor.id
    roles = actor.roles if delegator == actor.id else known_person(conn, delegator).roles
    if services.settings.oidc_issuer is None or accounts.find_account(conn, shape.delegate):
        known_person(conn, shape.delegate)  # of single sign-on we know people when they come
    number = f"D-{uuid4().hex[:12]}"
    wanted = Wanted(
        number,
        delegator,
        shape.delegate,
        [str(role) for role in shape.roles],
        shape.first_day,
        shape.last_day,
        shape.because,
    )
    now = services.clock()
    delegations.give(services.journal, conn, wanted, roles, actor, now)
    return shown(delegations.one(conn, number) or {}, now)


def leave(
    services: Services, conn: Connection, actor: Actor, shape: AbsenceShape
) -> dict[str, object]:
    """Record an absence and give it as it is listed.

    Refused: as ``workflow.absence.recorded``; ``unknown_account``.
    """
    person, number = shape.person or actor.id, f"A-{uuid4().hex[:12]}"
    if person != actor.id:
        known_person(conn, person)
    days = (shape.first_day, shape.last_day)
    absences.record(services.journal, conn, number, person, days, actor, services.clock())
    return plain(absences.one(conn, number) or {})


def known_person(conn: Connection, account_id: str) -> accounts.Account:
    """The open account of a person. Refused: ``unknown_account``."""
    account = accounts.find_account(conn, account_id)
    if account is None or not account.active or account.kind != "person":
        raise Refused("unknown_account", f"There is no person with an account {account_id}.")
    return account


def shown(row: Mapping[Any, Any], at: datetime) -> dict[str, object]:
    """A delegation with ``in_force``: given, not revoked, and today is one of its days."""
    first, last, today = row["first_day"], row["last_day"], at.date()
    in_force = row["status"] == "given" and first <= today <= last
    return plain(row) | {"in_force": in_force}
