"""The linear half of a scorer: exact shares, the same alone and in a batch, data only."""

import json
from pathlib import Path

import numpy as np
import pytest

from models import blended
from models.blended import Blended
from models.linear import Linear
from models.protocol import Column
from models.tabular import Layout, Matrix
from models.tree_explain import Trees
from training.boosting import boost
from training.linear import NEVER, fit_linear

COLUMNS = tuple(
    Column(name, kind, "", "{value}")
    for name, kind in (("size", "number"), ("colour", "category"), ("open", "flag"))
)
LAYOUT = Layout(COLUMNS, {"colour": ("blue", "red")})


def rows(count: int = 300) -> Matrix:
    chance = np.random.default_rng(5)
    matrix = np.column_stack(
        [chance.lognormal(3, 2, count), chance.integers(0, 3, count), chance.integers(0, 2, count)]
    )
    matrix[chance.random(matrix.shape) < 0.1] = np.nan
    return matrix.astype(np.float64)


def labels(matrix: Matrix, classes: int = 3) -> np.ndarray:
    big = (np.nan_to_num(matrix[:, 0]) > 20).astype(np.intp)
    return big if classes < 3 else big + (matrix[:, 1] == 1).astype(np.intp)


def fitted(classes: int) -> Linear:
    matrix = rows()
    own = np.array([True, True, False])
    return fit_linear(LAYOUT, matrix, labels(matrix, classes), classes, own)


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_shares_add_up_and_a_row_alone_is_answered_alike(classes: int) -> None:
    """For every class; the margins of one row do not depend on its neighbours, to the last bit."""
    matrix, model = rows(), fitted(classes)
    margins = model.margins(matrix)
    assert margins.shape == (300, classes)
    for k in range(classes):
        pushes, base = model.pushes(matrix, [k] * 300)
        np.testing.assert_allclose(base + pushes.sum(axis=1), margins[:, k], atol=1e-9)
        np.testing.assert_allclose(pushes.mean(axis=0), 0.0, atol=1e-5)
    for i in range(300):
        np.testing.assert_array_equal(model.margins(matrix[i : i + 1])[0], margins[i])


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_it_learns_what_adds_up(classes: int) -> None:
    """Four in five are right, where a third or half would be luck."""
    matrix = rows()
    margins = fitted(classes).margins(matrix)
    said = margins.argmax(axis=1) if classes > 1 else (margins[:, 0] > 0).astype(np.intp)
    assert (said == labels(matrix, classes)).mean() > 0.8


def test_what_training_never_saw_changes_nothing_much() -> None:
    """An unseen code, a missing cell and a number far outside get finite, bounded shares."""
    model = fitted(3)
    strange = np.array([[1e15, 2.0, np.nan], [np.nan, 99.0, 1.0]])
    assert np.abs(model.margins(strange)).max() < 50


def test_it_is_data() -> None:
    """JSON and back answers the same to the last bit."""
    model = fitted(3)
    again = Linear.from_json(json.loads(json.dumps(model.to_json())))
    np.testing.assert_array_equal(again.margins(rows()), model.margins(rows()))
    chosen = [i % 3 for i in range(300)]
    np.testing.assert_array_equal(again.pushes(rows(), chosen)[0], model.pushes(rows(), chosen)[0])


def test_classes_that_few_rows_lack() -> None:
    """One class alone is always it; a class absent from the rows is next to impossible."""
    matrix, own = rows(40), np.ones(3, dtype=np.bool_)
    lone = fit_linear(LAYOUT, matrix, np.zeros(40, dtype=np.intp), 3, own)
    assert (lone.margins(matrix) == [0.0, NEVER, NEVER]).all()
    never = fit_linear(LAYOUT, matrix, np.zeros(40, dtype=np.intp), 1, own)
    assert (never.margins(matrix) == NEVER).all()
    two = fit_linear(LAYOUT, matrix, labels(matrix, 2) * 2, 3, own)
    assert (two.margins(matrix)[:, 1] <= NEVER + 1e-6).all()


def test_trees_and_linear_together_still_add_up(tmp_path: Path) -> None:
    """The weighted sum of two exact explanations explains the weighted sum; saved as data."""
    matrix = rows()
    grown = boost(
        LAYOUT,
        matrix,
        labels(matrix).astype(np.float64),
        seed=1,
        objective={"objective": "multiclass", "num_class": 3},
    )
    both = Blended(Trees(grown.text), fitted(3), 0.3)
    margins = both.margins(matrix)
    chosen = margins.argmax(axis=1)
    pushes, base = both.pushes(matrix, chosen.tolist())
    reached = margins[np.arange(300), chosen]
    np.testing.assert_allclose(base + pushes.sum(axis=1), reached, atol=1e-9)
    both.save(tmp_path)
    np.testing.assert_array_equal(blended.load(tmp_path).margins(matrix), margins)
