"""``/asyncapi.json``: what goes over the broker, beside ``/openapi.json``."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from serving.answers.form import answers
from serving.answers.operations import AsyncApiDocument
from serving.asyncapi import document_of
from serving.errors import respond
from serving.http import Reply
from serving.wiring import services_of

router = APIRouter(tags=["operations"])


@router.get("/asyncapi.json", responses=answers(AsyncApiDocument))
def asyncapi(request: Request) -> Response:
    """The AsyncAPI 3 document of the broker in use; 404 where none is set."""
    found = document_of(services_of(request))
    if found is None:
        detail = "No broker is set; TRIAGE_BROKER_URL names one, such as nats://127.0.0.1:4222."
        return respond(404, "no_broker", detail, request)
    return Reply(found).response()
