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
    "min_data_in_leaf": 8,
    "lambda_l2": 2.0,
    "feature_fraction": 0.7,
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
BROAD: dict[str, Any] = {"num_leaves": 15, "min_data_in_leaf": 10, "feature_fraction": 0.8}
"""Instead of these, where nothing is known of the columns."""
LEAVES = ((3_000, 4), (12_000, 8), (50_000, 16))
MOST_LEAVES = 31
"""Leaves of a tree by how many rows it learns from: what few rows say of interactions is noise."""
HISTORY_GAIN = 0.3
"""A split on history must gain so much more than one on a fact of the question itself: there are
many histories, and among many the best by chance looks good."""
MOST_ROUNDS, PATIENCE, FIXED_ROUNDS, LEAST_ROUNDS = 300, 30, 60, 30
"""A validation part of a few worklists is too noisy to stop anybody in the first rounds."""
INNER_SHARE, LEAST_INNER = 0.15, 40
"""The newest part of the training rows says when to stop; with fewer rows, rounds are fixed."""


@dataclass(frozen=True)
class Learned:
    """A LightGBM text model, and how many rounds it took."""

    text: str
    rounds: int


def leaves_for(rows: int) -> int:
    """How many leaves a tree may have that learns from so many rows."""
    return next((leaves for most, leaves in LEAVES if rows < most), MOST_LEAVES)


def settings_for(
    rows: int, seed: int, objective: dict[str, Any], own: NDArray[np.bool_]
) -> dict[str, Any]:
    """LightGBM's parameters; ``own`` marks columns that are facts of the question itself."""
    trust = np.where(own, 1.0, HISTORY_GAIN).tolist()
    own_first = {"num_leaves": leaves_for(rows), "feature_contri": trust, "seed": seed}
    return {**SETTINGS, **own_first, **objective}


def dataset(
    layout: Layout,
    matrix: Matrix,
    labels: Array,
    weights: Array | None = None,
    groups: list[int] | None = None,
    reference: lgb.Dataset | None = None,
) -> lgb.Dataset:
    """Rows as LightGBM takes them; ``reference`` is the set whose bins a later one shares.

    Columns go by their place: LightGBM refuses names with commas, colons, quotes or brackets,
    and columns made from items of a list carry whatever the item says.
    """
    return lgb.Dataset(
        matrix,
        labels,
        weight=weights,
        group=groups,
        feature_name=[f"c{i}" for i in range(len(layout.names))],
        categorical_feature=layout.categorical,
        reference=reference,
        free_raw_data=False,
        params={"verbosity": -1},
    )


def grown(
    settings: dict[str, Any],
    rows: lgb.Dataset,
    rounds: int,
    later: Sequence[lgb.Dataset] = (),
    callbacks: Sequence[Any] = (),
) -> lgb.Booster:
    """A booster; ``later`` are judged every round, for ``callbacks`` to hear of."""
    with warnings.catch_warnings():
        # LightGBM repeats, as a warning, that it took the categories we gave it.
        warnings.filterwarnings("ignore", module="lightgbm")
        return lgb.train(settings, rows, rounds, valid_sets=list(later), callbacks=list(callbacks))


def boost(
    layout: Layout,
    matrix: Matrix,
    labels: Array,
    *,
    seed: int,
    objective: dict[str, Any],
    weights: Array | None = None,
) -> Learned:
    """Fits trees on any table in time order, stopped by its newest rows."""
    cut = _cut(len(matrix))
    parts = [slice(0, cut), slice(cut, len(matrix))]
    sets: list[lgb.Dataset] = []
    for rows in parts if cut < len(matrix) else parts[:1]:
        some = None if weights is None else weights[rows]
        first = sets[0] if sets else None
        sets.append(dataset(layout, matrix[rows], labels[rows], some, reference=first))
    stop: list[Any] = [lgb.early_stopping(PATIENCE, verbose=False)] if len(sets) > 1 else []
    rounds = MOST_ROUNDS if stop else FIXED_ROUNDS
    settings = {**SETTINGS, **BROAD, "seed": seed, **objective}
    booster = grown(settings, sets[0], rounds, sets[1:], stop)
    best = booster.best_iteration if booster.best_iteration > 0 else booster.current_iteration()
    best = min(max(best, LEAST_ROUNDS), booster.current_iteration())
    return Learned(booster.model_to_string(num_iteration=best), int(best))


def _cut(rows: int) -> int:
    """Where the inner validation part starts; ``rows`` where there is none."""
    cut = round(rows * (1 - INNER_SHARE))
    return rows if rows - cut < LEAST_INNER else cut
