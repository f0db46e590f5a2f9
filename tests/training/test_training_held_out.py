"""Texts held out: every class in every fold that it can fill, and nobody judges himself."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs pip install '.[training]'")

from training.held_out import HeldOut, crossed, folds


def test_every_class_is_spread_over_the_folds() -> None:
    """Two texts of a class lie in two folds, ten of a class twice in each; seeds differ."""
    truth = np.repeat([0, 1, 2], [2, 10, 28])
    fold = folds(truth, seed=1)
    assert len(set(fold[truth == 0])) == 2
    assert np.bincount(fold[truth == 1]).tolist() == [2] * 5
    assert np.bincount(fold).tolist() == [8] * 5
    assert not np.array_equal(fold, folds(truth, seed=2))


def test_a_class_of_one_text_is_never_held_out() -> None:
    """And where all classes are such, nothing can be calibrated, which is said."""
    assert folds(np.array([0, 1, 1, 1]), seed=1)[0] == -1
    with pytest.raises(ValueError, match="one text only"):
        folds(np.arange(6), seed=1)


def test_no_text_chooses_its_own_blend() -> None:
    """Turning the truth of one half round changes the other half's probabilities, not its own."""
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 3, size=200)
    by_sentence = np.eye(3)[truth] * 2 + rng.normal(size=(200, 3))
    by_term = rng.normal(size=(200, 3))
    held = HeldOut(by_sentence, by_term, np.zeros(200), np.zeros((200, 0)), truth)
    chances, half = crossed(held, seed=5)
    turned = HeldOut(
        by_sentence, by_term, held.nearness, held.sentences, np.where(half, (truth + 1) % 3, truth)
    )
    other, _ = crossed(turned, seed=5)
    assert np.allclose(chances.sum(axis=1), 1.0)
    assert np.array_equal(chances[half], other[half])
    assert not np.allclose(chances[~half], other[~half])
