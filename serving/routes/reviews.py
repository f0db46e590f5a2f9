"""``/v1/reviews``: decisions that somebody else takes again without seeing the first."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import reviews, worklists
from journal.absences import at_work
from journal.alarms import raise_alarm
from journal.delegations import mandated
from models.guarantee import interval
from serving.assessor import situation
from serving.http import Reply, plain
from serving.identity import signed_in
from serving.present import quantity
from serving.reading import StrictRoute
from serving.routes.returns import once
from serving.shapes import ReviewShape
from serving.wiring import Services, services_of
from workflow.actor import Actor
from workflow.approvals import ESCALATES_TO, roles_of
from workflow.commands import GiveSecondReview
from workflow.events import SecondReviewGiven
from workflow.refused import Refused
from workflow.state import Case

router = APIRouter(prefix="/v1/reviews", tags=["authority"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]
TELLING = ("first_outcome", "approved_by")
"""What a reviewer must not see before they have answered."""


def shown(row: Mapping[Any, Any]) -> dict[str, object]:
    """A review as people may see it: while it is open, nothing of the first decision."""
    hidden = TELLING if row["status"] == "open" else ()
    return {name: value for name, value in plain(row).items() if name not in hidden}


@router.get("")
def listed(
    request: Request,
    actor: Signed,
    status: Literal["open", "given"] = "open",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Reviews for your roles; of the open ones those that you may answer, the oldest first."""
    services = services_of(request)
    with services.engine.connect() as conn:
        actor = mandated(conn, actor, services.clock())
        rows = reviews.listed(conn, status=status, roles=roles_of(actor), limit=limit)
        involved = worklists.involved(conn, rows)
    mine = [r for r in rows if status == "given" or actor.id not in involved[r["task_id"]]]
    return Reply({"items": [shown(row) for row in mine]}).response()


@router.get("/agreement")
def agreement(request: Request, actor: Signed) -> Response:
    """How often two people came to the same, by decision point and role, with exact 95 per cent
    intervals."""
    with services_of(request).engine.connect() as conn:
        rows = reviews.agreement(conn)
    return Reply({"items": [_share(row) for row in rows]}).response()


def _share(row: dict[str, Any]) -> dict[str, Any]:
    low, high = interval(row["agreed"], row["given"])
    share = row["agreed"] / row["given"] if row["given"] else None
    return row | {"share": share, "low": low, "high": high}


@router.get("/{task_id}")
def read(task_id: str, request: Request, actor: Signed) -> Response:
    """One review with the evidence to judge it by, as it was before the first decision."""
    services = services_of(request)
    with services.engine.connect() as conn:
        row = reviews.one(conn, task_id)
        if row is None:
            raise Refused("unknown_review", f"There is no second review of {task_id}.")
        state = situation(services.cases.state(conn, row["return_id"])[0], row["return_id"])
    return Reply(shown(row) | {"evidence": evidence(state.case, row)}).response()


def evidence(case: Case, row: Mapping[Any, Any]) -> dict[str, object]:
    """What the customer wrote and the inspector found; nothing that anybody decided."""
    line = case.line(row["line"]) if row["line"] is not None else None
    portion = case.portion(row["portion"]) if row["portion"] else None
    asked = (line,) if line else case.lines
    found = portion.inspected if portion else None
    return {
        "lines": [
            {
                "line": one.number,
                "sku": one.requested.sku,
                "quantity": quantity(one.requested.quantity),
                "reason_text": one.requested.reason_text,
                "evidence": list(one.requested.evidence),
            }
            for one in asked
        ],
        "inspected": {
            "quantity": quantity(found.quantity),
            "condition": found.condition,
            "damage_code": found.damage_code,
            "note": found.note,
        }
        if found
        else None,
    }


@router.post("/{task_id}/answer")
def answer(task_id: str, shape: ReviewShape, request: Request, actor: Signed) -> Response:
    """Say what you would have decided. Where it is something else than the first did, the role
    above gets an alarm; nothing else follows."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        now, row = services.clock(), reviews.one(conn, task_id)
        if row is None:
            raise Refused("unknown_review", f"There is no second review of {task_id}.")
        acting = at_work(conn, actor, now)
        command = GiveSecondReview(task_id, shape.decision, acting, now, shape.value, shape.note)
        handled = services.cases.handle(conn, row["return_id"], command)
        for entry in handled.recorded:
            if isinstance(entry.event, SecondReviewGiven) and not entry.event.agreed:
                _tell_above(services, conn, entry.event)
        return Reply(shown(reviews.one(conn, task_id) or {}))

    return once(request, actor, shape, work)


def _tell_above(services: Services, conn: Connection, event: SecondReviewGiven) -> None:
    row = reviews.one(conn, event.task_id)
    if row is None:
        raise AssertionError(f"{event.task_id} was reviewed and is no review")
    first, second = row["approved_by"][-1], event.reviewed_by
    raise_alarm(
        services.journal,
        conn,
        kind="second_review",
        subject=f"{event.point}-{sha256(event.task_id.encode()).hexdigest()[:12]}",
        says=f"{event.task_id}: {first} decided {row['first_outcome'] or 'nothing'}, {second} would"
        f" have decided {row['second_outcome'] or 'nothing'}.",
        role=ESCALATES_TO.get(event.role, event.role),
        at=event.reviewed_at,
    )
