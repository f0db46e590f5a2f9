"""``/v1/models``: what answers, since when, and who said so."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from serving.answers.form import answers
from serving.answers.models import ServedModels, ServedModelWithOverview
from serving.http import Reply
from serving.identity import signed_in
from serving.lifecycle import lifecycle_of
from serving.reading import StrictRoute
from serving.trust import Trust, trust
from serving.wiring import Services, services_of
from workflow.actor import Actor
from workflow.promoting import MODELS
from workflow.refused import Refused

router = APIRouter(prefix="/v1", tags=["governance"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]


@router.get("/models", responses=answers(ServedModels))
def list_models(request: Request, actor: Signed) -> Response:
    """The models that answer here: their cards, the ledger of their promotions with the gates
    they passed, their challengers in shadow, how far what they read has moved, their automatic
    lanes with what audits found, and how often people agreed."""
    services = services_of(request)
    with services.engine.connect() as conn:
        trusted = trust(conn)
        items = [_model(services, conn, trusted, name) for name in MODELS]
    return Reply({"items": items}).response()


@router.get("/models/{name}", responses=answers(ServedModelWithOverview))
def read_model(name: str, request: Request, actor: Signed) -> Response:
    """One model, and its overview: what it leans on, where it is good, how far to believe it.

    ``overview`` is null where none is in use, or where it was trained before there were any.
    """
    if name not in MODELS:
        raise Refused("unknown_model", f"There is no model called {name[:60]}.")
    services = services_of(request)
    with services.engine.connect() as conn:
        told = _model(services, conn, trust(conn), name)
    seen = services.shelf.get(name).overview
    return Reply(told | {"overview": seen.to_json() if seen else None}).response()


def _model(services: Services, conn: Connection, trusted: Trust, name: str) -> dict[str, Any]:
    shelf = services.shelf.get(name)
    card = shelf.model.card
    return {
        "name": name,
        "version": shelf.ref.version,
        "alias": shelf.ref.alias,
        "digest": shelf.digest or None,
        "feature_set": shelf.ref.feature_set,
        "trained_at": shelf.ref.trained_at,
        "says": list(card.says),
        "explains": card.output,
        "limits": card.limits,
        "metrics": dict(card.metrics),
        "fault": services.shelf.faults.get(name),
        **lifecycle_of(services.journal, conn, name),
        "automation": trusted.automation(name, shelf.ref.version),
        "agreement": trusted.agreement(name, shelf.ref.version),
    }
