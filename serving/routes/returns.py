"""``/v1/returns``: request, read, receive, inspect, dispose, cancel, release."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from integrations.erp.postings import postings
from journal import findings, idempotency, lookups, worklists
from serving.acting import act
from serving.answers.form import answers
from serving.answers.returns import Postings, Return, ReturnPage, ReturnWithHistory
from serving.assessor import situation
from serving.blind import hidden
from serving.codes import take
from serving.errors import Invalid
from serving.http import Reply, fingerprint, idempotency_key, if_match, plain, retrying
from serving.identity import signed_in
from serving.outages import waits_for
from serving.parking import replay
from serving.present import case_json, finding_json, postings_json, timeline_json
from serving.reading import StrictRoute
from serving.receiving import build_inspection, build_receipt, build_reinspection, build_work
from serving.requesting import build_request, foreign_reasons, new_return_id
from serving.shapes import (
    CancellationShape,
    DispositionShape,
    InspectionShape,
    ReceiptShape,
    RefurbishmentShape,
    ReinspectionShape,
    ReleaseShape,
    ReturnShape,
    Shape,
)
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.approvals import require_any_role
from workflow.commands import (
    CancelReturn,
    Command,
    DisposePortion,
    ReleaseCredit,
)
from workflow.events import DispositionPart
from workflow.evolve import fold
from workflow.refused import Refused
from workflow.waiting import supplies

router = APIRouter(prefix="/v1/returns", tags=["returns"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]
Build = Callable[[Connection, datetime], Command]
REQUESTERS = ("customer_service", "returns_manager", "service")


def once(
    request: Request, actor: Actor, shape: Shape | None, work: Callable[[Connection], Reply]
) -> Response:
    """Do ``work`` once for the request's Idempotency-Key, in one transaction with its answer."""
    services = services_of(request)
    key = idempotency_key(request)
    mark = fingerprint(request, shape.model_dump(mode="json") if shape else None)

    def transaction(conn: Connection) -> Response:
        now = services.clock()
        kept = _begin(conn, actor, key, request.url.path, mark, now)
        if kept is not None:
            return Response(
                kept.body,
                kept.status,
                {**kept.headers, "Idempotency-Replayed": "true"},
                "application/json",
            )
        response = work(conn).response()
        headers = {k: v for k, v in response.headers.items() if k in ("etag", "location")}
        answer = idempotency.Answer(response.status_code, headers, bytes(response.body))
        idempotency.finish(conn, actor.id, key, answer)
        return response

    return retrying(services.engine, transaction)


def _begin(
    conn: Connection, actor: Actor, key: str, route: str, mark: bytes, now: datetime
) -> idempotency.Answer | None:
    try:
        return idempotency.begin(conn, actor.id, key, route, mark, now)
    except idempotency.KeyReused as error:
        raise Invalid("idempotency_key_reused", str(error), 422) from error
    except idempotency.InProgress as error:
        raise Invalid("idempotency_key_in_progress", str(error), 409) from error


def etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


def page_reply(page: worklists.Page, **more: object) -> Response:
    """A page of rows with the cursor of the next one, null at the end."""
    items = [plain(row) for row in page.rows]
    return Reply({"items": items, "next": page.cursor, **more}).response()


def obey(
    request: Request, actor: Actor, return_id: str, shape: Shape | None, build: Build
) -> Response:
    """Send one command to a case and answer with the case as it is then."""
    services = services_of(request)
    expected = if_match(request)

    def work(conn: Connection) -> Reply:
        command = build(conn, services.clock())
        handled = act(services.cases, services.assessor, conn, return_id, command, expected)
        state = situation(handled.state, return_id)
        body = case_json(state, handled.version, services.policies.known)
        return Reply(body, 200, etag(handled.version))

    return once(request, actor, shape, work)


@router.post("", status_code=201, responses=answers(Return, 201))
def request_return(shape: ReturnShape, request: Request, actor: Signed) -> Response:
    """Ask for a return. Answers 201 with the case: authorised, refused, or waiting for someone;
    503 ``overloaded`` while too much waits for other systems."""
    services = services_of(request)
    require_any_role(actor, REQUESTERS, "Requesting a return")
    waited_for: list[str] = []

    def work(conn: Connection) -> Reply:
        now = services.clock()
        services.door.check(conn)
        return_id = shape.id or new_return_id(now)
        meanings = take(services, conn, foreign_reasons(shape), now)
        most = services.settings.max_text_chars
        command = build_request(conn, shape, return_id, actor, now, most, meanings)
        handled = act(services.cases, services.assessor, conn, return_id, command)
        waited_for[:] = [name for entry in handled.recorded for name in supplies(entry.event)]
        state = situation(handled.state, return_id)
        headers = etag(handled.version) | {"Location": f"/v1/returns/{return_id}"}
        body = case_json(state, handled.version, services.policies.known)
        return Reply(body, 201, headers)

    answer = once(request, actor, shape, work)
    replay(services, waited_for)
    return answer


@router.get("", responses=answers(ReturnPage))
def list_returns(
    request: Request,
    actor: Signed,
    status: str | None = None,
    customer: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> Response:
    """Returns, newest first; ``next`` is the cursor of the following page, null at the end."""
    with services_of(request).engine.connect() as conn:
        page = worklists.returns(
            conn, status=status, customer_id=customer, limit=limit, cursor=cursor
        )
    return page_reply(page)


@router.get("/{return_id}", responses=answers(ReturnWithHistory))
def read_return(return_id: str, request: Request, actor: Signed) -> Response:
    """One return: state, lines, portions, credits, open tasks, decisions and timeline; findings
    about the records of its customer and items."""
    services = services_of(request)
    with services.engine.connect() as conn:
        history = services.cases.history(conn, return_id)
        state = situation(fold(entry.event for entry in history), return_id)
        skus = {line.requested.sku for line in state.case.lines}
        waits = waits_for(conn, return_id, services.clock())
        about = findings.about(conn, state.case.requested.customer_id, skus)
    body = case_json(state, len(history), services.policies.known)
    body |= {
        "timeline": timeline_json(history, hidden(state.case)),
        "findings": [finding_json(row) for row in about],
        "waits_for": waits,
    }
    return Reply(body, 200, etag(len(history))).response()


@router.get("/{return_id}/postings", responses=answers(Postings))
def read_postings(return_id: str, request: Request, actor: Signed) -> Response:
    """What the return comes to in the general ledger: what was posted and what still will be."""
    with services_of(request).engine.connect() as conn:
        rows = lookups.case_rows(conn, return_id)
    if rows is None:
        raise Refused("unknown_return", f"There is no return {return_id}.")
    return Reply(postings_json(rows["case"]["currency"], postings(rows["effects"]))).response()


@router.post("/{return_id}/receipts", responses=answers(Return))
def receive_goods(return_id: str, shape: ReceiptShape, request: Request, actor: Signed) -> Response:
    """Record what arrived: exact, short (``final``), over, or goods nobody announced."""

    def build(conn: Connection, now: datetime) -> Command:
        return build_receipt(conn, shape, actor, now)

    return obey(request, actor, return_id, shape, build)


@router.post("/{return_id}/inspections", responses=answers(Return))
def inspect_goods(
    return_id: str, shape: InspectionShape, request: Request, actor: Signed
) -> Response:
    """Record what was found; the disposition is proposed, and confirmed where policy allows."""
    services = services_of(request)

    def build(conn: Connection, now: datetime) -> Command:
        state = situation(services.cases.state(conn, return_id)[0], return_id)
        return build_inspection(conn, state, shape, actor, now)

    return obey(request, actor, return_id, shape, build)


@router.post("/{return_id}/reinspections", responses=answers(Return))
def reinspect_goods(
    return_id: str, shape: ReinspectionShape, request: Request, actor: Signed
) -> Response:
    """Record what was found of goods on hold; quality is asked anew what becomes of them."""
    services = services_of(request)

    def build(conn: Connection, now: datetime) -> Command:
        state = situation(services.cases.state(conn, return_id)[0], return_id)
        return build_reinspection(conn, state, shape, actor, now)

    return obey(request, actor, return_id, shape, build)


@router.post("/{return_id}/dispositions", responses=answers(Return))
def dispose_goods(
    return_id: str, shape: DispositionShape, request: Request, actor: Signed
) -> Response:
    """Say what happens to an inspected portion, split as needed, among what the rules allow.

    Goods on hold are released by it, all or a part; that is for quality, with a note.
    """
    parts = tuple(DispositionPart(part.disposition, part.quantity) for part in shape.parts)

    def build(conn: Connection, now: datetime) -> Command:
        return DisposePortion(shape.portion, parts, actor, now, shape.reason_code, shape.note)

    return obey(request, actor, return_id, shape, build)


@router.post("/{return_id}/refurbishments", responses=answers(Return))
def report_refurbishment(
    return_id: str, shape: RefurbishmentShape, request: Request, actor: Signed
) -> Response:
    """Report what came of goods in the workshop, all or a part of an order, and what it cost."""

    def build(conn: Connection, now: datetime) -> Command:
        return build_work(conn, shape, actor, now)

    return obey(request, actor, return_id, shape, build)


@router.post("/{return_id}/cancellations", responses=answers(Return))
def cancel_return(
    return_id: str, shape: CancellationShape, request: Request, actor: Signed
) -> Response:
    """Withdraw a return for which nothing has come back yet."""

    def build(conn: Connection, now: datetime) -> Command:
        return CancelReturn(shape.because, actor, now)

    return obey(request, actor, return_id, shape, build)


@router.post("/{return_id}/releases", responses=answers(Return))
def release_goods(return_id: str, shape: ReleaseShape, request: Request, actor: Signed) -> Response:
    """Let a credit that was held (for the vendor, or until asked) go to the customer."""

    def build(conn: Connection, now: datetime) -> Command:
        return ReleaseCredit(shape.line, shape.sequence, shape.because, actor, now)

    return obey(request, actor, return_id, shape, build)
