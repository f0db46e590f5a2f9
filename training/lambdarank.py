"""LightGBM's LambdaRank, stopped by queries it did not see: for data with many graded queries.

What ships for exceptions is the expected loss (``training.exception_rank``), which has a unit and
needs fewer examples; ``bench.exceptions`` shows both on the same rows.
"""

from collections.abc import Sequence

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.tabular import Layout, Matrix
from models.tree_explain import Trees
from training.boosting import LEAST_ROUNDS, MOST_ROUNDS, dataset, grown, settings_for
from training.linear import Array

FOLDS = 5
AT = 10
"""Rounds are chosen by NDCG among so many first ranks."""


def fit_lambdarank(
    layout: Layout, matrix: Matrix, grades: Array, groups: Sequence[int], *, seed: int
) -> tuple[Trees, int]:
    """Trees whose margin orders the rows of a query, and how many rounds they took.

    ``grades`` are whole numbers from 0 (worthless) up; ``groups`` are query sizes, in row order.
    Every fifth query is left out in turn, and the rounds after which the queries left out were
    ordered best (mean NDCG@10) are run once more over all of them.
    """
    objective = {"objective": "lambdarank", "eval_at": [AT]}
    own = np.ones(len(layout.columns), dtype=np.bool_)
    settings = settings_for(len(matrix), seed, objective, own)
    query = np.repeat(np.arange(len(groups)), groups)
    curves = []
    for fold in range(FOLDS):
        out = query % FOLDS == fold
        if not out.any() or out.all():
            continue
        inside = _set(layout, matrix, grades, query, ~out)
        outside = _set(layout, matrix, grades, query, out, inside)
        heard: dict[str, dict[str, list[float]]] = {}
        grown(settings, inside, MOST_ROUNDS, [outside], [lgb.record_evaluation(heard)])
        (scores,) = heard["valid_0"].values()
        curves.append(np.array(scores) * len(np.unique(query[out])))
    rounds = LEAST_ROUNDS
    if curves:
        least = min(len(curve) for curve in curves)
        together = np.sum([curve[:least] for curve in curves], axis=0)
        rounds = min(max(int(np.argmax(together)) + 1, LEAST_ROUNDS), least)
    everything = np.ones(len(matrix), dtype=np.bool_)
    booster = grown(settings, _set(layout, matrix, grades, query, everything), rounds)
    return Trees(booster.model_to_string()), rounds


def _set(
    layout: Layout,
    matrix: Matrix,
    grades: Array,
    query: NDArray[np.intp],
    rows: NDArray[np.bool_],
    reference: lgb.Dataset | None = None,
) -> lgb.Dataset:
    _, sizes = np.unique(query[rows], return_counts=True)
    return dataset(layout, matrix[rows], grades[rows], None, [int(n) for n in sizes], reference)
