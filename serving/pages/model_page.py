"""One model as a whole: what it leans on, where it is good, how far to believe it."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from serving.pages import charts, sentences
from serving.pages.frame import DeskRoute, Viewer, page
from serving.shelf import OnShelf
from serving.wiring import services_of
from workflow.promoting import MODELS
from workflow.refused import Refused

router = APIRouter(route_class=DeskRoute)

UNITS: Mapping[str, str] = {
    "log_odds": "Pushes are in log-odds: +0.7 makes an answer twice as likely against the others.",
    "strangeness": "Pushes are in standard deviations above the usual credit.",
    "log_expected_loss": "Pushes are in natural logarithms of the expected loss: +0.7 doubles it.",
}
EXACT: Mapping[str, str] = {
    "reason": "They add up to its score exactly; a word is read in its sentence, so its push speaks"
    " for its neighbours too.",
    "disposition": "They add up to its score exactly.",
    "credit_anomaly": "They add up to its score exactly, given which past credits are nearest to"
    " the one explained: that depends on all facts together and is charged to none.",
    "exception_rank": "They add up to its score exactly.",
}
"""What is exact about the pushes of each model, and what is given (decision 0009)."""
TOPICS: Mapping[str, str] = {
    "credit_anomaly": "an unusual credit",
    "exception_rank": "a large loss",
}


@router.get("/models/{name}")
def model(name: str, request: Request, actor: Viewer) -> Response:
    """Drawn from the overview sealed into the model's bundle; no script is needed."""
    if name not in MODELS:
        raise Refused("unknown_model", f"There is no model called {name[:60]}.")
    services = services_of(request)
    shelf = services.shelf.get(name)
    return page(
        request,
        "model.html",
        here="models",
        name=name,
        fault=services.shelf.faults.get(name),
        **_of(name, shelf),
    )


def _of(name: str, shelf: OnShelf) -> dict[str, Any]:
    card, seen = shelf.model.card, shelf.overview
    told: dict[str, Any] = {
        "alias": shelf.ref.alias,
        "version": shelf.ref.version,
        "trained_at": card.trained_at,
        "limits": card.limits,
        "exact": EXACT[name],
        "unit": UNITS.get(card.output.partition(":")[0], ""),
        "figures": sentences.head_figures(card.metrics),
        "seen": seen,
        "shown": charts.SHOWN,
        "topic": TOPICS.get(name, "an answer"),
    }
    if seen is None:
        return told
    return told | {
        "figure": sentences.METRICS.get(seen.figure, sentences.capital(seen.figure)),
        "believing": _believing(name),
        "words": charts.words_by_value(seen),
        "weights": charts.leans_on(seen),
        "panels": charts.panels(seen),
        "reaches": charts.reaches(seen.slices, seen.figure),
        "points": charts.reliability(seen.calibration),
        "hills": charts.hills(seen),
        "mistakes": charts.confused(seen),
        "heat": charts.confusion(seen),
    }


def _believing(name: str) -> str:
    if name == "exception_rank":
        return "The expected loss it named against what was lost, both as a share of a large loss."
    return "How sure it said it was against how often it was right, about as many cases a point."
