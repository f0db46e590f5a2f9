"""The lists: queue, returns, exceptions, models, and how the outside world keeps up."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import lookups, stops, worklists
from journal.delegations import mandated
from serving import resolving
from serving.coverage import covered
from serving.errors import status_of
from serving.lifecycle import lifecycle_of
from serving.pages import alarms, sentences
from serving.pages.forms import do_once, minor_of, shaped
from serving.pages.frame import DeskRoute, OwnForm, Viewer, page
from serving.routes.queue import for_whom
from serving.shapes import ResolutionShape
from serving.shelf import MODELS
from serving.trust import trust
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.approvals import holds, roles_of
from workflow.codes import ExceptionCode, ReturnReason
from workflow.refused import Refused

router = APIRouter(route_class=DeskRoute)
ORDERS = {"sla": "due first", "value": "value", "age": "oldest", "risk": "risk"}
EXCEPTION_ORDERS = {"rank": "expected loss", "exposure": "exposure", "age": "oldest"}
RESOLUTIONS = {
    "corrected": "Corrected in the books",
    "recovered": "Money recovered",
    "explained": "Explained: nothing was wrong",
    "duplicate": "A duplicate of another finding",
    "written_off": "Written off",
}
MOST_PARKED = 100


@router.get("/queue")
def queue(
    request: Request,
    actor: Viewer,
    role: str = "",
    order: str = "sla",
    cursor: str = "",
    did: str = "",
) -> Response:
    """Alarms and open tasks of the viewer's roles; what colleagues hold is shown as theirs."""
    services = services_of(request)
    order = order if order in ORDERS else "sla"
    now = services.clock()
    with services.engine.connect() as conn:
        actor = mandated(conn, actor, now)
        roles = roles_of(actor)
        shown = (role,) if role in roles else roles
        found = worklists.tasks(
            conn, roles=shown, order=order, cursor=cursor or None, at=now, holder=actor.id
        )
        rows = covered(services, conn, found.rows, now)
        waiting = worklists.depths(conn)["tasks"]
        alarmed = [] if cursor else alarms.shown(conn, actor, own_only=True)
    tasks = [
        row
        | {
            "overdue": row["due_at"] < now,
            "due": sentences.until(row["due_at"], now),
            "for_whom": for_whom(actor, row["role"]),
            "proposed": sentences.option(row["proposal"], row["point"]).replace("+", " and "),
            "held_by": row["lease_holder"]
            if row["lease_holder"] and row["lease_until"] > now
            else None,
        }
        for row in rows
    ]
    return page(
        request,
        "queue.html",
        here="queue",
        tasks=tasks,
        next=found.cursor,
        leased=found.leased_to_others,
        total=sum(waiting.get(r, 0) for r in shown),
        roles=roles,
        waiting=waiting,
        role=role if role in roles else "",
        order=order,
        orders=ORDERS,
        points=sentences.POINTS,
        alarms=alarmed,
        notice="The alarm is settled." if did == "settled" else None,
    )


@router.get("/returns")
def returns(
    request: Request, actor: Viewer, status: str = "", customer: str = "", cursor: str = ""
) -> Response:
    """Returns, newest first."""
    with services_of(request).engine.connect() as conn:
        found = worklists.returns(
            conn,
            status=status or None,
            customer_id=customer.strip() or None,
            cursor=cursor or None,
        )
    return page(
        request,
        "returns.html",
        here="returns",
        items=found.rows,
        next=found.cursor,
        status=status,
        customer=customer,
        statuses=sentences.STATUSES,
        may_ask=_may_ask(actor),
    )


def _may_ask(actor: Actor) -> bool:
    return holds(actor, "customer_service")


@router.get("/exceptions")
def exceptions(
    request: Request, actor: Viewer, order: str = "rank", cursor: str = "", did: str = ""
) -> Response:
    """Where two ledgers disagree, the largest expected loss first, and why it is ranked so."""
    return _exceptions(request, actor, order, cursor, did=did)


def _exceptions(
    request: Request,
    actor: Actor,
    order: str = "rank",
    cursor: str = "",
    *,
    did: str = "",
    http_status: int = 200,
    error: str | None = None,
    kept: dict[str, str] | None = None,
) -> Response:
    order = order if order in EXCEPTION_ORDERS else "rank"
    services = services_of(request)
    now = services.clock()
    with services.engine.connect() as conn:
        found = worklists.exceptions(conn, order=order, cursor=cursor or None)
    items = [
        dict(row) | {"kind": _kind(row["code"]), "age": sentences.until(row["opened_at"], now)}
        for row in found.rows
    ]
    return page(
        request,
        "exceptions.html",
        http_status,
        here="exceptions",
        items=items,
        next=found.cursor,
        order=order,
        orders=EXCEPTION_ORDERS,
        may_resolve=any(holds(actor, role) for role in resolving.RESOLVERS),
        resolutions=RESOLUTIONS,
        notice="The exception is resolved." if did == "resolved" else None,
        error=error,
        kept=kept or {},
    )


def _kind(code: str) -> str:
    try:
        return sentences.capital(ExceptionCode(code).name.lower())
    except ValueError:
        return code


@router.post("/exceptions/{exception_id}/resolution", dependencies=[OwnForm])
def resolve(
    exception_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    resolution: Annotated[str, Form(max_length=32)] = "",
    loss: Annotated[str, Form(max_length=24)] = "",
    recovered: Annotated[str, Form(max_length=24)] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Close an exception with what came of it."""
    services = services_of(request)
    sent = {"resolution": resolution, "loss": loss, "recovered": recovered, "note": note}

    def work(conn: Connection) -> str:
        found = worklists.exception(conn, exception_id) or {"currency": ""}
        if resolution not in RESOLUTIONS or not note.strip():
            raise Refused("reason_required", "Say how it ended, and why, in a note.")
        shape = shaped(
            lambda: ResolutionShape(
                resolution=resolution,  # type: ignore[arg-type]
                loss_minor=minor_of(loss or "0", found["currency"]),
                recovered_minor=minor_of(recovered or "0", found["currency"]),
                note=note.strip(),
            )
        )
        resolving.resolve(conn, services, exception_id, shape, actor)
        return "/exceptions?did=resolved"

    try:
        return do_once(request, actor, once, sent, work)
    except Refused as no:
        if no.code == "unknown_exception":
            raise
        kept = sent | {"exception_id": exception_id}
        return _exceptions(
            request, actor, http_status=status_of(no.code), error=no.message, kept=kept
        )


@router.get("/models")
def models(request: Request, actor: Viewer) -> Response:
    """What answers now, how good it was measured to be, and who let it."""
    services = services_of(request)
    with services.engine.connect() as conn:
        told = {name: lifecycle_of(services.journal, conn, name) for name in MODELS}
        trusted, thrown = trust(conn), len(stops.thrown(conn))
    items: list[dict[str, Any]] = []
    for name in MODELS:
        shelf = services.shelf.get(name)
        card = shelf.model.card
        items.append(
            {
                "name": name,
                "alias": shelf.ref.alias,
                "version": shelf.ref.version,
                "trained_at": card.trained_at,
                "says": sorted(set(card.says) - set(ReturnReason)) if name != "reason" else (),
                "answers": len(card.says),
                "reads": len(card.reads),
                "limits": card.limits,
                "described": shelf.overview is not None,
                "metrics": sentences.head_figures(card.metrics),
                "fault": services.shelf.faults.get(name),
                **told[name],
                "automation": trusted.automation(name, shelf.ref.version),
                "agreement": trusted.agreement(name, shelf.ref.version),
            }
        )
    return page(request, "models.html", here="models", items=items, thrown=thrown)


@router.get("/operations")
def operations(request: Request, actor: Viewer) -> Response:
    """How much waits where, and what the outside world would not do."""
    services = services_of(request)
    with services.engine.connect() as conn:
        depths = worklists.depths(conn)
        parked = lookups.effects(conn, statuses=["parked"], limit=MOST_PARKED)
        alarmed = alarms.shown(conn, actor, own_only=False)
    return page(
        request,
        "operations.html",
        here="operations",
        depths=depths,
        alarms=alarmed,
        parked=[dict(row) | {"what": sentences.effect_kind(row["kind"])} for row in parked],
        faults=services.shelf.faults,
        kinds={code: _kind(code) for code in depths["exceptions"]},
    )
