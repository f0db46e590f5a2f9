"""``/asyncapi.json``: what goes over the broker, beside ``/openapi.json``."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from serving.errors import respond
from serving.http import Reply
from serving.openapi import CLOUD_EVENT
from serving.wiring import services_of

router = APIRouter(tags=["operations"])


@router.get("/asyncapi.json")
def asyncapi(request: Request) -> Response:
    """The AsyncAPI 3 document of the broker in use; 404 where none is set."""
    services = services_of(request)
    if services.settings.broker_url is None:
        detail = "No broker is set; TRIAGE_BROKER_URL names one, such as nats://127.0.0.1:4222."
        return respond(404, "no_broker", detail, request)
    from integrations.broker.wires import document
    from serving.broker import build

    found = document(build(services)[0], CLOUD_EVENT)
    for server in found.get("servers", {}).values():
        server["host"] = server["host"].rpartition("@")[2]  # no user and password
    return Reply(found).response()
