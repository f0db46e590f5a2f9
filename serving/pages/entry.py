"""Sign-in and sign-out of people."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from journal import accounts
from serving.identity import COOKIE
from serving.pages.frame import VISIT, DeskRoute, OwnForm, VisitorsForm, inside, page, seen
from serving.wiring import services_of

router = APIRouter(route_class=DeskRoute)
DEMO_PASSWORD = "triage-demo"  # known to everybody who reads this: `triage demo` users only


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "", out: bool = False) -> Response:
    return _form(request, next=next, notice="You are signed out." if out else None)


def _form(request: Request, status: int = 200, **more: object) -> Response:
    services = services_of(request)
    people: list[dict[str, str]] = []
    if services.settings.show_sign_ins:
        with services.engine.connect() as conn:
            people = [
                {"user": a.account_id, "role": min(a.roles)}
                for a in accounts.all_accounts(conn)
                if a.kind == "person" and a.active and a.roles
            ]
    visit = request.cookies.get(VISIT) or secrets.token_urlsafe(24)
    request.state.visit = visit
    context = {"sign_ins": people, "demo_password": DEMO_PASSWORD, "user": "", "next": ""}
    response = page(request, "sign_in.html", status, **(context | more))
    response.set_cookie(
        VISIT, visit, httponly=True, samesite="strict", secure=services.settings.secure_cookies
    )
    return response


@router.post("/sign-in", dependencies=[VisitorsForm])
def sign_in(
    request: Request,
    user: Annotated[str, Form(max_length=64)],
    password: Annotated[str, Form(max_length=256)],
    next: Annotated[str, Form(max_length=512)] = "",
) -> Response:
    """A new session; the same words for an unknown user and a wrong password."""
    services = services_of(request)
    chosen = services.settings
    with services.engine.begin() as conn:
        account = accounts.verify_password(conn, user.strip(), password)
        if account is None or account.kind != "person":
            wrong = "User or password is wrong."
            return _form(request, 401, error=wrong, user=user, next=next)
        now = services.clock()
        token = accounts.open_session(conn, account.account_id, now, chosen.session_hours)
    response = seen(inside(next))
    response.set_cookie(
        COOKIE,
        token,
        httponly=True,
        samesite="strict",
        secure=chosen.secure_cookies,
        max_age=chosen.session_hours * 3600,
    )
    response.delete_cookie(VISIT)
    return response


@router.post("/sign-out", dependencies=[OwnForm])
def sign_out(request: Request) -> Response:
    """End the session here and on the server."""
    with services_of(request).engine.begin() as conn:
        accounts.close_session(conn, request.cookies.get(COOKIE, ""))
    response = seen("/sign-in?out=true")
    response.delete_cookie(COOKIE)
    return response
