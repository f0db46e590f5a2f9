"""One linear head over both views of a text; its probabilities are calibrated already.

Raw logit of a class: ``bias + (sentence - mean_sentence) @ sentence_weights + terms @
term_weights``. Training folds the blend of the views and the temperature into the weights, so
that there is one sum to explain and nothing after it but a softmax.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.folder import write_arrays
from models.reason.scope import Scope
from models.reason.words import Vocabulary, Word

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Head:
    """``sentence_weights`` dimensions x classes, ``term_weights`` terms x classes and ``bias``
    in the same order of classes; what ``scope`` knows of them is in no order."""

    bias: Array
    mean_sentence: Array
    sentence_weights: Array
    term_weights: NDArray[np.float32]
    scope: Scope

    def logits(self, sentences: Array, terms: Sequence[Mapping[int, float]]) -> Array:
        """Rows x classes. Not centred: a text that fits no class has small logits only."""
        out = self.bias + (sentences - self.mean_sentence) @ self.sentence_weights
        for row, known in enumerate(terms):
            if known:
                values = np.fromiter(known.values(), dtype=np.float64, count=len(known))
                out[row] += values @ self.term_weights[list(known)].astype(np.float64)
        return out

    def centred(self, chosen: int) -> tuple[float, Array, Array]:
        """Bias, sentence weights and term weights of one class less the mean of all classes.

        With them the sum is the log-odds of the class against the (geometric) mean class.
        """
        return (
            float(self.bias[chosen] - self.bias.mean()),
            self.sentence_weights[:, chosen] - self.sentence_weights.mean(axis=1),
            self.term_weights[:, chosen].astype(np.float64)
            - self.term_weights.mean(axis=1, dtype=np.float64),
        )

    def save(self, path: Path, idf: Array) -> None:
        """Writes an ``.npz`` that ``load`` reads."""
        arrays: dict[str, NDArray[Any]] = {
            "bias": self.bias,
            "mean_sentence": self.mean_sentence,
            "sentence_weights": self.sentence_weights,
            "term_weights": self.term_weights,
            "centroids": self.scope.centroids,
            "scope": np.array([self.scope.claim, self.scope.nearness]),
            "direction": self.scope.direction,
            "idf": idf,
        }
        write_arrays(path, arrays)


def load(path: Path, terms: Sequence[str]) -> tuple[Head, Vocabulary]:
    """What ``Head.save`` wrote; a ``ValueError`` where the shapes do not fit together."""
    with np.load(path, allow_pickle=False) as arrays:
        claim, nearness = arrays["scope"].tolist()
        head = Head(
            arrays["bias"],
            arrays["mean_sentence"],
            arrays["sentence_weights"],
            arrays["term_weights"],
            Scope(arrays["centroids"], claim, nearness, arrays["direction"]),
        )
        vocabulary = Vocabulary({term: i for i, term in enumerate(terms)}, arrays["idf"])
    if not len(vocabulary) == len(vocabulary.index) == len(head.term_weights):
        raise ValueError(f"{path.name} and the vocabulary disagree about how many terms there are")
    if head.sentence_weights.shape != (len(head.mean_sentence), len(head.bias)):
        raise ValueError(f"{path.name} holds weights that do not fit its classes")
    return head, vocabulary


def term_row(vocabulary: Vocabulary, words: Sequence[Word]) -> dict[int, float]:
    """Term index -> value: the second view of a text."""
    return {at: value for at, (value, _) in vocabulary.weights(words).items()}
