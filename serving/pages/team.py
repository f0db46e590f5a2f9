"""The team: who decides in whose name and who is away; to see, to make and to end."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import absences, accounts, delegations
from serving.errors import status_of
from serving.lending import leave, lend, shown
from serving.pages.forms import do_once, shaped
from serving.pages.frame import DeskRoute, OwnForm, Viewer, page
from serving.shapes import AbsenceShape, DelegationShape
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.refused import Refused

router = APIRouter(route_class=DeskRoute)
Short = Annotated[str, Form(max_length=64)]
Text = Annotated[str, Form(max_length=2000)]
NOTICES = {
    "lent": "The delegation is recorded.",
    "revoked": "The delegation is revoked.",
    "away": "The absence is recorded; what was taken is free for colleagues.",
    "back": "The absence is ended.",
}


@router.get("/team")
def team(request: Request, actor: Viewer, did: str = "") -> Response:
    """Delegations and absences, and the forms to make one."""
    return _draw(request, actor, notice=NOTICES.get(did))


def _draw(
    request: Request,
    actor: Actor,
    http_status: int = 200,
    *,
    error: str | None = None,
    notice: str | None = None,
    kept: Mapping[str, str] | None = None,
) -> Response:
    services = services_of(request)
    now = services.clock()
    with services.engine.connect() as conn:
        lent = [shown(row, now) for row in delegations.listed(conn)]
        gone = absences.listed(conn, since=now.date())
        people = [a for a in accounts.all_accounts(conn) if a.active and a.kind == "person"]
    admin = "admin" in actor.roles
    return page(
        request,
        "team.html",
        http_status,
        here="team",
        delegations=[row | {"mine": admin or row["delegator"] == actor.id} for row in lent],
        absences=[dict(row) | {"mine": admin or row["person"] == actor.id} for row in gone],
        people=people,
        admin=admin,
        roles=sorted(actor.roles),
        today=now.date().isoformat(),
        kept=dict.fromkeys(("delegate", "first_day", "last_day", "because"), "") | dict(kept or {}),
        error=error,
        notice=notice,
    )


@router.post("/team/delegations", dependencies=[OwnForm])
def give(
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    delegate: Short = "",
    delegator: Short = "",
    role: Annotated[list[Short] | None, Form()] = None,
    first_day: Short = "",
    last_day: Short = "",
    because: Text = "",
) -> Response:
    """Delegate one's own roles, or as an admin somebody else's."""
    services = services_of(request)
    sent = {
        "delegate": delegate,
        "delegator": delegator,
        "first_day": first_day,
        "last_day": last_day,
        "because": because,
    }

    def work(conn: Connection) -> str:
        given: dict[str, Any] = sent | {"delegator": delegator or None, "roles": role or []}
        lend(services, conn, actor, shaped(lambda: DelegationShape.model_validate(given)))
        return "/team?did=lent"

    try:
        return do_once(request, actor, once, {**sent, "role": role}, work)
    except Refused as no:
        return _draw(request, actor, status_of(no.code), error=no.message, kept=sent)


@router.post("/team/delegations/{delegation_id}/revocation", dependencies=[OwnForm])
def revoke(
    delegation_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    because: Text = "",
) -> Response:
    """End a delegation at once."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        now = services.clock()
        delegations.revoke(services.journal, conn, delegation_id, actor, now, because)
        return "/team?did=revoked"

    return do_once(request, actor, once, {"because": because}, work)


@router.post("/team/absences", dependencies=[OwnForm])
def be_away(
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    person: Short = "",
    first_day: Short = "",
    last_day: Short = "",
) -> Response:
    """Take no tasks for some days, or say so of somebody as an admin."""
    services = services_of(request)
    sent = {"person": person, "first_day": first_day, "last_day": last_day}

    def work(conn: Connection) -> str:
        given: dict[str, Any] = sent | {"person": person or None}
        leave(services, conn, actor, shaped(lambda: AbsenceShape.model_validate(given)))
        return "/team?did=away"

    try:
        return do_once(request, actor, once, sent, work)
    except Refused as no:
        return _draw(request, actor, status_of(no.code), error=no.message, kept=sent)


@router.post("/team/absences/{absence_id}/end", dependencies=[OwnForm])
def be_back(
    absence_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
) -> Response:
    """Be back at once, or not go at all."""
    services = services_of(request)

    def work(conn: Connection) -> str:
        absences.end(services.journal, conn, absence_id, actor, services.clock())
        return "/team?did=back"

    return do_once(request, actor, once, {}, work)
