"""Pictures of a run: what a text model leans on is drawn like any other's, by its words."""

from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="needs pip install '.[training]'")

from matplotlib.figure import Figure

from models.overview import Dependence, Overview, Part, Word
from models.prior import Prior
from models.protocol import Column, Prediction
from training.made import Judgement, Made
from training.overview import overview
from training.plots import _pushes, draw
from training.reason_model import _sets
from training.rows import TextExample
from workflow.assessment import Candidate, Explanation, Push, Row


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


def test_coverage_is_of_texts_that_are_told_to_state_a_reason() -> None:
    """A text declined unread has no set, and of one out of scope nothing is promised: both are
    counted beside, and lower no promise of sets."""
    read = Prediction("recall", 0.9, None, (Candidate("recall", 0.9),), ("recall",))
    unread = Prediction(None, None, "unsupported_language")
    outside = Prediction(None, None, "out_of_scope", (Candidate("recall", 0.3),), ("recall",))
    answers = [read, read, read, outside, unread]
    assert _sets(["recall", "expired", "recall", "expired", "recall"], answers) == {
        "unread_share": pytest.approx(0.2), "out_of_scope_share": 0.2,
        "set_coverage": 2 / 3, "set_size": 1.0,
    }  # fmt: skip
    assert _sets(["recall"], [unread]) == {"unread_share": 1.0, "out_of_scope_share": 0.0}


class Teller(Prior):
    """Explains every note by its first word."""

    def explain(
        self, rows: Sequence[Row], top: int | None = None, of: Sequence[str | None] | None = None
    ) -> list[Explanation | None]:
        first = [str(row["text"]).split()[0] for row in rows]
        return [
            Explanation(
                "exact_additive", "log_odds:recall", 0.0, 2.0, 0.0,
                (Push("text", word, 2.0, start=0, end=len(word)),),
            )
            for word in first
        ]  # fmt: skip


def test_words_are_told_from_all_notes_and_figures_from_the_later_ones() -> None:
    """Two later notes hold no word three times; what the model leans on is told all the same."""
    at = datetime(2026, 11, 2, tzinfo=UTC)
    notes = [
        TextExample(f"R-{i}/1", f"withdrawn lot {i}", "recall", at, i, f"C-{i}", "unit")
        for i in range(8)
    ]
    judged = Judgement({}, rows=notes[6:], figure="accuracy", measure=lambda at: 1.0)
    model = Teller("reason")
    fitted = Made(
        "reason", lambda card: model, (Column("text", "text", "", ""),), (), "", "", "", {},  # type: ignore[arg-type, return-value]
        judged, notes, notes[6:],
    )  # fmt: skip
    told = overview(fitted, model, 1)
    assert (told.rows, told.explained) == (2, 8)
    assert told.words == (Word("recall", "withdrawn", 2.0, 8),)


def test_categories_are_points_and_numbers_a_line() -> None:
    """A line between two categories would tell of something between them; a cell that is not
    known stands apart from both."""
    gone = Part(None, None, 3, 0.1, 0.0, 0.2)
    kinds = Part("sealed", "sealed", 5, 1.0, 0.9, 1.1), Part("used", "used", 5, -1.0, -1.1, -0.9)
    numbers = Part(0, 3, 5, 1.0, 0.9, 1.1), Part(4, 9, 5, -1.0, -1.1, -0.9)
    for kind, parts, style in (("category", kinds, "None"), ("number", numbers, "-")):
        axes = Figure().add_subplot()
        _pushes(axes, [Dependence("a", kind, "restock", (*parts, gone))])
        known, unknown, _ = axes.get_lines()
        assert known.get_linestyle() == style and np.size(known.get_xdata()) == 2
        assert np.size(unknown.get_xdata()) == 1
        seen = Overview(9, 9, "accuracy", dependence=(Dependence("a", kind, None, (*parts, gone)),))
        assert list(draw(seen)) == ["dependence.png"]
