"""Fits the score that finds notes without a reason, and where to draw its line."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from models.reason.stated import Stated
from training.heads import Views

Array = NDArray[np.float64]

LEAST_NOTES = 50
"""Notes without a reason from which one can learn what they are like."""
DECLINED = 0.95
"""Share of notes without a reason that the line is to decline: more than the nine in ten that are
asked for, since a stranger's notes are less like those that taught."""
MOST_LOST = 0.10
"""Share of notes with a reason that the line may decline at most."""
FOLDS = 5
_STRENGTH = 3.0
"""Inverse regularisation; from 3 to 30 nothing changed beyond noise on notes kept aside."""


def fit_stated(inside: Views, outside: Views, seed: int) -> Stated | None:
    """Learns to tell ``inside`` (notes with a reason) from ``outside``; ``None`` with too few.

    The line is drawn on scores by models that did not learn from the note they score.
    """
    if min(len(inside.sentences), len(outside.sentences)) < LEAST_NOTES:
        return None
    views = sparse.vstack([_joined(inside), _joined(outside)]).tocsr()
    told = np.arange(views.shape[0]) < len(inside.sentences)
    apart = np.empty(len(told))
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for rest, asked in splitter.split(apart, told):
        apart[asked] = _fitted(views[rest], told[rest], seed).decision_function(views[asked])
    # Even odds at least: where both kinds lie far apart, the line runs between them.
    least = max(0.0, float(np.quantile(apart[~told], DECLINED)))
    least = min(least, float(np.quantile(apart[told], MOST_LOST)))
    final = _fitted(views, told, seed)
    width = inside.sentences.shape[1]
    (weights,) = final.coef_
    return Stated(
        float(final.intercept_[0]), weights[:width], weights[width:].astype(np.float32), least
    )


def tells(stated: Stated, views: Views) -> NDArray[np.bool_]:
    """``Stated.enough`` for many notes at once."""
    odds = views.sentences @ stated.sentence_weights + views.terms @ stated.term_weights
    return np.asarray(odds + stated.bias >= stated.least)


def _joined(views: Views) -> sparse.csr_matrix:
    return sparse.hstack([sparse.csr_matrix(views.sentences), views.terms]).tocsr()


def _fitted(views: sparse.csr_matrix, told: NDArray[np.bool_], seed: int) -> LogisticRegression:
    model = LogisticRegression(
        C=_STRENGTH, class_weight="balanced", max_iter=1000, random_state=seed
    )
    return model.fit(views, told)
