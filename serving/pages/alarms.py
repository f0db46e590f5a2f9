"""Alarms on the desk: those of the viewer's roles above the queue, all of them on operations."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import alarms
from serving.pages.forms import do_once
from serving.pages.frame import DeskRoute, OwnForm, Viewer
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.approvals import holds

router = APIRouter(route_class=DeskRoute)


def shown(conn: Connection, actor: Actor, own_only: bool) -> list[dict[str, Any]]:
    """Open alarms with ``may_settle``; only those the viewer may settle where ``own_only``."""
    rows = [dict(row) | {"may_settle": holds(actor, row["role"])} for row in alarms.listed(conn)]
    return [row for row in rows if row["may_settle"]] if own_only else rows


@router.post("/alarms/{alarm_id}/settlement", dependencies=[OwnForm])
def settle(
    alarm_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Say what came of an alarm."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        now = services.clock()
        alarms.settle_alarm(services.journal, conn, alarm_id, actor, now, note)
        return "/queue?did=settled"

    return do_once(request, actor, once, {"note": note}, work)
