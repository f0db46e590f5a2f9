"""A ranking stands beside two floors: an order by lot, and the best column alone."""

import numpy as np
import pytest

pytest.importorskip("lightgbm", reason="needs pip install '.[training]'")

from bench.ranking import best_column, by_chance, ndcg

SIZES = [5] * 40


def test_the_floors_lie_where_they_should() -> None:
    """The column that tells is found, whichever way it points, and beats the lot."""
    chance = np.random.default_rng(3)
    truth = chance.integers(0, 3, 200).astype(float)
    rows = np.column_stack([chance.random(200), -truth + 0.1 * chance.random(200)])
    assert best_column(rows, truth, SIZES) == (1, -1.0)
    lot = by_chance(truth, SIZES, 3, seed=1)
    assert ndcg(truth, truth, SIZES, 3) == 1.0
    assert ndcg(truth, -truth, SIZES, 3) < lot < ndcg(truth, -rows[:, 1], SIZES, 3)
    assert lot == by_chance(truth, SIZES, 3, seed=1)
