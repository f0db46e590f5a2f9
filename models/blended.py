"""Two scorers as one: trees for what interacts, a linear model for what adds up.

The margin is a weighted sum of both, so the explanation is the weighted sum of two exact ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.folder import read_json, write_json
from models.linear import Linear
from models.tabular import Matrix
from models.tree_explain import Trees


@dataclass(frozen=True)
class Blended:
    """``margin = (1 - linear_share) x trees + linear_share x linear``; the share is in [0, 1]."""

    trees: Trees
    linear: Linear
    linear_share: float

    def margins(self, matrix: Matrix) -> Matrix:
        """Raw margins, rows x classes (1 for yes or no); log-odds before any calibration."""
        return mixed(self.trees.margins(matrix), self.linear.margins(matrix), self.linear_share)

    def pushes(self, matrix: Matrix, chosen: Sequence[int]) -> tuple[Matrix, Matrix]:
        """Per row, for the class ``chosen`` for it: pushes (rows x columns) and base (rows)."""
        share = self.linear_share
        bent, bent_base = self.trees.pushes(matrix, chosen)
        plain, plain_base = self.linear.pushes(matrix, chosen)
        return mixed(bent, plain, share), mixed(bent_base, plain_base, share)

    def save(self, folder: Path) -> None:
        """Writes ``trees.txt`` and ``linear.json``."""
        (folder / "trees.txt").write_text(self.trees.text)
        write_json(
            folder / "linear.json", {"linear_share": self.linear_share, **self.linear.to_json()}
        )


def load(folder: Path) -> Blended:
    """What ``Blended.save`` wrote."""
    data = read_json(folder / "linear.json")
    trees = Trees((folder / "trees.txt").read_text())
    return Blended(trees, Linear.from_json(data), float(data["linear_share"]))


def mixed(trees: Matrix, linear: Matrix, linear_share: float) -> Matrix:
    """The weighted sum, of margins or of pushes."""
    return np.asarray((1.0 - linear_share) * trees + linear_share * linear)
