"""``POST /v1/edi``: an X12 interchange as text."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from serving.answers.events import EdiReport
from serving.answers.form import answers
from serving.edi import edi_text, take_edi
from serving.errors import Invalid
from serving.http import Reply
from serving.identity import signed_in
from serving.openapi import body_of
from serving.routes.inbound import TELLERS
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.approvals import require_any_role

router = APIRouter(prefix="/v1", tags=["records"])
Signed = Annotated[Actor, Depends(signed_in)]
X12 = "application/edi-x12"
TYPES = (X12, "text/plain")
TEXT = {"type": "string", "format": "binary"}
"""A file as it is, said so that clients made from the document send it so."""


@router.post(
    "/edi",
    responses=answers(EdiReport),
    openapi_extra=body_of("One X12 interchange, ISA to IEA; text/plain is taken, too.", TEXT, X12),
)
async def send_edi(request: Request, actor: Signed) -> Response:
    """Take an X12 interchange with 180 (returns wanted) and 812 (credits, suppliers' answers).

    The report says what became of each set, which codes mean what, what is lost, and carries the
    997 to send back. The same interchange again changes nothing.
    """
    require_any_role(actor, TELLERS, "Sending EDI")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in TYPES:
        raise Invalid("unsupported_media_type", f"Send {' or '.join(TYPES)}.", 415)
    text = edi_text(await request.body())
    report = await run_in_threadpool(take_edi, services_of(request), actor, text)
    return Reply(report).response()
