"""The simple model that a real one must beat: logistic regression on one-hot columns."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from models.tabular import Layout, Matrix, log_scale

Array = NDArray[np.float64]


class OneHotLogistic:
    """Fits and answers on matrices of a ``Layout``; missing values are a category of their own."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._model = LogisticRegression(C=1.0, max_iter=300)
        self._mean: Array = np.empty(0)
        self._deviation: Array = np.empty(0)

    def fit(self, matrix: Matrix, labels: NDArray[np.intp], weights: Array) -> "OneHotLogistic":
        wide = self._wide(matrix)
        self._mean, self._deviation = wide.mean(axis=0), np.maximum(wide.std(axis=0), 1e-6)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a floor need not be polished
            self._model.fit(self._scaled(wide), labels, sample_weight=weights)
        return self

    def probabilities(self, matrix: Matrix) -> Array:
        """Rows x classes, in the order of the labels' codes that occurred."""
        return np.asarray(self._model.predict_proba(self._scaled(self._wide(matrix))))

    @property
    def classes(self) -> NDArray[np.intp]:
        return np.asarray(self._model.classes_)

    def _scaled(self, wide: Matrix) -> Matrix:
        return np.clip((wide - self._mean) / self._deviation, -10, 10)

    def _wide(self, matrix: Matrix) -> Matrix:
        parts: list[Array] = []
        for j, column in enumerate(self._layout.columns):
            values = matrix[:, j]
            parts.append(np.isnan(values).astype(float))
            if column.kind == "category":
                codes = len(self._layout.categories[column.name]) + 1
                parts.extend((values == code).astype(float) for code in range(codes))
            else:
                parts.append(log_scale(np.nan_to_num(values)))
        return np.column_stack(parts)
