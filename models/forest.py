"""Trees of a LightGBM text model as arrays, and every leaf's way up to its root.

What a split does with a cell is LightGBM's own rule (``Tree::NumericalDecision`` and
``Tree::CategoricalDecision``): a number goes left up to the threshold, a category where its bit
is set; a missing number goes to the split's default side, or counts as 0 where training never
saw one missing; a missing, negative or unknown category goes right.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

_CATEGORICAL, _DEFAULT_LEFT, _ZERO_IS_MISSING, _NAN_IS_MISSING = 1, 2, 4, 8
_NOBODY = 1e-9
"""Training rows of a side that none took: shares stay above zero, and sums right to 1e-9."""


@dataclass(frozen=True)
class Steps:
    """One entry for every split above every leaf: the side taken, and which ``share`` of the
    split's training rows took it."""

    leaf: Ints
    split: Ints
    left: Flags
    share: Array


@dataclass(frozen=True)
class Forest:
    """Trees side by side: splits and leaves are numbered through all of them.

    In ``left`` and ``right`` a child at or above ``len(feature)`` is a leaf. ``size`` is the
    training rows of every split, then of every leaf. A missing number goes left where
    ``missing_left``; ``allowed`` is splits x codes: the categories that go left, its last column
    for all codes beyond. ``lone`` is the sum of the trees that are a single leaf.
    """

    feature: Ints
    threshold: Array
    categorical: Flags
    missing_left: Flags
    allowed: Flags
    left: Ints
    right: Ints
    size: Array
    leaf_value: Array
    lone: float

    def steps(self) -> Steps:
        """From every leaf to its root, all leaves at once."""
        splits = len(self.feature)
        parent = np.full(len(self.size), -1, dtype=np.intp)
        parent[self.left] = parent[self.right] = np.arange(splits)
        is_left = np.zeros(len(self.size), dtype=bool)
        is_left[self.left] = True
        leaf = np.arange(len(self.leaf_value))
        node = leaf + splits
        found: list[Steps] = []
        while len(leaf) or not found:
            split = parent[node]
            share = self.size[node] / self.size[split]
            found.append(Steps(leaf, split, is_left[node], share))
            below_root = parent[split] >= 0
            leaf, node = leaf[below_root], split[below_root]
        return Steps(
            *(
                np.concatenate([getattr(step, name) for step in found])
                for name in ("leaf", "split", "left", "share")
            )
        )


def trees_of(text: str) -> list[dict[str, str]]:
    """The fields of every tree, in the order of the file: one a class, round after round.

    Errors: ``ValueError`` for a text that is no LightGBM model.
    """
    _, found, rest = text.partition("\nTree=0\n")
    body, ended, _ = rest.partition("\nend of trees")
    if not found or not ended:
        raise ValueError("not a LightGBM text model: no trees between 'Tree=0' and 'end of trees'")
    return [
        dict(line.split("=", 1) for line in tree.split("\n") if "=" in line)
        for tree in re.split(r"\nTree=\d+\n", body)
    ]


def forest(trees: Sequence[Mapping[str, str]]) -> Forest:
    """These trees as arrays. Errors: ``ValueError`` where zeros were trained as missing."""
    grown = [tree for tree in trees if int(tree["num_leaves"]) > 1]
    lone = [float(tree["leaf_value"]) for tree in trees if int(tree["num_leaves"]) == 1]

    def column(name: str) -> Array:
        return np.array(" ".join(tree[name] for tree in grown).split(), dtype=np.float64)

    splits = np.array([int(tree["num_leaves"]) - 1 for tree in grown], dtype=np.intp)
    first_split = np.repeat(np.cumsum(splits) - splits, splits)
    first_leaf = np.repeat(np.cumsum(splits + 1) - splits - 1, splits) + splits.sum()

    def children(name: str) -> Ints:
        child = column(name).astype(np.intp)
        return np.where(child < 0, ~child + first_leaf, child + first_split)

    kind, threshold = column("decision_type").astype(np.intp), column("threshold")
    categorical = (kind & _CATEGORICAL) > 0
    if ((kind & _ZERO_IS_MISSING) > 0)[~categorical].any():
        raise ValueError("a LightGBM model that was trained with zero_as_missing is not read")
    default_left = (kind & _DEFAULT_LEFT) > 0
    return Forest(
        column("split_feature").astype(np.intp),
        threshold,
        categorical,
        np.where((kind & _NAN_IS_MISSING) > 0, default_left, threshold >= 0.0),
        _allowed(grown, threshold, categorical),
        children("left_child"),
        children("right_child"),
        np.maximum(np.concatenate([column("internal_count"), column("leaf_count")]), _NOBODY),
        column("leaf_value"),
        float(sum(lone)),
    )


def _allowed(grown: Sequence[Mapping[str, str]], threshold: Array, categorical: Flags) -> Flags:
    """Splits x codes. A categorical split's threshold is the number of its set within its tree."""
    sets: list[Flags] = []
    numbers = np.zeros(len(threshold), dtype=np.intp)
    at = 0
    for tree in grown:
        here = slice(at, at + int(tree["num_leaves"]) - 1)
        at = here.stop
        if int(tree["num_cat"]):
            own = np.where(categorical[here], threshold[here], 0.0)
            numbers[here] = len(sets) + own.astype(np.intp)
            words = np.array(tree["cat_threshold"].split(), dtype="<u4")
            bounds = [int(bound) for bound in tree["cat_boundaries"].split()]
            sets += [
                np.unpackbits(words[a:b].view(np.uint8), bitorder="little").astype(bool)
                for a, b in pairwise(bounds)
            ]
    allowed = np.zeros((len(threshold), 1 + max(map(len, sets), default=0)), dtype=bool)
    for split in np.flatnonzero(categorical):
        codes = sets[numbers[split]]
        allowed[split, : len(codes)] = codes
    return allowed
