"""The two linear heads of the reason model and the blend that makes one of them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from models.calibration import softmax
from models.reason.head import Head, term_row
from models.reason.scope import Scope
from models.reason.words import CHAR, Vocabulary, terms_of, words_of
from training.middles import middles

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
class Labelled:
    """Texts, their TF-IDF rows, their classes, and for how many like it each one stands."""

    texts: Sequence[str]
    terms: sparse.csr_matrix
    truth: Truth
    weights: Array

    def take(self, rows: NDArray[np.intp]) -> "Labelled":
        texts = [self.texts[i] for i in rows]
        return Labelled(texts, self.terms[rows], self.truth[rows], self.weights[rows])

    def plus(self, more: "Labelled") -> "Labelled":
        return Labelled(
            [*self.texts, *more.texts],
            sparse.vstack([self.terms, more.terms], format="csr"),
            np.concatenate([self.truth, more.truth]),
            np.concatenate([self.weights, more.weights]),
        )

    def views(self, sentences: Callable[[Sequence[str]], Array]) -> Views:
        """Both views, the sentence vectors by this function."""
        return Views(sentences(self.texts), self.terms)


@dataclass(frozen=True)
class Blend:
    """How much either view counts, and one addend a class: ``sentence`` and ``term`` include the
    temperature, so that a softmax is calibrated; ``bias`` gives frequent classes their due, which
    margins fitted with all classes weighing alike do not."""

    sentence: float
    term: float
    bias: Array

    def of(self, by_sentence: Array, by_term: Array) -> Array:
        """Logits of the one head that both make."""
        return self.sentence * by_sentence + self.term * by_term + self.bias


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

    def blended(self, blend: Blend, scope: Scope) -> Head:
        """One head whose logits are the weighted sum of both."""
        return Head(
            bias=blend.of(self.sentence[1], self.term[1]),
            mean_sentence=self.mean_sentence,
            sentence_weights=blend.sentence * self.sentence[0],
            term_weights=(blend.term * self.term[0]).astype(np.float32),
            scope=scope,
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


def fit_heads(
    views: Views,
    truth: Truth,
    classes: int,
    seed: int,
    weights: Array,
    term: tuple[Array, Array] | None = None,
    most_middles: int = 1,
) -> Heads:
    """Fits both heads; a class without a row gets the lowest logit any class could have.

    A row of weight 2 counts as two. ``term`` is the term head where it was fitted before on the
    same rows; ``most_middles`` what ``middles`` may find of a class.
    """
    width = views.sentences.shape[1]
    mean = np.average(views.sentences, axis=0, weights=weights) if width else np.zeros(0)
    sentence = (np.zeros((width, classes)), np.zeros(classes))
    centroids = np.zeros((0, 0))
    if width:
        multinomial = LogisticRegression(C=SENTENCE_C, max_iter=500, random_state=seed)
        multinomial.fit(views.sentences - mean, truth, sample_weight=weights)
        sentence = _every_class(multinomial, classes)
        centroids = middles(views.sentences, truth, classes, weights, most_middles)
    term = term or fit_term(views.terms, truth, classes, seed, weights)
    return Heads(mean, sentence, centroids, term)


def fit_term(
    terms: sparse.csr_matrix, truth: Truth, classes: int, seed: int, weights: Array
) -> tuple[Array, Array]:
    """Weights and bias of the term head: linear margins, every class weighing as much."""
    margins = LinearSVC(C=TERM_C, class_weight="balanced", random_state=seed)
    margins.fit(terms, truth, sample_weight=weights)
    return _every_class(margins, classes)


def fit_blend(by_sentence: Array, by_term: Array, truth: Truth) -> Blend:
    """The blend by which held-out truths are likeliest (vector scaling, Guo et al. 2017).

    The weights are held near their start as if five more rows had said so, and the biases near
    zero as if each were drawn with a variance of one half.
    """
    start, rows = np.log(_START), np.arange(len(truth))

    def loss(at: Array) -> tuple[float, Array]:
        a, b = np.exp(at[:2])
        chances = softmax(a * by_sentence + b * by_term + at[2:])
        away = at[:2] - start
        likely = float(-np.log(np.maximum(chances[rows, truth], 1e-300)).sum())
        chances[rows, truth] -= 1.0  # from here the gradient by the logits
        slopes = [a * (chances * by_sentence).sum(), b * (chances * by_term).sum()]
        gradient = np.concatenate([slopes + 10.0 * away, chances.sum(axis=0) + 2.0 * at[2:]])
        return likely + 5.0 * float(away @ away) + float(at[2:] @ at[2:]), gradient

    nowhere = np.concatenate([start, np.zeros(by_term.shape[1])])
    found = minimize(loss, nowhere, jac=True, method="L-BFGS-B").x
    a, b = np.exp(found[:2])
    return Blend(float(a), float(b), found[2:])


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
