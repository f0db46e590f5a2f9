"""Health, readiness, metrics: outside ``/v1``, for machines that look after us."""

from fastapi import APIRouter, Request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import PlainTextResponse, Response

from serving.answers.form import answers
from serving.answers.operations import Alive, Ready
from serving.errors import respond
from serving.http import Reply
from serving.wiring import services_of
from workflow.promoting import MODELS

router = APIRouter(tags=["operations"])


@router.get("/healthz", responses=answers(Alive))
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses=answers(Ready))
def readyz(request: Request) -> Response:
    """The database answers; a model that is away is said, and does not make us unready."""
    services = services_of(request)
    try:
        with services.engine.connect() as conn:
            conn.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return respond(
            503, "unavailable", f"The database is away: {type(error).__name__}.", request
        )
    models = {name: services.shelf.get(name).ref.version for name in MODELS}
    return Reply({"status": "ready", "models": models, "faults": services.shelf.faults}).response()


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request) -> Response:
    """Prometheus exposition."""
    return Response(services_of(request).metrics.text(), media_type="text/plain; version=0.0.4")
