"""``/v1/claims``: what suppliers shall pay for goods sent back, and what became of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection, RowMapping
from starlette.responses import Response

from insights.recovery import AGES, Shares, recovery
from journal import claims
from journal.absences import at_work
from serving.answers.claims import ClaimPage, ClaimWithTasks, Recovery
from serving.answers.form import answers
from serving.claim_json import Json, claim_json
from serving.claims import answer_of
from serving.http import Reply, plain
from serving.identity import signed_in
from serving.present import time
from serving.reading import StrictRoute
from serving.routes.returns import once
from serving.shapes import ClaimAnswerShape, ClaimEvidenceShape, GivingUpShape
from serving.telling import tell
from serving.wiring import Services, services_of
from workflow.actor import Actor
from workflow.approvals import require_any_role
from workflow.commands import Command, GiveClaimEvidence, GiveUpClaim
from workflow.refused import Refused

router = APIRouter(prefix="/v1", tags=["claims"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]
Standing = Literal["open", "answered", "denied", "paid_short", "paid", "closed"]
ANSWER_TAKERS = ("procurement", "finance_clerk", "service")


@router.get("/claims", responses=answers(ClaimPage))
def list_claims(
    request: Request,
    actor: Signed,
    status: Annotated[list[Standing] | None, Query(max_length=6)] = None,
    supplier: Annotated[str | None, Query(max_length=64)] = None,
    return_id: Annotated[str | None, Query(max_length=64)] = None,
    order: Literal["deadline", "money", "supplier", "age"] = "deadline",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> Response:
    """Claims of which something is left, those with the next deadline first; or by status.
    ``next`` is the cursor of the following page, null at the end."""
    with services_of(request).engine.connect() as conn:
        found = claims.listed(
            conn,
            statuses=status or (None if return_id else claims.UNSETTLED),
            supplier_id=supplier,
            return_id=return_id,
            order=order,
            limit=limit,
            cursor=cursor,
        )
        shares = Shares(claims.past_shares(conn))
    items = [claim_json(row, shares) for row in found.rows]
    return Reply({"items": items, "next": found.cursor}).response()


@router.get("/claims/{claim_id}", responses=answers(ClaimWithTasks))
def read_claim(claim_id: str, request: Request, actor: Signed) -> Response:
    """One claim with the customer's line that caused it, its evidence and its answers."""
    with services_of(request).engine.connect() as conn:
        return Reply(shown(conn, claim_id)).response()


@router.post("/claims/{claim_id}/answers", responses=answers(ClaimWithTasks, 201), status_code=201)
def answer_claim(
    claim_id: str, shape: ClaimAnswerShape, request: Request, actor: Signed
) -> Response:
    """Record what a supplier answered: several times if it does, each answer with its number."""
    require_any_role(actor, ANSWER_TAKERS, "Recording a supplier's answer")
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        fact = answer_of(found(conn, claim_id), shape, services.clock())
        tell(services, conn, actor, fact)
        return Reply(shown(conn, claim_id), 201)

    return once(request, actor, shape, work)


@router.post("/claims/{claim_id}/evidence", responses=answers(ClaimWithTasks))
def add_claim_evidence(
    claim_id: str, shape: ClaimEvidenceShape, request: Request, actor: Signed
) -> Response:
    """Hand in evidence; the claim is made as soon as nothing that is demanded is missing."""
    services = services_of(request)

    def command(row: RowMapping, acting: Actor, at: datetime) -> Command:
        where = (row["portion"], row["part"])
        return GiveClaimEvidence(*where, shape.kind, shape.reference, acting, at)

    work = commanding(services, actor, claim_id, command)
    return once(request, actor, shape, work)


@router.post("/claims/{claim_id}/write-off", responses=answers(ClaimWithTasks))
def write_off_claim(
    claim_id: str, shape: GivingUpShape, request: Request, actor: Signed
) -> Response:
    """Give up what is left. Above the system's limit somebody else has to approve it: a task."""
    services = services_of(request)

    def command(row: RowMapping, acting: Actor, at: datetime) -> Command:
        where = (row["portion"], row["part"])
        return GiveUpClaim(*where, shape.reason, shape.note, acting, at)

    work = commanding(services, actor, claim_id, command)
    return once(request, actor, shape, work)


@router.get("/insights/recovery", responses=answers(Recovery), tags=["insights"])
def read_recovery(request: Request, actor: Signed) -> Response:
    """Claimed, expected, recovered and lost, by supplier, reason and cause, and what is open by
    age; money by currency."""
    services = services_of(request)
    with services.engine.connect() as conn:
        now = services.clock()
        items = recovery(claims.sums(conn, now, AGES), Shares(claims.past_shares(conn)))
    return Reply({"items": items}).response()


def commanding(
    services: Services,
    actor: Actor,
    claim_id: str,
    build: Callable[[RowMapping, Actor, datetime], Command],
) -> Callable[[Connection], Reply]:
    """Send a command about a claim to the return that caused it, as who is at work."""

    def work(conn: Connection) -> Reply:
        now = services.clock()
        row = found(conn, claim_id)
        acting = at_work(conn, actor, now)
        services.cases.handle(conn, row["return_id"], build(row, acting, now))
        return Reply(shown(conn, claim_id))

    return work


def found(conn: Connection, claim_id: str) -> RowMapping:
    """The row of a claim. Refused: ``unknown_claim``."""
    row = claims.one(conn, claim_id)
    if row is None:
        raise Refused("unknown_claim", f"There is no claim {claim_id}.")
    return row


def shown(conn: Connection, claim_id: str) -> Json:
    """A claim with what waits for somebody about its goods. Refused: ``unknown_claim``."""
    row = found(conn, claim_id)
    tasks = claims.open_tasks(conn, row["return_id"], row["portion"])
    shown = claim_json(row, Shares(claims.past_shares(conn)))
    return shown | {"tasks": [plain(task) | {"due_at": time(task["due_at"])} for task in tasks]}
