"""How far a row lies from the bulk, given how columns go together: a robust Mahalanobis distance.

Along the main directions of the bulk a step counts by the bulk's variance there, in all others
by one variance for the rest. The squared distance is a sum over columns, ``x_j (P x)_j``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.tabular import Matrix

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """``centre`` (columns), ``axes`` (columns x directions, orthonormal), ``gain`` (directions):
    one over the variance along a direction, less ``rest``, one over the variance elsewhere."""

    centre: Array
    axes: Array
    gain: Array
    rest: float

    def parts(self, places: Matrix) -> Matrix:
        """Rows x columns; a row's parts sum to its squared distance. Single parts may be below 0:
        a column may make what another says more usual."""
        out = np.empty(places.shape)
        for i, row in enumerate(places):  # one by one: a product of matrices depends on the batch
            step = row - self.centre
            out[i] = step * (self.rest * step + self.axes @ (self.gain * (step @ self.axes)))
        return out
