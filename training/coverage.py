"""Thresholds that keep a conformal promise in groups that overlap, exactly and for few rows."""

from collections import Counter
from collections.abc import Sequence
from math import inf

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from models.conformal import Grouped, Score, fit_conformal, place_of, scores
from workflow.assessment import Row

Array = NDArray[np.float64]

LEAST_IN_GROUP = 100
"""Rows from which a group gets a promise of its own. With fewer, one row more or less above the
threshold moves the promise by more than a hundredth."""
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

    Rows are in time order and trained nothing. Thresholds are a sum over a row's groups, found
    by quantile regression with the row to come added to those known (Gibbs, Cherian and Candès
    2023, "Conformal prediction with conditional guarantees"): with one column it is one split
    conformal threshold a group. Small groups of a column count together; where even these are
    too few, their rows fall back on the other columns alone, and at last on the common threshold.
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
    thresholds = np.empty([len(names) + 1 for names in groups])
    for cell in np.ndindex(thresholds.shape):
        told = [j for j, at in enumerate(cell) if at < len(groups[j]) or rest[j]]
        thresholds[cell] = _threshold(strange, places, cell, told, level)
    return Grouped(marginal, tuple(columns), groups, thresholds)


def _large(rows: Sequence[Row], column: str, least: int) -> tuple[str, ...]:
    counts = Counter(cell for row in rows if isinstance(cell := row.get(column), str))
    return tuple(sorted(name for name, count in counts.items() if count >= least))


def _threshold(
    strange: Array,
    places: NDArray[np.intp],
    cell: tuple[int, ...],
    told: Sequence[int],
    level: float,
) -> float:
    """The quantile of a row to come in ``cell``, by the groups of the columns ``told``.

    The dual of the quantile regression: a bounded weight a row, one equation a group. That the
    row to come has an infinite score is its right-hand side; its fitted value is the threshold.
    """
    marks, own = [np.ones(len(strange))], [1.0]
    for j in told:
        for group in np.unique(places[:, j]):
            marks.append((places[:, j] == group).astype(np.float64))
            own.append(float(cell[j] == group))
    wanted = np.array(own)
    solved = linprog(
        -strange,
        A_eq=np.array(marks),
        b_eq=-level * wanted,
        bounds=(level - 1.0, level),
        method="highs",
    )
    return float(-solved.eqlin.marginals @ wanted) if solved.success else inf
