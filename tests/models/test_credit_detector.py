"""The detector's views are sums over columns, and what bends them is shared out exactly."""

import json

import numpy as np
import pytest

from models.credit_anomaly.detector import BEFORE, RAW, VETTED, Bend, Detector, weighed
from models.credit_anomaly.neighbours import Neighbours
from models.credit_anomaly.tails import fit_density
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
def vetted() -> Detector:
    return fit_detector(LAYOUT, credits(), {"amount": "high"}, vetted=True, seed=1)


@pytest.fixture(scope="module")
def raw() -> Detector:
    return fit_detector(LAYOUT, credits(), {"amount": "high"}, vetted=False, seed=1)


@pytest.fixture(params=["vetted", "raw"])
def detector(request: pytest.FixtureRequest) -> Detector:
    found: Detector = request.getfixturevalue(request.param)
    return found


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
    assert set(views) == set(detector.weights)
    for view in views:
        assert views[view][1] > views[view][0]
    assert views["shape"][2] > views["shape"][0] + 1.0
    assert views["around"][2] > views["around"][0] + 1.0


def test_what_is_strange_at_one_end_only_is_usual_at_the_other(detector: Detector) -> None:
    """``amount`` is suspicious when high: a small one lies where the middle does."""
    middle = float(detector.plane.middle[0])
    low, level = detector.plane(np.array([[1.0, 10, 0, 0], [middle, 10, 0, 0]]), detector.tails)
    np.testing.assert_array_equal(low, level)


def test_a_row_that_people_found_in_order_before_is_not_new(vetted: Detector) -> None:
    """Its novelty is the least there is; its neighbours are others than itself."""
    seen = credits(400)[7:8]
    views = vetted.views(seen)
    bend = vetted.bends["novelty"]
    assert views["novelty"][0] == bend.values(np.array([0.0]))[0]
    parts = vetted.neighbours.parts(vetted.plane(seen, vetted.tails))
    assert parts["novelty"].sum() == 0.0
    assert parts["around"].sum() > 0.0


def test_in_raw_history_to_have_been_there_before_is_no_excuse(raw: Detector) -> None:
    """A strange row stays as strange with its own copy in the history as one beside it."""
    odd = np.array([[9000.0, 2.0, 9.0, 1.0]])
    beside = odd * [1.001, 1.001, 1.0, 1.0]
    known = fit_detector(
        LAYOUT, np.vstack([credits(), odd]), {"amount": "high"}, vetted=False, seed=1
    )
    same, other = known.scores(np.vstack([odd, beside]))
    assert same == pytest.approx(other, abs=0.05)
    assert same > np.quantile(raw.scores(credits()), 0.99)


def test_raw_history_may_hold_a_crowd_of_anomalies() -> None:
    """One row in ten lies in a crowd far off: each of the crowd is stranger than nearly all others,
    though it has the others of the crowd beside it."""
    chance = np.random.default_rng(4)
    columns = tuple(Column(f"x{i}", "number", "", "{value}") for i in range(4))
    bulk = chance.normal(size=(450, 4))
    crowd = chance.normal(6.0, 0.1, size=(50, 4))
    found = fit_detector(Layout(columns, {}), np.vstack([bulk, crowd]), {}, vetted=False, seed=1)
    views = found.views(np.vstack([bulk, crowd]))
    for name in ("around", "wide"):
        assert views[name][450:].min() > np.quantile(views[name][:450], 0.99)


def test_a_detector_comes_back_with_the_weights_it_was_made_with(detector: Detector) -> None:
    """From what a bundle holds, to the last bit; one without weights has those of then."""
    data, arrays = json.loads(json.dumps(detector.to_json(), sort_keys=True)), detector.arrays()
    again = Detector.from_json(data, arrays, detector.trees)
    rows = credits(20, seed=6)
    np.testing.assert_array_equal(again.scores(rows), detector.scores(rows))
    assert again.weights in (VETTED, RAW)
    old = {name: value for name, value in data.items() if name not in ("weights", "scales")}
    assert Detector.from_json(old, arrays, detector.trees).weights == BEFORE


def test_neighbours_are_the_nearest_of_all_and_the_mean_is_by_column() -> None:
    """As found by comparing every pair."""
    chance = np.random.default_rng(1)
    past, asked = chance.normal(size=(300, 3)), chance.normal(size=(5, 3))
    parts = Neighbours(past, {"around": 20, "wide": 100}).parts(asked)
    for i, row in enumerate(asked):
        steps = (past - row) ** 2
        order = np.argsort(steps.sum(axis=1))
        np.testing.assert_allclose(parts["novelty"][i], steps[order[0]])
        np.testing.assert_allclose(parts["around"][i], steps[order[:20]].mean(axis=0))
        np.testing.assert_allclose(parts["wide"][i], steps[order[:100]].mean(axis=0))


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
    arrays = fit_detector(Layout(columns, {}), rows, {}, vetted=True, seed=1).arrays()
    assert arrays["past"].shape == (MOST_PAST, len(columns))
    assert arrays["past"].dtype == np.float32
    assert arrays["axes"].shape == (len(columns), MOST_AXES)


def test_views_are_weighed_to_a_mean() -> None:
    """Views that agree give what they agree on."""
    same = {view: np.array([2.0, -1.0]) for view in RAW}
    np.testing.assert_allclose(weighed(same, RAW), [2.0, -1.0])


def test_a_value_in_a_gap_is_as_rare_as_one_beyond_the_ends() -> None:
    """By how many rows lie in its tenth of the range; what was missing keeps its own surprise."""
    rows = np.concatenate([np.linspace(0.0, 1.0, 50), np.linspace(9.0, 10.0, 49), [np.nan]])
    tail = fit_density(rows)
    usual, gap, end, gone = tail(np.array([0.5, 5.0, 10.5, np.nan]))
    assert usual < 1.0 < gap <= end
    assert gone == pytest.approx(-np.log(1.5 / 101))
    assert np.isfinite(fit_density(np.full(3, np.nan))(np.array([1.0, np.nan]))).all()
