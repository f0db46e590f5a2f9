"""Where two ledgers disagree: a list in compact rows, one exception with its reasons, its end."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import worklists
from serving import resolving
from serving.errors import status_of
from serving.pages import sentences
from serving.pages.forms import do_once, minor_of, shaped
from serving.pages.frame import DeskRoute, OwnForm, Viewer, page
from serving.shapes import ResolutionShape
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.approvals import holds
from workflow.codes import ExceptionCode
from workflow.refused import Refused

router = APIRouter(route_class=DeskRoute)
ORDERS = {"rank": "expected loss", "exposure": "exposure", "age": "oldest"}
SHOWN = {"open": "open", "second": "waiting for a second person", "resolved": "resolved"}
RESOLUTIONS = {
    "corrected": "Corrected in the books",
    "recovered": "Money recovered",
    "explained": "Explained: nothing was wrong",
    "duplicate": "A duplicate of another finding",
    "written_off": "Written off",
}
NOTICES = {
    "resolved": "The exception is resolved.",
    "proposed": "Your word is recorded; a second person must agree.",
    "rejected": "It does not end so; the exception is open again.",
}
Once = Annotated[str, Form(max_length=100)]
Text = Annotated[str, Form(max_length=2000)]


@router.get("/exceptions")
def exceptions(
    request: Request,
    actor: Viewer,
    order: str = "rank",
    code: str = "",
    unit: str = "",
    show: str = "open",
    cursor: str = "",
    did: str = "",
) -> Response:
    """A page of exceptions, the largest expected loss first, of one kind or unit if named."""
    order, show = (order if order in ORDERS else "rank"), (show if show in SHOWN else "open")
    services = services_of(request)
    now = services.clock()
    with services.engine.connect() as conn:
        found = worklists.exceptions(
            conn,
            status="resolved" if show == "resolved" else "open",
            code=code or None,
            business_unit=unit or None,
            second=show == "second",
            order=order,
            cursor=cursor or None,
        )
        kinds, units = worklists.exception_counts(conn)
    asked = {"order": order, "code": code, "unit": unit, "show": show}
    return page(
        request,
        "exceptions.html",
        here="exceptions",
        items=[_row(row, now) for row in found.rows],
        next=urlencode({**asked, "cursor": found.cursor}) if found.cursor else None,
        asked=asked,
        orders=ORDERS,
        shown=SHOWN,
        kinds=[(one, kind_of(one), many) for one, many in sorted(kinds.items(), key=_by_number)],
        units=sorted(units.items()),
        notice=NOTICES.get(did),
    )


def _by_number(one: tuple[str, int]) -> tuple[int, str]:
    digits = one[0].lstrip("R")
    return (int(digits) if digits.isdecimal() else 0, one[0])


def _row(row: Mapping[Any, Any], now: Any) -> dict[str, Any]:
    said = row["proposal"]
    waits = said is not None and row["status"] == "open" and "rejected_by" not in said
    return dict(row) | {
        "kind": kind_of(row["code"]),
        "age": sentences.until(row["opened_at"], now),
        "waiting": said if waits else None,
        "rejected": said if said is not None and "rejected_by" in said else None,
    }


def kind_of(code: str) -> str:
    """The kind of an exception in words; the code itself where it is none of ours."""
    try:
        return sentences.capital(ExceptionCode(code).name.lower())
    except ValueError:
        return code


@router.get("/exceptions/{exception_id}")
def one(exception_id: str, request: Request, actor: Viewer, did: str = "") -> Response:
    """One exception: why it stands where it does, and the way to end it."""
    return _draw(request, actor, exception_id, notice=NOTICES.get(did))


def _draw(
    request: Request,
    actor: Actor,
    exception_id: str,
    http_status: int = 200,
    *,
    error: str | None = None,
    notice: str | None = None,
    kept: Mapping[str, str] | None = None,
) -> Response:
    services = services_of(request)
    with services.engine.connect() as conn:
        found = worklists.exception(conn, exception_id)
    if found is None:
        raise Refused("unknown_exception", f"There is no exception {exception_id[:60]}.")
    shown = _row(found, services.clock())
    may = any(holds(actor, role) for role in resolving.RESOLVERS)
    waiting = shown["waiting"]
    return page(
        request,
        "exception.html",
        http_status,
        here="exceptions",
        x=shown,
        may_resolve=may and shown["status"] == "open" and waiting is None,
        may_answer=may and waiting is not None,
        own=waiting is not None and waiting["proposed_by"] == actor.id,
        resolutions=RESOLUTIONS,
        kept=dict.fromkeys(("resolution", "loss", "recovered", "note"), "") | dict(kept or {}),
        error=error,
        notice=notice,
    )


@router.post("/exceptions/{exception_id}/resolution", dependencies=[OwnForm])
def resolve(
    exception_id: str,
    request: Request,
    actor: Viewer,
    once: Once,
    resolution: Annotated[str, Form(max_length=32)] = "",
    loss: Annotated[str, Form(max_length=24)] = "",
    recovered: Annotated[str, Form(max_length=24)] = "",
    note: Text = "",
) -> Response:
    """Close an exception with what came of it, or be the first of two who say so."""
    services = services_of(request)
    sent = {"resolution": resolution, "loss": loss, "recovered": recovered, "note": note}

    def work(conn: Connection) -> str:
        found = worklists.exception(conn, exception_id) or {"currency": ""}
        if resolution not in RESOLUTIONS or not note.strip():
            raise Refused("reason_required", "Say how it ended, and why, in a note.")
        given = {
            "resolution": resolution,
            "loss_minor": minor_of(loss or "0", found["currency"]),
            "recovered_minor": minor_of(recovered or "0", found["currency"]),
            "note": note.strip(),
        }
        shape = shaped(lambda: ResolutionShape.model_validate(given))
        resolving.resolve(conn, services, exception_id, shape, actor)
        after = worklists.exception(conn, exception_id)
        if after is not None and after["status"] == "open":
            return _at(exception_id, "proposed")
        return "/exceptions?did=resolved"

    return _done(request, actor, exception_id, once, sent, work)


@router.post("/exceptions/{exception_id}/confirmation", dependencies=[OwnForm])
def confirm(exception_id: str, request: Request, actor: Viewer, once: Once) -> Response:
    """Agree as the second person."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        resolving.confirm(conn, services, exception_id, actor)
        return "/exceptions?did=resolved"

    return _done(request, actor, exception_id, once, {}, work)


@router.post("/exceptions/{exception_id}/rejection", dependencies=[OwnForm])
def reject(
    exception_id: str, request: Request, actor: Viewer, once: Once, because: Text = ""
) -> Response:
    """Say that it does not end so."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        resolving.reject(conn, services, exception_id, actor, because)
        return _at(exception_id, "rejected")

    return _done(request, actor, exception_id, once, {"because": because}, work)


def _at(exception_id: str, did: str) -> str:
    return f"/exceptions/{quote(exception_id, safe='')}?did={did}"


def _done(
    request: Request,
    actor: Actor,
    exception_id: str,
    once: str,
    sent: Mapping[str, str],
    work: Callable[[Connection], str],
) -> Response:
    """Do it once; a refusal shows the exception again with what was typed."""
    try:
        return do_once(request, actor, once, sent, work)
    except Refused as no:
        if no.code == "unknown_exception":
            raise
        status = status_of(no.code)
        return _draw(request, actor, exception_id, status, error=no.message, kept=sent)
