"""A model's own page: every figure in words too, no script, the same data for machines."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from models.overview import Bin, Dependence, Overview, Part, Slice, Spread, Weight, Word
from serving.pages import charts
from serving.pages.model_page import EXACT
from tests.pages.conftest import SignIn
from tests.pages.desk_world import DeskWorld
from workflow.promoting import MODELS

TABLE = Overview(
    rows=240,
    explained=240,
    figure="accuracy",
    importance=(Weight("line_condition", 1.2), Weight("line_days_since_delivery", 0.4)),
    dependence=(
        Dependence(
            "line_condition", "category", "restock",
            (Part("sealed", "sealed", 200, 1.5, 1.2, 1.9), Part(None, None, 40, -0.5, -0.9, 0.1)),
        ),
        Dependence(
            "line_unit_cost_minor", "number", "restock",
            (
                Part(0, 1200, 80, -0.4, -0.6, -0.1), Part(1250, 9900, 80, 0.1, -0.1, 0.2),
                Part(10_000, 450_000, 60, 0.9, 0.5, 1.4), Part(None, None, 20, 0.0, 0.0, 0.0),
            ),
        ),
    ),
    slices=(
        Slice("all", "all", 240, 0.81, 0.77, 0.85),
        Slice("item_class", "dry_goods", 50, 0.92, 0.8, 1.0),
        Slice("item_class", "pumps", 44, 0.7, 0.5, 0.83),
    ),
    calibration=(Bin(0.5, 0.55, 0.4, 0.7, 120), Bin(0.9, 0.93, 0.88, 0.97, 120)),
    classes=("restock", "scrap"),
    confusion=((150, 10), (30, 50)),
    edges=(-1.0, 0.0, 1.0),
    scores=(Spread("in order", (90, 10)), Spread("anomalous", (1, 3))),
)  # fmt: skip
TEXT = Overview(
    rows=90, explained=80, figure="accuracy",
    words=(Word("defective_on_arrival", "leaks", 1.7, 12), Word("recall", "<b>", 0.5, 3)),
)  # fmt: skip


@pytest.fixture
def described(desk: DeskWorld) -> Iterator[DeskWorld]:
    """The desk's disposition and reason models, with overviews."""
    standing = desk.services.shelf.standing
    for name, seen in (("disposition", TABLE), ("reason", TEXT)):
        standing[name] = replace(standing[name], overview=seen)
    yield desk


@pytest.mark.usefixtures("described")
def test_every_figure_is_drawn_and_told(sign_in: SignIn) -> None:
    """Sentences with units instead of names, figures with intervals and counts; nothing runs."""
    client = sign_in("nadia")
    assert 'href="/models/disposition"' in client.get("/models").text
    answer = client.get("/models/disposition")
    text = answer.text
    assert answer.status_code == 200 and "unsafe" not in answer.headers["content-security-policy"]
    assert "<script" not in text and "style=" not in text
    for told in (
        "Inspected as …", "… days since delivery", "Costs us … a unit", "12.50 to 99.00",
        "Not known", "81 %", "77 to 85 %", "Dry goods", "Scrap taken for restock", "30 of 80",
        "said 90 %, was 93 %, 120 cases", "In order", "100 cases", "+1.50", "Restock",
    ):  # fmt: skip
        assert told in text, told
    assert "line_condition" not in text and "line_unit_cost" not in text
    assert text.index("Pumps") < text.index("Dry goods")  # the weakest first


@pytest.mark.usefixtures("described")
def test_what_is_exact_is_said(sign_in: SignIn) -> None:
    """That pushes add up, and of words that they carry their neighbours."""
    client = sign_in("nadia")
    assert "They add up to its score exactly." in client.get("/models/disposition").text
    assert "its push speaks for its neighbours too" in client.get("/models/reason").text
    assert set(EXACT) == set(MODELS)


@pytest.mark.usefixtures("described")
def test_words_stay_words(sign_in: SignIn) -> None:
    """What customers wrote cannot become markup."""
    text = sign_in("nadia").get("/models/reason").text
    assert '<mark class="for">leaks</mark>' in text and "+1.7 in 12 notes" in text
    assert "&lt;b&gt;" in text and "<b>&" not in text


def test_without_an_overview_the_page_says_so(sign_in: SignIn) -> None:
    """An older version, no model at all, and no such model."""
    client = sign_in("nadia")
    assert "trained before models described themselves" in client.get("/models/reason").text
    assert "No model of this kind is in use" in client.get("/models/exception_rank").text
    assert client.get("/models/oracle").status_code == 404


def test_machines_get_the_same(described: DeskWorld, sign_in: SignIn) -> None:
    """``GET /v1/models/{name}`` holds the overview; an unknown name is a problem document."""
    from journal import accounts

    with described.services.engine.begin() as conn:
        key = accounts.create_api_key(conn, "nadia", "test", described.now)
    client: TestClient = sign_in("nadia")
    headers = {"Authorization": f"Bearer {key}"}
    told: Any = client.get("/v1/models/disposition", headers=headers).json()
    assert told["name"] == "disposition" and Overview.from_json(told["overview"]) == TABLE
    assert client.get("/v1/models/exception_rank", headers=headers).json()["overview"] is None
    gone = client.get("/v1/models/oracle", headers=headers)
    assert gone.status_code == 404 and gone.json()["code"] == "unknown_model"


def test_drawings_stay_inside_their_frames() -> None:
    """Bars, curves, points and hills of any figures lie within the view box."""
    for panel in charts.panels(TABLE):
        for curve in panel.curves:
            assert all(0 <= dot.x <= 320 and 0 <= dot.y <= 160 for dot in curve.dots)
        for line in panel.lines:
            assert all(c.start >= 0 and c.start + c.width <= 100.1 for c in line.cells)
    for found in charts.reaches(TABLE.slices, "accuracy").values():
        assert all(one.start >= 0 and one.start + one.width <= 100.1 for one in found)
    assert all(0 <= p.top <= p.y <= p.bottom <= 300 for p in charts.reliability(TABLE.calibration))
    assert len(charts.hills(TABLE)) == 2
    assert charts.panels(Overview(0, 0, "")) == [] and charts.hills(Overview(0, 0, "")) == []
