"""Fits the anomaly detector: its views, from past rows that are vetted or raw."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf
from sklearn.ensemble import IsolationForest

from models.credit_anomaly.detector import FLOOR, RAW, VETTED, Bend, Detector
from models.credit_anomaly.isolation import PlainTree, expanded, lightgbm_text, mean_path
from models.credit_anomaly.neighbours import Neighbours
from models.credit_anomaly.plane import fit_plane
from models.credit_anomaly.shape import Shape
from models.credit_anomaly.tails import (
    Direction,
    Tail,
    fit_codes,
    fit_density,
    fit_number,
    surprises,
)
from models.tabular import Layout, Matrix
from models.tree_explain import Trees

Array = NDArray[np.float64]

TREES, SUBSAMPLE = 100, 256
"""The forest of the paper; its scores hardly change beyond these."""
BULK, STEPS = 0.75, 20
"""Share of rows that make the bulk, and steps after which it has long stopped changing."""
MOST_SHAPED, MOST_AXES = 20_000, 64
MOST_PAST = 4096
"""Past rows kept: a bundle stays small, and one credit is compared in well under 5 ms."""
SCALES_VETTED, SCALES_RAW = {"around": 20}, {"around": 10, "wide": 100}
"""Past rows that make the mean of a view."""
PRUNED = 0.2
"""Share of raw rows, the strangest, that nothing is compared with."""
TINY = 1e-9
MOST_COMPARED = 1500
"""Training rows that say which distances are usual."""


def fit_detector(
    layout: Layout,
    matrix: Matrix,
    directions: Mapping[str, Direction],
    *,
    vetted: bool,
    seed: int,
) -> Detector:
    """A detector of the usual rows in ``matrix`` (as ``layout`` made it), labels not needed.

    ``directions`` says for a column whether only large (``high``) or small (``low``) values are
    suspicious; columns it does not name are suspicious at both ends. ``vetted`` says that people
    found every row in order. Otherwise anomalies may be among them: the strangest ``PRUNED`` of
    the rows are then nobody's neighbours and fill no gap, and a value in a gap is strange too.
    """
    fitted = [_tail(layout, j, matrix[:, j], directions) for j in range(matrix.shape[1])]
    typical = _typical(matrix)
    big = expanded(matrix, typical)
    forest = Trees(grow(big, trees=TREES, seed=seed))
    paths = forest.margins(big)[:, 0]
    plane = fit_plane(matrix, fitted, [directions.get(c.name, "both") for c in layout.columns])
    places = past = plane(matrix, fitted)
    shape = fit_shape(places)
    if not vetted:
        rare = surprises(matrix, fitted).sum(axis=1)
        kept = _usual([rare, paths, np.log(_far(shape, places) + TINY)])
        past = places[kept]
        fitted = [
            fit_density(matrix[kept, j]) if _two_sided(layout, j, directions) else tail
            for j, tail in enumerate(fitted)
        ]
    surprise = surprises(matrix, fitted)
    weights = VETTED if vetted else RAW
    neighbours = Neighbours(_distinct(past, seed), SCALES_VETTED if vetted else SCALES_RAW)
    return Detector(
        tails=tuple(fitted),
        centre=surprise.mean(axis=0),
        tail_deviation=_deviation(surprise.sum(axis=1)),
        trees=forest if "isolation" in weights else None,
        typical=typical,
        path_mean=float(paths.mean()),
        path_deviation=_deviation(paths),
        plane=plane,
        shape=shape,
        neighbours=neighbours,
        bends=_bends(_some(places, seed), shape, neighbours, weights),
        weights=weights,
    )


def _usual(views: Sequence[Array]) -> NDArray[np.bool_]:
    """Marks the rows that are left without the strangest, by the mean of the views."""
    strange = np.sum([(view - view.mean()) / _deviation(view) for view in views], axis=0)
    return np.asarray(strange <= np.quantile(strange, 1.0 - PRUNED))


def fit_shape(places: Matrix) -> Shape:
    """Centre and main directions of the bulk: the ``BULK`` of rows nearest to it, step by step.

    The concentration steps of FastMCD (Rousseeuw and Van Driessen 1999), from one start that is
    robust by itself (the rows nearest to the medians), with the covariance shrunk (Ledoit and
    Wolf 2004) so that it also holds where columns are many and rows few.
    """
    if len(places) > MOST_SHAPED:
        places = places[np.linspace(0, len(places) - 1, MOST_SHAPED).astype(int)]
    width = np.median(np.abs(places - np.median(places, axis=0)), axis=0)
    start = (places - np.median(places, axis=0)) / np.where(width > 1e-9, width, 1.0)
    far = (np.clip(start, -3.0, 3.0) ** 2).sum(axis=1)
    count = max(2, round(BULK * len(places)))
    kept: NDArray[np.intp] = np.empty(0, dtype=np.intp)
    for _ in range(STEPS):
        nearer = np.sort(np.argsort(far, kind="stable")[:count])
        if np.array_equal(nearer, kept):
            break
        kept = nearer
        shape = _shape_of(places[kept])
        far = _far(shape, places)
    return shape


def _far(shape: Shape, places: Matrix) -> Array:
    """Squared distances, all at once: to sort by, not to answer with."""
    steps = places - shape.centre
    turned = steps @ shape.axes
    return np.asarray(shape.rest * (steps**2).sum(axis=1) + (turned**2) @ shape.gain)


def _shape_of(rows: Matrix) -> Shape:
    """Directions of most variance, at most ``MOST_AXES``; the rest shares its mean variance."""
    centre = rows.mean(axis=0)
    covariance, _ = ledoit_wolf(rows)
    variances, axes = np.linalg.eigh(covariance)
    variances = np.maximum(variances, 1e-6 * max(float(variances[-1]), 1e-6))
    some = slice(max(0, len(variances) - MOST_AXES), None)
    left = variances[: some.start]
    rest = 1.0 / float(left.mean()) if len(left) else 0.0
    return Shape(centre, axes[:, some], 1.0 / variances[some] - rest, rest)


def _distinct(places: Matrix, seed: int) -> Matrix:
    """Rows that differ, a random ``MOST_PAST`` of them where there are more."""
    rows = np.unique(places, axis=0)
    if len(rows) <= MOST_PAST:
        return rows
    drawn = np.random.default_rng(seed).choice(len(rows), MOST_PAST, replace=False)
    return rows[np.sort(drawn)]


def _some(places: Matrix, seed: int) -> Matrix:
    """A random ``MOST_COMPARED`` of the rows where there are more."""
    if len(places) <= MOST_COMPARED:
        return places
    drawn = np.random.default_rng(seed).choice(len(places), MOST_COMPARED, replace=False)
    return places[np.sort(drawn)]


def _bends(
    some: Matrix, shape: Shape, neighbours: Neighbours, weights: Mapping[str, float]
) -> dict[str, Bend]:
    """How each distance is bent, by what it is for training rows, each compared with others."""
    parts = {"shape": shape.parts(some), **neighbours.parts(some)}
    bends = {name: _bend(parts[name], FLOOR[name]) for name in ("shape", *neighbours.scales)}
    if "novelty" in weights:
        # A past row's nearest is itself: what is usual for a new one is how far others lie.
        around = bends["around"]
        bends["novelty"] = Bend(around.usual, around.unit, FLOOR["novelty"], 0.0, 1.0)
    return bends


def _bend(parts: Matrix, floor: float) -> Bend:
    totals = parts.sum(axis=1)
    unit = max(float(np.median(totals)), 1e-9)
    bare = Bend(parts.mean(axis=0), unit, floor, 0.0, 1.0)
    values = bare.values(totals)
    return replace(bare, mean=float(values.mean()), deviation=_deviation(values))


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


def _two_sided(layout: Layout, j: int, directions: Mapping[str, Direction]) -> bool:
    """Whether a column holds numbers that may be strange anywhere."""
    column = layout.columns[j]
    counted = column.kind not in ("category", "flag")
    return counted and directions.get(column.name, "both") == "both"


def _typical(matrix: Matrix) -> NDArray[np.float64]:
    """The median of what is known in each column; zero where nothing is."""
    known = [column[~np.isnan(column)] for column in matrix.T]
    return np.array([float(np.median(column)) if len(column) else 0.0 for column in known])


def _deviation(values: NDArray[np.float64]) -> float:
    """Never zero: rows that are all alike are all equally usual."""
    return max(float(values.std()), 1e-9)
