"""Masters on the desk: what is wrong with records, by owner; what codes of others mean here."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import findings, mappings, worklists
from journal.findings import DUPLICATE, UNKNOWN_CODE
from reconciliation.warehouses import KIND as UNKNOWN_WAREHOUSE
from serving.codes import agree, foreign_of, take_back
from serving.errors import status_of
from serving.masters import accept
from serving.pages import sentences
from serving.pages.forms import do_once, shaped
from serving.pages.frame import DeskRoute, OwnForm, Viewer, page
from serving.pages.pushes import HALF, Bar
from serving.shapes import MappingShape
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.approvals import holds
from workflow.crosswalk import MATCHES, OWN_CODES
from workflow.mappings import ForeignCode
from workflow.policy_ledger import AUTHOR
from workflow.refused import Refused

router = APIRouter(route_class=DeskRoute)
Short = Annotated[str, Form(max_length=64)]
Text = Annotated[str, Form(max_length=2000)]
NOTICES = {
    "accepted": "The finding is accepted; nothing waits for it any more.",
    "proposed": "The mapping is proposed; another policy author approves it.",
    "approved": "The mapping is approved and used from now on.",
    "withdrawn": "The mapping is withdrawn.",
}
STATUSES = {"open": "open", "accepted": "accepted as they are", "closed": "closed"}
FAULTS = {
    DUPLICATE: "probably registered twice",
    UNKNOWN_CODE: "unknown code",
    UNKNOWN_WAREHOUSE: "registered by nobody",
}
"""What is wrong, where the name of the rule does not say it."""
ASKED = ("vocabulary", "system", "code", "ours", "match", "loss")


@router.get("/masters")
def masters(
    request: Request,
    actor: Viewer,
    role: str = "",
    status: str = "open",
    cursor: str = "",
    did: str = "",
) -> Response:
    """Findings, the gravest first: whose they are, what waits for them, since when."""
    services = services_of(request)
    status = status if status in STATUSES else "open"
    with services.engine.connect() as conn:
        owners = dict(findings.waiting(conn))
        chosen = role if role in owners or not role else ""
        found = worklists.findings(
            conn, status=status, roles=[chosen] if chosen else None, cursor=cursor or None
        )
    return page(
        request,
        "masters.html",
        here="masters",
        findings=[_finding(row, actor) for row in found.rows],
        next=found.cursor,
        owners=owners,
        role=chosen,
        status=status,
        statuses=STATUSES,
        notice=NOTICES.get(did),
    )


def _finding(row: Mapping[Any, Any], actor: Actor) -> dict[str, Any]:
    """A finding as printed: its rule in words, and the weights of a pair as bars."""
    master, _, rule = row["kind"].partition(".")
    about = "two customers" if row["kind"] == DUPLICATE else master
    if row["kind"] == UNKNOWN_CODE:
        about = sentences.words(row["records"][0])
    return dict(row) | {
        "about": about,
        "fault": FAULTS.get(row["kind"]) or rule.replace("-", " "),
        "named": row["records"][1:] if row["kind"] == UNKNOWN_CODE else row["records"],
        "maps": row["kind"] == UNKNOWN_CODE,
        "probability": None,
        "weight": None,
        **dict(row["figures"]),
        "bars": _bars(row["weights"]),
        "may_accept": row["status"] == "open" and holds(actor, row["role"]),
    }


def _bars(weights: list[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], Bar]]:
    """Each weight with its bar, the strongest as long as possible; the prior among them."""
    most = max((abs(one["weight"]) for one in weights), default=0.0) or 1.0
    drawn = []
    for one in weights:
        width = HALF * abs(one["weight"]) / most
        start = HALF if one["weight"] > 0 else HALF - width
        drawn.append((one, Bar(one["level"], one["weight"], round(start, 1), round(width, 1))))
    return drawn


@router.post("/masters/{finding_id}/settlement", dependencies=[OwnForm])
def settle(
    finding_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    note: Text = "",
) -> Response:
    """Let a finding be as it is."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        accept(services, conn, finding_id, actor, note)
        return "/masters?did=accepted"

    return do_once(request, actor, once, {"note": note}, work)


@router.get("/masters/codes")
def codes(
    request: Request,
    actor: Viewer,
    vocabulary: str = "",
    system: str = "",
    code: str = "",
    did: str = "",
) -> Response:
    """Codes nobody knows, what was said about codes, and the form to say more."""
    kept = {"vocabulary": vocabulary, "system": system, "code": code}
    return _codes(request, actor, kept, notice=NOTICES.get(did))


def _codes(
    request: Request,
    actor: Actor,
    kept: Mapping[str, str],
    http_status: int = 200,
    *,
    error: str | None = None,
    notice: str | None = None,
) -> Response:
    services = services_of(request)
    with services.engine.connect() as conn:
        unknown = [foreign_of(row["records"]) for row in findings.not_closed_of(conn, UNKNOWN_CODE)]
        said = [dict(row) for row in mappings.listed(conn)]
    chosen = kept.get("vocabulary", "")
    author = holds(actor, AUTHOR)
    return page(
        request,
        "codes.html",
        http_status,
        here="masters",
        unknown=unknown,
        mappings=[row | {"own": row["proposed_by"] == actor.id} for row in said],
        vocabulary=chosen if chosen in OWN_CODES else "",
        vocabularies=OWN_CODES,
        matches=MATCHES,
        may_map=author,
        may_approve=author and actor.kind == "person",
        kept=dict.fromkeys(ASKED, "") | dict(kept),
        error=error,
        notice=notice,
    )


@router.post("/masters/codes", dependencies=[OwnForm])
def propose(
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    vocabulary: Short = "",
    system: Short = "",
    code: Short = "",
    ours: Short = "",
    match: Short = "",
    loss: Text = "",
) -> Response:
    """Say what a code means here."""
    services = services_of(request)
    told = (vocabulary, system.strip(), code.strip(), ours, match, loss)
    sent = dict(zip(ASKED, told, strict=True))

    def work(conn: Connection) -> str:
        given: dict[str, Any] = sent | {"ours": ours or None}
        shape: MappingShape = shaped(lambda: MappingShape.model_validate(given))
        foreign = ForeignCode(shape.vocabulary, shape.system, shape.code)
        mappings.propose(
            services.journal, conn, foreign, shape.ours, shape.match, shape.loss, actor,
            services.clock(),
        )  # fmt: skip
        return "/masters/codes?did=proposed"

    try:
        return do_once(request, actor, once, sent, work)
    except Refused as no:
        return _codes(request, actor, sent, status_of(no.code), error=no.message)


@router.post("/masters/codes/{mapping_id}/approval", dependencies=[OwnForm])
def approve(
    mapping_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
) -> Response:
    """Let a mapping be used."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        agree(services, conn, mapping_id, actor)
        return "/masters/codes?did=approved"

    return do_once(request, actor, once, {}, work)


@router.post("/masters/codes/{mapping_id}/withdrawal", dependencies=[OwnForm])
def withdraw(
    mapping_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    because: Text = "",
) -> Response:
    """Take a mapping back."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        take_back(services, conn, mapping_id, actor, because)
        return "/masters/codes?did=withdrawn"

    return do_once(request, actor, once, {"because": because}, work)
