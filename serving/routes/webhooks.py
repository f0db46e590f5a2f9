"""``/v1/webhooks``: who is sent the public feed, signed after Standard Webhooks."""

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, Field
from sqlalchemy import Connection
from starlette.responses import Response

from integrations.webhooks.address import MOST_URL_CHARS
from integrations.webhooks.signing import new_secret
from journal import deliveries, webhooks
from serving.answers.form import answers
from serving.answers.integration import Deliveries, Webhook, Webhooks, WebhookWithSecret
from serving.http import Reply
from serving.identity import signed_in
from serving.reading import StrictRoute
from serving.routes.returns import once
from serving.shapes import NothingShape, Shape
from serving.webhooks import readable, require_reader, shown
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.approvals import require_role

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]
Type = Annotated[str, Field(min_length=1, max_length=64)]


class WebhookShape(Shape):
    """``types`` are event types of the feed without their prefix (``credit_approved``); empty:
    all of them."""

    url: Annotated[str, Field(min_length=1, max_length=MOST_URL_CHARS)]
    types: Annotated[list[Type], Field(max_length=200, default_factory=list)]
    description: Annotated[str, Field(max_length=500)] = ""


class RotationShape(Shape):
    """For how long the secrets before go on signing beside the new one."""

    overlap_hours: Annotated[int, Field(strict=True, ge=0, le=webhooks.MOST_OVERLAP_HOURS)] = 24


class ReplayShape(Shape):
    """Send again what was recorded from this moment on."""

    since: AwareDatetime


@router.get("", responses=answers(Webhooks))
def list_webhooks(request: Request, actor: Signed) -> Response:
    """Subscriptions, the oldest first, with how they are doing; no secret."""
    require_reader(actor)
    with services_of(request).engine.connect() as conn:
        rows = webhooks.listed(conn)
    return Reply({"items": [readable(row) for row in rows]}).response()


@router.post("", responses=answers(WebhookWithSecret, 201), status_code=201)
def subscribe_webhook(shape: WebhookShape, request: Request, actor: Signed) -> Response:
    """Send the feed from now on to a URL. The answer holds the secret, this once: it is not kept
    readable, and a repetition of the request is answered without it."""
    courier, secret = services_of(request).courier, new_secret()

    def work(conn: Connection) -> Reply:
        body = courier.subscribe(conn, actor, secret, shape.url, shape.types, shape.description)
        return Reply(body, 201, {"Location": f"/v1/webhooks/{body['webhook_id']}"})

    return _with_secret(once(request, actor, shape, work), secret)


@router.get("/{webhook_id}", responses=answers(Webhook))
def read_webhook(webhook_id: str, request: Request, actor: Signed) -> Response:
    """One subscription."""
    require_reader(actor)
    with services_of(request).engine.connect() as conn:
        return Reply(shown(conn, webhook_id)).response()


@router.delete("/{webhook_id}", status_code=204)
def remove_webhook(webhook_id: str, request: Request, actor: Signed) -> Response:
    """End a subscription: nothing more is sent, its secrets and messages are forgotten."""
    require_role(actor, "admin", "Ending a webhook")
    services = services_of(request)
    with services.engine.begin() as conn:
        webhooks.remove(conn, webhook_id, actor.id, services.clock())
    return Response(status_code=204)


@router.post("/{webhook_id}/rotation", responses=answers(WebhookWithSecret))
def rotate_webhook_secret(
    webhook_id: str, shape: RotationShape, request: Request, actor: Signed
) -> Response:
    """A new secret, shown this once; both sign until the overlap ends."""
    courier, secret = services_of(request).courier, new_secret()

    def work(conn: Connection) -> Reply:
        return Reply(courier.rotate(conn, actor, webhook_id, secret, shape.overlap_hours))

    return _with_secret(once(request, actor, shape, work), secret)


@router.post("/{webhook_id}/activation", responses=answers(Webhook))
def activate_webhook(
    webhook_id: str, shape: NothingShape, request: Request, actor: Signed
) -> Response:
    """Send again to a receiver that was disabled, from where it stopped."""
    courier = services_of(request).courier

    def work(conn: Connection) -> Reply:
        return Reply(courier.activate(conn, actor, webhook_id))

    return once(request, actor, shape, work)


@router.post("/{webhook_id}/replay", responses=answers(Webhook))
def replay_webhook(
    webhook_id: str, shape: ReplayShape, request: Request, actor: Signed
) -> Response:
    """Send again, in the order of the feed, what was recorded from a moment on: at most the last
    30 days. Messages keep their ids."""
    courier = services_of(request).courier

    def work(conn: Connection) -> Reply:
        return Reply(courier.replay(conn, actor, webhook_id, shape.since))

    return once(request, actor, shape, work)


@router.get("/{webhook_id}/deliveries", responses=answers(Deliveries))
def list_deliveries(
    webhook_id: str,
    request: Request,
    actor: Signed,
    status: Literal["waiting", "sending", "done", "failed"] | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Messages of 30 days, the newest first, each with every attempt: when, how long, what was
    answered (cut off, secrets removed)."""
    require_reader(actor)
    with services_of(request).engine.connect() as conn:
        webhooks.one(conn, webhook_id)
        rows = deliveries.listed(conn, webhook_id, status=status, limit=limit)
    return Reply({"items": rows}).response()


def _with_secret(answer: Response, secret: str) -> Response:
    """The answer with the secret, which is not kept with it; a repetition goes without."""
    if "Idempotency-Replayed" in answer.headers or answer.status_code >= 300:
        return answer
    headers = {k: v for k, v in answer.headers.items() if k == "location"}
    return Reply(
        orjson.loads(bytes(answer.body)) | {"secret": secret}, answer.status_code, headers
    ).response()
