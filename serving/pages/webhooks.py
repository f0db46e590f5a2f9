"""Webhooks on the desk: who is sent the feed, how they are doing, and every message's attempts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from integrations.webhooks.address import MOST_URL_CHARS
from integrations.webhooks.signing import new_secret
from journal import deliveries, webhooks
from journal.codec import EVENT_CLASSES
from serving.errors import status_of
from serving.pages.forms import do_once
from serving.pages.frame import DeskRoute, OwnForm, Viewer, page
from serving.webhooks import require_reader
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.approvals import holds, require_role
from workflow.refused import Refused

router = APIRouter(route_class=DeskRoute)
Once = Annotated[str, Form(max_length=100)]
NOTICES = {
    "made": "The webhook is there; its secret was shown once.",
    "activated": "It is sent to again, from where it stopped.",
    "replayed": "It is sent again in the order of the feed.",
    "removed": "The webhook is ended.",
}
OVERLAP_HOURS = 24
MOST_SHOWN = 50


@router.get("/webhooks")
def listed(request: Request, actor: Viewer, did: str = "") -> Response:
    """Subscriptions, how they are doing, and the form for another."""
    return _draw(request, actor, notice=NOTICES.get(did))


def _draw(request: Request, actor: Actor, http_status: int = 200, **more: Any) -> Response:
    require_reader(actor)
    with services_of(request).engine.connect() as conn:
        rows = webhooks.listed(conn)
    return page(
        request,
        "webhooks.html",
        http_status,
        here="operations",
        webhooks=rows,
        types=sorted(EVENT_CLASSES),
        may=holds(actor, "admin"),
        **({"secret": None, "kept": {}} | more),
    )


@router.post("/webhooks", dependencies=[OwnForm])
def subscribe(
    request: Request,
    actor: Viewer,
    once: Once,
    url: Annotated[str, Form(max_length=MOST_URL_CHARS)] = "",
    description: Annotated[str, Form(max_length=500)] = "",
    types: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Subscribe a receiver; the answer shows the secret, this once."""
    courier = services_of(request).courier
    sent = {"url": url.strip(), "description": description, "types": types or []}

    def work(conn: Connection, secret: str) -> None:
        courier.subscribe(conn, actor, secret, url.strip(), types or [], description)

    try:
        return _with_secret(request, actor, once, sent, work)
    except Refused as no:
        return _draw(request, actor, status_of(no.code), error=no.message, kept=sent)


@router.post("/webhooks/{webhook_id}/rotation", dependencies=[OwnForm])
def rotate(webhook_id: str, request: Request, actor: Viewer, once: Once) -> Response:
    """Another secret; the one before goes on signing for a day."""
    courier = services_of(request).courier

    def work(conn: Connection, secret: str) -> None:
        courier.rotate(conn, actor, webhook_id, secret, OVERLAP_HOURS)

    return _with_secret(request, actor, once, {}, work)


def _with_secret(
    request: Request,
    actor: Actor,
    once: str,
    sent: dict[str, Any],
    work: Callable[[Connection, str], None],
) -> Response:
    """Do ``work`` with a new secret and show that; a second click shows the page without it."""
    secret, done = new_secret(), []

    def transaction(conn: Connection) -> str:
        work(conn, secret)
        done.append(secret)
        return "/webhooks?did=made"

    answer = do_once(request, actor, once, sent, transaction)
    return _draw(request, actor, secret=secret) if done else answer


@router.get("/webhooks/{webhook_id}")
def one(webhook_id: str, request: Request, actor: Viewer, did: str = "") -> Response:
    """One subscription with its last messages and every attempt at them."""
    require_reader(actor)
    with services_of(request).engine.connect() as conn:
        found = webhooks.one(conn, webhook_id)
        messages = deliveries.listed(conn, webhook_id, limit=MOST_SHOWN)
    return page(
        request,
        "webhook.html",
        here="operations",
        webhook=found,
        messages=messages,
        may=holds(actor, "admin"),
        overlap_hours=OVERLAP_HOURS,
        days=webhooks.REPLAY_DAYS,
        notice=NOTICES.get(did),
    )


@router.post("/webhooks/{webhook_id}/activation", dependencies=[OwnForm])
def activate(webhook_id: str, request: Request, actor: Viewer, once: Once) -> Response:
    """Send again to one that was disabled."""
    courier = services_of(request).courier

    def work(conn: Connection) -> str:
        courier.activate(conn, actor, webhook_id)
        return f"/webhooks/{webhook_id}?did=activated"

    return do_once(request, actor, once, {}, work)


@router.post("/webhooks/{webhook_id}/replay", dependencies=[OwnForm])
def replay(
    webhook_id: str,
    request: Request,
    actor: Viewer,
    once: Once,
    hours: Annotated[int, Form(ge=1, le=24 * webhooks.REPLAY_DAYS)] = 24,
) -> Response:
    """Send again what was recorded in the last hours."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        since = services.clock() - timedelta(hours=hours)
        services.courier.replay(conn, actor, webhook_id, since)
        return f"/webhooks/{webhook_id}?did=replayed"

    return do_once(request, actor, once, {"hours": hours}, work)


@router.post("/webhooks/{webhook_id}/removal", dependencies=[OwnForm])
def remove(webhook_id: str, request: Request, actor: Viewer, once: Once) -> Response:
    """End a subscription."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        require_role(actor, "admin", "Ending a webhook")
        webhooks.remove(conn, webhook_id, actor.id, services.clock())
        return "/webhooks?did=removed"

    return do_once(request, actor, once, {}, work)
