"""Pictures of a run: what a text model leans on is drawn like any other's, by its words."""

from io import BytesIO

import pytest

pytest.importorskip("matplotlib", reason="needs pip install '.[training]'")

from models.overview import Overview, Word
from models.protocol import Prediction
from training.plots import draw
from training.reason_model import _sets
from workflow.assessment import Candidate


def test_words_are_drawn_where_a_model_reads_text() -> None:
    """Every value with its strongest words; a model without words gets no such picture."""
    words = tuple(
        Word(value, f"word{i}", 3.0 - i, 5) for value in ("recall", "expired") for i in range(6)
    )
    plain = Overview(rows=9, explained=9, figure="accuracy")
    assert draw(plain) == {}
    ((name, data),) = draw(Overview(rows=9, explained=9, figure="accuracy", words=words)).items()
    assert name == "words.png"
    assert BytesIO(data).read(8) == b"\x89PNG\r\n\x1a\n"


def test_coverage_is_of_texts_that_were_read() -> None:
    """A text declined unread has no set: it is counted beside, and lowers no promise of sets."""
    read = Prediction("recall", 0.9, None, (Candidate("recall", 0.9),), ("recall",))
    unread = Prediction(None, None, "unsupported_language")
    assert _sets(["recall", "expired", "recall", "recall"], [read, read, read, unread]) == {
        "unread_share": 0.25, "set_coverage": 2 / 3, "set_size": 1.0,
    }  # fmt: skip
    assert _sets(["recall"], [unread]) == {"unread_share": 1.0}
