"""The overview of a model: complete, bounded, made of cases it never saw, sealed with it."""

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from models import bundle
from models import overview as overviews
from models.overview import Overview, Part
from models.protocol import Column
from tests.training.small_world import SmallWorld
from training import credit_anomaly, disposition, exception_rank
from training.made import Made
from training.overview import _range_of, _ranges, _words, overview
from training.plots import draw
from training.rows import Rows, gather
from training.train import card_of, train
from workflow.assessment import Explanation, Push

pytestmark = pytest.mark.slow

FITS = {
    "disposition": disposition.fit,
    "credit_anomaly": credit_anomaly.fit,
    "exception_rank": exception_rank.fit,
}
MOST_BYTES = 100_000


@cache
def rows() -> Rows:
    return gather(SmallWorld(3).facts(500, 60))


@cache
def made(name: str) -> Made:
    return FITS[name](rows().of(name), seed=1)


@cache
def seen(name: str) -> Overview:
    return overview(made(name), made(name).build(card_of(made(name), "1", None)), 1)


@pytest.mark.parametrize("name", FITS)
def test_every_figure_is_there_and_small(name: str) -> None:
    """Importance, dependence, slices and calibration, under 100 kB, the same after JSON."""
    told = seen(name)
    assert told.importance and told.dependence and told.slices and told.calibration
    assert told.slices[0].by == "all" and told.slices[0].rows == told.rows
    assert sum(one.rows for one in told.calibration) == told.rows
    text = json.dumps(told.to_json())
    assert len(text) < MOST_BYTES
    assert Overview.from_json(json.loads(text)) == told
    sizes = [weight.mean_push for weight in told.importance]
    assert sizes == sorted(sizes, reverse=True)


def test_importance_and_dependence_find_the_pattern() -> None:
    """Condition decides where goods go: it leads, and damaged goods are pushed to scrap."""
    told = seen("disposition")
    assert told.importance[0].feature == "line_condition"
    of = {one.of: one for one in told.dependence if one.feature == "line_condition"}
    scrap = {part.low: part.mean for part in of["scrap"].parts}
    assert scrap["damaged"] > 0.5 and scrap["sealed"] < 0
    assert sum(part.rows for part in of["scrap"].parts) == told.explained


def test_dependence_is_the_mean_of_what_explain_says() -> None:
    """Of one category, counted by hand."""
    told, fitted = seen("disposition"), made("disposition")
    model = fitted.build(card_of(fitted, "1", None))
    asked = [dict(example.row) for example in fitted.judged.rows if hasattr(example, "row")]
    why = model.explain(asked, None, ["restock"] * len(asked))
    pushes = [
        sum(p.push for p in one.pushes if p.feature == "line_condition")
        for one, row in zip(why, asked, strict=True)
        if one is not None and row["line_condition"] == "sealed"
    ]
    (found,) = [
        part
        for one in told.dependence
        if one.of == "restock" and one.feature == "line_condition"
        for part in one.parts
        if part.low == "sealed"
    ]
    assert isinstance(found, Part) and found.rows == len(pushes)
    assert found.mean == pytest.approx(np.mean(pushes), abs=1e-4)


def test_every_number_falls_into_one_range() -> None:
    """Skewed, repeated, missing: none is lost, none is in two."""
    column = Column("days", "number", "days", "{value}")
    cells = [*([0] * 50), *range(100), 10**9, 0.5, None, None]
    ranges = _ranges(column, cells)
    assert len(ranges) <= 9 and ranges[-1] == (None, None)
    assert all(_range_of(cell, ranges) >= 0 for cell in cells)
    ends = [end for low, high in ranges[:-1] for end in (low, high)]
    assert ends == sorted(ends)  # type: ignore[type-var]


def test_a_word_of_one_customer_is_not_shown() -> None:
    """Names and order numbers stay out; words that are weak or in few texts, too."""

    def told(*pushes: tuple[str, float]) -> Explanation:
        said = tuple(Push("text", w, p, None, "", i, i + 1) for i, (w, p) in enumerate(pushes))
        return Explanation("exact_additive", "log_odds:defective_on_arrival", 0, 0, 0, said)

    texts = [told(("Leaks,", 1.5), ("oil", 0.5), ("the", 0.2), ("4711", 2.0))] * 3
    found = _words([*texts, told(("Smith", 3.0)), None])
    assert [(word.word, word.texts) for word in found] == [("leaks", 3), ("oil", 3)]


@pytest.mark.parametrize("name", FITS)
def test_it_is_drawn_for_mlflow(name: str) -> None:
    """A picture for everything it holds."""
    pictures = draw(seen(name))
    assert {"importance.png", "dependence.png", "calibration.png"} <= set(pictures)
    assert ("confusion.png" in pictures) == (name == "disposition")
    assert all(png.startswith(b"\x89PNG") for png in pictures.values())


def test_it_is_sealed_into_the_bundle(tmp_path: Path) -> None:
    """Beside the card, under the seal: changed by a byte, the model is refused."""
    at = datetime(2026, 11, 2, 12, tzinfo=UTC)
    trained = train("disposition", rows(), out=tmp_path, at=at)
    told = overviews.read(trained.bundle)
    assert told is not None and told.figure == "accuracy"
    path = trained.bundle / overviews.FILE
    path.write_text(path.read_text().replace("line_condition", "line_reason", 1))
    with pytest.raises(bundle.Mismatch, match=r"overview\.json"):
        bundle.load(trained.bundle)
