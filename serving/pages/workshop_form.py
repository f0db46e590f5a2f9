"""The form by which the workshop reports what came of goods."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from serving.acting import act
from serving.assessor import situation
from serving.pages.case_forms import Short, Text, attempt, path_of
from serving.pages.forms import Files, files_of, kept_files, minor_of, quantity_of, shaped
from serving.pages.frame import DeskRoute, OwnForm, Viewer
from serving.receiving import build_work
from serving.shapes import RefurbishmentShape
from serving.wiring import services_of

router = APIRouter(route_class=DeskRoute)
FAILED = ("scrap", "return_to_vendor")


@router.post("/returns/{return_id}/refurbishments", dependencies=[OwnForm])
def report(
    return_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    portion: Short = "",
    part: Short = "",
    quantity: Short = "",
    outcome: Short = "",
    condition: Short = "",
    cost: Short = "",
    note: Text = "",
    files: Files = None,
) -> Response:
    """Record what came of a quantity in the workshop, and what the work has cost."""
    services = services_of(request)
    brought = files_of(files)
    sent = {
        "form": f"workshop-{portion}-{part}",
        "quantity": quantity,
        "outcome": outcome,
        "condition": condition,
        "cost": cost,
        "note": note,
    }

    def work(conn: Connection) -> str:
        case = situation(services.cases.state(conn, return_id)[0], return_id).case
        currency = case.requested.currency
        told = {
            "portion": portion,
            "part": int(part) if part.isdecimal() else None,
            "quantity": quantity_of(quantity, "Quantity"),
            "outcome": "failed" if outcome in FAILED else outcome,
            "disposition": outcome if outcome in FAILED else None,
            "condition": condition or None,
            "cost_minor": minor_of(cost, currency) if cost.strip() else 0,
            "note": note,
            "evidence": kept_files(conn, request, brought, actor),
        }
        shape: RefurbishmentShape = shaped(lambda: RefurbishmentShape.model_validate(told))
        command = build_work(conn, shape, actor, services.clock())
        act(services.cases, services.assessor, conn, return_id, command)
        return path_of(return_id, "worked")

    return attempt(request, actor, return_id, once, sent, work)
