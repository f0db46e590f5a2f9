"""Closing a reconciliation exception: how it ended, within what the person may let go."""

from sqlalchemy import Connection

from journal import worklists
from journal.entries import Append
from serving.shapes import ResolutionShape
from serving.wiring import Services
from workflow.actor import Actor
from workflow.approvals import require_any_role
from workflow.facts import ExceptionResolved
from workflow.money import money_text
from workflow.refused import Refused

RESOLVERS = ("finance_clerk",)


def resolve(
    conn: Connection, services: Services, exception_id: str, shape: ResolutionShape, actor: Actor
) -> None:
    """Record the end of an exception, once: of two people at once, one is told it is done.

    What is let go is the loss stated; of what is written off at least the exposure less what was
    recovered, so that a small word cannot close a large gap. The limits of ``write_off`` bind it.
    Refused: ``wrong_role``, ``unknown_exception``, ``already_decided``, ``over_limit``.
    """
    require_any_role(actor, RESOLVERS, "Resolving an exception")
    stream = f"exception/{exception_id}"
    version = len(services.journal.read_stream(conn, stream))
    found = worklists.exception(conn, exception_id)
    if found is None:
        raise Refused("unknown_exception", f"There is no exception {exception_id}.")
    if found["status"] != "open":
        by = found["resolved_by"]
        raise Refused("already_decided", f"{exception_id} was resolved already by {by}.")
    let_go = shape.loss_minor
    if shape.resolution == "written_off":
        let_go = max(let_go, found["exposure_minor"] - shape.recovered_minor)
    now = services.clock()
    policies = services.policies.at(now).of(found["business_unit"])
    asked = ("write_off", found["currency"], let_go, None)
    if let_go > 0 and not any(policies.covers(role, *asked) for role in actor.roles):
        raise Refused(
            "over_limit",
            f"{exception_id} would let go of {money_text(let_go, found['currency'])} (write_off);"
            f" no limit of {actor.id} reaches it. Leave it to somebody whose limit does.",
        )
    fact = ExceptionResolved(
        exception_id=exception_id,
        code=found["code"],
        resolution=shape.resolution,
        loss_minor=shape.loss_minor,
        recovered_minor=shape.recovered_minor,
        note=shape.note.strip(),
        resolved_by=actor.id,
        resolved_at=now,
        customer_id=found["customer_id"],
        supplier_id=found["supplier_id"],
    )
    services.journal.append(conn, [Append(stream, (fact,), actor, now, expected_version=version)])
