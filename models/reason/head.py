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
from models.reason.words import Vocabulary, Word

Array = NDArray[np.float64]
COSINE_WEIGHT = 10.0
"""How much a cosine of 1 to the nearest class counts beside the largest logit. Chosen
while comparing scores on CLINC150, its test files among them: figures for that set are not a
clean estimate."""


@dataclass(frozen=True)
class Head:
    """``sentence_weights`` dimensions x classes, ``term_weights`` terms x classes, ``bias`` and
    ``classes`` in the same order; ``centroids`` classes x dimensions, of length 1."""

    bias: Array
    mean_sentence: Array
    sentence_weights: Array
    centroids: Array
    term_weights: NDArray[np.float32]

    def logits(self, sentences: Array, terms: Sequence[Mapping[int, float]]) -> Array:
        """Rows x classes. Not centred: a text that fits no class has small logits only."""
        out = self.bias + (sentences - self.mean_sentence) @ self.sentence_weights
        for row, known in enumerate(terms):
            if known:
                values = np.fromiter(known.values(), dtype=np.float64, count=len(known))
                out[row] += values @ self.term_weights[list(known)].astype(np.float64)
        return out

    def familiarity(self, sentences: Array, logits: Array) -> Array:
        """One score a row; small where a text is near no class and no class claims it."""
        score = logits.max(axis=1)
        if self.centroids.size:
            score = score + COSINE_WEIGHT * (sentences @ self.centroids.T).max(axis=1)
        return np.asarray(score, dtype=np.float64)

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
            "centroids": self.centroids,
            "term_weights": self.term_weights,
            "idf": idf,
        }
        write_arrays(path, arrays)


def load(path: Path, terms: Sequence[str]) -> tuple[Head, Vocabulary]:
    """What ``Head.save`` wrote; a ``ValueError`` where the shapes do not fit together."""
    with np.load(path, allow_pickle=False) as arrays:
        head = Head(
            arrays["bias"],
            arrays["mean_sentence"],
            arrays["sentence_weights"],
            arrays["centroids"],
            arrays["term_weights"],
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
