"""From raw margins to probabilities one may believe, and to what is too uncertain to say."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Certainty:
    """Fitted on calibration data only.

    ``temperature`` divides the margins before the softmax (Guo et al. 2017); ``unseen`` is the
    probability of each disposition that training never met; ``set_least`` is the probability
    from which a disposition belongs to the conformal set of the card's level (split conformal
    prediction with score ``1 - p``); under ``answer_least`` the model abstains.
    """

    temperature: float
    unseen: float
    set_least: float
    answer_least: float

    def probabilities(self, margins: Array, unseen: int) -> Array:
        """Rows x (classes + unseen), each row summing to 1; ``unseen`` counts unmet classes."""
        scaled = margins / self.temperature
        scaled -= scaled.max(axis=1, keepdims=True)
        odds = np.exp(scaled)
        met = odds / odds.sum(axis=1, keepdims=True) * (1.0 - unseen * self.unseen)
        return np.hstack([met, np.full((len(met), unseen), self.unseen)])
