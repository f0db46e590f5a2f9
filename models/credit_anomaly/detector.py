"""A strangeness score that is a sum: rare cells plus early isolation, in standard deviations.

``score`` is the weighted mean over both halves of ``(half - its training mean) / its training
deviation``. Both halves have exact additive pushes, so the score has them too. No label is needed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.credit_anomaly import tails
from models.credit_anomaly.isolation import expanded
from models.tabular import Matrix
from models.tree_explain import Trees

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Detector:
    """Scores matrices of a ``Layout``; higher is stranger, about 0 for the usual credit.

    ``centre`` is the mean surprise of each column in training; ``tail_deviation`` and
    ``path_deviation`` scale the halves; ``path_mean`` is the mean of minus the path length;
    ``tail_share`` in [0, 1] is the weight of the tail half.
    """

    tails: Sequence[tails.Tail]
    centre: Array
    tail_deviation: float
    trees: Trees
    typical: Array
    path_mean: float
    path_deviation: float
    tail_share: float = 0.5

    def scores(self, matrix: Matrix) -> Array:
        """One score a row."""
        surprise = tails.surprises(matrix, self.tails) - self.centre
        return self._together(surprise.sum(axis=1), self._paths(matrix))

    def halves(self, matrix: Matrix) -> tuple[Array, Array]:
        """The tail half and the isolation half, each in its own training deviations."""
        surprise = tails.surprises(matrix, self.tails) - self.centre
        paths = (self._paths(matrix) - self.path_mean) / self.path_deviation
        return surprise.sum(axis=1) / self.tail_deviation, paths

    def pushes(self, matrix: Matrix) -> tuple[Matrix, Array]:
        """Pushes (rows x columns) and base (rows); they sum to ``scores``."""
        width = matrix.shape[1]
        rare = (tails.surprises(matrix, self.tails) - self.centre) / self.tail_deviation
        big = expanded(matrix, self.typical)
        paths, path_base = self.trees.pushes(big, np.zeros(len(matrix), dtype=int).tolist())
        # A cell and its "is missing" mark are one fact about one column: signed sum.
        early = (paths[:, :width] + paths[:, width:]) / self.path_deviation
        base = (path_base - self.path_mean) / self.path_deviation
        share = self.tail_share
        return share * rare + (1 - share) * early, (1 - share) * base

    def _paths(self, matrix: Matrix) -> Array:
        return self.trees.margins(expanded(matrix, self.typical))[:, 0]

    def _together(self, surprise: Array, paths: Array) -> Array:
        early = (paths - self.path_mean) / self.path_deviation
        rare = surprise / self.tail_deviation
        together: Array = self.tail_share * rare + (1 - self.tail_share) * early
        return together

    def to_json(self) -> dict[str, Any]:
        """Everything but the trees, which are a text file of their own."""
        return {
            "tails": [tails.to_json(tail) for tail in self.tails],
            "centre": self.centre.tolist(),
            "tail_deviation": self.tail_deviation,
            "typical": self.typical.tolist(),
            "path_mean": self.path_mean,
            "path_deviation": self.path_deviation,
            "tail_share": self.tail_share,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], trees: Trees) -> "Detector":
        """The detector that ``to_json`` wrote, with its trees."""
        return cls(
            tuple(tails.from_json(tail) for tail in data["tails"]),
            np.array(data["centre"], dtype=np.float64),
            float(data["tail_deviation"]),
            trees,
            np.array(data["typical"], dtype=np.float64),
            float(data["path_mean"]),
            float(data["path_deviation"]),
            float(data["tail_share"]),
        )
