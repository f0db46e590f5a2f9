"""Fits calibration: how much is to be fitted is itself chosen, on stretches not yet seen."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.calibration import Affine, softmax

Array = NDArray[np.float64]
Truth = NDArray[np.intp]

KINDS = ("temperature", "shifted", "vector")
"""One slope for all; one slope and a shift a class; a slope and a shift a class."""
PULL = 5.0
"""Slopes of 1 and shifts of 0 are believed as if so many more rows had said so."""


def fit_affine(logits: Array, truth: Truth, kind: str, weights: Array | None = None) -> Affine:
    """The scaling of one of ``KINDS`` that makes held-out truths likeliest.

    ``logits`` is rows x classes, ``truth`` the index of the right class. No rows: neutral.
    """
    classes = logits.shape[1]
    if len(truth) == 0:
        return Affine.neutral(classes)
    share = np.ones(len(truth)) if weights is None else weights
    share = share / share.sum()
    hit = np.eye(classes)[truth]
    slopes = classes if kind == "vector" else 1
    shifted = kind != "temperature"

    def unpacked(found: Array) -> tuple[Array, Array]:
        return np.exp(found[:slopes]), found[slopes:] if shifted else np.zeros(classes)

    def loss(found: Array) -> tuple[float, Array]:
        slope, shift = unpacked(found)
        chances = softmax(logits * slope + shift)
        miss = (chances - hit) * share[:, None]
        by_class = (miss * logits).sum(axis=0) * slope
        gradient = [by_class if slopes > 1 else by_class.sum(keepdims=True)]
        gradient += [miss.sum(axis=0)] if shifted else []
        likely = np.log(np.maximum((chances * hit).sum(axis=1), 1e-300))
        pull = PULL / len(truth)
        held = 0.5 * pull * float((found**2).sum())
        return float(-(share * likely).sum()) + held, np.concatenate(gradient) + pull * found

    start = np.zeros(slopes + (classes if shifted else 0))
    slope, shift = unpacked(minimize(loss, start, jac=True, method="L-BFGS-B").x)
    return Affine(np.round(slope * np.ones(classes), 9), np.round(shift, 9))


def calibrated(
    logits: Array,
    truth: Truth,
    stretch: NDArray[np.intp],
    weights: Array | None = None,
    kinds: Sequence[str] = KINDS,
) -> tuple[Affine, str]:
    """The scaling, and its kind: the one that was best on each stretch when fitted to earlier ones.

    ``stretch`` numbers the rows' stretches of time. With one stretch only: a temperature.
    """

    def later_loss(kind: str) -> float:
        losses: list[Array] = []
        for late in np.unique(stretch)[1:]:
            before, after = stretch < late, stretch == late
            some = None if weights is None else weights[before]
            chances = fit_affine(logits[before], truth[before], kind, some).probabilities(
                logits[after]
            )
            missed = -np.log(np.maximum(chances[np.arange(after.sum()), truth[after]], 1e-9))
            losses.append(missed if weights is None else missed * weights[after])
        return float(np.concatenate(losses).sum()) if losses else 0.0

    # The first of equals: the one that fits least.
    kind = min(kinds, key=later_loss)
    return fit_affine(logits, truth, kind, weights), kind
