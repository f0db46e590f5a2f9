"""The text benchmark counts as turned away what the model turns away, and nothing else."""

from pathlib import Path

import numpy as np
import pytest
import typer

pytest.importorskip("sklearn", reason="needs pip install '.[training]'")

import bench.text
from bench.text import _bounds, _enough, _judged, _turned_away
from models.reason.model import ReasonModel
from models.reason.stated import Stated
from models.reason.words import WORD
from training.reason import Options, make

TAUGHT = [(f"{drink} please {i}", drink) for drink in ("tea", "milk") for i in range(20)]
NOTES = [("tea please 1", "tea"), ("milk please 2", "milk"), ("tea 1", "tea"), ("milk 2", "milk")]


def test_a_note_without_a_reason_is_turned_away_in_the_figures_too() -> None:
    """As the answers say; for a model without a score for such notes, scope alone decides."""
    taught = ([text for text, _ in TAUGHT], [label for _, label in TAUGHT])
    options = Options(english_only=False)
    plain, _ = make(taught, ([], []), seed=1, prototypes=False, options=options)
    polite = np.zeros(len(plain.vocabulary))
    polite[plain.vocabulary.index[f"{WORD}:please"]] = 1.0
    stated = Stated(0.0, np.zeros(0), polite, 1e-6)
    strict = ReasonModel(
        plain.card, plain.head, plain.vocabulary, plain.gate, plain.conformal, None, stated
    )
    texts = [text for text, _ in NOTES]
    for model in (plain, strict):
        kept = [a.abstained != "out_of_scope" for a in model.predict([{"text": t} for t in texts])]
        assert _judged(model, NOTES, True)["in_scope_accuracy"] == np.mean(kept)
        assert _turned_away(model, texts, trained=True)["oos_recall"] == 1 - np.mean(kept)
    assert kept == [True, True, False, False]
    assert _judged(plain, NOTES, True)["in_scope_accuracy"] > 0.5


def test_strangers_may_come_with_the_texts_to_learn_from() -> None:
    """A row labelled ``unclear`` counts as a text of no class given beside the table does: scope
    and threshold are the same to the last digit, and not those of a table without it."""
    told = [f"what is the capital of country {i}" for i in range(25)]
    plain, known = Options(english_only=False), Options(english_only=False, unrelated=told)
    scores = [
        _scope([*TAUGHT, *((text, "unclear") for text in told)], plain),
        _scope(TAUGHT, known),
        _scope(TAUGHT, plain),
    ]
    assert scores[0] == scores[1] != scores[2]


def _scope(rows: list[tuple[str, str]], options: Options) -> tuple[float, float, float]:
    taught = ([text for text, _ in rows], [label for _, label in rows])
    model, _ = make(taught, ([], []), seed=1, prototypes=False, options=options)
    scope = model.head.scope
    return scope.claim, scope.nearness, model.gate.familiar_least


def test_strangers_of_every_file_are_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those to learn from and those to calibrate on draw one line; those to judge draw none."""
    handed: list[str] = []

    def trained(taught: object, later: object, options: Options, seed: int) -> None:
        handed.extend(options.unrelated)
        raise InterruptedError

    monkeypatch.setattr(bench.text, "_trained", trained)
    for name in ("train", "val", "test"):
        (tmp_path / f"oos_{name}.csv").write_text(f"text\nfrom {name}\n")
    (tmp_path / "known.csv").write_text("text,label\ntea,a\nmore tea,a\nmilk,b\n")
    known, train, val, test = (
        tmp_path / f"{name}.csv" for name in ("known", "oos_train", "oos_val", "oos_test")
    )
    with pytest.raises(InterruptedError):
        bench.text.run(known, known, oos_train=train, oos_val=val, oos_test=test, encoder=False)
    assert sorted(handed) == ["from train", "from val"]


@pytest.mark.slow
def test_figures_say_how_far_so_few_texts_can_tell() -> None:
    """Macro-F1 lies in its interval; against the very same answers nothing is gained on any draw;
    and beside the calibration error stands what chance alone would show."""
    taught = ([text for text, _ in TAUGHT], [label for _, label in TAUGHT])
    model, _ = make(taught, ([], []), seed=1, prototypes=False, options=Options(english_only=False))
    # Water is a word the model never met, so it is wrong about some of these.
    notes = [*TAUGHT, *((f"water {i}", drink) for drink in ("tea", "milk") for i in range(5))]
    texts, labels = [text for text, _ in notes], [label for _, label in notes]
    said = [model.classes[i] for i in model.logits(texts)[0].argmax(axis=1)]
    figures = _judged(model, notes, False)
    bounds = _bounds(model, (texts, labels), said, seed=1)
    low, high = bounds["macro_f1_interval"]
    assert low < figures["macro_f1"] < high
    assert bounds["macro_f1_over_tfidf_interval"] == (0.0, 0.0)
    assert 0.0 <= figures["ece_by_chance"] < 1.0


def test_a_label_never_learned_is_an_error_that_is_counted() -> None:
    """A test file with other labels is told apart from a model that is wrong."""
    taught = ([text for text, _ in TAUGHT], [label for _, label in TAUGHT])
    model, _ = make(taught, ([], []), seed=1, prototypes=False, options=Options(english_only=False))
    figures = _judged(model, [*NOTES, ("water 1", "water")], False)
    assert (figures["texts_of_labels_never_learned"], figures["texts"]) == (1, 5)
    assert figures["accuracy"] <= 0.8


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        (("", "  ", "12"), "has no text with a letter in it"),
        (("leaks", "", "leaks too"), "has texts of one label only, 'a'"),
        (("leaks", "wrong", ""), "has one text of every label"),
    ],
)
def test_what_nothing_can_be_learned_from_is_said(texts: tuple[str, ...], fault: str) -> None:
    """In a sentence that names the file, before anything is trained; empty texts teach nothing."""
    with pytest.raises(typer.BadParameter, match=fault):
        _enough(Path("mine.csv"), (list(texts), ["a", "b", "a"]))
