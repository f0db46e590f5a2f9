"""The rules as a manager reads them: tables in words, versions, proposals with their replay, and
what letting machines act alone would have done."""

from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import policies as ledger
from journal import policy_replays, rollout
from serving.errors import Invalid
from serving.pages import sentences
from serving.pages.forms import do_once
from serving.pages.frame import DeskRoute, OwnForm, Viewer, page
from serving.pages.policy_words import OUTCOMES, changed, value_in_words
from serving.policy_ledger import changes_of, entry_of, policy_of, proposal_json, versions
from serving.routes.policies import Dimension
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.approvals import holds
from workflow.policy_ledger import AUTHOR
from workflow.refused import Refused

router = APIRouter(route_class=DeskRoute)
NOTICES = {"published": "The policy is published.", "withdrawn": "The policy is withdrawn."}
MOST_SHOWN = 100
"""Changed verdicts on a page; the API and the command list more."""


@router.get("/policies")
def policies(request: Request, actor: Viewer, did: str = "") -> Response:
    """Every policy with its versions, and what waits for somebody to publish it."""
    services = services_of(request)
    with services.engine.connect() as conn:
        items = versions(services, conn)
        asked = [dict(row) for row in ledger.proposals(conn)]
    names = sorted({item["name"] for item in items})
    return page(
        request,
        "policies.html",
        here="policies",
        notice=NOTICES.get(did),
        faults=[str(fault) for fault in services.policies.faults],
        waiting=[row for row in asked if row["status"] == "proposed"],
        policies=[(name, [i for i in items if i["name"] == name][::-1]) for name in names],
    )


@router.get("/policies/rollout/would-have")
def would_have(request: Request, actor: Viewer, by: Dimension = "business_unit") -> Response:
    """How far machines are trusted, and what trusting them fully would have done."""
    services = services_of(request)
    with services.engine.connect() as conn:
        rows = [dict(row) for row in rollout.would_have(conn, by)]
    rules = services.policies.at(services.clock()).of("")["rollout"].rules
    return page(
        request,
        "rollout.html",
        here="policies",
        rows=rows,
        by=by,
        dimensions=list(rollout.BY),
        points=sentences.POINTS,
        rules=[_row({"id": rule.id, **rule.columns()}) for rule in rules],
    )


@router.get("/policies/proposals/{proposal_id}")
def proposal(proposal_id: str, request: Request, actor: Viewer) -> Response:
    """A proposal, what it changes and would have changed, and the way to publish it."""
    services = services_of(request)
    with services.engine.connect() as conn:
        told = proposal_json(services, conn, proposal_id)
        policy = policy_of(entry_of(conn, proposal_id))
        newest = services.journal.settled(conn)
    found = told["replay"]
    return page(
        request,
        "policy_proposal.html",
        here="policies",
        p=told,
        replay=found,
        replayed_at=datetime.fromisoformat(told["replayed_at"]) if found else None,
        newer=newest - told["replayed_to"] if found else 0,
        shown=found["list"][:MOST_SHOWN] if found else (),
        changes=[changed(change) for change in changes_of(services, policy)],
        rules=[_row({"id": rule.id, **rule.columns()}) for rule in policy.rules],
        may_publish=told["status"] == "proposed"
        and _may(actor)
        and actor.id != told["proposed_by"],
        own=actor.id == told["proposed_by"],
        may_withdraw=told["status"] != "withdrawn" and _may(actor),
    )


@router.post("/policies/proposals/{proposal_id}/replay", dependencies=[OwnForm])
def replay(
    proposal_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
) -> Response:
    """Ask past cases again, of what the journal holds by now."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        entry_of(conn, proposal_id)
        policy_replays.want(conn, proposal_id, services.clock())
        return f"/policies/proposals/{quote(proposal_id, safe='')}"

    return do_once(request, actor, once, {}, work)


@router.get("/policies/{name}")
def policy(
    name: str, request: Request, actor: Viewer, unit: str = "", version: int = 0
) -> Response:
    """One version of a policy as a table in words; the one in force unless another is named."""
    services = services_of(request)
    with services.engine.connect() as conn:
        items = [i for i in versions(services, conn) if i["name"] == name]
    found = [i for i in items if (i["unit"] or "") == unit]
    chosen = [i for i in found if (i["version"] == version if version else i["in_force"])]
    if not chosen:
        raise Refused("unknown_policy", f"There is no such version of a policy {name[:60]}.")
    return page(
        request,
        "policy.html",
        here="policies",
        p=chosen[-1],
        versions=items[::-1],
        rules=[_row(rule) for rule in chosen[-1]["rules"]],
    )


@router.post("/policies/proposals/{proposal_id}/publication", dependencies=[OwnForm])
def publish(
    proposal_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    effective: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Let a proposed version decide from its day, or a later one, on."""
    services = services_of(request)
    try:
        day = date.fromisoformat(effective) if effective else None
    except ValueError as error:
        raise Invalid("invalid_request", f"{effective!r} is no day, such as 2026-11-01.") from error

    def work(conn: Connection) -> str:
        known, now = services.policies.known, services.clock()
        ledger.publish(services.journal, conn, known, proposal_id, actor, now, day)
        return "/policies?did=published"

    answer = do_once(request, actor, once, {"effective": effective}, work)
    services.policies.refresh()
    return answer


@router.post("/policies/proposals/{proposal_id}/withdrawal", dependencies=[OwnForm])
def withdraw(
    proposal_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    because: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Take a proposal or a published version back, with the reason."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        ledger.withdraw(services.journal, conn, proposal_id, actor, services.clock(), because)
        return "/policies?did=withdrawn"

    answer = do_once(request, actor, once, {"because": because}, work)
    services.policies.refresh()
    return answer


def _may(actor: Actor) -> bool:
    return actor.kind == "person" and holds(actor, AUTHOR)


def _row(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule in words: what follows, why, and its condition for who wants it exactly."""
    return {
        "id": rule["id"],
        "then": _then(rule),
        "because": rule["because"],
        "when": rule["when"],
        "values": [
            value_in_words(name, value)
            for name, value in rule["values"].items()
            if name != "severity"
        ],
    }


def _then(rule: dict[str, Any]) -> str:
    if severity := rule["values"].get("severity"):  # a rule that finds a gap in a master
        waits = [sentences.words(one) for one in rule["removes"]]
        until = f"; until it is closed, no {sentences.listed(waits)}" if waits else ""
        return f"a task for {sentences.role(rule['role'])}, {severity}{until}"
    if rule["removes"]:
        asks = f"; proposes {sentences.words(rule['proposes'])}" if rule["proposes"] else ""
        return "not " + sentences.listed([sentences.words(one) for one in rule["removes"]]) + asks
    said = OUTCOMES.get(rule["outcome"], sentences.words(rule["outcome"]))
    if not rule["role"]:
        return said
    role = sentences.role(rule["role"])
    return f"ask {role}" if rule["outcome"] == "ask_human" else f"{said}: {role}"
