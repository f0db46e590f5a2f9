"""``/v1/reviews``: decisions that somebody else takes again without seeing the first."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import reviews
from serving import second_reviews
from serving.answers.authority import Review, ReviewAgreements, Reviews, ReviewWithEvidence
from serving.answers.form import answers
from serving.assessor import situation
from serving.http import Reply
from serving.identity import signed_in
from serving.reading import StrictRoute
from serving.routes.returns import once
from serving.second_reviews import evidence, shown
from serving.shapes import ReviewShape
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.refused import Refused

router = APIRouter(prefix="/v1/reviews", tags=["authority"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]


@router.get("", responses=answers(Reviews))
def list_reviews(
    request: Request,
    actor: Signed,
    status: Literal["open", "given"] = "open",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Reviews for your roles; of the open ones those that you may answer, the oldest first."""
    services = services_of(request)
    with services.engine.connect() as conn:
        rows = second_reviews.listed(conn, services, actor, status, limit)
    return Reply({"items": [shown(row) for row in rows]}).response()


@router.get("/agreement", responses=answers(ReviewAgreements))
def read_review_agreement(request: Request, actor: Signed) -> Response:
    """How often two people came to the same, by decision point and role, with exact 95 per cent
    intervals."""
    with services_of(request).engine.connect() as conn:
        return Reply({"items": second_reviews.agreement(conn)}).response()


@router.get("/{task_id}", responses=answers(ReviewWithEvidence))
def read_review(task_id: str, request: Request, actor: Signed) -> Response:
    """One review with the evidence to judge it by, as it was before the first decision."""
    services = services_of(request)
    with services.engine.connect() as conn:
        row = reviews.one(conn, task_id)
        if row is None:
            raise Refused("unknown_review", f"There is no second review of {task_id}.")
        state = situation(services.cases.state(conn, row["return_id"])[0], row["return_id"])
    return Reply(shown(row) | {"evidence": evidence(state.case, row)}).response()


@router.post("/{task_id}/answer", responses=answers(Review))
def answer_review(task_id: str, shape: ReviewShape, request: Request, actor: Signed) -> Response:
    """Say what you would have decided. Where it is something else than the first did, the role
    above gets an alarm; nothing else follows."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        second_reviews.answer(conn, services, task_id, shape, actor)
        return Reply(shown(reviews.one(conn, task_id) or {}))

    return once(request, actor, shape, work)
