"""``/v1/findings``: records that are not as they must be; ``/v1/crosswalk``: what codes mean."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import findings, mappings, worklists
from serving.answers.findings import (
    CodeMapping,
    CodeMappings,
    CodeMeaning,
    Finding,
    FindingPage,
    Vocabularies,
)
from serving.answers.form import answers
from serving.codes import agree, meaning_json, means, take_back, vocabularies
from serving.http import Reply, plain
from serving.identity import signed_in
from serving.masters import accept
from serving.reading import StrictRoute
from serving.routes.returns import once, page_reply
from serving.shapes import AcceptanceShape, BecauseShape, MappingShape, NothingShape
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.codes import Role
from workflow.mappings import ForeignCode, check_foreign
from workflow.refused import Refused

router = APIRouter(prefix="/v1", tags=["masters"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]
Short = Annotated[str, Query(min_length=1, max_length=64)]


@router.get("/findings", responses=answers(FindingPage))
def list_findings(
    request: Request,
    actor: Signed,
    status: Literal["open", "accepted", "closed"] = "open",
    role: Role | None = None,
    kind: Annotated[str | None, Query(max_length=100)] = None,
    record: Annotated[str | None, Query(max_length=64)] = None,
    order: Literal["severity", "age"] = "severity",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> Response:
    """Findings about masters and codes, the gravest first: whose they are, since when, and which
    dispositions wait for them. ``kind`` is a whole kind or its master (``product``)."""
    with services_of(request).engine.connect() as conn:
        page = worklists.findings(
            conn,
            status=status,
            roles=(str(role),) if role else None,
            kind=kind,
            record=record,
            order=order,
            limit=limit,
            cursor=cursor,
        )
    return page_reply(page)


@router.get("/findings/{finding_id}", responses=answers(Finding))
def read_finding(finding_id: str, request: Request, actor: Signed) -> Response:
    """One finding; of a probable duplicate with the weights that its probability rests on."""
    with services_of(request).engine.connect() as conn:
        found = findings.finding(conn, finding_id)
    if found is None:
        raise Refused("unknown_finding", f"There is no finding {finding_id[:80]}.")
    return Reply(plain(found)).response()


@router.post("/findings/{finding_id}/settlement", responses=answers(Finding))
def settle_finding(
    finding_id: str, shape: AcceptanceShape, request: Request, actor: Signed
) -> Response:
    """Let a finding be as it is, and say why; nothing waits for it any more. What is corrected is
    closed by the next check."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        accept(services, conn, finding_id, actor, shape.note)
        return Reply(plain(findings.finding(conn, finding_id) or {}))

    return once(request, actor, shape, work)


@router.get("/crosswalk", responses=answers(Vocabularies))
def read_crosswalk(request: Request, actor: Signed) -> Response:
    """Our vocabularies: the codes of each, and the systems that ship with it."""
    return Reply({"vocabularies": vocabularies(services_of(request))}).response()


@router.get("/crosswalk/meaning", responses=answers(CodeMeaning))
def read_meaning(
    request: Request, actor: Signed, vocabulary: Short, system: Short, code: Short
) -> Response:
    """What a code of another system means here, and what is lost on the way."""
    services, foreign = services_of(request), ForeignCode(vocabulary, system, code)
    check_foreign(foreign)
    with services.engine.connect() as conn:
        told = means(services, conn, foreign)
    return Reply(meaning_json(told)).response()


@router.get("/crosswalk/mappings", responses=answers(CodeMappings))
def list_mappings(
    request: Request,
    actor: Signed,
    status: Literal["proposed", "approved", "withdrawn"] | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """What was said here about codes of other systems, the newest first."""
    with services_of(request).engine.connect() as conn:
        items = [plain(row) for row in mappings.listed(conn, status, limit)]
    return Reply({"items": items}).response()


@router.post("/crosswalk/mappings", responses=answers(CodeMapping, 201), status_code=201)
def propose_mapping(shape: MappingShape, request: Request, actor: Signed) -> Response:
    """Say what a code means here; somebody else approves it."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        foreign = ForeignCode(shape.vocabulary, shape.system, shape.code)
        made = mappings.propose(
            services.journal, conn, foreign, shape.ours, shape.match, shape.loss, actor,
            services.clock(),
        )  # fmt: skip
        return Reply(plain(mappings.mapping(conn, made.mapping_id) or {}), 201)

    return once(request, actor, shape, work)


@router.post("/crosswalk/mappings/{mapping_id}/approval", responses=answers(CodeMapping))
def approve_mapping(
    mapping_id: str, shape: NothingShape, request: Request, actor: Signed
) -> Response:
    """Let a mapping be used, by a policy author who did not propose it; findings about the code
    are closed."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        agree(services, conn, mapping_id, actor)
        return Reply(plain(mappings.mapping(conn, mapping_id) or {}))

    return once(request, actor, shape, work)


@router.post("/crosswalk/mappings/{mapping_id}/withdrawal", responses=answers(CodeMapping))
def withdraw_mapping(
    mapping_id: str, shape: BecauseShape, request: Request, actor: Signed
) -> Response:
    """Take a mapping back: the one before it holds again, or what ships."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        take_back(services, conn, mapping_id, actor, shape.because)
        return Reply(plain(mappings.mapping(conn, mapping_id) or {}))

    return once(request, actor, shape, work)
