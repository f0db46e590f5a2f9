"""``/v1/evidence``: bring a file, get it back."""

from typing import Annotated

from fastapi import APIRouter, Depends, File, Request, UploadFile
from sqlalchemy import Connection
from starlette.responses import Response

from serving import evidence
from serving.answers.form import answers
from serving.answers.integration import StoredEvidence
from serving.evidence import Brought
from serving.http import Reply
from serving.identity import signed_in
from serving.routes.returns import once
from serving.shapes import EvidenceShape
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.refused import Refused

router = APIRouter(prefix="/v1/evidence", tags=["evidence"])
Signed = Annotated[Actor, Depends(signed_in)]


@router.post("", responses=answers(StoredEvidence, 201), status_code=201)
def add_evidence(request: Request, actor: Signed, file: Annotated[UploadFile, File()]) -> Response:
    """Keep a photo or document (multipart field ``file``); its ``id`` goes into ``evidence``.

    JPEG, PNG, WebP, HEIC, PDF and plain text, told by the bytes. The same bytes have the same id.
    """
    services = services_of(request)
    brought = Brought(file.file.read(), file.filename or "")

    def work(conn: Connection) -> Reply:
        kept = evidence.keep(
            conn, services.journal, services.evidence, brought, actor, services.clock()
        )
        body = {
            "id": kept.evidence_id,
            "media_type": kept.media_type,
            "size": kept.size,
            "name": kept.name,
            "stored_by": kept.stored_by,
            "stored_at": kept.stored_at,
        }
        return Reply(body, 201, {"Location": f"/v1/evidence/{kept.evidence_id}"})

    mark = EvidenceShape(id=evidence.id_of(brought.data), name=brought.name)
    return once(request, actor, mark, work)


@router.get("/{evidence_id}", response_class=Response)
def read_evidence(evidence_id: str, request: Request, actor: Signed) -> Response:
    """The file, byte for byte, with the type its bytes have."""
    return file_response(request, evidence_id)


def file_response(request: Request, evidence_id: str) -> Response:
    """A stored file as an answer. Refused: ``unknown_evidence``, ``evidence_damaged``."""
    services = services_of(request)
    with services.engine.connect() as conn:
        known = evidence.recorded(conn, evidence_id)
    if known is None:
        raise Refused("unknown_evidence", f"There is no evidence {evidence_id}.")
    headers = {**evidence.HEADERS, "Content-Disposition": evidence.disposition(known)}
    data = services.evidence.get(evidence_id)
    return Response(data, media_type=known.media_type, headers=headers)
