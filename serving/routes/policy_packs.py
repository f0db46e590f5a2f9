"""``/v1/policies/packs``: published terms, as tables that a business unit adopts."""

from dataclasses import replace
from datetime import UTC
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import policies as ledger
from serving.answers.form import answers
from serving.answers.policies import PolicyPacks, PolicyProposals
from serving.http import Reply, plain
from serving.identity import signed_in
from serving.reading import StrictRoute
from serving.routes.returns import once
from serving.shapes import AdoptionShape
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.policy_packs import Pack, drafts, names_of, read_pack
from workflow.refused import Refused

router = APIRouter(prefix="/v1/policies/packs", tags=["governance"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]


@router.get("", responses=answers(PolicyPacks))
def list_policy_packs(request: Request, actor: Signed) -> Response:
    """Every pack: what its distributor published, how we read it, and the rules of its tables."""
    services = services_of(request)
    folder, known = services.settings.policies_dir, services.policies.known
    read = (read_pack(folder, name, known)[0] for name in names_of(folder))
    return Reply({"items": [_pack(pack) for pack in read if pack is not None]}).response()


def _pack(pack: Pack) -> dict[str, Any]:
    tables = [
        {"name": p.name, "says": p.says, "rules": [{"id": r.id, **r.columns()} for r in p.rules]}
        for p in pack.policies
    ]
    return {
        "name": pack.name,
        "title": pack.title,
        "published": list(pack.published),
        "reading": list(pack.reading),
        "policies": tables,
    }


@router.post("/{name}/adoption", status_code=201, responses=answers(PolicyProposals, 201))
def adopt_policy_pack(name: str, shape: AdoptionShape, request: Request, actor: Signed) -> Response:
    """Propose every table of a pack as a business unit's own, under its next version, from today
    unless a day is given; all of them, or where one is refused none. Somebody else publishes each.
    """
    services = services_of(request)
    folder = services.settings.policies_dir

    def work(conn: Connection) -> Reply:
        if name not in names_of(folder):
            there = ", ".join(names_of(folder))
            raise Refused("unknown_policy", f"There is no pack {name[:60]!r}; there are: {there}.")
        known, now = services.policies.known, services.clock()
        day = shape.effective or now.astimezone(UTC).date()
        made = []
        for draft in drafts(folder, name, shape.unit, known):
            asked = replace(draft, effective=day, note=shape.note or f"Adopts the pack {name}.")
            fact = ledger.propose(services.journal, conn, known, asked, actor, now)
            made.append(plain(ledger.proposal(conn, fact.proposal_id) or {}))
        return Reply({"items": made}, 201)

    return once(request, actor, shape, work)
