"""The ranker that only orders: rounds come from queries it did not see."""

import numpy as np

from models.protocol import Column
from models.tabular import Layout
from training.boosting import LEAST_ROUNDS, MOST_ROUNDS
from training.lambdarank import fit_lambdarank

LAYOUT = Layout(tuple(Column(f"x{i}", "number", "", "{value}") for i in range(3)), {})


def queries(count: int, size: int = 12) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Rows whose grade (0 to 3) follows the first column, with noise."""
    chance = np.random.default_rng(4)
    matrix = chance.normal(size=(count * size, 3))
    noisy = matrix[:, 0] + 0.5 * chance.normal(size=len(matrix))
    return matrix, np.digitize(noisy, [0.0, 0.8, 1.5]).astype(np.float64), [size] * count


def test_what_matters_orders_new_rows() -> None:
    """Rows it never saw come in the order of the column that the grades follow."""
    trees, rounds = fit_lambdarank(LAYOUT, *queries(60), seed=1)
    assert LEAST_ROUNDS <= rounds <= MOST_ROUNDS
    fresh = np.random.default_rng(9).normal(size=(200, 3))
    assert np.corrcoef(trees.margins(fresh)[:, 0], fresh[:, 0])[0, 1] > 0.85


def test_one_query_alone_is_enough() -> None:
    """Nothing to leave out: the least rounds; and the same seed makes the same trees."""
    one, rounds = fit_lambdarank(LAYOUT, *queries(1, 40), seed=1)
    two, _ = fit_lambdarank(LAYOUT, *queries(1, 40), seed=1)
    assert rounds == LEAST_ROUNDS
    assert one.text == two.text
