"""The middles of a class: the directions around which its texts gather."""

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

Array = NDArray[np.float64]
Truth = NDArray[np.intp]

MOST = 4
"""Middles a class may have. On held-out texts and strangers of CLINC150 four are better than one
and no worse than eight or sixteen."""
TEXTS = 25
"""Texts a class has for each of its middles; with fewer it has one."""
ROUNDS = 10


def middles(sentences: Array, truth: Truth, classes: int, weights: Array, most: int) -> Array:
    """At most ``most`` middles a class, one after the other: middles x dimensions, of length 1.

    By k-means from a start that is not drawn; ``sentences`` are of length 1, so that the nearest
    middle is that of the least angle. A class without a text has one middle of length 0, which is
    near nothing.
    """
    found = [np.zeros((0, sentences.shape[1]))]
    for own in range(classes):
        rows = truth == own
        found.append(_gathered(sentences[rows], weights[rows], most))
    return np.vstack(found)


def _gathered(sentences: Array, weights: Array, most: int) -> Array:
    middle = _of_length_1((sentences * weights[:, np.newaxis]).sum(axis=0, keepdims=True))
    count = min(most, len(sentences) // TEXTS, len(np.unique(sentences, axis=0)))
    if count < 2:
        return middle
    # Texts from the nearest to the middle of all to the farthest, evenly spaced.
    order = np.argsort(-(sentences @ middle[0]), kind="stable")
    start = sentences[order[np.linspace(0, len(order) - 1, count).astype(np.intp)]]
    parts = KMeans(count, init=start, n_init=1, max_iter=ROUNDS)
    return _of_length_1(parts.fit(sentences, sample_weight=weights).cluster_centers_)


def _of_length_1(sums: Array) -> Array:
    scaled: Array = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return scaled
