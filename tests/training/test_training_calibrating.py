"""Scaling is chosen by what it does to rows it did not see."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.calibration import Affine, calibration_error, error_by_chance, softmax
from training.calibrating import calibrated, fit_affine

Array = NDArray[np.float64]
STRETCH = np.repeat(np.arange(5), 800)


def drawn(seed: int) -> tuple[Array, NDArray[np.intp]]:
    """Honest log-odds of 4,000 rows, and truths drawn from them."""
    chance = np.random.default_rng(seed)
    honest = chance.normal(size=(4000, 4)) * 1.5
    chances = softmax(honest)
    return honest, (chances.cumsum(axis=1) > chance.random((4000, 1))).argmax(axis=1)


def test_what_was_bent_is_made_straight() -> None:
    """A slope and a shift a class are undone, up to what a softmax cannot see."""
    honest, truth = drawn(1)
    slope, shift = np.array([2.0, 1.0, 0.5, 1.0]), np.array([1.0, -1.0, 0.0, 0.5])
    found, kind = calibrated((honest - shift) / slope, truth, STRETCH)
    assert kind == "vector"
    np.testing.assert_allclose(found.slope, slope, rtol=0.15)
    np.testing.assert_allclose(found.shift - found.shift.mean(), shift - shift.mean(), atol=0.15)


@pytest.mark.parametrize("sharp", [0.5, 3.0])
def test_too_sharp_alone_needs_a_temperature_alone(sharp: float) -> None:
    """The order of classes stays; the slope is the inverse of the sharpening."""
    honest, truth = drawn(2)
    found = fit_affine(honest * sharp, truth, "temperature")
    np.testing.assert_allclose(found.slope, 1 / sharp, rtol=0.1)
    assert not found.shift.any()


def test_no_rows_and_one_stretch() -> None:
    """Nothing is changed without rows; with one stretch the least is fitted."""
    assert fit_affine(np.empty((0, 3)), np.empty(0, dtype=np.intp), "vector").slope.tolist() == [
        1.0,
        1.0,
        1.0,
    ]
    honest, truth = drawn(3)
    assert calibrated(honest, truth, np.zeros(4000, dtype=np.intp))[1] == "temperature"
    neutral = Affine.neutral(4)
    np.testing.assert_array_equal(Affine.from_json(neutral.to_json()).scaled(honest), honest)


def test_an_error_is_told_from_chance() -> None:
    """True confidences show no more than chance; confidences that are off show more."""
    honest, truth = drawn(4)
    for scale, off in ((1.0, False), (2.0, True)):
        chances = softmax(honest * scale)
        confidence = chances.max(axis=1)
        error = calibration_error(confidence, chances.argmax(axis=1) == truth)
        assert (error > error_by_chance(confidence) + 0.02) is off
    assert np.isnan(error_by_chance(np.empty(0)))
