"""Facts in: CloudEvents of other systems, the forms they have, and those that wait."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import parked
from serving.answers.events import FactForms, ParkedFact, ParkedList, Told, ToldList
from serving.answers.form import answers
from serving.answers.operations import JsonSchema
from serving.errors import Invalid, problem_response, respond
from serving.event_schemas import FORMS, NEWEST, VERSIONS, address, schema
from serving.http import Reply, plain
from serving.identity import signed_in
from serving.intake import outcome_json, record
from serving.openapi import bodies_of, header, reference
from serving.parking import abandon, replay, retry
from serving.reading import StrictRoute, parse_json
from serving.routes.returns import once
from serving.shapes import BecauseShape, NothingShape
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.approvals import require_any_role
from workflow.refused import Refused

router = APIRouter(prefix="/v1", tags=["records"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]

MOST_EVENTS = 1000
TELLERS = ("service", "admin")

_EVENT = reference("CloudEvent")
_BODIES = {
    "application/cloudevents+json": _EVENT,
    "application/cloudevents-batch+json": {
        "type": "array",
        "minItems": 1,
        "maxItems": MOST_EVENTS,
        "items": _EVENT,
    },
    "application/json": reference("Fact"),  # in binary mode; the other two are taken, too
}
_HEAD = {
    "ce-specversion": "1.0, as every attribute of a binary event; its body is the fact itself.",
    "ce-id": "The event's id: with its source it makes the fact one.",
    "ce-source": "Who tells.",
    "ce-type": "The fact's type, as GET /v1/events/schema lists them.",
    "ce-time": "When it happened (RFC 3339).",
    "ce-dataschema": "The address of the form, where the type does not end in its version.",
}


@router.post(
    "/events",
    responses=answers(ToldList, 200, 202),
    openapi_extra={
        "parameters": [header(name, says) for name, says in _HEAD.items()],
        **bodies_of("One CloudEvent, a batch of them, or in binary mode the fact itself.", _BODIES),
    },
)
async def tell_events(request: Request, actor: Signed) -> Response:
    """Take facts from ERP, WMS, CRM, carriers and suppliers as CloudEvents 1.0.

    Structured (``application/cloudevents+json``), batched (``application/cloudevents-batch+json``
    or a JSON list) or binary (``ce-`` headers, percent-encoded where they are not plain ASCII).
    Every event is judged by itself; the answer lists them in order as ``recorded``, ``requested``
    (a return that is wanted), ``repeated`` (same source and id, or a document that is known),
    ``late`` (older than what is known, and kept beside it), ``parked`` (202: kept with a reason
    until it can be recorded) or a problem. A single event that is malformed is answered with its
    problem.
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
    waiting = sum(item.get("status") == "parked" for item in items)
    told = {"items": items, "recorded": len(items) - failed - waiting, "parked": waiting}
    return Reply(told, 202 if waiting else 200).response()


def _events(request: Request, body: bytes) -> tuple[list[Mapping[str, Any]], bool]:
    """The events of a body, and whether they came as a batch."""
    data = parse_json(body)
    if "ce-id" in request.headers:
        head = {k[3:]: unquote(v) for k, v in request.headers.items() if k.startswith("ce-")}
        return [head | {"data": data}], False
    events = data if isinstance(data, list) else [data]
    if not 1 <= len(events) <= MOST_EVENTS or not all(isinstance(e, dict) for e in events):
        raise Invalid("invalid_request", f"Send 1 to {MOST_EVENTS} CloudEvents as JSON objects.")
    return events, isinstance(data, list)


@router.get("/events/schema", responses=answers(FactForms))
def list_event_schemas(request: Request, actor: Signed) -> Response:
    """The types of facts that may be told, with their versions and where each form stands."""
    items = [
        {"type": name, "versions": VERSIONS[name], "dataschema": address(name)}
        for name in sorted(FORMS)
    ]
    return Reply({"items": items}).response()


@router.get("/events/schema/{type}", responses=answers(JsonSchema))
def read_event_schema(
    type: str,
    request: Request,
    actor: Signed,
    version: Annotated[int, Query(ge=1, le=9999)] = NEWEST,
) -> Response:
    """The JSON Schema of a fact's ``data``."""
    if type not in FORMS or version not in VERSIONS[type]:
        known = ", ".join(sorted(FORMS))
        raise Invalid("unknown_schema", f"No form of {type[:80]} v{version}; types: {known}.", 404)
    return Reply(schema(type)).response()


@router.get("/events/parked", responses=answers(ParkedList))
def list_parked_facts(
    request: Request,
    actor: Signed,
    status: Literal["waiting", "taken", "abandoned"] = "waiting",
    reason: Annotated[str | None, Query(max_length=64)] = None,
    after: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Facts that could not be recorded when they were told, the longest waiting first, with what
    they wait for; ``after`` is the last number seen."""
    with services_of(request).engine.connect() as conn:
        rows = parked.listed(conn, status=status, reason=reason, after=after, limit=limit)
        many = parked.counts(conn)
    following = rows[-1]["parked_id"] if len(rows) == limit else None
    items = [plain(row) for row in rows]
    return Reply({"items": items, "waiting": many, "next": following}).response()


@router.get("/events/parked/{parked_id}", responses=answers(ParkedFact))
def read_parked_fact(parked_id: str, request: Request, actor: Signed) -> Response:
    """One parked fact with the event as it was told, whatever became of it."""
    with services_of(request).engine.connect() as conn:
        row = parked.one(conn, parked_id)
    if row is None:
        raise Refused("unknown_parked_fact", f"There is no parked fact {parked_id[:80]}.")
    return Reply(plain(row)).response()


@router.post("/events/parked/{parked_id}/retry", responses=answers(Told, 200, 202))
def retry_parked_fact(
    parked_id: str, shape: NothingShape, request: Request, actor: Signed
) -> Response:
    """Try to record a parked fact now; the answer says what became of it."""
    services = services_of(request)
    supplied: list[str] = []

    def work(conn: Connection) -> Reply:
        outcome = retry(services, conn, parked_id, actor)
        supplied[:] = outcome.supplied
        return Reply(outcome_json(outcome), 202 if outcome.parked else 200)

    answer = once(request, actor, shape, work)
    replay(services, supplied)
    return answer


@router.post("/events/parked/{parked_id}/abandonment", responses=answers(ParkedFact))
def abandon_parked_fact(
    parked_id: str, shape: BecauseShape, request: Request, actor: Signed
) -> Response:
    """Give a parked fact up, and say why; it stays readable."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        abandon(services, conn, parked_id, actor, shape.because)
        return Reply(plain(parked.one(conn, parked_id) or {}))

    return once(request, actor, shape, work)
