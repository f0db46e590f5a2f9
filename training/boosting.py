"""LightGBM, the same settings for every model: small trees, repeatable, stopped in time."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.tabular import Layout, Matrix

Array = NDArray[np.float64]

SETTINGS: dict[str, Any] = {
    "learning_rate": 0.06,
    "num_leaves": 15,
    "min_data_in_leaf": 10,
    "lambda_l2": 2.0,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    # Defaults for categories are made for millions of rows.
    "min_data_per_group": 10,
    "cat_smooth": 5.0,
    "cat_l2": 5.0,
    "max_cat_to_onehot": 8,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,  # thousands of rows: a second thread mostly waits for the first
    "verbosity": -1,
}
MOST_ROUNDS, PATIENCE, FIXED_ROUNDS, LEAST_ROUNDS = 300, 30, 60, 30
"""A validation part of a few worklists is too noisy to stop anybody in the first rounds."""
INNER_SHARE, LEAST_INNER = 0.15, 40
"""The newest part of the training rows says when to stop; with fewer rows, rounds are fixed."""


@dataclass(frozen=True)
class Learned:
    """A LightGBM text model, and how many rounds it took."""

    text: str
    rounds: int


def boost(
    layout: Layout,
    matrix: Matrix,
    labels: Array,
    *,
    seed: int,
    objective: dict[str, Any],
    weights: Array | None = None,
    groups: Sequence[int] | None = None,
) -> Learned:
    """Fits trees on rows in time order. ``groups`` are query sizes, in row order, for ranking."""
    settings = {**SETTINGS, "seed": seed, **objective}
    cut = _cut(len(matrix), groups)
    parts = [slice(0, cut), slice(cut, len(matrix))]
    sets: list[lgb.Dataset] = []
    for rows in parts if cut < len(matrix) else parts[:1]:
        sets.append(
            lgb.Dataset(
                matrix[rows],
                labels[rows],
                weight=None if weights is None else weights[rows],
                group=_groups_in(groups, rows),
                feature_name=list(layout.names),
                categorical_feature=layout.categorical,
                reference=sets[0] if sets else None,
                params={"verbosity": -1},
            )
        )
    stop: list[Any] = [lgb.early_stopping(PATIENCE, verbose=False)] if len(sets) > 1 else []
    rounds = MOST_ROUNDS if stop else FIXED_ROUNDS
    with warnings.catch_warnings():
        # LightGBM repeats, as a warning, that it took the categories we gave it.
        warnings.filterwarnings("ignore", module="lightgbm")
        booster = lgb.train(settings, sets[0], rounds, valid_sets=sets[1:], callbacks=stop)
    best = booster.best_iteration if booster.best_iteration > 0 else booster.current_iteration()
    best = min(max(best, LEAST_ROUNDS), booster.current_iteration())
    return Learned(booster.model_to_string(num_iteration=best), int(best))


def _cut(rows: int, groups: Sequence[int] | None) -> int:
    """Where the inner validation part starts; ``rows`` where there is none."""
    cut = round(rows * (1 - INNER_SHARE))
    if rows - cut < LEAST_INNER:
        return rows
    if groups is None:
        return cut
    edges = np.cumsum(groups)
    fitting = edges[edges <= cut]
    return int(fitting[-1]) if len(fitting) and len(fitting) < len(edges) else rows


def _groups_in(groups: Sequence[int] | None, rows: slice) -> list[int] | None:
    if groups is None:
        return None
    edges = np.cumsum(groups)
    return [
        int(size)
        for size, edge in zip(groups, edges, strict=True)
        if rows.start < edge <= rows.stop
    ]
