"""The triage desk, put together: sign-in, lists, one case, asking for a return.

Pages use the same services and commands as the API; a decision made here is the same event.
Every form carries a token bound to the session and a once-only key, so that a double click
decides once. Start at ``case_page.py``.
"""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import FileResponse, Response

from serving.pages.alarms import router as alarms
from serving.pages.case_forms import router as case_forms
from serving.pages.case_page import router as case_page
from serving.pages.claims import router as claims
from serving.pages.effects import router as effects
from serving.pages.entry import DEMO_PASSWORD
from serving.pages.entry import router as entry
from serving.pages.exceptions import router as exceptions
from serving.pages.frame import HERE, DeskRoute, wrong
from serving.pages.integration import router as integration
from serving.pages.lists import router as lists
from serving.pages.masters import router as masters
from serving.pages.messages import router as messages
from serving.pages.model_page import router as model_page
from serving.pages.parked import router as parked
from serving.pages.policy_pages import router as policy_pages
from serving.pages.promotions import router as promotions
from serving.pages.request_form import router as request_form
from serving.pages.reviews import router as reviews
from serving.pages.switches import router as switches
from serving.pages.team import router as team
from serving.pages.webhooks import router as webhooks
from serving.pages.workshop_form import router as workshop_form

__all__ = ["DEMO_PASSWORD", "router"]

router = APIRouter(include_in_schema=False, route_class=DeskRoute)


class OfTheDesk(Convertor[str]):
    """Any path outside the machines' part of the site, which keeps its problem documents."""

    regex = (
        r"(?!v[12](?:/|$)|metrics$|healthz$|readyz$|(?:open|async)api\.json$|docs(?:/|$)|redoc$).*"
    )

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("of_the_desk", OfTheDesk())


@router.get("/static/desk.css")
def css() -> Response:
    return _static("desk.css", "text/css")


@router.get("/static/mark.svg")
def mark() -> Response:
    return _static("mark.svg", "image/svg+xml")


def _static(name: str, media_type: str) -> Response:
    headers = {"Cache-Control": "max-age=300", "X-Content-Type-Options": "nosniff"}
    return FileResponse(HERE / "static" / name, media_type=media_type, headers=headers)


@router.get("/")
def home() -> Response:
    return RedirectResponse("/queue", 303)


for part in (
    entry, lists, exceptions, claims, masters, model_page, policy_pages, alarms, switches, team,
    promotions, reviews, request_form, parked, messages, integration, case_page, case_forms,
    workshop_form, webhooks, effects,
):  # fmt: skip
    router.include_router(part)


@router.get("/{path:of_the_desk}")
def nowhere(path: str, request: Request) -> Response:
    """Whatever no page answers to. Stays last: routes are tried in order."""
    return wrong(
        request, 404, "There is no such page", f"Nothing is kept at /{path[:200]}.",
        "Check the address, or start from the queue.",
    )  # fmt: skip
