"""The one FastAPI app. ``create_app(services)`` is all a test or a server needs."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving import errors, logs
from serving.batches import Batches
from serving.doors import AT_ONCE, BATCHES, Doors
from serving.errors import respond
from serving.identity import known_keys
from serving.metrics import Metrics
from serving.openapi import document
from serving.pages.desk import router as pages
from serving.routes import (
    absences,
    alarms,
    asyncapi,
    claims,
    delegations,
    edi,
    effects,
    evidence,
    governance,
    inbound,
    integration,
    masters,
    operations,
    policies,
    policy_packs,
    promotions,
    queue,
    records,
    returns,
    reviews,
    score,
    stops,
    webhooks,
)
from serving.shelf import watched
from serving.tracing import Traced
from serving.wiring import Services

ROUTES = APIRouter(generate_unique_id_function=lambda route: route.name)
"""Every route, put together once a process: what an app is made of differs in services only."""
for _router in (
    score.router,
    returns.router,
    queue.router,
    records.router,
    inbound.router,
    integration.router,
    edi.router,
    evidence.router,
    governance.router,
    promotions.router,
    policy_packs.router,
    policies.router,
    alarms.router,
    claims.router,
    masters.router,
    delegations.router,
    absences.router,
    reviews.router,
    stops.router,
    webhooks.router,
    effects.router,
    operations.router,
    asyncapi.router,
    pages,
):
    ROUTES.include_router(_router)


def create_app(services: Services) -> FastAPI:
    """The app over wired services; models are looked for at start and every few seconds."""

    logs.configure()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with watched(services, services.settings.shelf_refresh_seconds):
            yield
        app.state.batches.close()
        services.engine.dispose()

    app = FastAPI(
        title="Returns Triage",
        version="1",
        summary="Returns, credits and reconciliation as one governed workflow around the ERP.",
        lifespan=lifespan,
        routes=list(ROUTES.routes),
        telemetry={"tracing": False},  # its spans carry queries, where people search for people
    )
    app.state.services = services
    app.state.known_keys = known_keys()
    app.state.batches = Batches(services.settings.door_limits.get(BATCHES, AT_ONCE[BATCHES]))
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    errors.install(app)
    settings = services.settings
    app.add_middleware(
        BodyLimit,
        most=settings.max_body_bytes,
        most_with_files=settings.max_body_bytes + settings.max_file_bytes,
    )

    app.add_middleware(Doors, limits=settings.door_limits)
    app.add_middleware(Timed, metrics=services.metrics)
    app.add_middleware(Traced)
    return app


class Timed:
    """Counts and times every answer by its route."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            self._metrics.observe(scope["method"], route, status, started)


class BodyLimit:
    """Refuses a body above ``most`` bytes with 413, whether or not its length was announced.

    A form with files (``multipart/form-data``) may have ``most_with_files``.
    """

    def __init__(self, app: ASGIApp, most: int, most_with_files: int) -> None:
        self._app, self._most, self._most_with_files = app, most, most_with_files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        with_files = headers.get(b"content-type", b"").startswith(b"multipart/form-data")
        most = self._most_with_files if with_files else self._most
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > most:
            await self._refuse(most, scope, receive, send)
            return
        taken, body = 0, []
        while True:
            message = await receive()
            body.append(message)
            taken += len(message.get("body", b""))
            if taken > most:
                await self._refuse(most, scope, receive, send)
                return
            if message["type"] != "http.request" or not message.get("more_body", False):
                break
        waiting = iter(body)

        async def replay() -> Message:
            return next(waiting, None) or await receive()

        await self._app(scope, replay, send)

    async def _refuse(self, most: int, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        detail = f"A request body has at most {most} bytes; send less, or in parts."
        await respond(413, "body_too_large", detail, request)(scope, receive, send)
