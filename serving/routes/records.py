"""The journal at the edge: facts in, the public feed out; reconciliation exceptions."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import worklists
from serving import resolving
from serving.blind import case_of, hidden_by_case, shown_payload
from serving.errors import Invalid, problem_response, respond
from serving.facts_in import ONCE_ONLY, stream_of
from serving.http import Reply, plain
from serving.identity import signed_in
from serving.openapi import body_of
from serving.present import time
from serving.reading import StrictRoute, parse_json
from serving.routes.returns import once, page_reply
from serving.shapes import POSITIONS, ResolutionShape
from serving.telling import PREFIX, record
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.approvals import require_any_role
from workflow.refused import Refused

__all__ = ["ONCE_ONLY", "router", "stream_of"]

router = APIRouter(prefix="/v1", tags=["records"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]

MOST_EVENTS = 1000
TELLERS = ("service", "admin")


_CLOUD_EVENT: dict[str, object] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 128},
        "source": {"type": "string", "minLength": 1, "maxLength": 200},
        "type": {"type": "string"},
        "data": {"type": "object"},
    },
}
_BATCH = {
    "oneOf": [
        _CLOUD_EVENT,
        {"type": "array", "minItems": 1, "maxItems": MOST_EVENTS, "items": _CLOUD_EVENT},
    ]
}


@router.post(
    "/events",
    openapi_extra=body_of(
        "One CloudEvent, or a list of them; in binary mode the fact itself.",
        _BATCH,
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "application/json",
    ),
)
async def tell(request: Request, actor: Signed) -> Response:
    """Take facts from ERP, WMS, CRM, carriers and suppliers as CloudEvents 1.0.

    Structured (``application/cloudevents+json``), batched (``application/cloudevents-batch+json``
    or a JSON list) or binary (``ce-`` headers). Every event is judged by itself; the answer
    lists them in order as ``recorded``, ``repeated`` (same source and id, or a document that
    is known) or a problem. A single event that is refused is answered with its problem.
    """
    require_any_role(actor, TELLERS, "Telling facts")
    events, batch = _events(request, await request.body())
    services = services_of(request)
    items = await asyncio.to_thread(lambda: [record(services, actor, event) for event in events])
    refused = items[0].get("problem")
    if not batch and isinstance(refused, dict):
        return problem_response(refused)
    failed = sum("problem" in item for item in items)
    if failed == len(items):
        detail = f"None of the {failed} events was recorded; each item says why."
        return respond(422, "nothing_recorded", detail, request, items=items)
    return Reply({"items": items, "recorded": len(items) - failed}).response()


def _events(request: Request, body: bytes) -> tuple[list[Mapping[str, Any]], bool]:
    """The events of a body, and whether they came as a batch."""
    data = parse_json(body)
    if "ce-id" in request.headers:
        head = {k[3:]: v for k, v in request.headers.items() if k.startswith("ce-")}
        return [head | {"data": data}], False
    events = data if isinstance(data, list) else [data]
    if not 1 <= len(events) <= MOST_EVENTS or not all(isinstance(e, dict) for e in events):
        raise Invalid("invalid_request", f"Send 1 to {MOST_EVENTS} CloudEvents as JSON objects.")
    return events, isinstance(data, list)


@router.get("/events")
def feed(
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
        {
            "specversion": "1.0",
            "id": str(entry.position),
            "source": "/returns-triage",
            "type": PREFIX + entry.type,
            "subject": entry.stream,
            "time": time(entry.recorded_at),
            "sequence": entry.version,
            "actor": entry.actor,
            "data": shown_payload(entry, audits.get(case_of(entry), ())),
        }
        for entry in entries
    ]
    following = entries[-1].position if entries else after
    return Reply({"items": items, "next_after": following}).response()


@router.get("/exceptions", tags=["reconciliation"])
def exceptions(
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


@router.get("/exceptions/{exception_id}", tags=["reconciliation"])
def exception(exception_id: str, request: Request, actor: Signed) -> Response:
    """One exception with its assessment."""
    with services_of(request).engine.connect() as conn:
        found = worklists.exception(conn, exception_id)
    if found is None:
        raise Refused("unknown_exception", f"There is no exception {exception_id}.")
    return Reply(plain(found)).response()


@router.post("/exceptions/{exception_id}/resolution", tags=["reconciliation"])
def resolve(exception_id: str, shape: ResolutionShape, request: Request, actor: Signed) -> Response:
    """Close an exception with what came of it; what is let go is bound by the write-off limits."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        resolving.resolve(conn, services, exception_id, shape, actor)
        return Reply(plain(worklists.exception(conn, exception_id) or {}))

    return once(request, actor, shape, work)
