"""Fits the score by which a text is turned away as none of ours, and the threshold on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import beta
from sklearn.linear_model import LogisticRegression

from models.reason.scope import Scope

Array = NDArray[np.float64]

LEAST_STRANGERS = 20
"""Texts of no class from which weights are learned; with fewer, both signs count alike."""
TURNED_AWAY = 0.85
"""Share of strangers that the threshold is to turn away; more would cost answers that are right."""


@dataclass(frozen=True)
class Signs:
    """Of each text its largest logit, its largest cosine to a centroid, and its sentence vector;
    all by weights that never saw the text."""

    claim: Array
    nearness: Array
    sentences: Array

    def scaled(self, spread: Array) -> Array:
        """Rows x (2 + dimensions), both scores in units of their spread."""
        return np.column_stack([self.claim / spread[0], self.nearness / spread[1], self.sentences])


@dataclass(frozen=True)
class Fitted:
    """The score, and what it says of each text when that text had no part in fitting it."""

    scope: Scope
    inside: Array
    outside: Array


def fit_scope(centroids: Array, inside: Signs, outside: Signs) -> Fitted:
    """Weights of the signs. ``outside`` are texts of no class, perhaps none.

    Without strangers a score is as good as it is rare among texts that belong, so both signs are
    divided by their spread there and added. With enough strangers a logistic regression tells
    the two sorts of text apart; scikit-learn's default of ``C = 1`` holds its weights small.
    """
    spread = np.array([inside.claim.std(), inside.nearness.std()])
    spread[spread < 1e-9] = 1.0
    if len(outside.claim) < LEAST_STRANGERS:
        alike = np.r_[1.0, 1.0, np.zeros(inside.sentences.shape[1])]
        scores = [signs.scaled(spread) @ alike for signs in (inside, outside)]
        return Fitted(_scope(centroids, alike, spread), *scores)
    rows = np.vstack([inside.scaled(spread), outside.scaled(spread)])
    belongs = np.arange(len(rows)) < len(inside.claim)
    regression = LogisticRegression(class_weight="balanced", max_iter=500)
    weights = regression.fit(rows, belongs).coef_[0]
    unseen = left_out(regression, rows, belongs)
    # The bias is left out of the score, so it has no place in the threshold either.
    unseen -= float(regression.intercept_[0])
    return Fitted(_scope(centroids, weights, spread), unseen[belongs], unseen[~belongs])


def left_out(fitted: LogisticRegression, rows: Array, belongs: NDArray[np.bool_]) -> Array:
    """What the regression would say of each of its own rows, had it been fitted without that row.

    Approximate leave-one-out (Rad and Maleki 2020): one Newton step from the fit of all, with the
    gradient and curvature of one row taken out. Few strangers divided into folds would move the
    threshold with every division; here nothing is drawn. Classes weigh alike, ``C`` is 1.
    """
    share = len(rows) / (2.0 * np.where(belongs, belongs.sum(), (~belongs).sum()))
    said = fitted.decision_function(rows)
    chance = expit(said)
    pull, curve = share * (chance - belongs), share * chance * (1.0 - chance)
    sides = np.column_stack([rows, np.ones(len(rows))])
    bend = (sides * curve[:, np.newaxis]).T @ sides
    held = np.arange(rows.shape[1])
    bend[held, held] += 1.0  # the penalty, which leaves the bias alone
    reach = np.einsum("ij,ji->i", sides, np.linalg.solve(bend, sides.T))
    unseen: Array = said + reach * pull / (1.0 - reach * curve)
    return unseen


def familiar_least(fitted: Fitted, right: NDArray[np.bool_], most_refused: float) -> float:
    """The lowest threshold that turns away ``TURNED_AWAY`` of all strangers, 95 % surely.

    Where too few strangers are known to be that sure, it lies where texts kept and right and
    strangers turned away add up to most. Either way at most ``most_refused`` of the texts that
    would be answered right are turned away, and without strangers one in a hundred.
    ``right`` tells of each text inside whether its likeliest class is the true one.
    """
    kept = np.sort(fitted.inside[right] if right.any() else fitted.inside)
    strangers = np.sort(fitted.outside)
    if not len(strangers):
        return float(np.quantile(kept, min(0.01, most_refused)))
    # Clopper and Pearson (1934): the share turned away is surely at least this.
    surely = beta.ppf(0.05, np.arange(1, len(strangers) + 1), np.arange(len(strangers), 0, -1))
    enough = np.flatnonzero(surely >= TURNED_AWAY)
    if len(enough):
        least = float(np.nextafter(strangers[enough[0]], np.inf))
    else:
        steps = np.concatenate([fitted.inside, strangers])
        lost = np.searchsorted(kept, steps) / len(fitted.inside)
        away = np.searchsorted(strangers, steps) / len(strangers)
        least = float(steps[int(np.argmax(away - lost))])
    return min(least, float(np.quantile(kept, most_refused)))


def _scope(centroids: Array, weights: Array, spread: Array) -> Scope:
    claim, nearness = weights[:2] / spread
    return Scope(centroids, float(claim), float(nearness), weights[2:])
