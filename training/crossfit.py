"""Fits trees and a linear model on all of the past, and says what they would have said of it.

Every row of the past is answered by models that did not learn from its stretch of time. From
these answers come the number of rounds, the weight of either half, and later calibration: with
a thousand examples, none is spared for one purpose alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.blended import Blended, mixed
from models.calibration import fit_temperature
from models.linear import Linear
from models.tabular import Layout, Matrix
from models.tree_explain import Trees
from training.boosting import LEAST_ROUNDS, MOST_ROUNDS, dataset, grown, settings_for
from training.linear import fit_linear, fit_shares
from training.rows import Example
from training.split import case_of

Array = NDArray[np.float64]

STRETCHES = 5
SHARES = np.linspace(0.0, 1.0, 11)
"""Weights of the linear half that are tried."""


@dataclass(frozen=True)
class Past:
    """Labelled rows in time order. ``labels`` are class codes, or with ``shares`` parts of a
    whole in [0, 1], the log-odds of whose mean are the margin; ``classes`` is how many margins a
    row gets: 1 for yes or no, and for a share.

    ``taught`` marks rows that models may learn from; the others (held-out customers) are only
    answered. ``stretch`` is 0 to 4; no case lies in two. ``own`` marks columns that are facts of
    the question itself; with more in those marked ``rising``, a share never falls.
    """

    layout: Layout
    matrix: Matrix
    labels: Array
    classes: int
    weights: Array
    taught: NDArray[np.bool_]
    stretch: NDArray[np.intp]
    own: NDArray[np.bool_]
    shares: bool = False
    rising: NDArray[np.bool_] | None = None

    def part(self, rows: NDArray[np.bool_]) -> "Past":
        """Only the rows marked."""
        return replace(
            self,
            matrix=self.matrix[rows],
            labels=self.labels[rows],
            weights=self.weights[rows],
            taught=self.taught[rows],
            stretch=self.stretch[rows],
        )


@dataclass(frozen=True)
class Crossfit:
    """``scorer`` learned from all taught rows; ``answers`` (rows x classes) are the margins of
    models that did not know the row's stretch."""

    scorer: Blended
    answers: Matrix
    rounds: int


def stretches(examples: Sequence[Example]) -> NDArray[np.intp]:
    """Five stretches of about as many cases each, by the order of the examples."""
    cases = {case: i for i, case in enumerate(dict.fromkeys(case_of(e) for e in examples))}
    return np.array([cases[case_of(e)] * STRETCHES // len(cases) for e in examples], dtype=np.intp)


def own_columns(layout: Layout, prefixes: Sequence[str]) -> NDArray[np.bool_]:
    """Which columns are facts of the question itself, by how their names start."""
    return np.array([name.startswith(tuple(prefixes)) for name in layout.names])


def crossfit(past: Past, *, seed: int) -> Crossfit:
    """Trees and a linear model; every row is answered out of its own stretch."""
    settings = settings_for(len(past.labels), seed, _objective(past), past.own)
    turns = folds(past.stretch)
    boosters, losses = zip(
        *(_grow(past, past.taught & known, out, settings) for known, out in turns), strict=True
    )
    rounds = _best_rounds(losses)
    trees, linear = (np.full((len(past.labels), past.classes), np.nan) for _ in range(2))
    for (known_then, out), booster in zip(turns, boosters, strict=True):
        raw = booster.predict(past.matrix[out], raw_score=True, num_iteration=rounds)
        trees[out] = np.asarray(raw).reshape(-1, past.classes)
        linear[out] = _linear(past.part(past.taught & known_then)).margins(past.matrix[out])
    share = _best_share(trees, linear, past)
    known = past.part(past.taught)
    final = grown(settings, _set(known), rounds)
    scorer = Blended(Trees(final.model_to_string()), _linear(known), share)
    return Crossfit(scorer, mixed(trees, linear, share), rounds)


def folds(stretch: NDArray[np.intp]) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Rows a model may know and rows it then answers: every stretch in turn, the oldest first.

    All others are known, later ones too: a model of earlier rows alone has fewer of them, and
    says less of how sure the one of all rows may be.
    """
    return [(stretch != out, stretch == out) for out in np.unique(stretch)]


def two_sided(margins: Matrix) -> Matrix:
    """Margins with a column for "no" where there is only one for "yes"."""
    return margins if margins.shape[1] > 1 else np.hstack([np.zeros_like(margins), margins])


def _objective(past: Past) -> dict[str, Any]:
    if past.shares:
        rising = _rising(past).astype(int).tolist()
        return {"objective": "cross_entropy", "monotone_constraints": rising}
    if past.classes == 1:
        return {"objective": "binary"}
    return {"objective": "multiclass", "num_class": past.classes}


def _rising(past: Past) -> NDArray[np.bool_]:
    return np.zeros_like(past.own) if past.rising is None else past.rising


def _set(past: Past, reference: lgb.Dataset | None = None) -> lgb.Dataset:
    return dataset(past.layout, past.matrix, past.labels, past.weights, reference=reference)


def _grow(
    past: Past, known: NDArray[np.bool_], out: NDArray[np.bool_], settings: dict[str, Any]
) -> tuple[lgb.Booster, Array]:
    """A booster of the rows ``known``, and the summed loss of ``out`` after each round."""
    heard: dict[str, Any] = {}
    inside = _set(past.part(known))
    outside = _set(past.part(out), inside)
    booster = grown(settings, inside, MOST_ROUNDS, [outside], [lgb.record_evaluation(heard)])
    (losses,) = heard["valid_0"].values()
    return booster, np.array(losses) * past.weights[out].sum()


def _best_rounds(losses: Sequence[Array]) -> int:
    """The rounds after which all stretches together lost least."""
    least = min(len(loss) for loss in losses)
    together = np.sum([loss[:least] for loss in losses], axis=0)
    return min(max(int(np.argmin(together)) + 1, LEAST_ROUNDS), least)


def _linear(past: Past) -> Linear:
    if past.shares:
        # A slope might fall where a column must not: what rises is left to the trees.
        told = (past.own, _rising(past), past.weights)
        return fit_shares(past.layout, past.matrix, past.labels, *told)
    labels = past.labels.astype(np.intp)
    return fit_linear(past.layout, past.matrix, labels, past.classes, past.own, past.weights)


def _best_share(trees: Matrix, linear: Matrix, past: Past) -> float:
    """The weight of the linear half with which the truths were likeliest, once calibrated."""
    if past.shares:
        return best_share(trees, linear, lambda margins: _loss_of_shares(margins, past))
    labels = past.labels.astype(np.intp)
    return best_share(trees, linear, lambda margins: loss_of_classes(margins, labels))


def best_share(one: Matrix, other: Matrix, loss: Callable[[Matrix], float]) -> float:
    """The weight of the other margins with which both together lose least."""
    return round(float(min(SHARES, key=lambda share: loss(mixed(one, other, share)))), 3)


def loss_of_classes(margins: Matrix, labels: NDArray[np.intp]) -> float:
    """Mean negative log probability of the truths, once margins have their best temperature."""
    both = two_sided(margins)
    chances = fit_temperature(both, labels).probabilities(both)
    return float(-np.log(np.maximum(chances[np.arange(len(labels)), labels], 1e-9)).mean())


def _loss_of_shares(margins: Matrix, past: Past) -> float:
    """Cross-entropy of the shares."""
    margin = margins[:, 0]
    each = np.logaddexp(0.0, margin) - past.labels * margin
    return float(np.average(each, weights=past.weights))
