"""Known detectors as the published table ran them (PyOD's defaults), in a few lines each.

They prove the protocol: their rows must come out as published. Each takes training rows and rows
to score, both scaled, and answers one score a row, higher for stranger.
"""

import warnings
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.stats import skew
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors

from models.tabular import Matrix

Array = NDArray[np.float64]


def iforest(train: Matrix, test: Matrix, seed: int) -> Array:
    """Liu, Ting and Zhou 2008: 100 trees of up to 256 rows."""
    forest = IsolationForest(random_state=seed).fit(train)
    return np.asarray(-forest.score_samples(test))


def knn(train: Matrix, test: Matrix, seed: int, near: int = 5) -> Array:
    """Distance to the fifth nearest training row."""
    near = min(near, len(train))
    distances, _ = NearestNeighbors(n_neighbors=near).fit(train).kneighbors(test)
    return np.asarray(distances[:, -1])


def knn32(train: Matrix, test: Matrix, seed: int) -> Array:
    """The table's unsupervised row agrees with some 32 neighbours, not with 5."""
    return knn(train, test, seed, 32)


def lof(train: Matrix, test: Matrix, seed: int) -> Array:
    """Breunig et al. 2000, 20 neighbours."""
    near = min(20, len(train) - 1)
    return np.asarray(-LocalOutlierFactor(near, novelty=True).fit(train).score_samples(test))


def pca(train: Matrix, test: Matrix, seed: int) -> Array:
    """Distances to the components, each over its share of variance (as PyOD sums them)."""
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation[deviation == 0] = 1.0
    fitted = PCA().fit((train - mean) / deviation)
    far = cdist((test - mean) / deviation, fitted.components_)
    return np.asarray((far / np.maximum(fitted.explained_variance_ratio_, 1e-12)).sum(axis=1))


def cblof(train: Matrix, test: Matrix, seed: int) -> Array:
    """He, Xu and Deng 2003: distance to the nearest of the large clusters, among eight."""
    clusters = KMeans(8, random_state=seed, n_init=3).fit(train)
    sizes = np.bincount(clusters.labels_, minlength=8)
    order = np.argsort(-sizes)
    ninety = int(np.searchsorted(np.cumsum(sizes[order]), 0.9 * len(train))) + 1
    steep = np.flatnonzero(sizes[order][:-1] >= 5 * np.maximum(sizes[order][1:], 1)) + 1
    large = order[: min([ninety, *steep.tolist()])]
    return np.asarray(cdist(test, clusters.cluster_centers_[large]).min(axis=1))


def hbos(train: Matrix, test: Matrix, seed: int) -> Array:
    """Goldstein and Dengel 2012: ten bins a column; half a bin beyond them counts as inside."""
    total = np.zeros(len(test))
    for known, asked in zip(train.T, test.T, strict=True):
        density, edges = np.histogram(known, 10, density=True)
        score = np.log2(density + 0.1)
        width = edges[1] - edges[0]
        at = np.clip(np.digitize(asked, edges, right=True) - 1, 0, 9)
        far = np.maximum(edges[0] - asked, asked - edges[-1]) > 0.5 * width
        total -= np.where(far, score.min(), score[at])
    return total


def ecod(train: Matrix, test: Matrix, seed: int) -> Array:
    """Li et al. 2022: the largest of left, right and skewed tail, summed over columns."""
    left, right, skewed = _tails(train, test)
    return _summed(np.maximum(np.maximum(left, right), skewed))


def copod(train: Matrix, test: Matrix, seed: int) -> Array:
    """Li et al. 2020: the larger of both tails' mean and the skewed tail, summed over columns."""
    left, right, skewed = _tails(train, test)
    return _summed(np.maximum(skewed, (left + right) / 2))


def _tails(train: Matrix, test: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Surprises below, above, and on the side to which a column leans; shares of all rows together.

    PyOD 3.6 takes a column without spread to lean nowhere; what the table was made with had no
    answer for it.
    """
    together = np.vstack([train, test])
    left, right = np.empty(test.shape), np.empty(test.shape)
    for j, column in enumerate(together.T):
        known = np.sort(column)
        below = np.searchsorted(known, test[:, j], side="right")
        above = len(known) - np.searchsorted(known, test[:, j], side="left")
        left[:, j], right[:, j] = -np.log(below / len(known)), -np.log(above / len(known))
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
        lean = np.sign(skew(together, axis=0))
    return left, right, -np.sign(lean - 1) * left + np.sign(lean + 1) * right


def _summed(columns: Matrix) -> Array:
    """All rows alike, an AUC of 50, where a column has no answer: so it stands in the table."""
    return np.asarray(np.nan_to_num(columns.sum(axis=1)))


Peer = Callable[[Matrix, Matrix, int], Array]
PEERS: Mapping[str, Mapping[str, Peer]] = {
    "semi-supervised": {
        "IForest": iforest, "KNN": knn, "LOF": lof, "PCA": pca, "CBLOF": cblof, "HBOS": hbos,
        "ECOD": ecod, "COPOD": copod,
    },
    "unsupervised": {
        "IForest": iforest, "KNN": knn32, "LOF": lof, "PCA": pca, "CBLOF": cblof, "HBOS": hbos,
        "ECOD": ecod, "COPOD": copod,
    },
}  # fmt: skip
"""By setting and by the name of the published row."""
