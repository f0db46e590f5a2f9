"""What is turned away as none of ours: the score, and the threshold on it."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs pip install '.[training]'")

from sklearn.linear_model import LogisticRegression

from models.reason.scope import Scope, nearest
from training.scope import Fitted, Signs, familiar_least, fit_scope, left_out

CENTROIDS = np.eye(4)[:2]


def _signs(rng: np.random.Generator, rows: int, claim: float, kind: int) -> Signs:
    """Texts near one of four axes; the first two are the classes."""
    sentences = np.eye(4)[np.full(rows, kind)] + rng.normal(size=(rows, 4)) * 0.2
    sentences /= np.linalg.norm(sentences, axis=1, keepdims=True)
    return Signs(rng.normal(claim, 1.0, rows), nearest(CENTROIDS, sentences), sentences)


def test_without_strangers_both_signs_count_alike() -> None:
    """A spread of the largest logit weighs as much as a spread of the largest cosine."""
    inside = _signs(np.random.default_rng(1), 200, 3.0, 0)
    nobody = Signs(np.zeros(0), np.zeros(0), np.zeros((0, 4)))
    scope = fit_scope(CENTROIDS, inside, nobody).scope
    assert scope.claim * inside.claim.std() == pytest.approx(1.0)
    assert scope.nearness * inside.nearness.std() == pytest.approx(1.0)
    assert not scope.direction.any()


def test_what_strangers_have_in_common_is_learned() -> None:
    """Strangers whose two signs look like anybody's are told by where their sentences point."""
    rng = np.random.default_rng(2)
    inside, outside = _signs(rng, 200, 3.0, 0), _signs(rng, 40, 3.0, 3)
    outside = Signs(outside.claim, inside.nearness[:40], outside.sentences)
    fitted = fit_scope(CENTROIDS, inside, outside)
    assert fitted.scope.direction[3] < 0 < fitted.scope.direction[0]
    assert np.quantile(fitted.inside, 0.05) > np.quantile(fitted.outside, 0.95)


def test_the_threshold_fits_the_score_that_is_kept() -> None:
    """Scores of texts that had no part in fitting are on the scale of the score that serves."""
    rng = np.random.default_rng(3)
    inside, outside = _signs(rng, 300, 3.0, 0), _signs(rng, 60, 0.0, 2)
    fitted = fit_scope(CENTROIDS, inside, outside)
    logits = np.column_stack([inside.claim, inside.claim - 1])
    served = fitted.scope.familiarity(inside.sentences, logits)
    assert np.corrcoef(served, fitted.inside)[0, 1] > 0.95
    assert abs(float((served - fitted.inside).mean())) < 0.5 * float(served.std())


def test_each_text_is_scored_as_if_it_had_taken_no_part() -> None:
    """As by fitting anew without each of them, to a twentieth of their spread; not by luck: the
    score of a text that did take part is further away for the few strangers."""
    rng = np.random.default_rng(5)
    inside, outside = _signs(rng, 150, 2.0, 0), _signs(rng, 25, 1.0, 2)
    ones = np.ones(2)
    rows = np.vstack([inside.scaled(ones), outside.scaled(ones)])
    belongs = np.arange(len(rows)) < 150
    regression = LogisticRegression(class_weight="balanced", max_iter=500).fit(rows, belongs)
    said, close = regression.decision_function(rows), left_out(regression, rows, belongs)
    for i in range(150, 175):
        rest = np.arange(len(rows)) != i
        weight = np.where(belongs[rest], 175 / 300, 175 / 50)  # as they weighed in the fit of all
        alone = LogisticRegression(max_iter=500).fit(rows[rest], belongs[rest], weight)
        exact = float(alone.decision_function(rows[i : i + 1])[0])
        assert abs(close[i] - exact) < 0.05 * said.std()
        assert abs(close[i] - exact) < abs(said[i] - exact)


def _scored(inside: list[float], outside: list[float]) -> Fitted:
    nowhere = Scope(CENTROIDS, 1.0, 1.0, np.zeros(4))
    return Fitted(nowhere, np.array(inside), np.array(outside))


def test_a_known_share_of_strangers_is_turned_away_and_no_more() -> None:
    """Of 100 strangers 92 are turned away: only then are 85 % of all strangers, 95 % surely."""
    fitted = _scored([200.0 + i for i in range(100)], [float(i) for i in range(100)])
    least = familiar_least(fitted, np.ones(100, dtype=np.bool_), 0.05)
    assert (fitted.outside < least).sum() == 92


def test_too_few_strangers_settle_for_what_gains_most() -> None:
    """Ten strangers prove no share; the threshold lies between the two sorts of text."""
    fitted = _scored([5.0 + i for i in range(50)], [float(i) / 3 for i in range(10)])
    least = familiar_least(fitted, np.ones(50, dtype=np.bool_), 0.05)
    assert 3.0 < least <= 5.0


def test_no_more_than_the_bound_is_turned_away() -> None:
    """Of a thousand right answers at most fifty are lost, however many strangers that lets in;
    answers that would be wrong anyway are no loss."""
    rng = np.random.default_rng(4)
    fitted = _scored(rng.normal(0.5, 1.0, 1000).tolist(), rng.normal(0.0, 1.0, 500).tolist())
    right = np.ones(1000, dtype=np.bool_)
    least = familiar_least(fitted, right, 0.05)
    assert 0.04 < (fitted.inside < least).mean() <= 0.05
    right[fitted.inside < 0.0] = False
    assert familiar_least(fitted, right, 0.05) > least
    alone = _scored(fitted.inside.tolist(), [])
    assert (alone.inside < familiar_least(alone, np.ones(1000, dtype=np.bool_), 0.05)).sum() == 10
