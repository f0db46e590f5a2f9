"""A trained LightGBM model from its text file: raw margins, and exact pushes of any one of them.

Margins come from LightGBM; pushes from ``tree_shap``, which agrees with LightGBM's own
``pred_contrib`` (what the ``shap`` package calls for such models) to the last digits, and of a
model of many classes explains the one that is asked for at a fraction of explaining all.
"""

from collections.abc import Sequence

import lightgbm as lgb
import numpy as np

from models.forest import forest, trees_of
from models.tabular import Matrix
from models.tree_shap import Questions, questions

FEW_ROWS = 2000
"""Up to so many rows one thread is used: on a busy machine two wait for each other."""


class Trees:
    """A trained model from its text: raw margins, and exact pushes on any one of them.

    ``classes`` is how many margins a row gets (1 for a ranker, a binary or a regression).
    Errors: ``ValueError`` for a text that is no model.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        trees = trees_of(text)
        try:
            self._booster = lgb.Booster(model_str=text)
        except lgb.basic.LightGBMError as error:
            raise ValueError(f"not a LightGBM text model: {error}") from error
        self.classes = int(self._booster.num_model_per_iteration())
        width = int(self._booster.num_feature())
        # Trees of a multiclass model lie interleaved: one a class, round after round.
        self._asked: list[Questions] = [
            questions(forest(trees[k :: self.classes]), width) for k in range(self.classes)
        ]

    def margins(self, matrix: Matrix) -> Matrix:
        """Raw margins, rows x classes; log-odds before any link or calibration."""
        threads = 1 if len(matrix) <= FEW_ROWS else 0
        raw = self._booster.predict(matrix, raw_score=True, num_threads=threads)
        return np.asarray(raw, dtype=np.float64).reshape(len(matrix), self.classes)

    def pushes(self, matrix: Matrix, chosen: Sequence[int]) -> tuple[Matrix, Matrix]:
        """Per row, for the class ``chosen`` for it: pushes (rows x columns) and base (rows)."""
        picked = np.asarray(chosen, dtype=np.intp)
        pushes = np.empty(matrix.shape)
        for k in np.unique(picked):
            mine = np.flatnonzero(picked == k)
            pushes[mine] = self._asked[int(k)].pushes(matrix[mine])
        return pushes, np.array([asked.base for asked in self._asked])[picked]
