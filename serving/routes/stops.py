"""``/v1/automation/stops``: switches that keep models from acting alone, at once."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from journal import stops
from serving.answers.authority import AutomationStop, AutomationStops
from serving.answers.form import answers
from serving.http import Reply, plain
from serving.identity import signed_in
from serving.reading import StrictRoute
from serving.routes.returns import once
from serving.shapes import BecauseShape, StopShape
from serving.stops import throw, turn_back
from serving.wiring import services_of
from workflow.actor import Actor

router = APIRouter(prefix="/v1/automation/stops", tags=["authority"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]


@router.get("", responses=answers(AutomationStops))
def list_automation_stops(
    request: Request,
    actor: Signed,
    status: Literal["stopped", "resumed"] | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Switches, the newest first: what is stopped, by whom and why, and who turned it back."""
    with services_of(request).engine.connect() as conn:
        rows = stops.listed(conn, status, limit)
    return Reply({"items": [plain(row) for row in rows]}).response()


@router.post("", responses=answers(AutomationStop, 201), status_code=201)
def stop_automation(shape: StopShape, request: Request, actor: Signed) -> Response:
    """Stop models for a decision point, a reason, an item class, or what is all of them, from the
    next answer on: people decide, and still see what the model says."""
    services = services_of(request)
    return once(request, actor, shape, lambda conn: Reply(throw(services, conn, actor, shape), 201))


@router.post("/{stop_id}/resumption", responses=answers(AutomationStop))
def resume_automation(
    stop_id: str, shape: BecauseShape, request: Request, actor: Signed
) -> Response:
    """Let models act again; by somebody other than who stopped them."""
    services = services_of(request)
    return once(
        request,
        actor,
        shape,
        lambda conn: Reply(turn_back(services, conn, actor, stop_id, shape.because)),
    )
