"""Does a text belong here at all? One score from two signs, and what strangers have in common."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scope:
    """``familiarity = claim * largest logit + nearness * largest cosine + sentence @ direction``.

    ``centroids`` middles x dimensions, of length 1, one or more a class; 0 x 0 without an
    encoder. ``direction`` has one weight a dimension, zeros where training knew no strangers.
    """

    centroids: Array
    claim: float
    nearness: float
    direction: Array

    def familiarity(self, sentences: Array, logits: Array) -> Array:
        """One score a row; small where a text is near no class and no class claims it."""
        score: Array = self.claim * logits.max(axis=1) + sentences @ self.direction
        return score + self.nearness * nearest(self.centroids, sentences)


def nearest(centroids: Array, sentences: Array) -> Array:
    """Cosine of each sentence to the centroid it is closest to; zeros without centroids."""
    if not centroids.size:
        return np.zeros(len(sentences))
    cosines: Array = (sentences @ centroids.T).max(axis=1)
    return cosines
