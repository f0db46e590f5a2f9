"""Pushes of trees are exact: the same as the shap package's, and they add up."""

import lightgbm as lgb
import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from models.credit_anomaly.isolation import mean_path
from models.tabular import Matrix
from models.tree_explain import Trees, one_class
from training.detector import grow


def data(rows: int = 400) -> Matrix:
    chance = np.random.default_rng(0)
    matrix = chance.normal(size=(rows, 6))
    matrix[:, 5] = chance.integers(0, 4, rows)
    matrix[chance.random(matrix.shape) < 0.1] = np.nan
    return matrix


@pytest.fixture(scope="module")
def booster() -> lgb.Booster:
    """Three classes, a categorical column, missing values."""
    matrix = data()
    labels = (np.nan_to_num(matrix[:, 0]) > 0).astype(int) + (np.nan_to_num(matrix[:, 5]) > 2)
    params = {"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_threads": 1}
    sets = lgb.Dataset(matrix, labels, categorical_feature=[5], params={"verbosity": -1})
    return lgb.train(params, sets, 30)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # shap colours its plots on import
def test_one_class_boosters_equal_shap(booster: lgb.Booster) -> None:
    """Within 1e-9 of ``shap.TreeExplainer``, class by class."""
    import shap

    matrix = data(60)
    trees = Trees(booster.model_to_string())
    expected = np.asarray(shap.TreeExplainer(booster).shap_values(matrix))
    for k in range(3):
        pushes, _ = trees.pushes(matrix, [k] * len(matrix))
        np.testing.assert_allclose(pushes, expected[:, :, k], atol=1e-9, rtol=0)


def test_pushes_and_base_add_up_to_the_margin(booster: lgb.Booster) -> None:
    """For mixed classes in one batch, and the same one row at a time."""
    matrix = data(50)
    trees = Trees(booster.model_to_string())
    margins = trees.margins(matrix)
    chosen = margins.argmax(axis=1).tolist()
    pushes, base = trees.pushes(matrix, chosen)
    reached = margins[np.arange(50), chosen]
    np.testing.assert_allclose(base + pushes.sum(axis=1), reached, atol=1e-9)
    for i in range(5):
        one, one_base = trees.pushes(matrix[i : i + 1], chosen[i : i + 1])
        np.testing.assert_array_equal(one[0], pushes[i])
        assert one_base[0] == base[i]


def test_text_that_is_no_model_is_refused() -> None:
    """A damaged file is named for what it is, not taken for a model without trees."""
    with pytest.raises(ValueError, match="not a LightGBM text model"):
        one_class("tree\nversion=v4\n", 0, 1)


def test_isolation_trees_equal_scikit_learns() -> None:
    """The converted forest scores as ``IsolationForest.score_samples`` does."""
    matrix = np.nan_to_num(data(500)).astype(np.float32).astype(np.float64)
    paths = Trees(grow(matrix, trees=20, seed=3)).margins(matrix)[:, 0]
    forest = IsolationForest(n_estimators=20, max_samples=256, random_state=3)
    expected = forest.fit(matrix.astype(np.float32)).score_samples(matrix.astype(np.float32))
    np.testing.assert_allclose(-(2 ** (paths / mean_path(256))), expected, atol=1e-9)
