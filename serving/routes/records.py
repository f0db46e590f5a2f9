"""The journal at the edge: the public feed out; reconciliation exceptions."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import worklists
from serving import resolving
from serving.answers.events import Feed
from serving.answers.exceptions import ExceptionPage, ReconciliationException
from serving.answers.form import answers
from serving.blind import case_of, hidden_by_case, shown_payload
from serving.feed import event_of
from serving.http import Reply, plain
from serving.identity import signed_in
from serving.reading import StrictRoute
from serving.routes.returns import once, page_reply
from serving.shapes import POSITIONS, BecauseShape, NothingShape, ResolutionShape
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.refused import Refused

router = APIRouter(prefix="/v1", tags=["records"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]


@router.get("/events", responses=answers(Feed))
def read_events(
    request: Request,
    actor: Signed,
    after: Annotated[int, Query(ge=0, le=POSITIONS)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    type: Annotated[list[str] | None, Query(max_length=50)] = None,
) -> Response:
    """The journal's public feed by position, as CloudEvents; nothing is ever skipped."""
    services = services_of(request)
    with services.engine.connect() as conn:
        entries = services.journal.follow(conn, after, limit, type)
        # People are not told what they may have to decide without; programs get everything.
        audits = hidden_by_case(conn) if actor.kind == "person" else {}
    items = [
        event_of(entry, shown_payload(entry, audits.get(case_of(entry), ()))) for entry in entries
    ]
    following = entries[-1].position if entries else after
    return Reply({"items": items, "next_after": following}).response()


@router.get("/exceptions", responses=answers(ExceptionPage), tags=["reconciliation"])
def list_exceptions(
    request: Request,
    actor: Signed,
    status: Literal["open", "resolved"] = "open",
    code: str | None = None,
    order: Literal["rank", "exposure", "age"] = "rank",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> Response:
    """Reconciliation exceptions, those with the largest expected loss first."""
    with services_of(request).engine.connect() as conn:
        page = worklists.exceptions(
            conn, status=status, code=code, order=order, limit=limit, cursor=cursor
        )
    return page_reply(page)


@router.get(
    "/exceptions/{exception_id}",
    responses=answers(ReconciliationException),
    tags=["reconciliation"],
)
def read_exception(exception_id: str, request: Request, actor: Signed) -> Response:
    """One exception with its assessment."""
    with services_of(request).engine.connect() as conn:
        found = worklists.exception(conn, exception_id)
    if found is None:
        raise Refused("unknown_exception", f"There is no exception {exception_id}.")
    return Reply(plain(found)).response()


@router.post(
    "/exceptions/{exception_id}/resolution",
    responses=answers(ReconciliationException),
    tags=["reconciliation"],
)
def resolve_exception(
    exception_id: str, shape: ResolutionShape, request: Request, actor: Signed
) -> Response:
    """Close an exception with what came of it; what is let go is bound by the write-off limits."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        resolving.resolve(conn, services, exception_id, shape, actor)
        return Reply(plain(worklists.exception(conn, exception_id) or {}))

    return once(request, actor, shape, work)


@router.post(
    "/exceptions/{exception_id}/confirmation",
    responses=answers(ReconciliationException),
    tags=["reconciliation"],
)
def confirm_resolution(
    exception_id: str, shape: NothingShape, request: Request, actor: Signed
) -> Response:
    """Agree, as the second of two people, to how an exception ends."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        resolving.confirm(conn, services, exception_id, actor)
        return Reply(plain(worklists.exception(conn, exception_id) or {}))

    return once(request, actor, shape, work)


@router.post(
    "/exceptions/{exception_id}/rejection",
    responses=answers(ReconciliationException),
    tags=["reconciliation"],
)
def reject_resolution(
    exception_id: str, shape: BecauseShape, request: Request, actor: Signed
) -> Response:
    """Say that an exception does not end as the first of two people said; it is open again."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        resolving.reject(conn, services, exception_id, actor, shape.because)
        return Reply(plain(worklists.exception(conn, exception_id) or {}))

    return once(request, actor, shape, work)
