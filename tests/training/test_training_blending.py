"""The blend of strangeness and labels: settled by the newest credits where they tell enough."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs pip install '.[training]'")

from training.blending import LEAST_NEWEST, fit_blend


def _past(rows: int, shares: tuple[float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two scores that say the same of both halves of the past, whose base rates differ."""
    rng = np.random.default_rng(7)
    labels = (rng.random(rows) < np.repeat(shares, rows // 2)).astype(np.float64)
    return rng.normal(labels, 1.0), rng.normal(labels, 1.0), labels


def _mean_said(past: tuple[np.ndarray, np.ndarray, np.ndarray], rows: slice) -> float:
    strange, taught, labels = past
    blend = fit_blend(strange, taught, labels, np.ones(len(labels)))
    total = blend.intercept + blend.strangeness * strange + blend.taught * taught
    return float((1 / (1 + np.exp(-total[rows]))).mean())


def test_how_sure_to_be_follows_the_newest_credits() -> None:
    """Where one in twenty was rejected once and one in three is now, a new credit is not told by
    the share of both times."""
    past = _past(2000, (0.05, 0.33))
    newer = slice(1000, 2000)
    assert past[2][newer].sum() >= LEAST_NEWEST
    assert _mean_said(past, newer) == pytest.approx(past[2][newer].mean(), abs=0.01)


def test_few_anomalies_settle_it_with_all_of_the_past() -> None:
    """Half of the past would be too little: the mean probability is that of all credits."""
    past = _past(400, (0.05, 0.33))
    assert past[2][200:].sum() < LEAST_NEWEST
    assert _mean_said(past, slice(0, 400)) == pytest.approx(past[2].mean(), abs=0.01)


def test_a_score_never_counts_against_suspicion() -> None:
    """One that points the wrong way is left out instead of turned round."""
    strange, taught, labels = _past(2000, (0.3, 0.3))
    blend = fit_blend(-strange, taught, labels, np.ones(2000))
    assert (blend.strangeness, blend.supervised) == (0.0, True)
    assert blend.taught > 0
