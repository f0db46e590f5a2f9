"""A strangeness score that is a sum of five views, each explained column by column.

``tails``: rare cells. ``isolation``: rare combinations, by how soon a row is alone. ``shape``:
distance from the bulk. ``around``: distance from the past rows most like it. ``novelty``:
distance from the nearest past row, none for what was there before. No label is needed.

A view's total is a sum over columns. Tails and isolation enter as they are, in training
deviations. The distances enter by their logarithm, which is bent: the difference that the
logarithm makes between a row and the usual row is shared out as the columns share the difference
of the totals (the Aumann-Shapley value of that difference). Pushes then add up exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.credit_anomaly import tails
from models.credit_anomaly.isolation import expanded
from models.credit_anomaly.neighbours import Neighbours
from models.credit_anomaly.plane import Plane
from models.credit_anomaly.shape import Shape
from models.tabular import Matrix
from models.tree_explain import Trees

Array = NDArray[np.float64]

VIEWS = ("tails", "isolation", "shape", "around", "novelty")
WEIGHTS: Mapping[str, float] = {
    "tails": 0.5,
    "isolation": 0.5,
    "shape": 1.0,
    "around": 1.0,
    "novelty": 2.0,
}
"""What a training deviation of each view counts (a factor of e in distance, for novelty).

Chosen on the odd-numbered half of 30 public sets and confirmed on the other
(docs/reference/model-quality.md)."""
FLOOR = {"shape": 0.05, "around": 0.05, "novelty": 0.1}
"""Shares of the usual distance below which nearer is hardly more usual."""


@dataclass(frozen=True)
class Bend:
    """``value = (log(total / unit + floor) - mean) / deviation``, and the usual parts.

    ``usual`` (columns) are the mean parts of training rows, ``unit`` a usual total.
    """

    usual: Array
    unit: float
    floor: float
    mean: float
    deviation: float

    def values(self, totals: Array) -> Array:
        """One value a total; never falls where the total rises."""
        inside = np.maximum(totals, 0.0) / self.unit + self.floor
        bent: Array = (np.log(inside) - self.mean) / self.deviation
        return bent

    def pushes(self, parts: Matrix) -> tuple[Matrix, float]:
        """Pushes (rows x columns) and base; they sum to ``values`` of the parts' sums."""
        base = float(self.values(np.array([self.usual.sum()]))[0])
        totals = np.array([row.sum() for row in parts])
        far = totals - self.usual.sum()
        # Along the straight way from the usual parts to these, the logarithm rises by as much
        # for each column as the column moves; where both ends are one, by its slope there.
        slope = 1.0 / ((totals + self.unit * self.floor) * self.deviation)
        apart = np.abs(far) > 1e-9 * (self.usual.sum() + self.unit)
        rise = (self.values(totals) - base) / np.where(apart, far, 1.0)
        rate = np.where(apart, rise, slope)
        return rate[:, None] * (parts - self.usual), base

    def to_json(self) -> dict[str, Any]:
        """Plain lists, so that the bundle is data."""
        return {**vars(self), "usual": self.usual.tolist()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Bend":
        """What ``to_json`` wrote."""
        return cls(**{**data, "usual": np.array(data["usual"], dtype=np.float64)})


@dataclass(frozen=True)
class Detector:
    """Scores matrices of a ``Layout``; higher is stranger, about 0 for the usual credit.

    ``centre`` is the mean surprise of each column in training and ``tail_deviation`` scales their
    sum; ``path_mean`` and ``path_deviation`` are of minus the path length in ``trees``; ``bends``
    belong to ``shape``, ``around`` and ``novelty``.
    """

    tails: Sequence[tails.Tail]
    centre: Array
    tail_deviation: float
    trees: Trees
    typical: Array
    path_mean: float
    path_deviation: float
    plane: Plane
    shape: Shape
    neighbours: Neighbours
    bends: Mapping[str, Bend]

    def scores(self, matrix: Matrix) -> Array:
        """One score a row: the weighted mean of the views."""
        return weighed(self.views(matrix))

    def views(self, matrix: Matrix) -> dict[str, Array]:
        """Each view's values, by name."""
        surprise = tails.surprises(matrix, self.tails) - self.centre
        paths = self.trees.margins(expanded(matrix, self.typical))[:, 0]
        found = {
            "tails": surprise.sum(axis=1) / self.tail_deviation,
            "isolation": (paths - self.path_mean) / self.path_deviation,
        }
        for name, parts in self._distances(matrix).items():
            # Row by row: a sum over an axis may depend on how many rows there are.
            found[name] = self.bends[name].values(np.array([row.sum() for row in parts]))
        return found

    def pushes(self, matrix: Matrix) -> tuple[Matrix, Array]:
        """Pushes (rows x columns) and base (rows); they sum to ``scores``."""
        width = matrix.shape[1]
        rare = (tails.surprises(matrix, self.tails) - self.centre) / self.tail_deviation
        big = expanded(matrix, self.typical)
        paths, path_base = self.trees.pushes(big, np.zeros(len(matrix), dtype=int).tolist())
        # A cell and its "is missing" mark are one fact about one column: signed sum.
        early = (paths[:, :width] + paths[:, width:]) / self.path_deviation
        base = {
            "tails": np.zeros(len(matrix)),
            "isolation": (path_base - self.path_mean) / self.path_deviation,
        }
        by_view = {"tails": rare, "isolation": early}
        for name, parts in self._distances(matrix).items():
            by_view[name], start = self.bends[name].pushes(parts)
            base[name] = np.full(len(matrix), start)
        return weighed(by_view), weighed(base)

    def _distances(self, matrix: Matrix) -> dict[str, Matrix]:
        places = self.plane(matrix, self.tails)
        nearest, around = self.neighbours.parts(places)
        return {"shape": self.shape.parts(places), "around": around, "novelty": nearest}

    def to_json(self) -> dict[str, Any]:
        """Everything but the trees and the large arrays, which are files of their own."""
        return {
            "tails": [tails.to_json(tail) for tail in self.tails],
            "centre": self.centre.tolist(),
            "tail_deviation": self.tail_deviation,
            "typical": self.typical.tolist(),
            "path_mean": self.path_mean,
            "path_deviation": self.path_deviation,
            "plane": self.plane.to_json(),
            "rest": self.shape.rest,
            "bends": {name: bend.to_json() for name, bend in self.bends.items()},
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The large arrays: past rows in single precision, and the axes of the bulk."""
        return {
            "past": self.neighbours.past.astype(np.float32),
            "centre": self.shape.centre,
            "axes": self.shape.axes,
            "gain": self.shape.gain,
        }

    @classmethod
    def from_json(
        cls, data: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], trees: Trees
    ) -> "Detector":
        """The detector that ``to_json`` and ``arrays`` told of, with its trees."""
        return cls(
            tails=tuple(tails.from_json(tail) for tail in data["tails"]),
            centre=np.array(data["centre"], dtype=np.float64),
            tail_deviation=float(data["tail_deviation"]),
            trees=trees,
            typical=np.array(data["typical"], dtype=np.float64),
            path_mean=float(data["path_mean"]),
            path_deviation=float(data["path_deviation"]),
            plane=Plane.from_json(data["plane"]),
            shape=Shape(arrays["centre"], arrays["axes"], arrays["gain"], float(data["rest"])),
            neighbours=Neighbours(arrays["past"].astype(np.float64)),
            bends={name: Bend.from_json(bend) for name, bend in data["bends"].items()},
        )


def weighed(views: Mapping[str, Matrix]) -> Matrix:
    """The weighted mean over the views, of values, bases or pushes."""
    total = sum(WEIGHTS.values())
    together: Matrix = sum(  # type: ignore[assignment]
        (WEIGHTS[name] / total) * views[name] for name in VIEWS
    )
    return together
