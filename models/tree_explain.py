"""Exact TreeSHAP of one output of a LightGBM model, from its text file and nothing else.

LightGBM's own ``pred_contrib`` is what the ``shap`` package calls for such models, so the two
agree to the last bit. A model of many classes is cut into one booster a class: explaining the
predicted class alone then costs a fraction of explaining all.
"""

import re
from collections.abc import Sequence

import lightgbm as lgb
import numpy as np

from models.tabular import Matrix

FEW_ROWS = 2000
"""Up to so many rows one thread is used: on a busy machine two wait for each other."""


class Trees:
    """A trained model from its text: raw margins, and exact pushes on any one of them.

    ``classes`` is how many margins a row gets (1 for a ranker, a binary or a regression).
    Errors: ``ValueError`` for a text that is no model.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._all = _booster(text)
        self.classes = int(self._all.num_model_per_iteration())
        self._single = [_booster(one_class(text, k, self.classes)) for k in range(self.classes)]

    def margins(self, matrix: Matrix) -> Matrix:
        """Raw margins, rows x classes; log-odds before any link or calibration."""
        raw = self._all.predict(matrix, raw_score=True, num_threads=_threads(matrix))
        return np.asarray(raw, dtype=np.float64).reshape(len(matrix), self.classes)

    def pushes(self, matrix: Matrix, chosen: Sequence[int]) -> tuple[Matrix, Matrix]:
        """Per row, for the class ``chosen`` for it: pushes (rows x columns) and base (rows)."""
        picked = np.asarray(chosen)
        pushes = np.empty(matrix.shape)
        base = np.empty(len(matrix))
        for k in np.unique(picked):
            mine = np.flatnonzero(picked == k)
            part = np.ascontiguousarray(matrix[mine])
            raw = self._single[int(k)].predict(part, pred_contrib=True, num_threads=_threads(part))
            contributions = np.asarray(raw, dtype=np.float64)
            pushes[mine], base[mine] = contributions[:, :-1], contributions[:, -1]
        return pushes, base

    def importance(self) -> dict[str, float]:
        """Total gain by column name, for reports."""
        gains = self._all.feature_importance(importance_type="gain")
        return dict(zip(self._all.feature_name(), (float(g) for g in gains), strict=True))


def one_class(text: str, k: int, classes: int) -> str:
    """Model text of the trees of class ``k`` alone; their sum is that class's raw margin.

    Trees of a multiclass model lie interleaved: one a class, round after round. The objective
    is left out, so that nothing is done to the sum.
    """
    head, found, rest = text.partition("\nTree=0\n")
    body, ended, _ = rest.partition("\nend of trees")
    if not found or not ended:
        raise ValueError("not a LightGBM text model: no trees between 'Tree=0' and 'end of trees'")
    trees = re.split(r"\nTree=\d+\n", body)[k::classes]
    kept = [line for line in head.split("\n") if not line.startswith(("objective=", "tree_sizes="))]
    one = [_single_header(line) for line in kept]
    parts = [f"Tree={i}\n{tree.strip()}\n" for i, tree in enumerate(trees)]
    return "\n".join(one).rstrip() + "\n\n" + "\n\n".join(parts) + "\n\nend of trees\n"


def _booster(text: str) -> lgb.Booster:
    try:
        return lgb.Booster(model_str=text)
    except lgb.basic.LightGBMError as error:
        raise ValueError(f"not a LightGBM text model: {error}") from error


def _single_header(line: str) -> str:
    for name in ("num_class=", "num_tree_per_iteration="):
        if line.startswith(name):
            return f"{name}1"
    return line


def _threads(matrix: Matrix) -> int:
    return 1 if len(matrix) <= FEW_ROWS else 0
