"""A linear model over a ``Layout``: the plain half of a scorer, and each column's exact share.

Where examples are few, what adds up is learned sooner than what interacts. Numbers are read on
a signed log scale in training deviations; categories, flags' absence and missing cells have a
weight of their own. Plain arrays in JSON; fitting lives in ``training``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.tabular import Layout, Matrix, log_scale

Array = NDArray[np.float64]
FARTHEST = 5.0
"""Deviations beyond which a number counts no further: one outlier must not decide."""


@dataclass(frozen=True)
class Scale:
    """How cells become the inputs of a linear model; learned from training rows.

    ``numbers`` and ``codes`` are column indexes; ``mean`` and ``deviation`` belong to
    ``numbers``; ``known`` is how many codes each of ``codes`` has a name for. A category has
    ``known + 2`` inputs: its codes, then "other", then missing.
    """

    numbers: NDArray[np.intp]
    codes: NDArray[np.intp]
    mean: Array
    deviation: Array
    known: NDArray[np.intp]

    @classmethod
    def fit(cls, layout: Layout, matrix: Matrix) -> "Scale":
        """Means and deviations of what is known; a column never known stays at zero."""
        codes = np.array(layout.categorical, dtype=np.intp)
        numbers = np.setdiff1d(np.arange(len(layout.columns)), codes)
        cells = [log_scale(column[~np.isnan(column)]) for column in matrix[:, numbers].T]
        mean = np.array([float(cell.mean()) if len(cell) else 0.0 for cell in cells])
        deviation = np.array([float(cell.std()) if len(cell) else 0.0 for cell in cells])
        known = [len(layout.categories[layout.columns[j].name]) for j in codes]
        return cls(
            numbers,
            codes,
            np.round(mean, 9),
            np.maximum(np.round(deviation, 9), 1e-6),
            np.array(known, dtype=np.intp),
        )

    def steps(self, matrix: Matrix) -> tuple[Array, Array]:
        """Rows x numbers: deviations from the mean (0 where missing), and 1 where missing."""
        cells = matrix[:, self.numbers]
        gone = np.isnan(cells)
        far = (log_scale(np.where(gone, 0.0, cells)) - self.mean) / self.deviation
        return np.where(gone, 0.0, np.clip(far, -FARTHEST, FARTHEST)), gone.astype(np.float64)

    def places(self, matrix: Matrix) -> NDArray[np.intp]:
        """Rows x codes: which input of its column each cell switches on."""
        cells = matrix[:, self.codes]
        gone = np.isnan(cells)
        known = np.minimum(np.where(gone, 0.0, cells).astype(np.intp), self.known)
        return np.where(gone, self.known + 1, known)


@dataclass(frozen=True)
class Linear:
    """Margins that are a sum over columns, one sum a class.

    ``slope`` and ``missing`` are numbers x classes; ``tables`` is codes x inputs x classes, zero
    beyond a column's own inputs; ``base`` (classes) is the mean training margin, and every
    column's share is counted from its training mean ``centre`` (columns x classes).
    """

    scale: Scale
    base: Array
    slope: Array
    missing: Array
    tables: Array
    centre: Array

    def margins(self, matrix: Matrix) -> Matrix:
        """Raw margins, rows x classes; to the last bit the same for a row alone or among others.

        Hence no matrix product: in which order one adds up depends on how many rows there are.
        """
        steps, gone = self.scale.steps(matrix)
        places = self.scale.places(matrix)
        start = self.base - self.centre.sum(axis=0)
        numbers = steps[:, :, None] * self.slope + gone[:, :, None] * self.missing
        codes = self.tables[np.arange(places.shape[1]), places]
        total: Matrix = start + np.concatenate([numbers, codes], axis=1).sum(axis=1)
        return total

    def pushes(self, matrix: Matrix, chosen: Sequence[int]) -> tuple[Matrix, Matrix]:
        """Per row, for the class ``chosen`` for it: pushes (rows x columns) and base (rows)."""
        picked = np.asarray(chosen, dtype=np.intp)
        steps, gone = self.scale.steps(matrix)
        places = self.scale.places(matrix)
        pushes = np.empty(matrix.shape)
        pushes[:, self.scale.numbers] = steps * self.slope.T[picked] + gone * self.missing.T[picked]
        columns = np.arange(places.shape[1])
        pushes[:, self.scale.codes] = self.tables[columns, places, picked[:, None]]
        return pushes - self.centre.T[picked], self.base[picked]

    def to_json(self) -> dict[str, Any]:
        """Plain lists, so that the bundle is data."""
        learned = {**vars(self.scale), **vars(self)}
        return {name: value.tolist() for name, value in learned.items() if name != "scale"}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Linear":
        """What ``to_json`` wrote."""
        classes = len(data["base"])
        floats = {
            name: np.array(data[name], dtype=np.float64)
            for name in ("mean", "deviation", "base", "slope", "missing", "tables", "centre")
        }
        whole = {
            name: np.array(data[name], dtype=np.intp) for name in ("numbers", "codes", "known")
        }
        scale = Scale(
            whole["numbers"], whole["codes"], floats["mean"], floats["deviation"], whole["known"]
        )
        return cls(
            scale,
            floats["base"],
            floats["slope"].reshape(-1, classes),
            floats["missing"].reshape(-1, classes),
            floats["tables"].reshape(len(whole["codes"]), -1, classes),
            floats["centre"].reshape(-1, classes),
        )
