"""Exact TreeSHAP of a sum of trees in plain NumPy: every leaf at once, no compiler, no recursion.

A leaf asks each feature on its path one question. With ``z`` the share of training rows that
pass a feature's splits, and ``o`` 1 where this row passes them and 0 where not, a leaf of value
``v`` gives feature ``j`` the Shapley value

    v (o_j - z_j) * integral over t in [0, 1] of the product over k != j of (z_k + (o_k - z_k) t)

which is what path-dependent TreeSHAP (Lundberg et al. 2020) sums step by step. The product is a
polynomial, so Gauss-Legendre nodes give the integral exactly: half as many as features asked.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.forest import Forest
from models.tabular import Matrix

Array = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

AT_ONCE = 40_000
"""Questions times rows that are worked on together: enough to be quick, small enough for cache."""


@dataclass(frozen=True)
class Block:
    """Leaves that ask the same number of features. ``share`` is asked x leaves (``z`` above),
    ``value`` what each leaf adds, ``nodes`` and ``weights`` integrate over [0, 1]."""

    share: Array
    value: Array
    nodes: Array
    weights: Array

    def pushed(self, passed: Array) -> Array:
        """Rows x asked x leaves: the formula, from what each row passes (same shape)."""
        gap = passed - self.share
        factors = gap * self.nodes[:, np.newaxis, np.newaxis, np.newaxis]
        factors += self.share  # never zero: 0 < t < 1 and 0 < z <= 1
        product = np.multiply.reduce(factors, axis=2)
        product *= self.weights[:, np.newaxis, np.newaxis] * self.value
        np.divide(product[:, :, np.newaxis], factors, out=factors)
        gap *= np.add.reduce(factors, axis=0)
        return gap


@dataclass(frozen=True)
class Questions:
    """What the leaves of one margin ask, and the mean margin ``base``.

    A row passes question ``i`` where ``low[i] < row[feature[i]] <= high[i]``; a missing cell
    passes where ``missing[i]``. The questions ``coded`` are about categories: ``allowed`` (coded
    x codes) says which pass, its last column for every code beyond and for a missing cell.
    Leaves share questions: ``asks`` is which one stands in each place of the blocks, and
    ``pushed`` which feature it is about.
    """

    base: float
    width: int
    feature: Ints
    low: Array
    high: Array
    missing: Flags
    coded: Ints
    allowed: Flags
    blocks: tuple[Block, ...]
    asks: Ints
    pushed: Ints

    def pushes(self, matrix: Matrix) -> Matrix:
        """Rows x ``width``: what each feature adds to each row's margin, counted from ``base``."""
        out = np.empty((len(matrix), self.width))
        step = max(1, AT_ONCE // max(1, len(self.asks)))
        for start in range(0, len(matrix), step):
            out[start : start + step] = self._pushes(matrix[start : start + step])
        return out

    def _pushes(self, matrix: Matrix) -> Matrix:
        places = self._passed(matrix)[:, self.asks]
        at = 0
        for block in self.blocks:
            here = slice(at, at + block.share.size)
            at = here.stop
            passed = places[:, here].reshape(len(matrix), *block.share.shape)
            places[:, here] = block.pushed(passed).reshape(len(matrix), -1)
        return np.array([np.bincount(self.pushed, row, self.width) for row in places])

    def _passed(self, matrix: Matrix) -> Array:
        """Rows x questions: 1 where the row passes, else 0."""
        cells = matrix[:, self.feature]
        passed = (cells > self.low) & (cells <= self.high)
        passed |= np.isnan(cells) & self.missing
        if len(self.coded):
            last = self.allowed.shape[1] - 1
            codes = np.nan_to_num(cells[:, self.coded], nan=last)
            codes = np.where((codes > -1) & (codes < last), codes, last).astype(np.intp)
            passed[:, self.coded] = self.allowed[np.arange(len(self.coded)), codes]
        return passed.astype(np.float64)


def questions(forest: Forest, width: int) -> Questions:
    """What the leaves of these trees ask; the splits of a path on one feature are one question."""
    steps = forest.steps()
    order = np.lexsort((forest.feature[steps.split], steps.leaf))
    leaf, split, left = steps.leaf[order], steps.split[order], steps.left[order]
    feature, threshold = forest.feature[split], forest.threshold[split]
    first = np.flatnonzero(np.diff(leaf, prepend=-1) | np.diff(feature, prepend=-1))
    # The lowest step of a question, which comes first, has the same ones above it in every leaf.
    _, kept, asks = np.unique(
        2 * split[first] + left[first], return_index=True, return_inverse=True
    )

    def together(how: np.ufunc, values: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(how.reduceat(values, first)) if len(first) else values

    shares = together(np.multiply, steps.share[order])
    blocks, place = _blocks(leaf[first], shares, forest.leaf_value)
    coded = forest.categorical[split[first[kept]]]
    missing = forest.missing_left[split] == left
    allowed = forest.allowed[split] == left[:, np.newaxis]
    return Questions(
        sum(float(np.multiply.reduce(b.share, axis=0) @ b.value) for b in blocks) + forest.lone,
        width,
        feature[first[kept]],
        together(np.maximum, np.where(left, -np.inf, threshold))[kept],
        together(np.minimum, np.where(left, threshold, np.inf))[kept],
        together(np.logical_and, missing)[kept],
        np.flatnonzero(coded),
        together(np.logical_and, allowed)[kept][coded],
        blocks,
        asks[place],
        feature[first[place]],
    )


def _blocks(leaf: Ints, share: Array, value: Array) -> tuple[tuple[Block, ...], Ints]:
    """Leaves sorted into blocks, and which of the questions asked comes in which place."""
    asked = np.bincount(leaf, minlength=len(value))
    start = np.cumsum(asked) - asked
    blocks: list[Block] = []
    places: list[Ints] = [np.empty(0, dtype=np.intp)]
    for count in np.unique(asked):
        leaves = np.flatnonzero(asked == count)
        place = start[leaves] + np.arange(count)[:, np.newaxis]
        nodes, weights = np.polynomial.legendre.leggauss((int(count) + 1) // 2)
        blocks.append(Block(share[place], value[leaves], (nodes + 1) / 2, weights / 2))
        places.append(place.ravel())
    return tuple(blocks), np.concatenate(places)
