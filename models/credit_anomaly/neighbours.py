"""How far a row lies from past rows like it: squared distances, which are sums over columns.

Given which past rows are the nearest, the mean of ``(x_j - n_j)^2`` over them is exact column by
column. That they are the nearest depends on all columns together, and no column is charged for it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.tabular import Matrix

Array = NDArray[np.float64]

SPARE = 12
"""More candidates than are needed: the quick distances are rounded."""
SAME = 1e-12
"""Squared distance up to which two rows are one and the same."""
CHUNK = 512


@dataclass(frozen=True)
class Neighbours:
    """``past`` holds distinct training rows (rows x columns).

    ``scales`` names views and how many past rows make the mean of each: enough not to be fooled by
    a few anomalies among them.
    """

    past: Matrix
    scales: Mapping[str, int]

    def parts(self, places: Matrix) -> dict[str, Matrix]:
        """Sums by column, rows x columns: ``novelty``, the squared distance to the nearest past
        row, and by scale the mean over the nearest past rows that are not the row itself."""
        found = {name: np.zeros(places.shape) for name in ("novelty", *self.scales)}
        for i, at in enumerate(self._candidates(places)):
            steps = (self.past[at] - places[i]) ** 2
            far = steps.sum(axis=1)
            order = np.argsort(far, kind="stable")
            found["novelty"][i] = steps[order[0]]
            others = order[far[order] > SAME]
            for name, count in self.scales.items():
                if len(others):
                    found[name][i] = steps[others[:count]].mean(axis=0)
        return found

    def _candidates(self, places: Matrix) -> Iterator[NDArray[np.intp]]:
        """For each row the past rows that may be its nearest, in order of position.

        By distances computed in one product.
        """
        count = max(self.scales.values()) + SPARE
        if len(self.past) <= count:
            yield from (np.arange(len(self.past)) for _ in places)
            return
        lengths = (self.past**2).sum(axis=1)
        for start in range(0, len(places), CHUNK):
            quick = lengths - 2.0 * (places[start : start + CHUNK] @ self.past.T)
            yield from np.sort(np.argpartition(quick, count, axis=1)[:, :count], axis=1)
