"""``/v1/insights/integration``: how the ways to other systems are doing."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from serving.answers.form import answers
from serving.answers.integration import IntegrationHealth
from serving.http import Reply
from serving.identity import signed_in
from serving.integration import link_json
from serving.reading import StrictRoute
from serving.wiring import services_of
from workflow.actor import Actor

router = APIRouter(prefix="/v1", tags=["insights"], route_class=StrictRoute)


@router.get("/insights/integration", responses=answers(IntegrationHealth))
def read_integration(request: Request, actor: Annotated[Actor, Depends(signed_in)]) -> Response:
    """Of every system, webhook, source of facts, the broker and dropped files: what waits and how
    long, the last success, failures of the last hour and day, and what is parked by cause."""
    health = services_of(request).health
    now = health.clock()
    return Reply({"items": [link_json(link, now) for link in health.links()]}).response()
