"""From scores to probabilities one may believe: temperature scaling, and how far off it is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
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


def calibration_error(confidence: Array, right: NDArray[np.bool_], bins: int = 15) -> float:
    """Expected calibration error in [0, 1]: the mean gap between confidence and being right.

    Equal-width bins, weighted by their rows (Naeini et al. 2015). NaN without rows.
    """
    if len(confidence) == 0:
        return float("nan")
    edges = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(edges, weights=right.astype(float) - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))
