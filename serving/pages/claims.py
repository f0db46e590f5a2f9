"""Claims on suppliers: what has to be claimed or answered next, and one claim with its answers."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from insights.recovery import Shares
from journal import claims
from journal.absences import at_work
from serving.claim_json import claim_json
from serving.claims import answer_of
from serving.errors import status_of
from serving.pages import sentences
from serving.pages.forms import do_once, minor_of, shaped
from serving.pages.frame import DeskRoute, OwnForm, Viewer, page
from serving.routes.claims import ANSWER_TAKERS, found, shown
from serving.shapes import ClaimAnswerShape, ClaimEvidenceShape, GivingUpShape
from serving.telling import tell
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.approvals import holds, require_any_role
from workflow.claim import EVIDENCE
from workflow.claiming import ASKERS
from workflow.codes import CLAIM_RESPONSES
from workflow.commands import Command, GiveClaimEvidence, GiveUpClaim
from workflow.refused import Refused

router = APIRouter(route_class=DeskRoute)
Short = Annotated[str, Form(max_length=200)]
Text = Annotated[str, Form(max_length=2000)]
Once = Annotated[str, Form(max_length=100)]
ORDERS = {"deadline": "Deadline", "money": "Money left", "supplier": "Supplier", "age": "Age"}
NOTICES = {
    "answered": "The answer is recorded.",
    "given": "The evidence is recorded.",
    "asked": "It is recorded. Above the system's limit somebody else approves it.",
}


@router.get("/claims")
def listed(
    request: Request,
    actor: Viewer,
    order: str = "deadline",
    show: str = "",
    supplier: str = "",
    cursor: str = "",
) -> Response:
    """A page of claims of which something is left, or of all; of one supplier if named."""
    order = order if order in ORDERS else "deadline"
    services = services_of(request)
    now = services.clock()
    with services.engine.connect() as conn:
        statuses = None if show == "all" else claims.UNSETTLED
        found = claims.listed(
            conn,
            statuses=statuses,
            supplier_id=supplier or None,
            order=order,
            cursor=cursor or None,
        )
        shares = Shares(claims.past_shares(conn))
        suppliers = claims.suppliers(conn, statuses)
    asked = {"order": order, "show": show, "supplier": supplier}
    return page(
        request,
        "claims.html",
        here="claims",
        items=[_looks(claim_json(row, shares), now) for row in found.rows],
        next=urlencode({**asked, "cursor": found.cursor}) if found.cursor else None,
        orders=ORDERS,
        suppliers=suppliers,
        asked=asked,
    )


def _looks(claim: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A claim with how near its deadline is, while there is still something to claim."""
    last, made = claim["claim_by"], claim["submitted_at"] is not None
    days = (datetime.fromisoformat(last).date() - now.date()).days if last else None
    open_still = not made and claim["rest_minor"] > 0
    return claim | {
        "made": made,
        "in_time": made and (last is None or claim["submitted_at"][:10] <= last),
        "days": days,
        "late": open_still and days is not None and days < 0,
        "soon": open_still and days is not None and 0 <= days <= 7,
    }


@router.get("/claims/{claim_id}")
def one(claim_id: str, request: Request, actor: Viewer, did: str = "") -> Response:
    """One claim: the customer's line that caused it, evidence, answers, and what can be done."""
    return _draw(request, actor, claim_id, notice=NOTICES.get(did))


def _draw(
    request: Request,
    actor: Actor,
    claim_id: str,
    http_status: int = 200,
    *,
    error: str | None = None,
    notice: str | None = None,
    kept: Mapping[str, str] | None = None,
) -> Response:
    services = services_of(request)
    with services.engine.connect() as conn:
        claim = _looks(shown(conn, claim_id), services.clock())
    return page(
        request,
        "claim.html",
        http_status,
        here="claims",
        c=claim,
        responses={code: means for code, means in CLAIM_RESPONSES.items() if means},
        unknown_responses=[code for code, means in CLAIM_RESPONSES.items() if not means],
        reasons=sentences.WRITE_OFFS,
        kinds=EVIDENCE,
        may_answer=any(holds(actor, role) for role in ANSWER_TAKERS),
        may_ask=any(holds(actor, role) for role in ASKERS),
        notice=notice,
        error=error,
        kept=dict.fromkeys(("number", "response", "paid", "reason", "note", "reference"), "")
        | dict(kept or {}),
    )


@router.post("/claims/{claim_id}/answers", dependencies=[OwnForm])
def answer(
    claim_id: str,
    request: Request,
    actor: Viewer,
    once: Once,
    number: Short = "",
    response: Short = "",
    paid: Short = "",
) -> Response:
    """Record what a supplier answered."""
    services = services_of(request)
    sent = {"number": number, "response": response, "paid": paid}

    def work(conn: Connection) -> str:
        require_any_role(actor, ANSWER_TAKERS, "Recording a supplier's answer")
        row = found(conn, claim_id)
        given = {
            "number": number,
            "response": response,
            "recovered_minor": minor_of(paid or "0", row["currency"]),
        }
        shape = shaped(lambda: ClaimAnswerShape.model_validate(given))
        tell(services, conn, actor, answer_of(row, shape, services.clock()))
        return f"/claims/{claim_id}?did=answered"

    return _done(request, actor, claim_id, once, sent, work)


@router.post("/claims/{claim_id}/evidence", dependencies=[OwnForm])
def evidence(
    claim_id: str,
    request: Request,
    actor: Viewer,
    once: Once,
    kind: Short = "",
    reference: Short = "",
) -> Response:
    """Hand in evidence."""
    sent = {"kind": kind, "reference": reference}

    def command(row: Mapping[Any, Any], acting: Actor, at: datetime) -> Command:
        shape = shaped(lambda: ClaimEvidenceShape.model_validate(sent))
        return GiveClaimEvidence(
            row["portion"], row["part"], shape.kind, shape.reference, acting, at
        )

    work = _sending(request, actor, claim_id, "given", command)
    return _done(request, actor, claim_id, once, sent, work)


@router.post("/claims/{claim_id}/write-off", dependencies=[OwnForm])
def write_off(
    claim_id: str,
    request: Request,
    actor: Viewer,
    once: Once,
    reason: Short = "",
    note: Text = "",
) -> Response:
    """Give up what is left."""
    sent = {"reason": reason, "note": note}

    def command(row: Mapping[Any, Any], acting: Actor, at: datetime) -> Command:
        shape = shaped(lambda: GivingUpShape.model_validate(sent))
        return GiveUpClaim(row["portion"], row["part"], shape.reason, shape.note, acting, at)

    work = _sending(request, actor, claim_id, "asked", command)
    return _done(request, actor, claim_id, once, sent, work)


def _sending(
    request: Request,
    actor: Actor,
    claim_id: str,
    did: str,
    build: Callable[[Mapping[Any, Any], Actor, datetime], Command],
) -> Callable[[Connection], str]:
    services = services_of(request)

    def work(conn: Connection) -> str:
        now, row = services.clock(), found(conn, claim_id)
        acting = at_work(conn, actor, now)
        services.cases.handle(conn, row["return_id"], build(row, acting, now))
        return f"/claims/{claim_id}?did={did}"

    return work


def _done(
    request: Request,
    actor: Actor,
    claim_id: str,
    once: str,
    sent: Mapping[str, str],
    work: Callable[[Connection], str],
) -> Response:
    """Do it once; a refusal shows the form again with what was typed."""
    try:
        return do_once(request, actor, once, sent, work)
    except Refused as no:
        if no.code == "unknown_claim":
            raise
        status = status_of(no.code)
        return _draw(request, actor, claim_id, status, error=no.message, kept=sent)
