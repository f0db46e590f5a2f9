"""``/v1/delegations``: who may decide in whose name, from when to when, and why."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import delegations
from serving.answers.authority import Delegation, Delegations
from serving.answers.form import answers
from serving.http import Reply
from serving.identity import signed_in
from serving.lending import lend, shown
from serving.reading import StrictRoute
from serving.routes.returns import once
from serving.shapes import BecauseShape, DelegationShape
from serving.wiring import services_of
from workflow.actor import Actor

router = APIRouter(prefix="/v1/delegations", tags=["authority"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]


@router.get("", responses=answers(Delegations))
def list_delegations(
    request: Request,
    actor: Signed,
    status: Literal["given", "revoked"] | None = None,
    person: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Delegations by or to a person, or all; the newest first, with what is in force today."""
    services = services_of(request)
    with services.engine.connect() as conn:
        rows = delegations.listed(conn, person=person, status=status, limit=limit)
    return Reply({"items": [shown(row, services.clock()) for row in rows]}).response()


@router.post("", responses=answers(Delegation, 201), status_code=201)
def give_delegation(shape: DelegationShape, request: Request, actor: Signed) -> Response:
    """Let somebody decide tasks in one's own name; an admin may do it for somebody else."""
    services = services_of(request)
    return once(request, actor, shape, lambda conn: Reply(lend(services, conn, actor, shape), 201))


@router.post("/{delegation_id}/revocation", responses=answers(Delegation))
def revoke_delegation(
    delegation_id: str, shape: BecauseShape, request: Request, actor: Signed
) -> Response:
    """End a delegation at once."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        now = services.clock()
        delegations.revoke(services.journal, conn, delegation_id, actor, now, shape.because)
        return Reply(shown(delegations.one(conn, delegation_id) or {}, now))

    return once(request, actor, shape, work)
