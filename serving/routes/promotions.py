"""``/v1/models/{name}/promotions``: versions approved by another, declined, taken back."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from serving import promoting
from serving.answers.form import answers
from serving.answers.models import ChallengerEnd, Promotion, Promotions, Rollback
from serving.http import Reply
from serving.identity import signed_in
from serving.lifecycle import promotions_of
from serving.reading import StrictRoute
from serving.routes.returns import once
from serving.shapes import BecauseShape, NothingShape
from serving.wiring import services_of
from workflow.actor import Actor

router = APIRouter(prefix="/v1/models", tags=["governance"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]


@router.get("/{name}/promotions", responses=answers(Promotions))
def list_promotions(name: str, request: Request, actor: Signed) -> Response:
    """Every version of a model that was proposed, the newest first: its figures, the gates it was
    held to, who proposed and who approved or declined it. Versions are proposed where they are
    trained, with ``triage propose``."""
    services = services_of(request)
    with services.engine.connect() as conn:
        items = promotions_of(services.journal, conn, name)
    return Reply({"items": items}).response()


@router.post("/{name}/promotions/{number}/approval", responses=answers(Promotion))
def approve_promotion(
    name: str, number: int, shape: NothingShape, request: Request, actor: Signed
) -> Response:
    """Let a proposed version answer (or run in shadow, where that was asked for) from now on; by a
    model approver who did not propose it. Its bundle is verified first; other servers load it
    within seconds."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        promoting.approve(services, conn, f"{name}/{number}", actor)
        return Reply(promoting.one(services, conn, f"{name}/{number}"))

    answer = once(request, actor, shape, work)
    promoting.take_up(services)
    return answer


@router.post("/{name}/promotions/{number}/refusal", responses=answers(Promotion))
def decline_promotion(
    name: str, number: int, shape: BecauseShape, request: Request, actor: Signed
) -> Response:
    """Say no to a proposal, by a model approver; or take it back, by who made it."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        promoting.decline(services, conn, f"{name}/{number}", actor, shape.because)
        return Reply(promoting.one(services, conn, f"{name}/{number}"))

    return once(request, actor, shape, work)


@router.post("/{name}/rollback", responses=answers(Rollback))
def roll_back_model(name: str, shape: BecauseShape, request: Request, actor: Signed) -> Response:
    """Go back to the champion before the present one; one model approver is enough, because
    whoever sees a model do harm must not wait."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        return Reply(asdict(promoting.roll_back(services, conn, name, actor, shape.because)))

    answer = once(request, actor, shape, work)
    promoting.take_up(services)
    return answer


@router.post("/{name}/challenger/withdrawal", responses=answers(ChallengerEnd))
def withdraw_challenger(
    name: str, shape: BecauseShape, request: Request, actor: Signed
) -> Response:
    """End a challenger's time in shadow, by a data scientist or a model approver."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        return Reply(asdict(promoting.withdraw(services, conn, name, actor, shape.because)))

    return once(request, actor, shape, work)
