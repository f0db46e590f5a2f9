"""Where the texts of a class gather: found without drawing, and never more than texts can tell."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs pip install '.[training]'")

from training.middles import MOST, TEXTS, middles


def _bunch(axis: int, count: int, seed: int) -> np.ndarray:
    """Directions close to one axis of eight."""
    rows = np.eye(8)[axis] + 0.05 * np.random.default_rng(seed).normal(size=(count, 8))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _found(sentences: np.ndarray, truth: np.ndarray, most: int = MOST) -> np.ndarray:
    return middles(sentences, truth, int(truth.max()) + 1, np.ones(len(truth)), most)


def test_every_bunch_of_a_class_has_its_middle() -> None:
    """A class that speaks of two things has a middle near each; one middle is near neither."""
    sentences = np.vstack([_bunch(0, 60, 1), _bunch(1, 60, 2)])
    truth = np.zeros(120, dtype=np.intp)
    assert (sentences @ _found(sentences, truth).T).max(axis=1).min() > 0.85
    assert (sentences @ _found(sentences, truth, most=1).T).max() < 0.85


def test_few_texts_have_one_middle_and_none_has_none_near() -> None:
    """Below two times ``TEXTS`` a class has the middle of all; without a text nothing is near."""
    sentences, truth = _bunch(0, 2 * TEXTS - 1, 3), np.full(2 * TEXTS - 1, 1)
    nobody, one = _found(sentences, truth)
    assert not nobody.any()
    assert np.allclose(one, sentences.mean(axis=0) / np.linalg.norm(sentences.mean(axis=0)))


def test_a_text_counts_for_as_many_as_it_stands_for() -> None:
    """The one middle leans to the texts that weigh more; all middles have length 1."""
    sentences, truth = np.vstack([_bunch(0, 60, 4), _bunch(1, 60, 5)]), np.zeros(120, dtype=np.intp)
    heavy = np.r_[np.full(60, 5.0), np.ones(60)]
    one = middles(sentences, truth, 1, heavy, 1)[0]
    assert one[0] > 3 * one[1]
    assert np.allclose(np.linalg.norm(middles(sentences, truth, 1, heavy, MOST), axis=1), 1.0)


@pytest.mark.filterwarnings("error")
def test_one_text_said_often_has_one_middle() -> None:
    """However often it was said, there is nothing to gather around twice."""
    sentences = np.repeat(_bunch(0, 1, 6), 4 * TEXTS, axis=0)
    (one,) = _found(sentences, np.zeros(len(sentences), dtype=np.intp))
    assert np.allclose(one, sentences[0])
