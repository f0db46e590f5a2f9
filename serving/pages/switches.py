"""Switches on the desk: stop models for a reason or an item class at once, and start them again."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import stops
from serving.errors import status_of
from serving.pages import sentences
from serving.pages.forms import do_once, shaped
from serving.pages.frame import DeskRoute, OwnForm, Viewer, page
from serving.shapes import StopShape
from serving.stops import throw, turn_back
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.approvals import holds
from workflow.codes import ReturnReason
from workflow.refused import Refused
from workflow.stopping import POINTS, STARTERS, STOPPERS

router = APIRouter(route_class=DeskRoute)
NOTICES = {
    "stopped": "The models are stopped: from the next answer on people decide.",
    "resumed": "The models may act again.",
}
Short = Annotated[str, Form(max_length=64)]
Text = Annotated[str, Form(max_length=2000)]


@router.get("/automation")
def automation(request: Request, actor: Viewer, did: str = "") -> Response:
    """What is switched off, by whom and why, and the form that switches off more."""
    return _draw(request, actor, notice=NOTICES.get(did))


def _draw(
    request: Request,
    actor: Actor,
    http_status: int = 200,
    *,
    error: str | None = None,
    notice: str | None = None,
    kept: Mapping[str, str] | None = None,
) -> Response:
    with services_of(request).engine.connect() as conn:
        rows = [dict(row) for row in stops.listed(conn)]
    starter = any(holds(actor, role) for role in STARTERS)
    return page(
        request,
        "automation.html",
        http_status,
        here="models",
        thrown=[
            row | {"mine": starter and row["stopped_by"] != actor.id}
            for row in rows
            if row["status"] == "stopped"
        ],
        back=[row for row in rows if row["status"] != "stopped"],
        may=any(holds(actor, role) for role in STOPPERS),
        points=[(point, sentences.POINTS.get(point, point)) for point in POINTS],
        reasons=[str(reason) for reason in ReturnReason],
        kept=dict.fromkeys(("point", "reason", "item_class", "because"), "") | dict(kept or {}),
        error=error,
        notice=notice,
    )


@router.post("/automation/stops", dependencies=[OwnForm])
def stop(
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    point: Short = "",
    reason: Short = "",
    item_class: Short = "",
    because: Text = "",
) -> Response:
    """Throw a switch."""
    services = services_of(request)
    sent = {"point": point, "reason": reason, "item_class": item_class, "because": because}

    def work(conn: Connection) -> str:
        given: dict[str, Any] = {name: value.strip() or None for name, value in sent.items()}
        throw(services, conn, actor, shaped(lambda: StopShape.model_validate(given)))
        return "/automation?did=stopped"

    try:
        return do_once(request, actor, once, sent, work)
    except Refused as no:
        return _draw(request, actor, status_of(no.code), error=no.message, kept=sent)


@router.post("/automation/stops/{stop_id}/resumption", dependencies=[OwnForm])
def resume(
    stop_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    because: Text = "",
) -> Response:
    """Turn a switch back."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        turn_back(services, conn, actor, stop_id, because)
        return "/automation?did=resumed"

    return do_once(request, actor, once, {"because": because}, work)
