"""How soon a row is alone: the interacting half of the detector.

An isolation forest (Liu, Ting and Zhou 2008) whose trees are written as a LightGBM text model:
the sum of its trees is minus the mean path length, and TreeSHAP on it is exact. Fitting needs
scikit-learn and lives in ``training``; this file needs numpy and LightGBM only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.tabular import Matrix

_EULER = 0.5772156649015329


@dataclass(frozen=True)
class PlainTree:
    """A binary tree as arrays, one entry a node; ``left[i] < 0`` marks a leaf.

    A row goes left where ``row[feature[i]] <= threshold[i]``; ``count`` is how many training
    rows reached the node; ``value`` is what a leaf adds.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    count: NDArray[np.int64]
    value: NDArray[np.float64]


def mean_path(n: float) -> float:
    """Mean path length of an unsuccessful search in a tree of ``n`` rows: c(n) of the paper."""
    if n <= 1:
        return 0.0
    if n == 2:
        return 1.0
    return 2.0 * (math.log(n - 1.0) + _EULER) - 2.0 * (n - 1.0) / n


def expanded(matrix: Matrix, typical: NDArray[np.float64]) -> Matrix:
    """Twice as many columns: values with the typical one where missing, then 0/1 "missing".

    Rounded to single precision, which is what the forest was grown on.
    """
    gone = np.isnan(matrix)
    filled = np.where(gone, typical[np.newaxis, :], matrix)
    return np.hstack([filled, gone]).astype(np.float32).astype(np.float64)


def lightgbm_text(trees: Sequence[PlainTree], features: int) -> str:
    """The trees as a LightGBM text model whose prediction is the sum of their leaf values."""
    names = " ".join(f"Column_{i}" for i in range(features))
    bounds = " ".join(["[-1e308:1e308]"] * features)
    head = (
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
        f"max_feature_idx={features - 1}\nfeature_names={names}\nfeature_infos={bounds}\n"
    )
    parts = [f"Tree={i}\n{_tree_text(tree)}\n" for i, tree in enumerate(trees)]
    return head + "\n" + "\n\n".join(parts) + "\n\nend of trees\n"


def _tree_text(tree: PlainTree) -> str:
    inner = np.flatnonzero(tree.left >= 0)
    leaves = np.flatnonzero(tree.left < 0)
    number = np.empty(len(tree.left), dtype=np.int64)
    number[inner] = np.arange(len(inner))
    number[leaves] = ~np.arange(len(leaves))  # LightGBM names leaf k by -(k + 1)
    fields: dict[str, object] = {"num_leaves": len(leaves), "num_cat": 0}
    if len(inner):
        fields |= {
            "split_feature": _ints(tree.feature[inner]),
            "split_gain": _ints(np.zeros(len(inner))),
            "threshold": _floats(tree.threshold[inner]),
            "decision_type": _ints(np.full(len(inner), 2)),
            "left_child": _ints(number[tree.left[inner]]),
            "right_child": _ints(number[tree.right[inner]]),
        }
    fields |= {
        "leaf_value": _floats(tree.value[leaves]),
        "leaf_weight": _ints(tree.count[leaves]),
        "leaf_count": _ints(tree.count[leaves]),
        "internal_value": _ints(np.zeros(len(inner))),
        "internal_weight": _ints(tree.count[inner]),
        "internal_count": _ints(tree.count[inner]),
        "is_linear": 0,
        "shrinkage": 1,
    }
    return "\n".join(f"{name}={value}" for name, value in fields.items())


def _ints(values: NDArray[np.generic]) -> str:
    return " ".join(str(int(v)) for v in values.tolist())


def _floats(values: NDArray[np.generic]) -> str:
    return " ".join(repr(float(v)) for v in values.tolist())
