"""The score that finds notes without a reason: what it learns, and where its line is drawn."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs pip install '.[training]'")

from scipy import sparse

from training.heads import Views
from training.stated import DECLINED, LEAST_NOTES, MOST_LOST, fit_stated

RNG = np.random.default_rng(5)


def _views(rows: int, apart: float) -> Views:
    """Sentences about ``apart`` in their first dimension, and one term that means nothing."""
    sentences = RNG.normal(size=(rows, 4)) + np.array([apart, 0.0, 0.0, 0.0])
    return Views(sentences, sparse.csr_matrix(np.ones((rows, 1))))


def test_notes_of_two_kinds_are_told_apart() -> None:
    """Fresh notes far on either side fall on their side of the line."""
    stated = fit_stated(_views(300, 3.0), _views(300, -3.0), seed=1)
    assert stated is not None
    fresh = np.vstack([_views(50, 3.0).sentences, _views(50, -3.0).sentences])
    enough = stated.enough(fresh, [{0: 1.0}] * 100)
    assert enough[:50].mean() > 0.9
    assert enough[50:].mean() < 0.05


def test_the_line_never_loses_more_than_it_may() -> None:
    """Where both kinds look alike, a tenth of the notes with a reason is declined, not more."""
    stated = fit_stated(_views(400, 0.0), _views(400, 0.0), seed=1)
    assert stated is not None
    fresh = _views(2000, 0.0)
    assert stated.enough(fresh.sentences, [{0: 1.0}] * 2000).mean() > 1 - 2 * MOST_LOST
    assert DECLINED > 0.9


def test_too_few_notes_teach_nothing() -> None:
    """With fewer notes than one can learn from there is no such score."""
    assert fit_stated(_views(100, 1.0), _views(LEAST_NOTES - 1, -1.0), seed=1) is None
