"""Levels and blend of the credit model hold for credits that come next, not only for known ones."""

import numpy as np
import pytest

from models.credit_anomaly.detector import RAW, VETTED
from models.credit_anomaly.model import LEVELS, OUTPUT_UNSUPERVISED
from models.protocol import Card, Column
from models.tabular import Layout
from training.credit_anomaly import assembled
from training.crossfit import STRETCHES, Past
from training.strangeness import Lesson

pytestmark = pytest.mark.slow

CARD = Card("credit_anomaly", "0", (), LEVELS, OUTPUT_UNSUPERVISED, "", None, "", {})


def lesson(size: int, labels: np.ndarray, seed: int) -> Lesson:
    """Credits of eight numbers of which nothing tells the label."""
    columns = [Column(f"n{j}", "number", "", "{value}") for j in range(8)]
    matrix = np.random.default_rng(seed).lognormal(size=(size, 8))
    layout = Layout.fit(columns, [dict(zip((c.name for c in columns), r.tolist(), strict=True))
                                  for r in matrix])  # fmt: skip
    everyone, stretch = np.ones(size, dtype=np.bool_), np.arange(size) * STRETCHES // size
    known = ~np.isnan(labels)
    labelled = Past(
        layout, matrix[known], labels[known], 1, np.ones(known.sum()), everyone[known],
        stretch[known], np.ones(8, dtype=np.bool_),
    )  # fmt: skip
    return Lesson(layout, matrix, everyone, stretch, known, labelled)


def test_one_new_credit_in_twenty_is_elevated() -> None:
    """Of new credits like the old ones; one in a hundred is high."""
    given = lesson(400, np.full(400, np.nan), 1)
    model = assembled(given, {}, seed=1).build(CARD)
    totals = model.totals(np.random.default_rng(2).lognormal(size=(2000, 8)))
    assert 0.02 < (totals >= model.levels.elevated).mean() < 0.09
    assert (totals >= model.levels.high).mean() < 0.03


def test_the_mean_probability_of_new_credits_is_the_share_of_anomalies() -> None:
    """Also where strangeness says nothing: a credit not yet known is no more suspicious for it."""
    labels = (np.random.default_rng(3).random(600) < 0.2).astype(float)
    learned = assembled(lesson(600, labels, 1), {}, seed=1)
    model = learned.build(CARD)
    later = model.confidences(model.totals(np.random.default_rng(2).lognormal(size=(2000, 8))))
    assert abs(later.mean() - labels.mean()) < 0.03


def test_only_where_people_judged_every_credit_is_the_past_vetted() -> None:
    """One credit that nobody looked at, and to have been there before excuses nothing."""
    labels = np.zeros(300)
    labels[:40] = 1.0
    assert assembled(lesson(300, labels, 1), {}, seed=1).detector.weights == VETTED
    labels[100] = np.nan
    assert assembled(lesson(300, labels, 1), {}, seed=1).detector.weights == RAW


def test_a_confirmed_anomaly_excuses_no_other() -> None:
    """It is not among the past rows that others are compared with; without labels it would be."""
    labels = np.zeros(300)
    labels[7] = 1.0
    given = lesson(300, labels, 1)
    learned = assembled(given, {}, seed=1)
    again = learned.detector.views(given.matrix[[7, 8]])["novelty"]
    least = learned.detector.bends["novelty"].values(np.zeros(1))[0]
    assert again[0] > least
    assert again[1] == least
    assert learned.plain.detector.weights == RAW
