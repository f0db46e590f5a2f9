"""From scores to probabilities one may believe: affine scaling, and how far off they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BINS = 15
_GOLDEN = (5**0.5 - 1) / 2


def softmax(logits: Array) -> Array:
    """Rows x classes -> probabilities; each row sums to 1, also for very large logits."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Array = odds / odds.sum(axis=1, keepdims=True)
    return shares


@dataclass(frozen=True)
class Temperature:
    """Divides logits before the softmax (Guo et al. 2017); the order of classes never changes."""

    value: float = 1.0

    def scaled(self, logits: Array) -> Array:
        """Calibrated logits; differences between classes are log-odds one may believe."""
        return logits / self.value

    def probabilities(self, logits: Array) -> Array:
        return softmax(self.scaled(logits))


@dataclass(frozen=True)
class Affine:
    """Vector scaling (Guo et al. 2017): ``slope * logit + shift``, one of each a class.

    Still a sum, so what explains the logits explains the calibrated ones: pushes of a class are
    multiplied by its slope. With one slope for all and no shift it is a temperature.
    Fitted by ``training.calibrating``.
    """

    slope: Array
    shift: Array

    @classmethod
    def neutral(cls, classes: int) -> "Affine":
        """Changes nothing."""
        return cls(np.ones(classes), np.zeros(classes))

    def scaled(self, logits: Array) -> Array:
        """Calibrated logits; differences between classes are log-odds one may believe."""
        return logits * self.slope + self.shift

    def probabilities(self, logits: Array) -> Array:
        return softmax(self.scaled(logits))

    def to_json(self) -> dict[str, Any]:
        return {"slope": self.slope.tolist(), "shift": self.shift.tolist()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Affine":
        """What ``to_json`` wrote."""
        return cls(np.array(data["slope"], dtype=float), np.array(data["shift"], dtype=float))


def fit_temperature(
    logits: Array, truth: NDArray[np.intp], low: float = 0.02, high: float = 50.0
) -> Temperature:
    """The temperature that makes held-out truths likeliest, found to one part in 10,000.

    ``truth`` holds the index of the right class of every row. No rows leave the logits alone.
    """
    if len(truth) == 0:
        return Temperature()
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        top = scaled.max(axis=1)
        log_sums = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
        return float((log_sums - scaled[rows, truth]).mean())

    # Golden section: the loss has one minimum in the temperature.
    left, right = np.log(low), np.log(high)
    while right - left > 1e-4:
        a, b = right - _GOLDEN * (right - left), left + _GOLDEN * (right - left)
        left, right = (left, b) if loss(float(a)) < loss(float(b)) else (a, right)
    return Temperature(float(np.exp((left + right) / 2)))


def calibration_error(
    confidence: Array, right: NDArray[np.bool_] | Array, bins: int = BINS
) -> float:
    """Expected calibration error in [0, 1]: the mean gap between confidence and being right.

    Equal-width bins, weighted by their rows (Naeini et al. 2015). ``right`` may be how likely
    that was, where somebody knows. NaN without rows.
    """
    if len(confidence) == 0:
        return float("nan")
    edges = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(edges, weights=right.astype(float) - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))


def error_by_chance(
    confidence: Array, *, seed: int = 0, draws: int = 200, bins: int = BINS
) -> float:
    """The calibration error that a model whose every confidence is true shows on such rows.

    Mean over draws of who is right (parametric bootstrap). Bins of a few rows never agree
    exactly; only what exceeds this is an error. NaN without rows.
    """
    if len(confidence) == 0:
        return float("nan")
    chance = np.random.default_rng(seed)
    errors = [
        calibration_error(confidence, chance.random(len(confidence)) < confidence, bins)
        for _ in range(draws)
    ]
    return float(np.mean(errors))
