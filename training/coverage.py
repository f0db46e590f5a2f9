"""Thresholds that keep a conformal promise in groups that overlap, also where rows are few."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from models.conformal import Grouped, Score, fit_conformal, place_of, scores
from workflow.assessment import Row

Array = NDArray[np.float64]

LEAST_IN_GROUP = 60
"""Rows from which a group has a part of its own in the threshold: chosen among 40 to 150 by how
near to the promise each reason of simulated journals came."""
HAIR = 1e-4
"""The level is raised by so much, so that between two rows the threshold is the larger."""
MOST_ROWS = 5_000
"""More rows no longer move a threshold by what matters; the newest are taken."""


def fit_grouped(
    probabilities: Array,
    truth: NDArray[np.intp],
    rows: Sequence[Row],
    columns: Sequence[str],
    level: float = 0.95,
    score: Score = "lac",
    least: int = LEAST_IN_GROUP,
) -> Grouped:
    """Sets that hold the truth at ``level`` in every group of every column with ``least`` rows.

    Rows are in time order and trained nothing. A threshold is a sum over a row's groups, found by
    one quantile regression (Koenker and Bassett 1978), so that among the rows at hand every group
    is held at ``level``; with one column of groups it is the quantile of each. A correction for
    the row to come, which would promise the level to finitely many rows (Gibbs, Cherian and
    Candès 2023), is left out: answers come from models that knew a fifth less than the one they
    speak for, which errs to the safe side by about as much.

    Small groups of a column count together; where even these are too few, their rows fall back on
    the other columns alone. The common threshold, with that correction, is for the rest, and for
    combinations that no row shows.
    """
    marginal = fit_conformal(probabilities, truth, level, score)
    newest = slice(max(0, len(truth) - MOST_ROWS), None)
    strange = scores(probabilities, score)[np.arange(len(truth)), truth][newest]
    recent = rows[newest]
    groups = tuple(_large(recent, column, least) for column in columns)
    if not any(groups):
        return Grouped.plain(marginal)
    places = np.array([place_of(row, columns, groups) for row in recent], dtype=np.intp)
    rest = [int((places[:, j] == len(names)).sum()) >= least for j, names in enumerate(groups)]
    thresholds = np.full([len(names) + 1 for names in groups], marginal.threshold)
    fitted: dict[tuple[int, ...], Array] = {}
    for cell in {tuple(place) for place in places.tolist()}:
        told = tuple(j for j, at in enumerate(cell) if at < len(groups[j]) or rest[j])
        if not told:
            continue
        if told not in fitted:
            fitted[told] = _thresholds(strange, places[:, told], level)
        thresholds[cell] = fitted[told][(places == cell).all(axis=1)][0]
    return Grouped(marginal, tuple(columns), groups, thresholds)


def _large(rows: Sequence[Row], column: str, least: int) -> tuple[str, ...]:
    counts = Counter(cell for row in rows if isinstance(cell := row.get(column), str))
    return tuple(sorted(name for name, count in counts.items() if count >= least))


def _thresholds(strange: Array, places: NDArray[np.intp], level: float) -> Array:
    """The fitted quantile of every row: a sum over its places, one a column.

    By the dual of the regression, a bounded weight a row and one equation a group, whose
    multipliers are the parts of the sum.
    """
    marks = [places[:, [j]] == np.unique(places[:, j]) for j in range(places.shape[1])]
    design = np.hstack([np.ones((len(strange), 1)), *marks])
    above = level + HAIR
    solved = linprog(
        -strange,
        A_eq=design.T,
        b_eq=np.zeros(design.shape[1]),
        bounds=(above - 1.0, above),
        method="highs",
    )
    fitted: Array = design @ -solved.eqlin.marginals
    return fitted
