"""A strangeness score that is a sum of views, each explained column by column.

``tails``: rare cells. ``isolation``: rare combinations, by how soon a row is alone. ``shape``:
distance from the bulk. ``around`` and ``wide``: distance from the few or the many past rows most
like it. ``novelty``: distance from the nearest past row, none for what was there before.

What a view counts depends on what the past rows are. Where people found all of them in order
(``VETTED``), to have been there before is the best of excuses. Where anomalies may be among them
(``RAW``), it is none: nothing is compared with itself, and not with the nearest row alone.

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

VETTED: Mapping[str, float] = {
    "tails": 0.5,
    "isolation": 0.5,
    "shape": 0.5,
    "around": 0.5,
    "novelty": 4.0,
}
RAW: Mapping[str, float] = {"tails": 1.0, "shape": 1.0, "around": 1.0, "wide": 1.0}
"""What a training deviation of each view counts (a factor of e in distance, for novelty).

Both were chosen on the odd-numbered sets among 30 public ones and confirmed on the others
(docs/reference/model-quality.md)."""
BEFORE: Mapping[str, float] = {
    "tails": 0.5,
    "isolation": 0.5,
    "shape": 1.0,
    "around": 1.0,
    "novelty": 2.0,
}
BEFORE_SCALES: Mapping[str, int] = {"around": 20}
"""Of bundles that say no weights: they were made when there was one set of them."""
FLOOR = {"shape": 0.05, "around": 0.05, "wide": 0.05, "novelty": 0.1}
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
    sum; ``path_mean`` and ``path_deviation`` are of minus the path length in ``trees``, which are
    there where ``isolation`` counts; ``bends`` belong to the views that are distances. ``weights``
    names the views and says what each counts.
    """

    tails: Sequence[tails.Tail]
    centre: Array
    tail_deviation: float
    trees: Trees | None
    typical: Array
    path_mean: float
    path_deviation: float
    plane: Plane
    shape: Shape
    neighbours: Neighbours
    bends: Mapping[str, Bend]
    weights: Mapping[str, float]

    def scores(self, matrix: Matrix) -> Array:
        """One score a row: the weighted mean of the views."""
        return weighed(self.views(matrix), self.weights)

    def views(self, matrix: Matrix) -> dict[str, Array]:
        """Each view's values, by name."""
        surprise = tails.surprises(matrix, self.tails) - self.centre
        found = {"tails": surprise.sum(axis=1) / self.tail_deviation}
        if self.trees:
            paths = self.trees.margins(expanded(matrix, self.typical))[:, 0]
            found["isolation"] = (paths - self.path_mean) / self.path_deviation
        for name, parts in self._distances(matrix).items():
            # Row by row: a sum over an axis may depend on how many rows there are.
            found[name] = self.bends[name].values(np.array([row.sum() for row in parts]))
        return found

    def pushes(self, matrix: Matrix) -> tuple[Matrix, Array]:
        """Pushes (rows x columns) and base (rows); they sum to ``scores``."""
        rare = (tails.surprises(matrix, self.tails) - self.centre) / self.tail_deviation
        by_view, base = {"tails": rare}, {"tails": np.zeros(len(matrix))}
        if self.trees:
            by_view["isolation"], base["isolation"] = self._early(matrix, self.trees)
        for name, parts in self._distances(matrix).items():
            by_view[name], start = self.bends[name].pushes(parts)
            base[name] = np.full(len(matrix), start)
        return weighed(by_view, self.weights), weighed(base, self.weights)

    def _early(self, matrix: Matrix, trees: Trees) -> tuple[Matrix, Array]:
        width = matrix.shape[1]
        big = expanded(matrix, self.typical)
        paths, base = trees.pushes(big, [0] * len(matrix))
        # A cell and its "is missing" mark are one fact about one column: signed sum.
        pushes = (paths[:, :width] + paths[:, width:]) / self.path_deviation
        return pushes, (base - self.path_mean) / self.path_deviation

    def _distances(self, matrix: Matrix) -> dict[str, Matrix]:
        places = self.plane(matrix, self.tails)
        parts = {"shape": self.shape.parts(places), **self.neighbours.parts(places)}
        return {name: parts[name] for name in self.bends}

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
            "scales": dict(self.neighbours.scales),
            "weights": dict(self.weights),
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
        cls, data: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], trees: Trees | None
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
            neighbours=Neighbours(
                arrays["past"].astype(np.float64), data.get("scales", BEFORE_SCALES)
            ),
            bends={name: Bend.from_json(bend) for name, bend in data["bends"].items()},
            weights=data.get("weights", BEFORE),
        )


def weighed(views: Mapping[str, Matrix], weights: Mapping[str, float]) -> Matrix:
    """The weighted mean over the views, of values, bases or pushes."""
    names = sorted(
        weights
    )  # a bundle may hold them in another order: the sum is the same to the bit
    total = sum(weights[name] for name in names)
    together: Matrix = sum(  # type: ignore[assignment]
        (weights[name] / total) * views[name] for name in names
    )
    return together
