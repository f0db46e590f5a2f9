"""What strangeness and labels are worth together, and how sure that makes: three numbers."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.credit_anomaly.model import Blend

Array = NDArray[np.float64]

NEWEST, LEAST_NEWEST = 0.5, 100
"""The newest share of labelled credits settles the blend where it holds so many confirmed
anomalies: how many there are changes sooner than what they look like, and for three numbers so many
are enough."""


def fit_blend(strange: Array, taught: Array, labels: Array, weights: Array) -> Blend:
    """Logistic regression of the labels on both scores; neither may count against suspicion.

    Rows are labelled credits in time order, scored by models that did not know them.
    """
    rows = _newest(labels)
    both, found, weigh = np.column_stack([strange, taught])[rows], labels[rows], weights[rows]
    used = [0, 1]
    while used:
        model = LogisticRegression(C=1.0).fit(both[:, used], found, weigh)
        if (model.coef_[0] >= 0).all():
            parts = dict(zip(used, model.coef_[0].tolist(), strict=True))
            return Blend(
                float(model.intercept_[0]), parts.get(0, 0.0), parts.get(1, 0.0), supervised=True
            )
        used.remove(used[int(np.argmin(model.coef_[0]))])
    return Blend()


def _newest(labels: Array) -> slice:
    """The rows that settle the blend: the newest, or all where those tell too little."""
    first = len(labels) - round(len(labels) * NEWEST)
    found = labels[first:].sum()
    return slice(first if LEAST_NEWEST <= found < len(labels) - first else 0, len(labels))
