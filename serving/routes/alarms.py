"""``/v1/alarms``: tasks about something other than a return, for whoever holds their role."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import alarms
from serving.answers.authority import Alarm, Alarms
from serving.answers.form import answers
from serving.http import Reply, plain
from serving.identity import signed_in
from serving.reading import StrictRoute
from serving.routes.returns import once
from serving.shapes import SettlementShape
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.codes import Role

router = APIRouter(prefix="/v1/alarms", tags=["governance"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]


@router.get("", responses=answers(Alarms))
def list_alarms(
    request: Request,
    actor: Signed,
    status: Literal["open", "settled"] = "open",
    role: Role | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Alarms of every role, or of one; the newest first."""
    roles = (str(role),) if role else None
    with services_of(request).engine.connect() as conn:
        rows = alarms.listed(conn, status=status, roles=roles, limit=limit)
    return Reply({"items": [plain(row) for row in rows]}).response()


@router.post("/{alarm_id}/settlement", responses=answers(Alarm))
def settle_alarm(
    alarm_id: str, shape: SettlementShape, request: Request, actor: Signed
) -> Response:
    """Say what came of an alarm; it then leaves the list of open ones."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        now = services.clock()
        alarms.settle_alarm(services.journal, conn, alarm_id, actor, now, shape.note)
        return Reply(plain(alarms.alarm(conn, alarm_id) or {}))

    return once(request, actor, shape, work)
