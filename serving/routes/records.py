"""The journal at the edge: facts in, the public feed out; reconciliation exceptions."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Request
from pydantic import ValidationError
from sqlalchemy import Connection
from starlette.responses import Response

from journal import idempotency, worklists
from journal.codec import decode
from journal.entries import Append, Conflict
from serving.claims import release_after_vendor
from serving.errors import Invalid, problem
from serving.http import Reply
from serving.identity import signed_in
from serving.present import time
from serving.routes.returns import once, page_reply
from serving.shapes import ResolutionShape
from serving.wiring import Services, services_of
from workflow.actor import Actor
from workflow.approvals import require_any_role
from workflow.facts import (
    CarrierRegistered,
    CreditNoteRecorded,
    CustomerRegistered,
    ExceptionResolved,
    InvoiceRecorded,
    LotRegistered,
    ProductListed,
    RecallClosed,
    RecallOpened,
    StockWriteOffRecorded,
    SupplierClaimAnswered,
    SupplierRegistered,
)
from workflow.refused import Refused

router = APIRouter(prefix="/v1", tags=["records"])
Signed = Annotated[Actor, Depends(signed_in)]

PREFIX = "returns-triage."
MOST_EVENTS = 1000
KEPT_HOURS = 30 * 24
"""How long an event id is remembered; documents are known for ever by their own number."""
TELLERS = ("service", "admin")
STREAM_OF: dict[type, str] = {
    CustomerRegistered: "customer/{customer_id}",
    SupplierRegistered: "supplier/{supplier_id}",
    CarrierRegistered: "carrier/{carrier_id}",
    ProductListed: "product/{sku}",
    LotRegistered: "lot/{sku}/{lot}",
    RecallOpened: "recall/{recall_id}",
    RecallClosed: "recall/{recall_id}",
    InvoiceRecorded: "invoice/{invoice_id}",
    CreditNoteRecorded: "credit-note/{credit_note_id}",
    StockWriteOffRecorded: "stock/{document_id}",
    SupplierClaimAnswered: "claim/{claim_id}",
}
"""Facts that other systems may tell us, and the stream each belongs to."""

ONCE_ONLY = (InvoiceRecorded, CreditNoteRecorded, StockWriteOffRecorded, SupplierClaimAnswered)
"""Documents that exist once: telling one again under another event id changes nothing."""


def stream_of(fact: object) -> str:
    """The journal stream of a fact."""
    pattern = STREAM_OF[type(fact)]
    return pattern.format(**vars_of(fact))


def vars_of(fact: object) -> dict[str, object]:
    """The fields of a fact by name."""
    return {field.name: getattr(fact, field.name) for field in fields(fact)}  # type: ignore[arg-type]


@router.post("/events")
async def tell(request: Request, actor: Signed) -> Response:
    """Take facts from ERP, WMS, CRM, carriers and suppliers as CloudEvents 1.0.

    Structured (``application/cloudevents+json``), batched (``application/cloudevents-batch+json``
    or a JSON list) or binary (``ce-`` headers). Every event is judged by itself; the answer
    lists them in order as ``recorded``, ``repeated`` (same source and id, or a document that
    is known) or a problem.
    """
    require_any_role(actor, TELLERS, "Telling facts")
    events = _events(request, await request.body())
    services = services_of(request)
    items = await asyncio.to_thread(lambda: [_record(services, actor, event) for event in events])
    failed = sum("problem" in item for item in items)
    status = 422 if failed == len(items) else 200
    return Reply({"items": items, "recorded": len(items) - failed}, status).response()


def _events(request: Request, body: bytes) -> list[Mapping[str, Any]]:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid("malformed_json", f"The body is no JSON: {error}.", 400) from error
    if "ce-id" in request.headers:
        head = {k[3:]: v for k, v in request.headers.items() if k.startswith("ce-")}
        return [head | {"data": data}]
    events = data if isinstance(data, list) else [data]
    if not 1 <= len(events) <= MOST_EVENTS or not all(isinstance(e, dict) for e in events):
        raise Invalid("invalid_request", f"Send 1 to {MOST_EVENTS} CloudEvents as JSON objects.")
    return events


def _record(services: Services, actor: Actor, event: Mapping[str, Any]) -> dict[str, object]:
    event_id = str(event.get("id", ""))[:128]
    try:
        fact = _fact(event, services.clock())
    except Invalid as error:
        body = problem(error.status, error.code, error.message, {"errors": error.errors})
        return {"id": event_id, "problem": body}

    def work(conn: Connection) -> dict[str, object]:
        now = services.clock()
        mark = hashlib.sha256(orjson.dumps(event["data"], option=orjson.OPT_SORT_KEYS)).digest()
        source = f"event:{event['source']}"
        if idempotency.begin(conn, source[:200], event_id, "/v1/events", mark, now, KEPT_HOURS):
            return {"id": event_id, "status": "repeated"}
        expected = 0 if isinstance(fact, ONCE_ONLY) else None
        append = Append(stream_of(fact), (fact,), actor, now, expected)
        (entry,) = services.journal.append(conn, [append])
        if isinstance(fact, SupplierClaimAnswered):
            release_after_vendor(services.cases, conn, fact, now)
        idempotency.finish(conn, source[:200], event_id, idempotency.Answer(200, {}, b"{}"))
        return {"id": event_id, "status": "recorded", "position": entry.position}

    try:
        with services.engine.begin() as conn:
            return work(conn)
    except Conflict:
        return {"id": event_id, "status": "repeated"}
    except idempotency.KeyReused:
        detail = f"Event {event_id} of {event['source']} came before with other data."
        return {"id": event_id, "problem": problem(409, "event_id_reused", detail)}


def _fact(event: Mapping[str, Any], now: datetime) -> object:
    missing = [name for name in ("id", "source", "type", "specversion") if not event.get(name)]
    if missing:
        raise Invalid("invalid_event", f"A CloudEvent needs {', '.join(missing)}.")
    if event["specversion"] != "1.0":
        raise Invalid("invalid_event", "Only CloudEvents specversion 1.0 is understood.")
    name = str(event["type"]).removeprefix(PREFIX)
    known = {_snake(cls): cls for cls in STREAM_OF}
    if name not in known:
        raise Invalid(
            "unknown_event_type",
            f"Type {event['type']!r} is not one of {PREFIX}{{{', '.join(sorted(known))}}}.",
        )
    data = event.get("data")
    if not isinstance(data, dict):
        raise Invalid("invalid_event", "data is a JSON object.")
    try:
        fact = decode(name, data)
    except ValidationError as error:
        errors = [
            {"at": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in error.errors()[:20]
        ]
        first = errors[0]
        raise Invalid(
            "invalid_event", f"{first['at']}: {first['message']}", errors=errors
        ) from error
    _check_dates(fact, now)
    return fact


def _check_dates(fact: object, now: datetime) -> None:
    """Times are aware and not in the future; a document from tomorrow is a broken clock."""
    for field, value in vars_of(fact).items():
        if not isinstance(value, datetime):
            continue
        if value.tzinfo is None:
            raise Invalid("invalid_event", f"{field}: give the time with its offset, such as Z.")
        if value.astimezone(UTC) > now:
            raise Invalid("future_date", f"{field}: {time(value)} is in the future.")


def _snake(cls: type) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("_")


@router.get("/events")
def feed(
    request: Request,
    actor: Signed,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    type: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """The journal's public feed by position, as CloudEvents; nothing is ever skipped."""
    services = services_of(request)
    with services.engine.connect() as conn:
        entries = services.journal.follow(conn, after, limit, type)
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
            "data": entry.payload,
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
    return Reply(dict(found)).response()


@router.post("/exceptions/{exception_id}/resolution", tags=["reconciliation"])
def resolve(exception_id: str, shape: ResolutionShape, request: Request, actor: Signed) -> Response:
    """Close an exception with what came of it."""
    services = services_of(request)
    require_any_role(actor, ("finance_clerk",), "Resolving an exception")

    def work(conn: Connection) -> Reply:
        found = worklists.exception(conn, exception_id)
        if found is None:
            raise Refused("unknown_exception", f"There is no exception {exception_id}.")
        if found["status"] != "open":
            raise Refused("already_decided", f"{exception_id} is resolved already.")
        now = services.clock()
        fact = ExceptionResolved(
            exception_id=exception_id,
            code=str(found["code"]),
            resolution=shape.resolution,
            loss_minor=shape.loss_minor,
            recovered_minor=shape.recovered_minor,
            note=shape.note,
            resolved_by=actor.id,
            resolved_at=now,
            customer_id=found["customer_id"],
            supplier_id=found["supplier_id"],
        )
        services.journal.append(conn, [Append(f"exception/{exception_id}", (fact,), actor, now)])
        return Reply(dict(worklists.exception(conn, exception_id) or {}))

    return once(request, actor, shape, work)
