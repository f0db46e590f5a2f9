"""Facts that wait on the desk: why each could not be recorded, tried again or given up."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import parked
from serving.pages.forms import do_once
from serving.pages.frame import DeskRoute, OwnForm, Viewer, page
from serving.parking import KEEPERS, abandon, replay, retry
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.approvals import holds

router = APIRouter(route_class=DeskRoute)
Once = Annotated[str, Form(max_length=100)]
STATUSES = {"waiting": "waiting", "taken": "recorded since", "abandoned": "given up"}
NOTICES = {
    "taken": "The fact is recorded.",
    "still": "It still cannot be recorded; the reason is as shown.",
    "abandoned": "The fact is given up.",
}
REASONS = {
    "waits": "came too early",
    "debit_adjustment": "money taken from us",
    "document_differs": "contradicts what is known",
}
"""Reasons that their code does not say."""


@router.get("/parked")
def facts(
    request: Request, actor: Viewer, status: str = "waiting", after: str = "", did: str = ""
) -> Response:
    """Facts that could not be recorded, the longest waiting first."""
    status = status if status in STATUSES else "waiting"
    with services_of(request).engine.connect() as conn:
        rows = parked.listed(conn, status=status, after=after or None, limit=50)
        many = sum(parked.counts(conn).values())
    return page(
        request,
        "parked.html",
        here="operations",
        facts=[_shown(row, actor) for row in rows],
        next=rows[-1]["parked_id"] if len(rows) == 50 else None,
        status=status,
        statuses=STATUSES,
        waiting=many,
        notice=NOTICES.get(did),
    )


def _shown(row: Mapping[Any, Any], actor: Actor) -> dict[str, Any]:
    may = row["status"] == "waiting" and any(holds(actor, role) for role in KEEPERS)
    return dict(row) | {
        "why": REASONS.get(row["reason"], row["reason"].replace("_", " ")),
        "may_settle": may,
    }


@router.post("/parked/{parked_id}/retry", dependencies=[OwnForm])
def again(parked_id: str, request: Request, actor: Viewer, once: Once) -> Response:
    """Try to record a fact now."""
    services = services_of(request)
    supplied: list[str] = []

    def work(conn: Connection) -> str:
        outcome = retry(services, conn, parked_id, actor)
        supplied[:] = outcome.supplied
        return f"/parked?did={'still' if outcome.parked else 'taken'}"

    answer = do_once(request, actor, once, {}, work)
    replay(services, supplied)
    return answer


@router.post("/parked/{parked_id}/abandonment", dependencies=[OwnForm])
def give_up(
    parked_id: str,
    request: Request,
    actor: Viewer,
    once: Once,
    because: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Give a fact up, and say why."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        abandon(services, conn, parked_id, actor, because)
        return "/parked?did=abandoned"

    return do_once(request, actor, once, {"because": because}, work)
