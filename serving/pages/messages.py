"""What goes over the broker, as a page: the channels of the AsyncAPI document."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from serving.asyncapi import document_of
from serving.pages.frame import DeskRoute, Viewer, page
from serving.wiring import services_of

router = APIRouter(route_class=DeskRoute)


@router.get("/messages")
def messages(request: Request, actor: Viewer) -> Response:
    """Servers and channels, who sends and who receives; what to do where no broker is set."""
    found = document_of(services_of(request))
    return page(
        request,
        "messages.html",
        here="operations",
        servers=list((found or {}).get("servers", {}).values()),
        operations=_operations(found or {}),
        on=found is not None,
    )


def _operations(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Each operation with the address of its channel; theirs to send is what we receive."""
    channels = found.get("channels", {})
    shown = []
    for one in found.get("operations", {}).values():
        channel = channels.get(one["channel"]["$ref"].rpartition("/")[2], {})
        shown.append(
            {
                "address": channel.get("address", ""),
                "ours": "we take" if one["action"] == "receive" else "we publish",
                "says": channel.get("description", ""),
            }
        )
    return shown
