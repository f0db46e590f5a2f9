"""The lists: queue, returns, models, and how the outside world keeps up."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from journal import stops, worklists
from journal.delegations import mandated
from serving.coverage import covered
from serving.lifecycle import lifecycle_of
from serving.pages import alarms, promotions, sentences
from serving.pages.exceptions import kind_of
from serving.pages.frame import DeskRoute, Viewer, page
from serving.routes.queue import for_whom
from serving.trust import trust
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.approvals import holds, roles_of
from workflow.codes import ReturnReason
from workflow.promoting import APPROVER, MODELS

router = APIRouter(route_class=DeskRoute)
ORDERS = {"sla": "due first", "value": "value", "age": "oldest", "risk": "risk"}


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


@router.get("/models")
def models(request: Request, actor: Viewer, did: str = "") -> Response:
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
    return page(
        request,
        "models.html",
        here="models",
        items=items,
        thrown=thrown,
        viewer=actor.id,
        approver=actor.kind == "person" and holds(actor, APPROVER),
        notice=promotions.NOTICES.get(did),
    )


@router.get("/operations")
def operations(request: Request, actor: Viewer) -> Response:
    """How much waits where, and what the outside world would not do."""
    services = services_of(request)
    with services.engine.connect() as conn:
        depths = worklists.depths(conn)
        alarmed = alarms.shown(conn, actor, own_only=False)
    return page(
        request,
        "operations.html",
        here="operations",
        depths=depths,
        alarms=alarmed,
        faults=services.shelf.faults,
        kinds={code: kind_of(code) for code in depths["exceptions"]},
    )
