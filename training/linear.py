"""Fits the plain half of a scorer: a regularised logistic regression, written as sums by column."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from models.linear import Linear, Scale
from models.tabular import Layout, Matrix

Array = NDArray[np.float64]

STRENGTH = 0.3
"""Inverse of the penalty; chosen with the settings of the trees, on the past of simulated weeks."""
SHARE_STRENGTH = 1.0
"""The same for shares, of which one says more than a yes or a no."""
SURE = 0.001
"""Shares are kept so far from nothing and from all: no weight has to run to infinity for one."""
HISTORY_SIZE = 0.4
"""Inputs that are no facts of the question itself are shrunk to this size before the penalty:
where examples are few, a weight on one of many histories is more often luck than knowledge."""
MOST_ROWS = 20_000
"""More rows than this no longer move the weights; the newest are taken."""
MOST_STEPS = 400
DIGITS = 6
"""Weights are rounded, so that another machine's last digits do not change the bundle."""
NEVER = -8.0
"""Margin of a class that the rows at hand do not hold."""


def fit_linear(
    layout: Layout,
    matrix: Matrix,
    labels: NDArray[np.intp],
    classes: int,
    own: NDArray[np.bool_],
    weights: Array | None = None,
) -> Linear:
    """Learns class codes 0 to ``classes - 1`` (with ``classes`` 1: yes or no) from matrix rows.

    ``own`` marks the columns that are facts of the question itself; the others are history.
    """
    newest = slice(max(0, len(matrix) - MOST_ROWS), None)
    matrix, labels = matrix[newest], labels[newest]
    scale = Scale.fit(layout, matrix)
    inputs, sizes = _inputs(scale, matrix, own)
    if labels.min() == labels.max():
        slopes, start = np.zeros((inputs.shape[1], classes)), _always(int(labels[0]), classes)
        return _by_column(scale, matrix, slopes, start)
    model = LogisticRegression(C=STRENGTH, max_iter=MOST_STEPS, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last digits are rounded away
        model.fit(inputs * sizes, labels, None if weights is None else weights[newest])
    slopes, start = _of_all_classes(model, classes)
    return _by_column(scale, matrix, np.round(slopes * sizes[:, None], DIGITS), start)


def fit_shares(
    layout: Layout,
    matrix: Matrix,
    shares: Array,
    own: NDArray[np.bool_],
    without: NDArray[np.bool_],
    weights: Array,
) -> Linear:
    """Learns the log-odds of a mean share in [0, 1]: every row is so much a yes, the rest a no.

    Columns marked ``without`` get no part in it.
    """
    newest = slice(max(0, len(matrix) - MOST_ROWS), None)
    matrix, weights = matrix[newest], weights[newest]
    yes = np.clip(shares[newest], SURE, 1.0 - SURE)
    scale = Scale.fit(layout, matrix)
    inputs, sizes = _inputs(scale, matrix, own, without)
    model = LogisticRegression(C=SHARE_STRENGTH, max_iter=MOST_STEPS, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last digits are rounded away
        model.fit(
            np.vstack([inputs * sizes] * 2),
            np.repeat([1, 0], len(yes)),
            np.concatenate([weights * yes, weights * (1.0 - yes)]),
        )
    slopes, start = _of_all_classes(model, 1)
    return _by_column(scale, matrix, np.round(slopes * sizes[:, None], DIGITS), start)


def _inputs(
    scale: Scale,
    matrix: Matrix,
    own: NDArray[np.bool_],
    without: NDArray[np.bool_] | None = None,
) -> tuple[Array, Array]:
    """Steps, missing marks and one-hot codes side by side, and the size each is shrunk to."""
    steps, gone = scale.steps(matrix)
    width = scale.known + 2
    codes = [np.eye(w)[at] for w, at in zip(width, scale.places(matrix).T, strict=True)]
    size = np.where(own, 1.0, HISTORY_SIZE)
    if without is not None:
        size = np.where(without, 0.0, size)
    numbers = size[scale.numbers]
    sizes = np.concatenate([numbers, numbers, np.repeat(size[scale.codes], width)])
    return np.hstack([steps, gone, *codes]), sizes


def _always(label: int, classes: int) -> Array:
    """Start margins where the rows hold one class only."""
    if classes == 1:
        return np.array([-NEVER if label else NEVER])
    return np.where(np.arange(classes) == label, 0.0, NEVER)


def _of_all_classes(model: LogisticRegression, classes: int) -> tuple[Array, Array]:
    """Weights (inputs x classes) and start (classes), also for classes the rows did not hold."""
    slopes, start = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
    if classes == 1:
        return slopes.T, np.round(start, DIGITS)
    met = np.asarray(model.classes_, dtype=np.intp)
    if len(met) == 2:
        slopes, start = np.vstack([-slopes, slopes]) / 2, np.concatenate([-start, start]) / 2
    all_slopes, all_start = np.zeros((slopes.shape[1], classes)), np.full(classes, NEVER)
    all_slopes[:, met], all_start[met] = slopes.T, start
    return all_slopes, np.round(all_start, DIGITS)


def _by_column(scale: Scale, matrix: Matrix, slopes: Array, start: Array) -> Linear:
    """The same weights as tables by column, each column's share counted from its mean."""
    numbers, classes = len(scale.numbers), slopes.shape[1]
    width = int((scale.known + 2).max(initial=0))
    tables = np.zeros((len(scale.codes), width, classes))
    at = 2 * numbers
    for k, inputs in enumerate(scale.known + 2):
        tables[k, :inputs] = slopes[at : at + inputs]
        at += int(inputs)
    slope, missing = slopes[:numbers], slopes[numbers : 2 * numbers]
    columns = numbers + len(scale.codes)
    bare = Linear(scale, start, slope, missing, tables, np.zeros((columns, classes)))
    centre = np.column_stack(
        [bare.pushes(matrix, [k] * len(matrix))[0].mean(axis=0) for k in range(classes)]
    )
    centre = np.round(centre, DIGITS)
    return Linear(scale, start + centre.sum(axis=0), slope, missing, tables, centre)
