"""Every tabular model's pushes are those of ``shap`` on the same model, grouped by signed sum."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from models.blended import Blended
from models.linear import Linear
from models.protocol import Column
from models.pushes import explanation, grouped
from models.tabular import Layout, Matrix
from tests.training.small_world import SmallWorld
from training import credit_anomaly, disposition, exception_rank
from training.linear import _inputs
from training.rows import Rows, gather
from workflow.assessment import Row

FITS = {
    "disposition": disposition.fit,
    "credit_anomaly": credit_anomaly.fit,
    "exception_rank": exception_rank.fit,
}
pytestmark = pytest.mark.filterwarnings(
    "ignore::PendingDeprecationWarning",  # shap colours its plots on import
    "ignore:LightGBM binary classifier:UserWarning",  # shap's news about the shape it returns
)


@cache
def rows() -> Rows:
    return gather(SmallWorld(3).facts(400, 60))


@cache
def scorer(name: str) -> tuple[Blended, Matrix]:
    """The fitted trees and linear model of a kind, and rows with gaps and unseen categories."""
    made = FITS[name](rows().of(name), seed=1)
    model: Any = made.build(disposition._blank(made.columns))
    whole = model.scorer if name == "disposition" else model
    blended = {
        "disposition": lambda: model.scorer.tabular,
        "credit_anomaly": lambda: model.taught,
        "exception_rank": lambda: model.scorer,
    }[name]()
    asked: list[Row] = [dict(example.row) for example in made.examples[:40]]
    for i, row in enumerate(asked):
        asked[i] = {k: None if (i + j) % 9 == 0 else v for j, (k, v) in enumerate(row.items())}
        kinds = [c.name for c in whole.layout.columns if c.kind == "category"]
        if i % 5 == 0:
            asked[i] = {**asked[i], kinds[i % len(kinds)]: "never-seen"}
    matrix = whole.layout.matrix(asked)
    assert isinstance(blended, Blended) and np.isnan(matrix).any()
    return blended, matrix


@pytest.mark.parametrize("name", FITS)
def test_trees_equal_tree_explainer(name: str) -> None:
    """Class by class, missing cells and unseen categories included: within 1e-9."""
    import lightgbm as lgb
    import shap

    blended, matrix = scorer(name)
    explainer = shap.TreeExplainer(lgb.Booster(model_str=blended.trees.text))
    expected = np.asarray(explainer.shap_values(matrix)).reshape(*matrix.shape, -1)
    for k in range(blended.trees.classes):
        pushes, base = blended.trees.pushes(matrix, [k] * len(matrix))
        np.testing.assert_allclose(pushes, expected[:, :, k], atol=1e-9, rtol=0)
        usual = np.atleast_1d(explainer.expected_value)[k]
        np.testing.assert_allclose(base, usual, atol=1e-9, rtol=0)


@pytest.mark.parametrize("name", FITS)
def test_linear_parts_equal_linear_explainer_grouped_by_signed_sum(name: str) -> None:
    """One-hot codes, steps and missing marks of a column are summed with their signs.

    The background is the means the model was given; those are kept to six digits.
    """
    import shap

    linear, matrix = scorer(name)[0].linear, scorer(name)[1]
    inputs, owners = _inputs_of(linear, matrix)
    for k in range(len(linear.base)):
        weights = _weights_of(linear, k)
        explainer = shap.LinearExplainer((weights, 0.0), np.zeros((1, inputs.shape[1])))
        values = np.asarray(explainer.shap_values(inputs))
        columns = np.zeros(matrix.shape)
        np.add.at(columns.T, owners, values.T)
        pushes, base = linear.pushes(matrix, [k] * len(matrix))
        np.testing.assert_allclose(pushes, columns - linear.centre[:, k], atol=1e-9, rtol=0)
        reached = base + pushes.sum(axis=1)
        np.testing.assert_allclose(reached, linear.margins(matrix)[:, k], atol=1e-9, rtol=0)


def _inputs_of(linear: Linear, matrix: Matrix) -> tuple[Matrix, np.ndarray]:
    """The inputs of the plain linear model, and the column each belongs to."""
    scale = linear.scale
    inputs, _ = _inputs(scale, matrix, np.ones(matrix.shape[1], dtype=np.bool_))
    codes = np.repeat(scale.codes, scale.known + 2)
    return inputs, np.concatenate([scale.numbers, scale.numbers, codes])


def _weights_of(linear: Linear, k: int) -> np.ndarray:
    tables = [
        linear.tables[i, : width + 2, k] for i, width in enumerate(linear.scale.known.tolist())
    ]
    return np.concatenate([linear.slope[:, k], linear.missing[:, k], *tables])


def test_parts_of_one_column_are_one_push_by_signed_sum() -> None:
    """+0.9 and -0.7 of one column are +0.2, not 1.6: it is weaker than another's +0.5."""
    columns = {
        "colour": Column("colour", "category", "code", "Painted {value}"),
        "days": Column("days", "number", "days", "{value} days old"),
    }
    row: Row = {"colour": "red", "days": 3}
    parts = [("colour", 0.9), ("days", 0.5), ("colour", -0.7)]
    told = explanation("exact_additive", "log_odds", 0.0, 0.7, grouped(columns, row, parts), None)
    assert [(p.feature, round(p.push, 9)) for p in told.pushes] == [("days", 0.5), ("colour", 0.2)]
    assert [p.says for p in told.pushes] == ["3 days old", "Painted red"]
    assert abs(told.residual) < 1e-12


def test_parts_that_cancel_are_no_push() -> None:
    """A column whose parts sum to nothing said nothing."""
    columns = {"colour": Column("colour", "category", "code", "Painted {value}")}
    assert grouped(columns, {"colour": "red"}, [("colour", 0.5), ("colour", -0.5)]) == []


def test_layouts_keep_one_column_a_fact() -> None:
    """The matrix a scorer sees has no one-hot columns: nothing is left to regroup."""
    layout = Layout.fit([Column("colour", "category", "", "{value}")], [{"colour": "red"}] * 4)
    assert layout.matrix([{"colour": "red"}, {"colour": None}]).shape == (2, 1)
