"""The two linear heads of the reason model and the blend that makes one of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from models.calibration import softmax
from models.reason.head import Head, term_row
from models.reason.words import CHAR, Vocabulary, terms_of, words_of

Array = NDArray[np.float64]
Truth = NDArray[np.intp]
MOST_CHAR_TERMS = 60_000
SENTENCE_C = 10.0
TERM_C = 0.5
"""Inverse regularisation of the heads; chosen on parts of the training files of banking77 and of
the SemEval food hazards, where both are near their best at once."""
_START = (1.0, 2.0)
"""Where the search for the blend begins, and what it stays near when data are few."""


@dataclass(frozen=True)
class Views:
    """A text twice: sentence vectors (rows x dimensions, perhaps none) and TF-IDF rows."""

    sentences: Array
    terms: sparse.csr_matrix

    def take(self, rows: NDArray[np.intp]) -> "Views":
        return Views(self.sentences[rows], self.terms[rows])


@dataclass(frozen=True)
class Heads:
    """Both heads before they are blended. Weights are inputs x classes."""

    mean_sentence: Array
    sentence: tuple[Array, Array]
    centroids: Array
    term: tuple[Array, Array]

    def raw(self, views: Views) -> tuple[Array, Array]:
        """Logits of the sentence head and of the term head: rows x classes each."""
        weights, bias = self.sentence
        by_sentence = (views.sentences - self.mean_sentence) @ weights + bias
        weights, bias = self.term
        return by_sentence, np.asarray(views.terms @ weights) + bias

    def blended(self, blend: tuple[float, float]) -> Head:
        """One head whose logits are the weighted sum of both."""
        a, b = blend
        return Head(
            bias=a * self.sentence[1] + b * self.term[1],
            mean_sentence=self.mean_sentence,
            sentence_weights=a * self.sentence[0],
            centroids=self.centroids,
            term_weights=(b * self.term[0]).astype(np.float32),
        )


def fit_vocabulary(texts: Sequence[str]) -> Vocabulary:
    """Terms worth keeping, by how many texts hold them; sorted, so that indexes are stable.

    Few texts keep rare words; many texts drop what one text alone holds.
    """
    least_word = 1 if len(texts) < 6000 else 2
    least_char = 2 if len(texts) < 1000 else 3
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update({term.key for term in terms_of(words_of(text))})
    chars = [(n, k) for k, n in counts.items() if k[0] == CHAR and n >= least_char]
    chars.sort(key=lambda pair: (-pair[0], pair[1]))
    kept = sorted(
        [k for k, n in counts.items() if k[0] != CHAR and n >= least_word]
        + [k for _, k in chars[:MOST_CHAR_TERMS]]
    )
    held = np.array([counts[key] for key in kept], dtype=np.float64)
    idf = np.log((1 + len(texts)) / (1 + held)) + 1.0
    return Vocabulary({key: i for i, key in enumerate(kept)}, idf)


def term_matrix(vocabulary: Vocabulary, texts: Sequence[str]) -> sparse.csr_matrix:
    """Texts x terms, by the very code that serving runs."""
    rows = [term_row(vocabulary, words_of(text)) for text in texts]
    starts = np.cumsum([0] + [len(row) for row in rows])
    columns = np.fromiter((at for row in rows for at in row), dtype=np.int32)
    values = np.fromiter((v for row in rows for v in row.values()), dtype=np.float64)
    return sparse.csr_matrix((values, columns, starts), shape=(len(rows), len(vocabulary)))


def fit_heads(views: Views, truth: Truth, classes: int, seed: int) -> Heads:
    """Fits both heads; a class without a row gets the lowest logit any class could have."""
    width = views.sentences.shape[1]
    mean = views.sentences.mean(axis=0) if width else np.zeros(0)
    sentence = (np.zeros((width, classes)), np.zeros(classes))
    centroids = np.zeros((0, 0))
    if width:
        multinomial = LogisticRegression(C=SENTENCE_C, max_iter=500, random_state=seed)
        multinomial.fit(views.sentences - mean, truth)
        sentence = _every_class(multinomial, classes)
        centroids = _centroids(views.sentences, truth, classes)
    margins = LinearSVC(C=TERM_C, class_weight="balanced", random_state=seed)
    margins.fit(views.terms, truth)
    return Heads(mean, sentence, centroids, _every_class(margins, classes))


def fit_blend(by_sentence: Array, by_term: Array, truth: Truth) -> tuple[float, float]:
    """Weights of the views that make held-out truths likeliest: blend and temperature in one."""
    rows = np.arange(len(truth))
    start = np.log(_START)

    def loss(logs: Array) -> float:
        a, b = np.exp(logs)
        chances = softmax(a * by_sentence + b * by_term)[rows, truth]
        # Held near the start as if five more rows had said so.
        pull = 5.0 * float(((logs - start) ** 2).sum()) / max(len(truth), 1)
        return float(-np.log(np.maximum(chances, 1e-300)).mean()) + pull

    found = np.exp(minimize(loss, start, method="Nelder-Mead").x)
    return float(found[0]), float(found[1])


def _every_class(fitted: LogisticRegression | LinearSVC, classes: int) -> tuple[Array, Array]:
    coefficients, intercept = fitted.coef_, fitted.intercept_
    if len(fitted.classes_) == 2:  # scikit-learn keeps one row for two classes
        coefficients = np.vstack([-coefficients[0], coefficients[0]]) / 2
        intercept = np.array([-intercept[0], intercept[0]]) / 2
    weights = np.zeros((coefficients.shape[1], classes))
    bias = np.full(classes, float(intercept.min()) - 1.0)
    weights[:, fitted.classes_] = coefficients.T
    bias[fitted.classes_] = intercept
    return weights, bias


def _centroids(sentences: Array, truth: Truth, classes: int) -> Array:
    sums = np.zeros((classes, sentences.shape[1]))
    np.add.at(sums, truth, sentences)
    centroids: Array = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return centroids
