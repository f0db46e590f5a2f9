"""Does a note state a reason at all? One linear score over both views, made only to decline.

It never moves an answer or its explanation: a note that states nothing goes to a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.folder import write_arrays

FILE = "stated.npz"

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stated:
    """Log-odds that a reason is stated: ``bias + sentence @ sentence_weights + terms @
    term_weights``. Under ``least`` a note is declined; chosen on notes that trained no weight.
    """

    bias: float
    sentence_weights: Array
    term_weights: Array
    least: float

    def enough(self, sentences: Array, terms: Sequence[Mapping[int, float]]) -> NDArray[np.bool_]:
        """One flag a row: whether there is a reason to look for."""
        odds = self.bias + sentences @ self.sentence_weights
        for row, known in enumerate(terms):
            odds[row] += sum(value * self.term_weights[at] for at, value in known.items())
        return np.asarray(odds >= self.least)

    def save(self, folder: Path) -> None:
        """Writes ``stated.npz``; its bytes depend on the numbers alone."""
        arrays: dict[str, NDArray[Any]] = {
            "bias": np.array(self.bias),
            "sentence_weights": self.sentence_weights,
            "term_weights": self.term_weights,
            "least": np.array(self.least),
        }
        write_arrays(folder / FILE, arrays)


def load(folder: Path) -> Stated | None:
    """What ``save`` wrote; ``None`` in a bundle whose model was taught no such score."""
    if not (folder / FILE).is_file():
        return None
    with np.load(folder / FILE, allow_pickle=False) as arrays:
        return Stated(
            float(arrays["bias"]),
            arrays["sentence_weights"],
            arrays["term_weights"],
            float(arrays["least"]),
        )
