"""Fits the weights of words, items and their crosses: a regularised multinomial regression."""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from models.reason.words import CHAR, WORD
from models.terms import ITEM, PAIR, SAID, Reading, Terms, values
from training.linear import NEVER
from workflow.assessment import Row

Array = NDArray[np.float64]

LEAST = {WORD: 2, CHAR: 3, ITEM: 2, PAIR: 3, SAID: 3}
"""Rows that must hold a term of each kind for it to be kept."""
MOST_A_KIND = 40_000
"""The commonest terms of a kind that are kept."""
STRENGTH = 3.0
"""Inverse penalty. From 1 to 30 nothing beyond noise was to be gained by choosing another."""
MOST_STEPS = 120
DIGITS = 6


@dataclass(frozen=True)
class Counted:
    """Rows as a sparse matrix of the terms that some of them taught."""

    reading: Reading
    index: dict[str, int]
    idf: Array
    matrix: sparse.csr_matrix


def counted(reading: Reading, rows: Sequence[Row], taught: NDArray[np.bool_]) -> Counted:
    """Terms of the rows ``taught``, and every row by the very code that serving runs."""
    held: Counter[str] = Counter()
    for row, known in zip(rows, taught.tolist(), strict=True):
        if known:
            held.update({key for key, _ in reading.terms(row)})
    kept: list[str] = []
    for kind, least in LEAST.items():
        often = [(-n, key) for key, n in held.items() if key[0] == kind and n >= least]
        kept += [key for _, key in sorted(often)[:MOST_A_KIND]]
    kept.sort()
    index = {key: i for i, key in enumerate(kept)}
    seen = np.array([held[key] for key in kept], dtype=np.float64)
    idf = np.round(np.log((1 + taught.sum()) / (1 + seen)) + 1.0, DIGITS)
    known_terms = [values(reading, index, idf, row) for row in rows]
    starts = np.cumsum([0] + [len(row) for row in known_terms])
    columns = np.fromiter((at for row in known_terms for at in row), dtype=np.int32)
    cells = np.fromiter((v for row in known_terms for v, _ in row.values()), dtype=np.float64)
    matrix = sparse.csr_matrix((cells, columns, starts), shape=(len(rows), len(index)))
    return Counted(reading, index, idf, matrix)


def fit_terms(
    told: Counted,
    labels: NDArray[np.intp],
    classes: int,
    weights: Array,
    rows: NDArray[np.bool_],
) -> Terms:
    """Learns class codes from the rows marked; a class none of them has gets ``NEVER``."""
    slopes, bias = np.zeros((len(told.index), classes)), np.full(classes, NEVER)
    met = np.unique(labels[rows])
    if len(met) < 2 or not told.index:
        bias[met] = 0.0
        return Terms(told.reading, told.index, told.idf, slopes.astype(np.float32), bias)
    model = LogisticRegression(C=STRENGTH, max_iter=MOST_STEPS, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last digits are rounded away
        model.fit(told.matrix[rows], labels[rows], weights[rows])
    coefficients, intercept = model.coef_, model.intercept_
    if len(met) == 2:  # scikit-learn keeps one row for two classes
        coefficients = np.vstack([-coefficients, coefficients]) / 2
        intercept = np.concatenate([-intercept, intercept]) / 2
    slopes[:, met], bias[met] = np.round(coefficients.T, DIGITS), np.round(intercept, DIGITS)
    return Terms(told.reading, told.index, told.idf, slopes.astype(np.float32), bias)


def margins_of(terms: Terms, told: Counted, rows: NDArray[np.bool_]) -> Array:
    """Rows x classes of rows already counted."""
    found: Array = told.matrix[rows] @ terms.weights.astype(np.float64) + terms.bias
    return found


def crossfit_terms(
    told: Counted,
    labels: NDArray[np.intp],
    classes: int,
    weights: Array,
    taught: NDArray[np.bool_],
    turns: Sequence[tuple[NDArray[np.bool_], NDArray[np.bool_]]],
) -> tuple[Terms, Array]:
    """Terms learned from all taught rows, and the margins of every row by those that did not
    know it.

    ``turns`` are pairs of rows known and rows then answered.
    """
    answers = np.full((len(labels), classes), np.nan)
    for known, out in turns:
        part = fit_terms(told, labels, classes, weights, taught & known)
        answers[out] = margins_of(part, told, out)
    return fit_terms(told, labels, classes, weights, taught), answers
