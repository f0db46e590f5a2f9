"""Probabilities one may believe, and sets that keep their promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.calibration import Temperature, calibration_error, fit_temperature, softmax
from models.conformal import Conformal, Score, coverage, fit_conformal, scores

Array = NDArray[np.float64]


def _drawn(rows: int, classes: int, seed: int, sharp: float) -> tuple[Array, NDArray[np.intp]]:
    """Logits too sharp by a factor, and truths drawn from the honest ones."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(size=(rows, classes)) * 1.5
    chances = softmax(honest)
    truth = np.array([rng.choice(classes, p=p) for p in chances], dtype=np.intp)
    return honest * sharp, truth


@given(st.lists(st.lists(st.floats(-1e4, 1e4), min_size=3, max_size=3), min_size=1, max_size=9))
def test_softmax_rows_sum_to_one(rows: list[list[float]]) -> None:
    """Each row of probabilities sums to 1 and keeps the order of its logits."""
    logits = np.array(rows)
    chances = softmax(logits)
    assert np.allclose(chances.sum(axis=1), 1.0, atol=1e-12)
    assert (chances >= 0).all()


@pytest.mark.parametrize("sharp", [0.5, 1.0, 4.0])
def test_the_temperature_undoes_sharpening(sharp: float) -> None:
    """Logits made too sharp or too flat are brought back to within ten percent."""
    logits, truth = _drawn(4000, 5, seed=1, sharp=sharp)
    assert fit_temperature(logits, truth).value == pytest.approx(sharp, rel=0.1)


def test_calibration_lowers_the_error() -> None:
    """After scaling, confidence and being right differ by little on new data."""
    logits, truth = _drawn(8000, 5, seed=2, sharp=4.0)
    scale = fit_temperature(logits[:4000], truth[:4000])

    def error(chances: Array) -> float:
        right = chances.argmax(axis=1) == truth[4000:]
        return calibration_error(chances.max(axis=1), right)

    assert error(scale.probabilities(logits[4000:])) < 0.03 < error(softmax(logits[4000:]))


def test_no_rows_change_nothing() -> None:
    """Without held-out rows logits are left alone, and errors and coverage are unknown."""
    nothing = np.empty((0, 3))
    assert fit_temperature(nothing, np.empty(0, dtype=np.intp)) == Temperature(1.0)
    assert np.isnan(calibration_error(np.empty(0), np.empty(0, dtype=bool)))
    assert all(np.isnan(coverage(np.empty((0, 3), dtype=bool), np.empty(0, dtype=np.intp))))


def test_the_error_of_a_known_table() -> None:
    """Two bins, one off by 0.25 and one by 0.05, weigh by their rows."""
    confidence = np.array([0.25, 0.25, 0.95, 0.95])
    right = np.array([False, False, True, True])
    assert calibration_error(confidence, right) == pytest.approx((0.25 * 2 + 0.05 * 2) / 4)


@pytest.mark.parametrize("score", ["lac", "aps"])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_sets_hold_the_truth_as_often_as_promised(score: Score, level: float) -> None:
    """Over many draws of calibration and test data, mean coverage reaches the level."""
    held = []
    for seed in range(30):
        logits, truth = _drawn(300, 6, seed=seed, sharp=2.0)
        chances = softmax(logits)
        conformal = fit_conformal(chances[:100], truth[:100], level, score)
        held.append(coverage(conformal.sets(chances[100:]), truth[100:])[0])
    assert np.mean(held) > level - 0.015


def test_too_few_rows_promise_nothing_less() -> None:
    """With fewer rows than the level needs, a set holds every class."""
    logits, truth = _drawn(18, 4, seed=3, sharp=1.0)
    conformal = fit_conformal(softmax(logits), truth, 0.95)
    assert conformal.sets(softmax(logits)).all()
    assert Conformal.from_json(conformal.to_json()) == conformal


@given(st.integers(0, 10_000), st.sampled_from(["lac", "aps"]), st.floats(0.05, 0.99))
@settings(max_examples=40, deadline=None)
def test_sets_are_never_empty_and_nested(seed: int, score: Score, level: float) -> None:
    """Every set holds the likeliest class, and a higher level never takes a class away."""
    logits, truth = _drawn(60, 4, seed=seed, sharp=1.0)
    chances = softmax(logits)
    low = fit_conformal(chances, truth, level * 0.9, score).sets(chances)
    high = fit_conformal(chances, truth, level, score).sets(chances)
    assert low[np.arange(60), chances.argmax(axis=1)].all()
    assert not (low & ~high).any()


def test_a_level_must_be_a_share() -> None:
    """A level of 0, 1 or 95 is refused."""
    for level in (0.0, 1.0, 95.0):
        with pytest.raises(ValueError, match="between 0 and 1"):
            fit_conformal(np.array([[0.5, 0.5]]), np.array([0]), level)


def test_aps_scores_of_a_known_row() -> None:
    """The score of a class is the probability down to and including it."""
    found = scores(np.array([[0.2, 0.5, 0.3]]), "aps")
    assert np.allclose(found, [[1.0, 0.5, 0.8]])


@pytest.mark.parametrize("score", ["lac", "aps"])
def test_thresholds_are_those_of_mapie(score: Score) -> None:
    """MAPIE, fitted on the same rows, finds the same threshold."""
    mapie = pytest.importorskip("mapie.conformity_scores", reason="needs '.[training]'")
    logits, truth = _drawn(200, 5, seed=5, sharp=1.0)
    chances = softmax(logits)
    own = fit_conformal(chances, truth, 0.9, score)
    if score == "lac":
        strange = mapie.LACConformityScore().get_conformity_scores(truth, chances, y_enc=truth)
    else:  # without the randomisation that shrinks MAPIE's own scores
        aps = mapie.APSConformityScore()
        strange, _ = aps.get_true_label_cumsum_proba(truth, chances, np.arange(5))
    rank = int(np.ceil(201 * 0.9))
    assert own.threshold == pytest.approx(float(np.sort(strange.ravel())[rank - 1]), abs=1e-9)
