"""The health of integrations on the desk: one table, what is wrong first."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from insights.integration import Link, seconds_since
from serving.pages.frame import DeskRoute, Viewer, page
from serving.wiring import services_of

router = APIRouter(route_class=DeskRoute)
KINDS = {
    "effects": ("Effects on", "/effects"),
    "webhooks": ("Webhook", "/webhooks"),
    "facts": ("Facts from", "/parked"),
    "broker": ("Feed on the", "/messages"),
    "files": ("Files in the folder", "/parked"),
}
"""How a kind is told, and where its messages are looked at."""


@router.get("/integration")
def health(request: Request, actor: Viewer) -> Response:
    """Every way to another system: what waits, for how long, what failed and what is parked."""
    looked = services_of(request).health
    now, found = looked.clock(), looked.links()
    return page(
        request,
        "integration.html",
        here="operations",
        links=sorted(found, key=_trouble),
        ages={(one.kind, one.system): age(seconds_since(one.oldest, now)) for one in found},
        kinds=KINDS,
        now=now,
    )


def _trouble(link: Link) -> tuple[bool, bool, float]:
    """Down first, then what is parked, then by the share of failures of the last day."""
    return link.down_since is None, not link.parked, -(link.last_day.error_share or 0)


def age(seconds: int | None) -> str:
    """``None``, 40 s, 12 min, 5 h, 3 days: to the unit that matters."""
    if seconds is None:
        return ""
    for unit, size, most in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 48 * 3600)):
        if seconds < most:
            return f"{seconds // size} {unit}"
    return f"{seconds // 86400} days"
