"""Words of a text: offsets are of the text as it was written, and the words named matter."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bench import faithful
from models import bundle
from models.reason.model import ReasonModel

TEXTS = {
    "emoji": "Box arrived crushed 📦💥 and the seal 👨‍👩‍👧 leaks 🥧!",
    "combining": "The cre\u0301me bru\u0302le\u0301e is spoiled, cafe\u0301 too",
    "crlf": "Seal leaks\r\nCarton wet\r\n\r\n\tplease credit",
    "repeated": "broken broken broken and broken again",
    "edges": "  leaks",
    "glued": "leaks,broken/crushed;wrong-item",
    "wide": "𝒍eaks at the ﬁrst ﬁll — 𝟜 pumps",
    "right to left": "The pump leaks \u200fנוזל\u200e oil everywhere",
}


@pytest.fixture(scope="module")
def light_model(light: Path) -> ReasonModel:
    model = bundle.load(light)
    assert isinstance(model, ReasonModel)
    return model


@pytest.mark.parametrize("name", TEXTS)
def test_offsets_slice_the_text_as_it_was_written(name: str, reason: ReasonModel) -> None:
    """Emoji, combining marks, line ends, repeats: ``text[start:end]`` is the value; no overlaps."""
    text = TEXTS[name]
    (told,) = reason.explain([{"text": text}])
    assert told is not None
    spans = sorted((p.start or 0, p.end or 0, p.value) for p in told.pushes if p.end is not None)
    assert spans
    for start, end, value in spans:
        assert text[start:end] == value and value and not str(value).isspace()
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert abs(told.residual) < 1e-6


def test_repeated_words_are_told_apart(reason: ReasonModel) -> None:
    """Four times the same word are four spans."""
    (told,) = reason.explain([{"text": TEXTS["repeated"]}])
    assert told is not None
    starts = {p.start for p in told.pushes if p.value == "broken"}
    assert starts == {0, 7, 14, 25}


def test_the_words_named_are_the_words_that_matter(light_model: ReasonModel) -> None:
    """Without the strongest word the answer falls by more than without another, and its few
    strongest words alone give it again more often than as many others."""
    from training.reason import descriptions

    texts = [text for text, _ in descriptions()[0]][::4]
    found = faithful.judged(light_model, texts, seed=1)
    assert found["texts"] > 40
    assert found["drop_top"]["low"] > found["drop_random"]["high"]
    assert found["top_beats_random"]["low"] > 0.6
    assert found["keep_2"]["same_answer"] > found["keep_2"]["same_answer_random"] + 0.1
    assert found["residual_max"] < 1e-6


def test_log_odds_of_one_class_against_all_others() -> None:
    """As ``log p - log (1 - p)`` of a softmax, also where logits are large."""
    logits = np.array([[1.0, 2.0, 0.5], [900.0, 880.0, 0.0]])
    odds = faithful.log_odds(logits, np.array([1, 0]))
    p = np.exp(2.0) / np.exp(logits[0]).sum()
    np.testing.assert_allclose(odds, [np.log(p / (1 - p)), 20.0], atol=1e-9)
