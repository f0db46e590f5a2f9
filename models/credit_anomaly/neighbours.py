"""How far a row lies from past rows like it: squared distances, which are sums over columns.

Given which past rows are the nearest, the mean of ``(x_j - n_j)^2`` over them is exact column by
column. That they are the nearest depends on all columns together, and no column is charged for it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.tabular import Matrix

Array = NDArray[np.float64]

NEAREST = 20
"""Past rows that make the mean: enough not to be fooled by a few anomalies among them."""
SPARE = 12
"""More candidates than are needed: the quick distances are rounded."""
SAME = 1e-12
"""Squared distance up to which two rows are one and the same."""
CHUNK = 512


@dataclass(frozen=True)
class Neighbours:
    """``past`` holds distinct training rows (rows x columns)."""

    past: Matrix

    def parts(self, places: Matrix) -> tuple[Matrix, Matrix]:
        """Two sums by column, rows x columns: the squared distance to the nearest past row, and
        the mean over the ``NEAREST`` past rows that are not the row itself."""
        nearest, around = np.empty(places.shape), np.empty(places.shape)
        for start in range(0, len(places), CHUNK):
            some = places[start : start + CHUNK]
            for i, at in enumerate(self._candidates(some), start):
                steps = (self.past[at] - places[i]) ** 2
                far = steps.sum(axis=1)
                order = np.argsort(far, kind="stable")
                nearest[i] = steps[order[0]]
                others = order[far[order] > SAME][:NEAREST]
                around[i] = steps[others].mean(axis=0) if len(others) else 0.0
        return nearest, around

    def _candidates(self, places: Matrix) -> NDArray[np.intp]:
        """Rows x candidates, by distances computed in one product, in order of position."""
        count = NEAREST + SPARE
        if len(self.past) <= count:
            return np.tile(np.arange(len(self.past)), (len(places), 1))
        quick = (self.past**2).sum(axis=1) - 2.0 * (places @ self.past.T)
        return np.sort(np.argpartition(quick, count, axis=1)[:, :count], axis=1)
