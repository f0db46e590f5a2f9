"""Closing a reconciliation exception at the edge: its stream read, the next fact appended."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from journal.entries import Append
from journal.worklists import exception
from serving.shapes import ResolutionShape
from serving.wiring import Services
from workflow import resolving
from workflow.actor import Actor
from workflow.approvals import require_any_role
from workflow.policy import Policies
from workflow.refused import Refused
from workflow.resolving import RESOLVERS, Ending

__all__ = ["RESOLVERS", "confirm", "reject", "resolve"]
Decide = Callable[[Sequence[object], Policies, datetime], object]


def resolve(
    conn: Connection, services: Services, exception_id: str, shape: ResolutionShape, actor: Actor
) -> None:
    """Record the end of an exception, or the first of two words about it, once: of two people at
    once, one is told it is done. Refused: as ``workflow.resolving.resolved``."""
    ending = Ending(shape.resolution, shape.loss_minor, shape.recovered_minor, shape.note.strip())

    def decide(history: Sequence[object], policies: Policies, at: datetime) -> object:
        return resolving.resolved(history, ending, actor, policies, at)

    _append(conn, services, exception_id, actor, decide)


def confirm(conn: Connection, services: Services, exception_id: str, actor: Actor) -> None:
    """Record the second word. Refused: as ``workflow.resolving.confirmed``."""

    def decide(history: Sequence[object], policies: Policies, at: datetime) -> object:
        return resolving.confirmed(history, actor, policies, at)

    _append(conn, services, exception_id, actor, decide)


def reject(
    conn: Connection, services: Services, exception_id: str, actor: Actor, because: str
) -> None:
    """Record that it does not end so. Refused: as ``workflow.resolving.rejected``."""

    def decide(history: Sequence[object], policies: Policies, at: datetime) -> object:
        return resolving.rejected(history, actor, at, because)

    _append(conn, services, exception_id, actor, decide)


def _append(
    conn: Connection, services: Services, exception_id: str, actor: Actor, decide: Decide
) -> None:
    require_any_role(actor, RESOLVERS, "Resolving an exception")
    found = exception(conn, exception_id)
    if found is None:  # an unknown name may not even be that of a stream
        raise Refused("unknown_exception", f"There is no exception {exception_id}.")
    now, stream = services.clock(), resolving.stream_of(exception_id)
    history = [entry.event for entry in services.journal.read_stream(conn, stream)]
    policies = services.policies.at(now).of(found["business_unit"])
    fact = decide(history, policies, now)
    append = Append(stream, (fact,), actor, now, expected_version=len(history))
    services.journal.append(conn, [append])
