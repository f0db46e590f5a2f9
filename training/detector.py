"""Fits the anomaly detector: one tail a column, and an isolation forest over all of them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from models.credit_anomaly.detector import Detector
from models.credit_anomaly.isolation import PlainTree, expanded, lightgbm_text, mean_path
from models.credit_anomaly.tails import Direction, Tail, fit_codes, fit_number, surprises
from models.tabular import Layout, Matrix
from models.tree_explain import Trees

TREES, SUBSAMPLE = 100, 256
"""The forest of the paper; its scores hardly change beyond these."""


def fit_detector(
    layout: Layout,
    matrix: Matrix,
    directions: Mapping[str, Direction],
    *,
    seed: int,
    trees: int = TREES,
    tail_share: float = 0.5,
) -> Detector:
    """A detector of the usual rows in ``matrix`` (as ``layout`` made it), labels not needed.

    ``directions`` says for a column whether only large (``high``) or small (``low``) values are
    suspicious; columns it does not name are suspicious at both ends. ``tail_share``
    is how much of the score is for rare cells, the rest for rare combinations.
    """
    fitted = [_tail(layout, j, matrix[:, j], directions) for j in range(matrix.shape[1])]
    surprise = surprises(matrix, fitted)
    centre = surprise.mean(axis=0)
    typical = _typical(matrix)
    big = expanded(matrix, typical)
    forest = Trees(grow(big, trees=trees, seed=seed))
    paths = forest.margins(big)[:, 0]
    return Detector(
        tails=tuple(fitted),
        centre=centre,
        tail_deviation=_deviation(surprise.sum(axis=1)),
        trees=forest,
        typical=typical,
        path_mean=float(paths.mean()),
        path_deviation=_deviation(paths),
        tail_share=tail_share,
    )


def grow(matrix: Matrix, *, trees: int, seed: int, subsample: int = SUBSAMPLE) -> str:
    """An isolation forest as LightGBM text; the sum of its trees is minus the mean path length.

    It equals scikit-learn's: ``score_samples == -2 ** (sum / c(subsample))``.
    """
    forest = IsolationForest(
        n_estimators=trees, max_samples=min(subsample, len(matrix)), random_state=seed
    ).fit(matrix.astype(np.float32))
    return lightgbm_text(
        [_plain(tree.tree_, trees) for tree in forest.estimators_], matrix.shape[1]
    )


def _plain(tree: object, trees: int) -> PlainTree:
    left = np.asarray(tree.children_left, dtype=np.int64)  # type: ignore[attr-defined]
    right = np.asarray(tree.children_right, dtype=np.int64)  # type: ignore[attr-defined]
    count = np.asarray(tree.n_node_samples, dtype=np.int64)  # type: ignore[attr-defined]
    depth = np.zeros(len(left))
    for node in range(len(left)):  # parents come before their children
        if left[node] >= 0:
            depth[left[node]] = depth[right[node]] = depth[node] + 1
    rest = np.array([mean_path(int(n)) for n in count])
    return PlainTree(
        left=left,
        right=right,
        feature=np.asarray(tree.feature, dtype=np.int64),  # type: ignore[attr-defined]
        threshold=np.asarray(tree.threshold, dtype=np.float64),  # type: ignore[attr-defined]
        count=count,
        value=-(depth + rest) / trees,
    )


def _tail(
    layout: Layout, j: int, values: NDArray[np.float64], directions: Mapping[str, Direction]
) -> Tail:
    column = layout.columns[j]
    if column.kind == "category":
        return fit_codes(values, len(layout.categories[column.name]))
    if column.kind == "flag":
        return fit_codes(values, 2)
    return fit_number(values, directions.get(column.name, "both"))


def _typical(matrix: Matrix) -> NDArray[np.float64]:
    """The median of what is known in each column; zero where nothing is."""
    known = [column[~np.isnan(column)] for column in matrix.T]
    return np.array([float(np.median(column)) if len(column) else 0.0 for column in known])


def _deviation(values: NDArray[np.float64]) -> float:
    """Never zero: rows that are all alike are all equally usual."""
    return max(float(values.std()), 1e-9)
