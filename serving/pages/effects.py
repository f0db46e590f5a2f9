"""Effects on the desk: what other systems would not do, by cause; tried again or given up."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import systems
from serving import repairs
from serving.pages import sentences
from serving.pages.forms import do_once
from serving.pages.frame import DeskRoute, OwnForm, Viewer, page
from serving.wiring import services_of
from workflow.abandoning import REASONS
from workflow.actor import Actor
from workflow.approvals import holds
from workflow.parked_effects import ROLES

router = APIRouter(route_class=DeskRoute)
Once = Annotated[str, Form(max_length=100)]
Key = Annotated[str, Form(max_length=300)]
NOTICES = {
    "retried": "They are in the queue again.",
    "corrected": "It is corrected, and in the queue again.",
    "asked": "Another finance lead or admin must agree to the same reason.",
    "abandoned": "The effect is given up; reconciliation keeps showing what is missing.",
}
STATUSES = {"parked": "parked", "pending": "waiting", "abandoned": "given up"}
MOST_SHOWN = 200


def _may(actor: Actor) -> bool:
    return any(holds(actor, role) for role in ROLES)


@router.get("/effects")
def listed(
    request: Request, actor: Viewer, status: str = "parked", cause: str = "", did: str = ""
) -> Response:
    """Effects of a status by cause, with age, money and case."""
    status = status if status in STATUSES else "parked"
    with services_of(request).engine.connect() as conn:
        found = repairs.listed(conn, status, None, MOST_SHOWN)
        down = list(systems.down(conn).values())
    shown = [item for item in found if cause in ("", item["cause"] or "unknown")]
    return page(
        request,
        "effects.html",
        here="operations",
        effects=[item | {"what": sentences.effect_kind(item["kind"])} for item in shown],
        causes=repairs.causes(found),
        cause=cause,
        down=down,
        status=status,
        statuses=STATUSES,
        may=_may(actor),
        notice=NOTICES.get(did),
    )


@router.get("/effects/{key:path}")
def one(key: str, request: Request, actor: Viewer) -> Response:
    """One effect with what was asked and answered at each attempt."""
    with services_of(request).engine.connect() as conn:
        found = repairs.one(conn, key)
    return page(
        request,
        "effect.html",
        here="operations",
        effect=found | {"what": sentences.effect_kind(found["kind"])},
        reasons=REASONS,
        may=_may(actor),
    )


@router.post("/effects/retry", dependencies=[OwnForm])
def retry(request: Request, actor: Viewer, once: Once, key: Key = "", cause: Key = "") -> Response:
    """Try one again, or all of a cause."""

    def work(conn: Connection) -> str:
        if key:
            repairs.retry(conn, actor, key)
        else:
            repairs.retry_all(conn, actor, cause or None)
        return "/effects?did=retried"

    return do_once(request, actor, once, {"key": key, "cause": cause}, work)


@router.post("/effects/correction", dependencies=[OwnForm])
def correct(
    request: Request,
    actor: Viewer,
    once: Once,
    key: Key = "",
    path: Annotated[str, Form(max_length=100)] = "",
    value: Annotated[str, Form(max_length=100)] = "",
    because: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Correct one field, an empty value for nothing, and try it again."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        repairs.correct(services, conn, actor, key, {path: value.strip() or None}, because)
        return "/effects?did=corrected"

    told = {"key": key, "path": path, "value": value, "because": because}
    return do_once(request, actor, once, told, work)


@router.post("/effects/abandonment", dependencies=[OwnForm])
def abandon(
    request: Request,
    actor: Viewer,
    once: Once,
    key: Key = "",
    reason: Annotated[str, Form(max_length=40)] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Ask that one is given up, or agree to it."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        found = repairs.abandon(services, conn, actor, key, reason, note)
        return f"/effects?did={'abandoned' if found['status'] == 'abandoned' else 'asked'}"

    return do_once(request, actor, once, {"key": key, "reason": reason, "note": note}, work)
