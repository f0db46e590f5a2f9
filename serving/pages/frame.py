"""How every page is drawn and guarded: templates, headers, who looks, tokens, and errors as pages.

Pages load nothing from afar, run no script and carry no inline style, so that a text which slips
into one can do nothing there.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote
from uuid import uuid4

import structlog
from fastapi import Depends, Form, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from fastapi.templating import Jinja2Templates
from jinja2 import StrictUndefined
from starlette.exceptions import HTTPException
from starlette.responses import Response

from journal.worklists import BadCursor
from serving.away import is_away, is_unfit
from serving.errors import Invalid, Unavailable, status_of
from serving.identity import COOKIE, by_cookie
from serving.pages import pushes, sentences
from workflow.actor import Actor
from workflow.refused import CODES, Refused

log = structlog.get_logger("serving.pages")
HERE = Path(__file__).parent
VISIT = "triage_visit"
"""Cookie that ties the sign-in form to the browser that opened it."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_INSIDE = re.compile(r"^/(?![/\\])[^\x00-\x20\\]*$")

templates = Jinja2Templates(HERE / "templates")
templates.env.undefined = StrictUndefined
templates.env.globals["abstained"] = sentences.ABSTAINED
templates.env.filters |= {
    "words": sentences.words,
    "capital": sentences.capital,
    "day": sentences.day,
    "date": sentences.date_only,
    "count": sentences.count,
    "money": sentences.money,
    "major": sentences.major,
    "percent": sentences.percent,
    "role": sentences.role,
    "listed": sentences.listed,
    "bars": pushes.bars,
    "marked": pushes.marked,
    "not_ruled_out": pushes.not_ruled_out,
}


class SignInNeeded(Exception):
    """Nobody is signed in; the page answers with the way to the sign-in form."""


class OutOfDate(Exception):
    """The form was not of this session's own pages, or of an earlier session."""


def page(request: Request, name: str, http_status: int = 200, /, **context: object) -> Response:
    """A rendered page; nothing of it may be framed or cached."""
    frame = {
        "actor": getattr(request.state, "actor", None),
        "csrf": csrf_of(request),
        "once": uuid4().hex,
        "here": "",
        "error": None,
        "notice": None,
    }
    return templates.TemplateResponse(request, name, frame | context, http_status, HEADERS)


def csrf_of(request: Request) -> str:
    """A token that only pages of this session (or visit) know; empty where there is neither."""
    token = request.cookies.get(COOKIE) or getattr(request.state, "visit", None)
    token = token or request.cookies.get(VISIT, "")
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest() if token else ""


def viewer(request: Request) -> Actor:
    """Who looks at the page. Errors: ``SignInNeeded``."""
    actor = by_cookie(request)
    if actor is None:
        raise SignInNeeded
    request.state.actor = actor
    return actor


Viewer = Annotated[Actor, Depends(viewer)]
Token = Annotated[str, Form(max_length=128)]


def visitors_form(request: Request, csrf: Token = "") -> None:
    """Refuse a form that another site sent in the visitor's name. Errors: ``OutOfDate``."""
    expected = csrf_of(request)
    if not expected or not hmac.compare_digest(csrf.encode(), expected.encode()):
        raise OutOfDate


def viewers_form(request: Request, actor: Viewer, csrf: Token = "") -> None:
    """The same for somebody signed in; who is not any more is led to sign in first."""
    visitors_form(request, csrf)


VisitorsForm = Depends(visitors_form)
OwnForm = Depends(viewers_form)


def inside(target: str) -> str:
    """A path of our own, or the queue: no ``//host``, ``/\\host`` or control character gets out."""
    return target if _INSIDE.match(target) else "/queue"


def seen(path: str) -> Response:
    """Go and look: the answer to every form that did something."""
    return RedirectResponse(path, 303, HEADERS)


def to_sign_in(request: Request) -> Response:
    """The sign-in form, which leads back to the page, or to the page whose form was sent."""
    if request.method == "GET":
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    else:
        target = request.url.path.rsplit("/", 1)[0] or "/queue"
    return seen(f"/sign-in?next={quote(target, safe='')}")


def wrong(request: Request, status: int, title: str, detail: str, todo: str = "") -> Response:
    """An error as a page in the desk's own style."""
    return page(request, "error.html", status, title=title, detail=detail, todo=todo, status=status)


class DeskRoute(APIRoute):
    """A route whose errors are pages for people, not problem documents."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:
                return _answer(request, error)

        return handled


def _answer(request: Request, error: Exception) -> Response:
    match error:
        case SignInNeeded():
            return to_sign_in(request)
        case OutOfDate():
            return wrong(
                request, 403, "That form was out of date",
                "It belongs to an earlier session, or to another site. Nothing has changed.",
                "Open the page again and repeat the step.",
            )  # fmt: skip
        case Refused():
            status = status_of(error.code)
            title = "There is no such thing here" if status == 404 else "That is not possible"
            return wrong(request, status, title, error.message, CODES[error.code])
        case Invalid():
            return wrong(request, error.status, "That cannot be read", error.message)
        case RequestValidationError():
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"][1:])
            return wrong(request, 422, "That cannot be read", f"{where}: {first['msg']}.")
        case BadCursor():
            return wrong(request, 400, "That page of the list is gone", str(error))
        case HTTPException():
            return wrong(request, error.status_code, "There is no such page", str(error.detail))
        case _ if is_unfit(error):
            detail = "A value is too large, or holds a character that cannot be stored."
            return wrong(request, 422, "That cannot be read", detail)
        case _ if isinstance(error, Unavailable) or is_away(error):
            return wrong(
                request, 503, "Not now", "The database is busy or away.", "Try again shortly."
            )
        case _:
            reference = uuid4().hex
            log.error("bug", reference=reference, path=request.url.path, exc_info=error)
            return wrong(
                request, 500, "That is our fault", f"It is logged as {reference}.",
                "Try again; if it happens again, tell whoever runs this server the number.",
            )  # fmt: skip
