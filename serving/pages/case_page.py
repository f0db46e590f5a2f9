"""One return in front of a reviewer: what must be decided, why, on what evidence, and its past."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from integrations.erp.postings import postings
from journal import findings, leases, lookups, worklists
from journal.absences import at_work
from journal.delegations import mandated
from journal.entries import Recorded
from serving import evidence
from serving.assessor import situation
from serving.blind import blinded, hidden, shown_payload
from serving.http import retrying
from serving.outages import waits_for
from serving.pages import event_sentences, sentences
from serving.pages.frame import DeskRoute, Viewer, page
from serving.pages.task_view import TaskLooks, task_view
from serving.pages.workshop import orders_for
from serving.present import case_json, postings_json
from serving.replaying import judged_again
from serving.routes.evidence import file_response
from serving.wiring import Services, services_of
from workflow.actor import Actor
from workflow.approvals import decider, holds
from workflow.codes import Condition
from workflow.evolve import fold
from workflow.refused import Refused
from workflow.serials import expected
from workflow.state import Authorised, Born, UnderReview

router = APIRouter(route_class=DeskRoute)
MAYBE = dict.fromkeys(("authority", "refusal", "cancelled", "closed_at"))
"""What a case has in some situations only."""
NOTICES = {
    "decided": "Your decision is recorded.",
    "first": "Your approval is recorded; a second person must agree.",
    "escalated": "The task is passed on to a higher role.",
    "given-back": "The task is free for colleagues again.",
    "received": "The receipt is recorded.",
    "inspected": "The inspection is recorded.",
    "requested": "The return is recorded.",
    "worked": "The work is recorded.",
    "cancelled": "The return is cancelled.",
}


@router.get("/returns/{return_id}")
def case(
    return_id: str, request: Request, actor: Viewer, task: str = "", did: str = ""
) -> Response:
    """The case; ``task`` is the one the viewer came to decide: it is then theirs for a while."""
    services = services_of(request)
    if task:
        retrying(services.engine, lambda conn: _take(conn, services, return_id, task, actor))
    return draw(request, return_id, actor, notice=NOTICES.get(did))


def _take(conn: Connection, services: Services, return_id: str, task_id: str, actor: Actor) -> None:
    """Lease the task to the viewer, if they may decide it and nobody else holds it."""
    state, _ = services.cases.state(conn, return_id)
    found = situation(state, return_id).case
    task = found.task(task_id)
    if task is None:
        return  # decided meanwhile: the page says so
    try:
        now = services.clock()
        policies = services.policies.of_case(state, now)
        decider(found, task, at_work(conn, actor, now), policies)
        leases.lease(conn, task_id, actor.id, now, services.settings.lease_minutes * 60)
    except Refused:
        return  # somebody else's: the page says whose


def draw(
    request: Request,
    return_id: str,
    actor: Actor,
    http_status: int = 200,
    *,
    error: str | None = None,
    notice: str | None = None,
    sent: Mapping[str, str] | None = None,
) -> Response:
    """The page of a case. ``sent`` is a form that was refused, to be corrected.

    Refused: ``unknown_return``.
    """
    services = services_of(request)
    with services.engine.connect() as conn:
        history = services.cases.history(conn, return_id)
        state = situation(fold(entry.event for entry in history), return_id)
        masters = _masters(conn, state)
        about = _findings(conn, state)
        rows = lookups.case_rows(conn, return_id)
        proofs = _proofs(conn, state)
        now, kept = services.clock(), defaultdict(str, sent or {})
        waits = waits_for(conn, return_id, now)
        acting = mandated(conn, actor, now)
    withheld = hidden(state.case)
    state = blinded(state)
    body = case_json(state, len(history), services.policies.known)
    lines = [_line(line, state, masters) for line in _list(body["lines"])]
    looks = TaskLooks(services, state, body, acting, now, kept, rows["tasks"] if rows else ())
    tasks = [task_view(looks, task) for task in state.case.tasks]
    tasks.sort(key=lambda task: not task["may"])
    currency = state.case.requested.currency
    timeline = [
        {
            "at": entry.recorded_at,
            "says": event_sentences.says(entry.type, shown_payload(entry, withheld), currency),
            "rule": event_sentences.rule_of(entry.type, shown_payload(entry, withheld)),
            "actor": entry.actor,
            "type": entry.type,
            "position": entry.position,
            "hash": entry.hash.hex(),
        }
        for entry in history
    ]
    return page(
        request,
        "case.html",
        http_status,
        here="returns",
        case=MAYBE | body,
        lines=lines,
        masters=masters,
        findings=about,
        tasks=tasks,
        effects=_effects(rows["effects"] if rows else ()),
        waits_for=waits,
        books=postings_json(currency, postings(rows["effects"] if rows else ())),
        timeline=timeline,
        again=_asked_again(services, state, history),
        proofs=proofs,
        points=sentences.POINTS,
        statuses=sentences.STATUSES,
        conditions=list(Condition),
        work=_work(state, actor, now),
        kept=kept,
        error=error,
        notice=notice,
    )


def _asked_again(services: Services, state: Born, history: list[Recorded]) -> dict[str, int] | None:
    """Of a return that is over: how many verdicts were asked again by the texts that gave them,
    how many differ, and of how many nobody kept the text."""
    if isinstance(state, Authorised | UnderReview):
        return None
    found = judged_again(services.policies.known, history)
    gone = sum(one.now is None for one in found)
    return {"asked": len(found), "differ": sum(one.differs for one in found), "gone": gone}


def _list(value: object) -> list[dict[str, Any]]:
    return value if isinstance(value, list) else []


def _masters(conn: Connection, state: Born) -> dict[str, Any]:
    """Names of the customer and the items, where the masters know them."""
    requested = state.case.requested
    skus = {line.requested.sku for line in state.case.lines}
    products = {sku: lookups.product(conn, sku) for sku in sorted(skus)}
    return {
        "customer": lookups.customer(conn, requested.customer_id),
        "products": {sku: p.description for sku, p in products.items() if p is not None},
    }


def _findings(conn: Connection, state: Born) -> list[dict[str, Any]]:
    """What is wrong with the records of the customer and the items, in a sentence each."""
    skus = {line.requested.sku for line in state.case.lines}
    rows = findings.about(conn, state.case.requested.customer_id, skus)
    return [dict(row) for row in rows]


def _line(line: dict[str, Any], state: Born, masters: Mapping[str, Any]) -> dict[str, Any]:
    """A line as printed, with its item's name and when it was delivered."""
    found = state.case.line(line["line"])
    facts = found.requested.facts if found else None
    return line | {
        "description": masters["products"].get(line["sku"], ""),
        "delivered_at": facts.delivered_at if facts else None,
        "recall_open": bool(facts and facts.recall_open),
    }


def _proofs(conn: Connection, state: Born) -> dict[str, dict[str, Any]]:
    """Evidence of all lines and portions by reference: its name, and whether it is kept here."""
    named = [name for line in state.case.lines for name in line.requested.evidence]
    portions = [portion for line in state.case.lines for portion in line.portions]
    named += [name for portion in portions for name in portion.inspected.evidence]
    return {str(one["id"]): one for one in evidence.shown(conn, dict.fromkeys(named))}


@router.get("/evidence/{evidence_id}")
def proof(evidence_id: str, request: Request, actor: Viewer) -> Response:
    """A file of evidence, for whoever is signed in."""
    return file_response(request, evidence_id)


def _effects(rows: Any) -> list[dict[str, Any]]:
    """What the outside world was asked to do, the stuck first."""
    shown = [
        dict(row) | {"what": sentences.effect_kind(row["kind"])}
        for row in rows
        if row["kind"] != "assess" or row["status"] == "parked"
    ]
    return sorted(shown, key=lambda row: row["status"] != "parked")


def _work(state: Born, actor: Actor, now: datetime) -> dict[str, Any]:
    """What the viewer may do with the goods and the case now, besides deciding tasks."""
    work: dict[str, Any] = {"cancel": False, "warehouse": ""}
    work |= {"receive": [], "inspect": [], "reinspect": []}
    case = state.case
    goods = isinstance(state, Authorised) and state.authority.goods_required
    if goods and holds(actor, "warehouse"):
        work["receive"] = [
            {"line": x.number, "sku": x.requested.sku, "uom": x.requested.uom,
             "lot": x.requested.lot or x.requested.facts.shipped_lot or "",
             "outstanding": sentences.count(x.outstanding)}
            for x in case.lines if x.authorised > 0 and x.outstanding > 0
        ]  # fmt: skip
        work["warehouse"] = case.warehouse or next(
            (x.requested.facts.warehouse for x in case.lines if x.requested.facts.warehouse), ""
        )
    if goods and holds(actor, "inspector"):
        work["inspect"] = [
            {"line": x.number, "sku": x.requested.sku, "uom": x.requested.uom,
             "lot": x.requested.lot or x.requested.facts.shipped_lot or "",
             "cold_chain": x.requested.facts.cold_chain,
             "dated": x.requested.facts.date_kind != "none",
             "serials": bool(expected(x)),
             "waiting": sentences.count(x.received - x.inspected)}
            for x in case.lines if x.received > x.inspected
        ]  # fmt: skip
        work["reinspect"] = [
            {"line": x.number, "portion": p.id, "sku": x.requested.sku, "uom": x.requested.uom,
             "lot": p.inspected.lot or "",
             "cold_chain": x.requested.facts.cold_chain,
             "dated": x.requested.facts.date_kind != "none",
             "serials": bool(expected(x)),
             "waiting": sentences.count(p.held)}
            for x in case.lines for p in x.portions if p.held > 0
        ]  # fmt: skip
    work["orders"] = orders_for(state, actor)
    untouched = not case.receipts and not any(x.received or x.credits for x in case.lines)
    own = actor.id == case.requested.requested_by or holds(actor, "customer_service")
    work["cancel"] = isinstance(state, Authorised | UnderReview) and untouched and own
    return work


def gone(conn: Connection, task_id: str) -> str:
    """What became of a task that is not open any more, as a sentence."""
    row = worklists.task(conn, task_id)
    if row is None:
        return f"There is no task {task_id}."
    if row["status"] == "decided":
        when = sentences.day(row["closed_at"])
        return f"{task_id} was decided already by {row['decided_by']} on {when}. Nothing changed."
    return f"{task_id} is no longer needed. Nothing changed."
