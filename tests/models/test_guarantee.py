"""The promise of a threshold is kept as often as stated, and the arithmetic is exact."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom, binomtest

from models.guarantee import (
    BROKEN_ODDS,
    GRID,
    Evidence,
    at_most,
    guaranteed,
    interval,
    odds_against,
)

Array = NDArray[np.float64]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 600), st.floats(0, 1), st.floats(0.001, 0.999))
def test_tails_and_intervals_are_those_of_scipy(cases: int, share: float, rate: float) -> None:
    """Exact binomial tails and Clopper-Pearson intervals."""
    errors = math.floor(cases * share)
    assert at_most(errors, cases, rate) == pytest.approx(binom.cdf(errors, cases, rate), abs=1e-9)
    low, high = interval(errors, cases)
    exact = binomtest(errors, cases).proportion_ci(0.95, "exact")
    assert (low, high) == pytest.approx((exact.low, exact.high), abs=1e-9)


def _draw(rng: np.random.Generator, many: int, shape: str) -> tuple[Array, Array]:
    """Confidences, and the true chance that each such answer is wrong."""
    sure = rng.beta(4, 1, many)
    if shape == "calibrated":
        return sure, 1 - sure
    if shape == "overconfident":
        return sure, np.minimum(1.0, 1.6 * (1 - sure) + 0.03)
    # Worst where it is surest: nothing a threshold could assume about the order holds.
    return sure, np.where(sure > 0.97, 0.12, 0.02)


def _evidence(rng: np.random.Generator, sure: Array, wrong: Array) -> Evidence:
    right = rng.random(len(sure)) >= wrong
    return list(zip(sure.tolist(), right.tolist(), strict=True))


@pytest.mark.parametrize("shape", ["calibrated", "overconfident", "worst_where_surest"])
@pytest.mark.parametrize("many", [80, 400, 2000])
def test_the_promise_is_kept(shape: str, many: int) -> None:
    """Over 400 draws, thresholds whose true error exceeds 5 % are as rare as promised.

    19 of 20 keep it at least; 31 of 400 failures would be chance once in a hundred."""
    rng = np.random.default_rng(8123)
    sure, wrong = _draw(rng, 200_000, shape)
    broken = opened = 0
    for _ in range(400):
        found = guaranteed(_evidence(rng, *_draw(rng, many, shape)), 0.05)
        if found is not None:
            opened += 1
            broken += wrong[sure >= found.threshold].mean() > 0.05
    assert broken <= 31
    if shape == "calibrated" and many == 2000:
        assert opened >= 340


def test_what_it_opens_grows_with_evidence() -> None:
    """More cases let less sure answers pass, and never below a coin's toss."""
    rng = np.random.default_rng(1)
    means = []
    for many in (200, 1000, 5000):
        found = [
            guaranteed(_evidence(rng, *_draw(rng, many, "calibrated")), 0.05) for _ in range(30)
        ]
        means.append(np.mean([one.threshold if one else 1.0 for one in found]))
    assert means == sorted(means, reverse=True)
    flawless = guaranteed([(0.1, True)] * 5000, 0.05)
    assert flawless is None and min(GRID) == 0.5


def test_without_enough_cases_nothing_is_guaranteed() -> None:
    """79 flawless cases say too little about 5 %; 80 are enough."""
    assert guaranteed([], 0.05) is None
    assert guaranteed([(0.99, True)] * 79, 0.05) is None
    found = guaranteed([(0.99, True)] * 80, 0.05)
    assert found is not None and (found.cases, found.errors) == (80, 0)


def test_it_opens_no_less_than_mapie() -> None:
    """MAPIE's controller (precision, Bonferroni-Holm, Hoeffding-Bentkus) is met or surpassed: the
    same idea with a sharper p-value and a sharper correction."""
    from mapie.risk_control import BinaryClassificationController  # seconds, in every process

    rng = np.random.default_rng(5)
    grid = np.array(GRID[:40])
    for many in (600, 2500):
        sure, wrong = _draw(rng, many, "calibrated")
        evidence = _evidence(rng, sure, wrong)
        right = np.array([int(ok) for _, ok in evidence])
        controller = BinaryClassificationController(
            predict_function=lambda x: np.column_stack([1 - x[:, 0], x[:, 0]]),
            risk="precision",
            target_level=0.95,
            confidence_level=0.95,
            list_predict_params=grid,
            fwer_method="bonferroni_holm",
        )
        controller.calibrate(sure.reshape(-1, 1), right)
        ours = guaranteed(evidence, 0.05)
        theirs = controller.valid_predict_params
        assert ours is not None and len(theirs)
        assert ours.threshold <= min(theirs)


def test_a_kept_promise_is_rarely_called_broken() -> None:
    """However often one looks: at most one honest lane in twenty is ever suspected."""
    rng = np.random.default_rng(3)
    suspected = 0
    for _ in range(100):
        wrong = rng.random(300) < 0.05
        errors = np.cumsum(wrong)
        suspected += any(
            odds_against(int(errors[n - 1]), n, 0.05) >= BROKEN_ODDS for n in range(10, 300, 10)
        )
    assert suspected <= 5


def test_a_broken_promise_is_noticed() -> None:
    """A lane that errs four times as often as it may is found out within some 60 audits."""
    rng = np.random.default_rng(4)
    noticed = []
    for _ in range(40):
        errors = np.cumsum(rng.random(200) < 0.20)
        looks = range(5, 200, 5)
        first = [n for n in looks if odds_against(int(errors[n - 1]), n, 0.05) >= BROKEN_ODDS]
        noticed.append(first[0] if first else 200)
    assert float(np.median(noticed)) <= 60
