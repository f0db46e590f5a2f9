"""Promotions on the desk: approve or decline a proposed version, go back to the one before."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from serving import promoting
from serving.pages.forms import do_once
from serving.pages.frame import DeskRoute, OwnForm, Viewer
from serving.wiring import services_of

router = APIRouter(route_class=DeskRoute)
NOTICES = {
    "approved": "The version is approved: it answers from now on, or runs in shadow.",
    "declined": "The proposal is declined.",
    "back": "The version before answers again.",
    "withdrawn": "The challenger is withdrawn.",
}
Once = Annotated[str, Form(max_length=100)]
Because = Annotated[str, Form(max_length=2000)]


@router.post("/models/{name}/promotions/{number}/approval", dependencies=[OwnForm])
def approve(name: str, number: int, request: Request, actor: Viewer, once: Once) -> Response:
    """Let a proposed version answer."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        promoting.approve(services, conn, f"{name}/{number}", actor)
        return "/models?did=approved"

    answer = do_once(request, actor, once, {}, work)
    promoting.take_up(services)
    return answer


@router.post("/models/{name}/promotions/{number}/refusal", dependencies=[OwnForm])
def decline(
    name: str, number: int, request: Request, actor: Viewer, once: Once, because: Because = ""
) -> Response:
    """Say no to a proposed version, or take one's own back."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        promoting.decline(services, conn, f"{name}/{number}", actor, because)
        return "/models?did=declined"

    return do_once(request, actor, once, {"because": because}, work)


@router.post("/models/{name}/rollback", dependencies=[OwnForm])
def roll_back(
    name: str, request: Request, actor: Viewer, once: Once, because: Because = ""
) -> Response:
    """Let the champion before answer again."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        promoting.roll_back(services, conn, name, actor, because)
        return "/models?did=back"

    answer = do_once(request, actor, once, {"because": because}, work)
    promoting.take_up(services)
    return answer


@router.post("/models/{name}/challenger/withdrawal", dependencies=[OwnForm])
def withdraw(
    name: str, request: Request, actor: Viewer, once: Once, because: Because = ""
) -> Response:
    """End a challenger's time in shadow."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        promoting.withdraw(services, conn, name, actor, because)
        return "/models?did=withdrawn"

    return do_once(request, actor, once, {"because": because}, work)
