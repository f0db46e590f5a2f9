"""``/v1/policies``: what decides, since when, who said so, and what a draft would change."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import policies as ledger
from journal import policy_replays, rollout
from serving.answers.form import answers
from serving.answers.policies import (
    PolicyProposal,
    PolicyProposalInFull,
    PolicyProposals,
    PolicyVersions,
    WouldHave,
)
from serving.http import Reply, plain
from serving.identity import signed_in
from serving.policy_ledger import entry_of, policy_of, proposal_json, replay_of, versions
from serving.reading import StrictRoute
from serving.routes.returns import once
from serving.shapes import DraftShape, NothingShape, PublicationShape, WithdrawalShape
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.policy_ledger import Draft

router = APIRouter(prefix="/v1/policies", tags=["governance"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]
Dimension = Literal["business_unit", "warehouse", "item_class", "reason"]
"""What the rollout can be narrowed by."""


@router.get("", responses=answers(PolicyVersions))
def list_policies(request: Request, actor: Signed) -> Response:
    """Every version of every policy and of its variants for business units: rules, digest, days,
    who proposed and who published it."""
    services = services_of(request)
    with services.engine.connect() as conn:
        items = versions(services, conn)
    return Reply({"items": items}).response()


@router.get("/rollout/would-have", responses=answers(WouldHave))
def read_would_have(request: Request, actor: Signed, by: Dimension = "business_unit") -> Response:
    """What *automate* would have done, by decision point and one dimension, the most first; at most
    200 rows.

    Of the ``answers`` models gave, ``passed`` went by without a person and ``judged`` were decided
    by one, ``otherwise`` of them otherwise. The ``sure_`` figures are of answers as sure as the
    guarantee asked at the time.
    """
    with services_of(request).engine.connect() as conn:
        items = [plain(row) for row in rollout.would_have(conn, by)]
    return Reply({"by": by, "items": items}).response()


@router.get("/proposals", responses=answers(PolicyProposals))
def list_policy_proposals(request: Request, actor: Signed) -> Response:
    """Every proposal, the newest first: who said what, and what became of it."""
    with services_of(request).engine.connect() as conn:
        items = [plain(row) for row in ledger.proposals(conn)]
    return Reply({"items": items}).response()


@router.get("/proposals/{proposal_id}", responses=answers(PolicyProposalInFull))
def read_policy_proposal(
    proposal_id: str, request: Request, actor: Signed, since: date | None = None
) -> Response:
    """One proposal with its text, the rules that differ, and what it would have changed.

    ``replay`` asks it what was really asked in the last year, of the facts of then: verdicts,
    changes by old and new rule, net minor units by currency, and up to 500 cases. A worker
    computes it once and it is kept, with ``replayed_to``, the journal's position; null until
    then. With ``since`` it is computed now, for that time, and not kept.
    """
    services = services_of(request)
    with services.engine.connect() as conn:
        told = proposal_json(services, conn, proposal_id)
        if since is not None:
            start = datetime(since.year, since.month, since.day, tzinfo=UTC)
            policy = policy_of(entry_of(conn, proposal_id))
            told |= {"replay": replay_of(services, conn, policy, start)}
    return Reply(told).response()


@router.post(
    "/proposals/{proposal_id}/replay", status_code=202, responses=answers(PolicyProposalInFull, 202)
)
def replay_policy_proposal(
    proposal_id: str, shape: NothingShape, request: Request, actor: Signed
) -> Response:
    """Ask for the replay anew, of what the journal holds by now; a worker computes it."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        entry_of(conn, proposal_id)
        policy_replays.want(conn, proposal_id, services.clock())
        return Reply(proposal_json(services, conn, proposal_id), 202)

    return once(request, actor, shape, work)


@router.post("/proposals", status_code=201, responses=answers(PolicyProposal, 201))
def propose_policy(shape: DraftShape, request: Request, actor: Signed) -> Response:
    """Propose a new version; it must load, be total, answer its examples as written, and declare
    what the program asks with."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        draft = Draft(shape.text, shape.examples, shape.unit, shape.effective, shape.note)
        known, now = services.policies.known, services.clock()
        made = ledger.propose(services.journal, conn, known, draft, actor, now)
        path = f"/v1/policies/proposals/{made.proposal_id}"
        shown = plain(ledger.proposal(conn, made.proposal_id) or {})
        return Reply(shown, 201, {"Location": path})

    return once(request, actor, shape, work)


@router.post("/proposals/{proposal_id}/publication", responses=answers(PolicyProposal))
def publish_policy(
    proposal_id: str, shape: PublicationShape, request: Request, actor: Signed
) -> Response:
    """Let a proposed version decide from its day on; by a policy author who did not propose it."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        known, now = services.policies.known, services.clock()
        ledger.publish(services.journal, conn, known, proposal_id, actor, now, shape.effective)
        return Reply(plain(ledger.proposal(conn, proposal_id) or {}))

    answer = once(request, actor, shape, work)
    services.policies.refresh()
    return answer


@router.post("/proposals/{proposal_id}/withdrawal", responses=answers(PolicyProposal))
def withdraw_policy_proposal(
    proposal_id: str, shape: WithdrawalShape, request: Request, actor: Signed
) -> Response:
    """Take a proposal back, or a published version: the one before it is in force again. Cases
    that were authorised under it keep it."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        now = services.clock()
        ledger.withdraw(services.journal, conn, proposal_id, actor, now, shape.because)
        return Reply(plain(ledger.proposal(conn, proposal_id) or {}))

    answer = once(request, actor, shape, work)
    services.policies.refresh()
    return answer
