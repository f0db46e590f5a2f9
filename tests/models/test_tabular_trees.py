"""Pushes of trees are exact: the same as the shap package's, and they add up."""

import lightgbm as lgb
import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from models import tree_shap
from models.credit_anomaly.isolation import mean_path
from models.tabular import Matrix
from models.tree_explain import Trees
from training.detector import grow


def data(rows: int = 400) -> Matrix:
    chance = np.random.default_rng(0)
    matrix = chance.normal(size=(rows, 7))
    matrix[:, 5] = chance.integers(0, 4, rows)
    matrix[:, 6] = chance.integers(0, 70, rows)
    matrix[chance.random(matrix.shape) < 0.1] = np.nan
    matrix[:, 0] = np.nan_to_num(matrix[:, 0])
    return matrix


def strange(matrix: Matrix) -> Matrix:
    """The rows with what training never met: a gap where there was none, codes beyond the known,
    codes at the edge of a word of bits, negative ones, and numbers far outside."""
    matrix = matrix.copy()
    matrix[0:4, 0] = np.nan
    matrix[4:12, 6] = [-1, 31, 32, 63, 64, 95, 96, 1e6]
    matrix[12, 1:5] = [1e300, -1e300, 0.0, -0.0]
    matrix[13] = np.nan
    return matrix


def grown(objective: dict[str, object], labels: np.ndarray, rounds: int = 30) -> lgb.Booster:
    """Missing values, two categorical columns, one of more than 64 codes."""
    params = {"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5, "cat_smooth": 1}
    sets = lgb.Dataset(data(), labels, categorical_feature=[5, 6], params={"verbosity": -1})
    return lgb.train(params | objective, sets, rounds)


def classes() -> np.ndarray:
    matrix = np.nan_to_num(data())
    return np.asarray((matrix[:, 0] > 0).astype(int) + (matrix[:, 5] > 2) + (matrix[:, 6] % 3 == 1))


@pytest.fixture(scope="module")
def booster() -> lgb.Booster:
    return grown({"objective": "multiclass", "num_class": 4}, classes())


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # shap colours its plots on import
def test_pushes_equal_shap_class_by_class(booster: lgb.Booster) -> None:
    """Within 1e-9 of ``shap.TreeExplainer``, on rows unlike any in training too."""
    import shap

    matrix = strange(data(60))
    trees = Trees(booster.model_to_string())
    explainer = shap.TreeExplainer(booster)
    expected = np.asarray(explainer.shap_values(matrix))
    for k in range(4):
        pushes, base = trees.pushes(matrix, [k] * len(matrix))
        np.testing.assert_allclose(pushes, expected[:, :, k], atol=1e-9, rtol=0)
        np.testing.assert_allclose(base, explainer.expected_value[k], atol=1e-9, rtol=0)


@pytest.mark.parametrize("objective", ["binary", "poisson", "lambdarank"])
def test_one_margin_equals_lightgbms_own(objective: str) -> None:
    """Yes or no, an amount, an order: within 1e-9 of LightGBM's ``pred_contrib``."""
    labels = classes() if objective != "binary" else (classes() > 0).astype(int)
    sets = lgb.Dataset(data(), labels, categorical_feature=[5, 6], params={"verbosity": -1})
    if objective == "lambdarank":
        sets.set_group([40] * 10)
    params = {"objective": objective, "verbosity": -1, "num_threads": 1, "min_gain_to_split": 0.4}
    booster = lgb.train(params, sets, 40)
    text, matrix = booster.model_to_string(), strange(data(80))
    expected = booster.predict(matrix, pred_contrib=True, num_threads=1)
    pushes, base = Trees(text).pushes(matrix, [0] * len(matrix))
    np.testing.assert_allclose(np.column_stack([pushes, base]), expected, atol=1e-9, rtol=0)


def test_a_model_of_lone_leaves_pushes_nothing() -> None:
    """Its base is its margin."""
    booster = grown({"objective": "binary", "min_gain_to_split": 1e9}, (classes() > 0).astype(int))
    trees = Trees(booster.model_to_string())
    pushes, base = trees.pushes(data(5), [0] * 5)
    assert (pushes == 0).all()
    np.testing.assert_allclose(base, trees.margins(data(5))[:, 0], atol=1e-12)


def test_pushes_and_base_add_up_to_the_margin(
    booster: lgb.Booster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For mixed classes in one batch, and the same one row at a time or many at once."""
    matrix = data(50)
    trees = Trees(booster.model_to_string())
    margins = trees.margins(matrix)
    chosen = margins.argmax(axis=1).tolist()
    pushes, base = trees.pushes(matrix, chosen)
    reached = margins[np.arange(50), chosen]
    np.testing.assert_allclose(base + pushes.sum(axis=1), reached, atol=1e-9)
    monkeypatch.setattr(tree_shap, "AT_ONCE", 10**7)
    np.testing.assert_allclose(trees.pushes(matrix, chosen)[0], pushes, atol=1e-12)
    for i in range(5):
        one, one_base = trees.pushes(matrix[i : i + 1], chosen[i : i + 1])
        np.testing.assert_allclose(one[0], pushes[i], atol=1e-12)
        assert one_base[0] == base[i]
    assert trees.pushes(matrix[:0], [])[0].shape == (0, 7)


@pytest.mark.parametrize("text", ["", "tree\nversion=v4\n", "tree\n\nTree=0\nnonsense\n"])
def test_text_that_is_no_model_is_refused(text: str) -> None:
    """A damaged file is named for what it is, not taken for a model without trees."""
    with pytest.raises(ValueError, match="not a LightGBM text model"):
        Trees(text)


def test_zeros_trained_as_missing_are_refused() -> None:
    """Rather explained not at all than wrongly."""
    booster = grown({"objective": "binary", "zero_as_missing": True}, (classes() > 0).astype(int))
    with pytest.raises(ValueError, match="zero_as_missing"):
        Trees(booster.model_to_string())


def test_isolation_trees_equal_scikit_learns() -> None:
    """The converted forest scores as ``IsolationForest.score_samples`` does."""
    matrix = np.nan_to_num(data(500)).astype(np.float32).astype(np.float64)
    paths = Trees(grow(matrix, trees=20, seed=3)).margins(matrix)[:, 0]
    forest = IsolationForest(n_estimators=20, max_samples=256, random_state=3)
    expected = forest.fit(matrix.astype(np.float32)).score_samples(matrix.astype(np.float32))
    np.testing.assert_allclose(-(2 ** (paths / mean_path(256))), expected, atol=1e-9)
