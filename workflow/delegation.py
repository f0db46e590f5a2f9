"""Delegation: a person lends roles to another from a day to a day, and takes them back.

What is lent is the right to decide tasks, nothing else, and only what the lender holds in
their own right: so a chain of loans cannot be built. Each delegation is a stream of its own.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from workflow.actor import Actor
from workflow.facts import DelegationGiven, DelegationRevoked
from workflow.refused import Refused

MOST_DAYS = 366
"""A loan longer than a year is a change of roles."""

DelegationFact = DelegationGiven | DelegationRevoked


@dataclass(frozen=True, slots=True)
class Wanted:
    """A delegation somebody asks for. Days are UTC, both included; no ``roles`` means all."""

    delegation_id: str
    delegator: str
    delegate: str
    roles: Collection[str]
    first_day: date
    last_day: date
    because: str


def stream_of(delegation_id: str) -> str:
    return f"delegation/{delegation_id}"


def given(
    wanted: Wanted, own_roles: Collection[str], actor: Actor, at: datetime
) -> DelegationGiven:
    """The fact to record. ``own_roles`` are those the delegator holds in their own right.

    Refused: ``wrong_role`` (neither the person nor an admin), ``self_delegation``,
    ``not_own_role``, ``invalid_period``, ``reason_required``.
    """
    require_self_or_admin(actor, wanted.delegator, "Delegating the roles of")
    if wanted.delegate == wanted.delegator:
        raise Refused("self_delegation", f"{wanted.delegator} cannot delegate to themselves.")
    roles = tuple(sorted(set(wanted.roles) or set(own_roles)))
    foreign = [role for role in roles if role not in own_roles]
    if foreign or not roles:
        named = ", ".join(foreign) or "any role"
        raise Refused("not_own_role", f"{wanted.delegator} does not hold {named} as their own.")
    check_days(wanted.first_day, wanted.last_day, at)
    if not wanted.because.strip():
        raise Refused("reason_required", "Say why the roles are delegated.")
    return DelegationGiven(
        wanted.delegation_id,
        wanted.delegator,
        wanted.delegate,
        roles,
        wanted.first_day,
        wanted.last_day,
        wanted.because.strip(),
        actor.id,
        at,
    )


def revoked(
    history: Sequence[DelegationFact], actor: Actor, at: datetime, because: str
) -> DelegationRevoked:
    """The fact that ends a delegation at once.

    Refused: ``unknown_delegation``, ``already_decided``, ``wrong_role``, ``reason_required``.
    """
    if not history or not isinstance(history[0], DelegationGiven):
        raise Refused("unknown_delegation", "There is no such delegation.")
    loan = history[0]
    if len(history) > 1:
        raise Refused("already_decided", f"{loan.delegation_id} is revoked already.")
    require_self_or_admin(actor, loan.delegator, "Revoking a delegation of")
    if not because.strip():
        raise Refused("reason_required", "Say why the delegation is revoked.")
    return DelegationRevoked(loan.delegation_id, actor.id, at, because.strip())


def require_self_or_admin(actor: Actor, person: str, doing: str) -> None:
    """Refuse with ``wrong_role`` unless a person acts for themselves, or an admin does."""
    if actor.kind != "person" or (actor.id != person and "admin" not in actor.roles):
        raise Refused("wrong_role", f"{doing} {person} is for {person} or an admin.")


def check_days(first_day: date, last_day: date, at: datetime) -> None:
    """Refuse with ``invalid_period`` days in the past, in the wrong order, or too many."""
    if first_day < at.date():
        raise Refused("invalid_period", f"{first_day} is past: nothing begins before today.")
    if last_day < first_day:
        raise Refused("invalid_period", f"{last_day} is before {first_day}.")
    if (last_day - first_day).days >= MOST_DAYS:
        raise Refused("invalid_period", f"More than {MOST_DAYS} days: change the roles instead.")
