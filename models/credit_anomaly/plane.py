"""One number a column, so that rows have distances: the plane on which credits lie.

Numbers are counted from their training median in training deviations, and bent where they are
far away, so that one large amount does not drown every other fact. A category is how rare its
code is. What is missing lies at the median of what is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.credit_anomaly.tails import CodeTail, Direction, Tail, surprises
from models.tabular import Matrix

Array = NDArray[np.float64]

KNEE = 3.0
"""Deviations up to which a step counts about as it is, and beyond by its logarithm."""


@dataclass(frozen=True)
class Plane:
    """``middle`` and ``spread`` belong to columns; ``side`` is 1 where only more is strange,
    -1 where only less is, 0 for both: at the other end a row is as usual as the middle."""

    middle: Array
    spread: Array
    side: Array

    def __call__(self, matrix: Matrix, tails: Sequence[Tail]) -> Matrix:
        """Rows x columns of places, in single precision, as references are stored."""
        steps = (_cells(matrix, tails) - self.middle) / self.spread
        steps = np.where(np.isnan(steps), 0.0, steps)
        steps = np.where(steps * self.side < 0.0, 0.0, steps)
        bent = KNEE * np.arcsinh(steps / KNEE)
        return np.asarray(bent.astype(np.float32).astype(np.float64))

    def to_json(self) -> dict[str, Any]:
        """Plain lists, so that the bundle is data."""
        return {name: value.tolist() for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Plane":
        """What ``to_json`` wrote."""
        return cls(
            *(np.array(data[name], dtype=np.float64) for name in ("middle", "spread", "side"))
        )


def fit_plane(matrix: Matrix, tails: Sequence[Tail], directions: Sequence[Direction]) -> Plane:
    """Medians and deviations of training rows; a column that never varies stays at the middle."""
    cells = _cells(matrix, tails)
    known = [column[~np.isnan(column)] for column in cells.T]
    middle = np.array([float(np.median(column)) if len(column) else 0.0 for column in known])
    spread = np.array([float(column.std()) if len(column) else 0.0 for column in known])
    side = np.array([{"high": 1.0, "low": -1.0, "both": 0.0}[way] for way in directions])
    return Plane(middle, np.where(spread > 1e-12, spread, 1.0), side)


def _cells(matrix: Matrix, tails: Sequence[Tail]) -> Matrix:
    """Numbers as they are, codes as their surprise."""
    coded = [j for j, tail in enumerate(tails) if isinstance(tail, CodeTail)]
    cells = matrix.copy()
    if coded:
        cells[:, coded] = surprises(matrix[:, coded], [tails[j] for j in coded])
    return cells
