"""Second reviews on the desk: decide again what a colleague decided, without seeing it."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from sqlalchemy import Connection, RowMapping
from starlette.responses import Response

from serving import second_reviews
from serving.assessor import situation
from serving.errors import status_of
from serving.pages import sentences
from serving.pages.case_forms import meant
from serving.pages.forms import do_once, shaped
from serving.pages.frame import DeskRoute, OwnForm, Viewer, page
from serving.second_reviews import evidence, shown
from serving.shapes import ReviewShape
from serving.wiring import Services, services_of
from workflow.actor import Actor
from workflow.refused import Refused

router = APIRouter(route_class=DeskRoute)
MOST = 20
"""Reviews on one page; the next come when these are given."""


@router.get("/reviews")
def reviews(request: Request, actor: Viewer, did: str = "") -> Response:
    """What waits for a second review by the viewer, and how often two came to the same."""
    return _draw(request, actor, notice="Your answer is recorded." if did == "given" else None)


def _draw(
    request: Request,
    actor: Actor,
    http_status: int = 200,
    *,
    error: str | None = None,
    notice: str | None = None,
    kept: dict[str, str] | None = None,
) -> Response:
    services = services_of(request)
    with services.engine.connect() as conn:
        rows = second_reviews.listed(conn, services, actor, limit=MOST)
        items = [_item(conn, services, row) for row in rows]
        agreed = second_reviews.agreement(conn)
    return page(
        request,
        "reviews.html",
        http_status,
        here="reviews",
        items=items,
        agreed=agreed,
        points=sentences.POINTS,
        kept=kept or {},
        error=error,
        notice=notice,
    )


def _item(conn: Connection, services: Services, row: RowMapping) -> dict[str, Any]:
    """A review with its evidence and the values to choose from, nothing of the first decision."""
    state = situation(services.cases.state(conn, row["return_id"])[0], row["return_id"])
    values = [v for v in row["allowed"] if row["point"] != "credit"]
    return shown(row) | evidence(state.case, row) | {
        "drawn_at": row["drawn_at"],
        "options": [
            {"value": v, "label": sentences.option(v, row["point"])}
            for v in values
            if v != row["proposal"]
        ],
        "proposed": sentences.option(row["proposal"], row["point"]),
    }  # fmt: skip


@router.post("/reviews/{task_id}", dependencies=[OwnForm])
def answer(
    task_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    choice: Annotated[str, Form(max_length=160)] = "",
    value: Annotated[str, Form(max_length=160)] = "",
    amount: Annotated[str, Form(max_length=160)] = "",
    currency: Annotated[str, Form(max_length=3)] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Say what the viewer would have decided."""
    services = services_of(request)
    sent = {"choice": choice, "value": value, "amount": amount, "note": note, "task": task_id}

    def work(conn: Connection) -> str:
        decision, meaning = meant(sent, currency)
        told = {"decision": decision, "value": meaning, "note": note}
        shape: ReviewShape = shaped(lambda: ReviewShape.model_validate(told))
        second_reviews.answer(conn, services, task_id, shape, actor)
        return "/reviews?did=given"

    try:
        return do_once(request, actor, once, sent, work)
    except Refused as no:
        return _draw(request, actor, status_of(no.code), error=no.message, kept=sent)
