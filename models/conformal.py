"""Sets of answers that hold the truth as often as the card says, whatever the model.

Split conformal prediction: the promise is about exchangeable data and holds for finitely many
calibration rows (Vovk et al. 2005). ``lac`` gives the smallest sets (Sadinle et al. 2019);
``aps`` fills hard rows more evenly (Romano et al. 2020, without randomisation: its sets are a
little larger than needed, never smaller).
"""

from dataclasses import asdict, dataclass
from math import ceil, inf
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Score = Literal["lac", "aps"]
_SLACK = 1e-9
"""Keeps a value on the threshold inside its set, whatever the rounding of another machine."""


@dataclass(frozen=True)
class Conformal:
    """``threshold`` is the largest score that still belongs to a set; infinity admits all."""

    score: Score
    level: float
    threshold: float
    calibrated_on: int

    def sets(self, probabilities: Array) -> NDArray[np.bool_]:
        """Rows x classes, true where a class belongs; the likeliest class always does."""
        inside = scores(probabilities, self.score) <= self.threshold + _SLACK
        if len(inside):
            inside[np.arange(len(inside)), probabilities.argmax(axis=1)] = True
        return inside

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; an infinite threshold is ``null``."""
        finite = self.threshold if np.isfinite(self.threshold) else None
        return {**asdict(self), "threshold": finite}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Conformal":
        """What ``to_json`` wrote."""
        threshold = inf if data["threshold"] is None else float(data["threshold"])
        return cls(data["score"], data["level"], threshold, data["calibrated_on"])


def scores(probabilities: Array, score: Score) -> Array:
    """How strange each class of each row would be as its truth; larger is stranger.

    ``lac``: one minus its probability. ``aps``: the probability of all classes down to and
    including it, from the likeliest.
    """
    if score == "lac":
        return 1.0 - probabilities
    order = np.argsort(-probabilities, axis=1, kind="stable")
    sums = np.take_along_axis(probabilities, order, axis=1).cumsum(axis=1)
    out = np.empty_like(sums)
    np.put_along_axis(out, order, sums, axis=1)
    return out


def fit_conformal(
    probabilities: Array, truth: NDArray[np.intp], level: float = 0.95, score: Score = "lac"
) -> Conformal:
    """The threshold with the finite-sample correction, from rows that nothing else was fitted on.

    ``truth`` holds the index of the right class. With fewer than ``level / (1 - level)`` rows
    no finite threshold can promise the level, and sets hold every class.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    n = len(truth)
    rank = ceil((n + 1) * level - _SLACK)
    if rank > n:
        return Conformal(score, level, inf, n)
    strange = np.sort(scores(probabilities, score)[np.arange(n), truth])
    return Conformal(score, level, float(strange[rank - 1]), n)


def coverage(sets: NDArray[np.bool_], truth: NDArray[np.intp]) -> tuple[float, float]:
    """Share of sets that hold their truth, and their mean size; NaN without rows."""
    if len(truth) == 0:
        return float("nan"), float("nan")
    held = sets[np.arange(len(truth)), truth]
    return float(held.mean()), float(sets.sum(axis=1).mean())
