"""``/v1/absences``: who takes no tasks, from when to when."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import absences
from serving.answers.authority import Absence, Absences
from serving.answers.form import answers
from serving.http import Reply, plain
from serving.identity import signed_in
from serving.lending import leave
from serving.reading import StrictRoute
from serving.routes.returns import once
from serving.shapes import AbsenceShape, NothingShape
from serving.wiring import services_of
from workflow.actor import Actor

router = APIRouter(prefix="/v1/absences", tags=["authority"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]


@router.get("", responses=answers(Absences))
def list_absences(
    request: Request,
    actor: Signed,
    person: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Absences of a person, or of all; the last to begin first."""
    with services_of(request).engine.connect() as conn:
        rows = absences.listed(conn, person=person, limit=limit)
    return Reply({"items": [plain(row) for row in rows]}).response()


@router.post("", responses=answers(Absence, 201), status_code=201)
def record_absence(shape: AbsenceShape, request: Request, actor: Signed) -> Response:
    """Be away: take no tasks, and give back those taken. An admin may say so for somebody."""
    services = services_of(request)
    return once(request, actor, shape, lambda conn: Reply(leave(services, conn, actor, shape), 201))


@router.post("/{absence_id}/end", responses=answers(Absence))
def end_absence(absence_id: str, shape: NothingShape, request: Request, actor: Signed) -> Response:
    """Be back at once, or not go at all."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        absences.end(services.journal, conn, absence_id, actor, services.clock())
        return Reply(plain(absences.one(conn, absence_id) or {}))

    return once(request, actor, shape, work)
