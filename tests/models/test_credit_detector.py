"""The detector's views are sums over columns, and what bends them is shared out exactly."""

import numpy as np
import pytest

from models.credit_anomaly.detector import VIEWS, WEIGHTS, Bend, Detector, weighed
from models.credit_anomaly.neighbours import NEAREST, Neighbours
from models.protocol import Column
from models.tabular import Layout, Matrix
from training.detector import MOST_AXES, MOST_PAST, fit_detector, fit_shape

COLUMNS = (
    Column("amount", "number", "minor", "{value}"),
    Column("days", "number", "days", "{value}"),
    Column("channel", "category", "", "{value}"),
    Column("late", "flag", "", "{value}"),
)
LAYOUT = Layout(COLUMNS, {"channel": ("edi", "portal")})


def credits(rows: int = 400, seed: int = 0) -> Matrix:
    """Amounts that rise with days, codes, flags, and one cell in ten missing."""
    chance = np.random.default_rng(seed)
    days = chance.normal(10.0, 3.0, rows)
    amount = 100.0 * days + chance.normal(0.0, 50.0, rows)
    code = chance.integers(0, 3, rows).astype(float)
    late = (chance.random(rows) < 0.1).astype(float)
    matrix = np.column_stack([amount, days, code, late])
    matrix[chance.random(matrix.shape) < 0.1] = np.nan
    return matrix


@pytest.fixture(scope="module")
def detector() -> Detector:
    return fit_detector(LAYOUT, credits(), {"amount": "high"}, seed=1)


def test_pushes_and_base_add_up_to_the_score(detector: Detector) -> None:
    """For usual rows, strange ones, rows seen before and a row of nothing, within 1e-9."""
    rows = np.vstack(
        [credits(50), credits(50, seed=5), [[1e9, 3.0, 9.0, 1.0]], [[np.nan] * 4], credits(1)]
    )
    pushes, base = detector.pushes(rows)
    np.testing.assert_allclose(base + pushes.sum(axis=1), detector.scores(rows), atol=1e-9)
    assert np.isfinite(pushes).all()


def test_a_row_scores_the_same_alone_and_among_others(detector: Detector) -> None:
    """To the last bit, and so do its pushes."""
    rows = credits(40, seed=3)
    scores, (pushes, _) = detector.scores(rows), detector.pushes(rows)
    for i in range(len(rows)):
        assert detector.scores(rows[i : i + 1])[0] == scores[i]
        np.testing.assert_array_equal(detector.pushes(rows[i : i + 1])[0][0], pushes[i])


def test_each_view_sees_its_own_kind_of_strangeness(detector: Detector) -> None:
    """A large amount in the tails; an amount that does not go with its days by the shape."""
    usual, large, torn = [1000.0, 10.0, 0.0, 0.0], [9000.0, 10.0, 0.0, 0.0], [1700.0, 4.0, 0.0, 0.0]
    views = detector.views(np.array([usual, large, torn]))
    assert set(views) == set(VIEWS) == set(WEIGHTS)
    for view in VIEWS:
        assert views[view][1] > views[view][0]
    assert views["shape"][2] > views["shape"][0] + 1.0
    assert views["around"][2] > views["around"][0] + 1.0


def test_what_is_strange_at_one_end_only_is_usual_at_the_other(detector: Detector) -> None:
    """``amount`` is suspicious when high: a small one lies where the middle does."""
    middle = float(detector.plane.middle[0])
    low, level = detector.plane(np.array([[1.0, 10, 0, 0], [middle, 10, 0, 0]]), detector.tails)
    np.testing.assert_array_equal(low, level)


def test_a_row_that_was_there_before_is_not_new(detector: Detector) -> None:
    """Its novelty is the least there is; its neighbours are others than itself."""
    seen = credits(400)[7:8]
    views = detector.views(seen)
    bend = detector.bends["novelty"]
    assert views["novelty"][0] == bend.values(np.array([0.0]))[0]
    nearest, around = detector.neighbours.parts(detector.plane(seen, detector.tails))
    assert nearest.sum() == 0.0
    assert around.sum() > 0.0


def test_neighbours_are_the_nearest_of_all_and_the_mean_is_by_column() -> None:
    """As found by comparing every pair."""
    chance = np.random.default_rng(1)
    past, asked = chance.normal(size=(300, 3)), chance.normal(size=(5, 3))
    nearest, around = Neighbours(past).parts(asked)
    for i, row in enumerate(asked):
        steps = (past - row) ** 2
        order = np.argsort(steps.sum(axis=1))
        np.testing.assert_allclose(nearest[i], steps[order[0]])
        np.testing.assert_allclose(around[i], steps[order[:NEAREST]].mean(axis=0))


def test_a_bent_total_is_shared_out_as_the_columns_moved() -> None:
    """Twice the move is twice the push, and together they are the whole difference."""
    bend = Bend(np.array([1.0, 1.0]), unit=2.0, floor=0.1, mean=0.3, deviation=0.5)
    pushes, base = bend.pushes(np.array([[3.0, 5.0], [1.0, 1.0]]))
    assert pushes[0, 1] == pytest.approx(2 * pushes[0, 0])
    assert base + pushes[0].sum() == pytest.approx(bend.values(np.array([8.0]))[0])
    assert pushes[1].tolist() == [0.0, 0.0]


def test_the_shape_is_of_the_bulk_not_of_the_anomalies() -> None:
    """A fifth of the rows far away to one side does not move centre or variance to them."""
    chance = np.random.default_rng(2)
    bulk, odd = chance.normal(size=(400, 2)), chance.normal(8.0, 0.3, size=(100, 2))
    shape = fit_shape(np.vstack([bulk, odd]))
    assert np.abs(shape.centre).max() < 0.3
    far, near = shape.parts(odd).sum(axis=1), shape.parts(bulk).sum(axis=1)
    assert far.min() > np.quantile(near, 0.99)


def test_what_is_kept_is_bounded() -> None:
    """However many rows and columns there were: the bundle stays small."""
    chance = np.random.default_rng(3)
    columns = tuple(Column(f"x{i}", "number", "", "{value}") for i in range(MOST_AXES + 10))
    rows = chance.normal(size=(MOST_PAST + 500, len(columns)))
    arrays = fit_detector(Layout(columns, {}), rows, {}, seed=1).arrays()
    assert arrays["past"].shape == (MOST_PAST, len(columns))
    assert arrays["past"].dtype == np.float32
    assert arrays["axes"].shape == (len(columns), MOST_AXES)


def test_views_are_weighed_to_a_mean() -> None:
    """Views that agree give what they agree on."""
    same = {view: np.array([2.0, -1.0]) for view in VIEWS}
    np.testing.assert_allclose(weighed(same), [2.0, -1.0])
