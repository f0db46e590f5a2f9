"""Predictions for texts that the predicting weights never saw, and what is settled from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration import softmax
from models.reason.scope import nearest
from training.heads import Blend, Heads, Views, fit_blend, fit_heads

Array = NDArray[np.float64]
Truth = NDArray[np.intp]

FOLDS = 5


@dataclass(frozen=True)
class HeldOut:
    """Rows of logits by either view, nearness to the closest centroid, sentences and truth."""

    by_sentence: Array
    by_term: Array
    nearness: Array
    sentences: Array
    truth: Truth

    def take(self, rows: NDArray[np.intp]) -> "HeldOut":
        return HeldOut(
            self.by_sentence[rows],
            self.by_term[rows],
            self.nearness[rows],
            self.sentences[rows],
            self.truth[rows],
        )


def predicted(heads: Heads, views: Views, truth: Truth) -> HeldOut:
    """What heads say of texts that they were not fitted on."""
    by_sentence, by_term = heads.raw(views)
    near = nearest(heads.centroids, views.sentences)
    return HeldOut(by_sentence, by_term, near, views.sentences, truth)


def joined(parts: Sequence[HeldOut]) -> HeldOut:
    """All rows, in the order of the parts."""
    return HeldOut(
        np.concatenate([part.by_sentence for part in parts]),
        np.concatenate([part.by_term for part in parts]),
        np.concatenate([part.nearness for part in parts]),
        np.concatenate([part.sentences for part in parts]),
        np.concatenate([part.truth for part in parts]),
    )


def folds(truth: Truth, seed: int, count: int = FOLDS) -> NDArray[np.intp]:
    """A fold, from 0 up to ``count``, for every row; each class is spread over them evenly.

    -1 for a row alone in its class: it cannot be held out, for nothing would be left to know
    its class by. Errors: ``ValueError`` where that is true of every row.
    """
    order = np.random.default_rng(seed).permutation(len(truth))
    order = order[np.argsort(truth[order], kind="stable")]
    fold = np.empty(len(truth), dtype=np.intp)
    fold[order] = np.arange(len(truth)) % count
    fold[np.bincount(truth)[truth] < 2] = -1
    if (fold == -1).all():
        raise ValueError("every class has one text only: two of one class are needed to calibrate")
    return fold


def out_of_fold(
    known: Views,
    truth: Truth,
    classes: int,
    seed: int,
    asked_for: NDArray[np.intp],
    weights: Array,
    most_middles: int = 1,
) -> HeldOut:
    """The training texts ``asked_for``, each predicted by heads fitted without it, as far as
    classes allow."""
    fold = np.full(len(truth), -1, dtype=np.intp)
    fold[asked_for] = folds(truth[asked_for], seed)
    parts = []
    for out in range(FOLDS):
        asked, rest = np.flatnonzero(fold == out), np.flatnonzero(fold != out)
        if len(asked):
            heads = fit_heads(
                known.take(rest),
                truth[rest],
                classes,
                seed,
                weights[rest],
                most_middles=most_middles,
            )
            parts.append(predicted(heads, known.take(asked), truth[asked]))
    return joined(parts)


def crossed(held: HeldOut, seed: int) -> tuple[Array, NDArray[np.bool_]]:
    """Probabilities, rows x classes, of each half by the blend of the other half; and the half.

    So no row had a part in its own probabilities, and every row can judge and calibrate.
    """
    n = len(held.truth)
    first = np.zeros(n, dtype=np.bool_)
    first[np.random.default_rng(seed).permutation(n)[: n // 2]] = True
    chances = np.empty_like(held.by_sentence)
    for half in (first, ~first):
        blend = settled(held.take(np.flatnonzero(~half)))
        part = held.take(np.flatnonzero(half))
        chances[half] = softmax(blend.of(part.by_sentence, part.by_term))
    return chances, first


def settled(held: HeldOut) -> Blend:
    """The blend of the views that fits these rows."""
    return fit_blend(held.by_sentence, held.by_term, held.truth)
