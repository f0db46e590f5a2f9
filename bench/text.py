"""``python -m bench.text --train A.csv --test B.csv --text-column T --label-column L``.

Trains the product's reason model on any labelled texts and judges it on others, or judges the
model that ships (``--champion``). The last line printed is one JSON document. Nothing is chosen
on the test file: blend, thresholds and sets come from ``--val``, or without it from training
texts predicted by models that did not see them.
"""

import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from bench.csv_file import columns
from models.bundle import load
from models.calibration import error_by_chance, softmax
from models.reason.model import MOST_CHARACTERS, ReasonModel
from training.encoder import exported
from training.measures import interval, macro_f1
from training.reason import Options, fit, judge, make
from training.registry import DRAWER, Registry
from workflow.codes import UNCLEAR, ReturnReason

Texts = tuple[list[str], list[str]]
Truth = NDArray[np.intp]


def run(
    test: Annotated[Path, typer.Option(help="CSV with the texts to judge on.")],
    train: Annotated[Path | None, typer.Option(help="CSV with the texts to learn from.")] = None,
    text_column: Annotated[str, typer.Option()] = "text",
    label_column: Annotated[str, typer.Option()] = "label",
    val: Annotated[Path | None, typer.Option(help="CSV to calibrate on.")] = None,
    oos_train: Annotated[
        Path | None, typer.Option(help="Texts of no class, to learn from (or rows `unclear`).")
    ] = None,
    oos_val: Annotated[Path | None, typer.Option(help="Texts of no class, to calibrate.")] = None,
    oos_test: Annotated[Path | None, typer.Option(help="Texts of no class, to judge.")] = None,
    champion: Annotated[bool, typer.Option(help="Judge the model that ships.")] = False,
    bundle: Annotated[Path | None, typer.Option(help="Judge this bundle.")] = None,
    seed: Annotated[int, typer.Option()] = 8123,
    encoder: Annotated[bool, typer.Option(help="Off: n-grams alone.")] = True,
    finetune: Annotated[bool, typer.Option(help="Tune the encoder on the training texts.")] = False,
    minutes: Annotated[float, typer.Option(help="The most that tuning may take.")] = 20.0,
) -> None:
    """Accuracy, macro-F1, calibration, conformal sets, abstention and speed."""
    if (train is None) == (not champion and bundle is None):
        raise typer.BadParameter("give either --train, or --champion, or --bundle")
    judged = _read(test, text_column, label_column)
    document: dict[str, Any] = {"bench": "text", "test": test.name}
    simple: list[str] = []
    if train is not None:
        taught = _enough(train, _read(train, text_column, label_column))
        later = _read(val, text_column, label_column) if val else ([], [])
        if val and not set(later[1]) & set(taught[1]):
            raise typer.BadParameter(f"{val} has not one label of {train}: nothing to calibrate on")
        options = Options(
            english_only=False,  # what is measured decides: texts may be in any language
            unrelated=[
                t for path in (oos_val, oos_train) if path for t in _texts(path, text_column)
            ],
            encoder=exported() if encoder else None,  # once for all, so no part of training
            finetune_minutes=minutes if finetune else 0.0,
        )
        model, facts = _trained(taught, later, options, seed)
        simple = _simple(taught, judged[0], seed)
        document |= facts | _floors(taught, judged, simple)
    else:
        judged = _canonical(test, judged)
        model, document["model"] = _shipped(bundle, seed)
    inside = [pair for pair in zip(*judged, strict=True) if pair[1] != UNCLEAR]
    outside = [text for text, label in zip(*judged, strict=True) if label == UNCLEAR]
    outside += _texts(oos_test, text_column) if oos_test else []
    document |= _judged(model, inside, bool(outside))
    if simple:  # after the speed was taken: the encoder remembers these texts from here on
        document |= _bounds(model, judged, simple, seed)
    if outside:
        document |= _turned_away(model, outside, trained=train is not None)
    typer.echo(json.dumps(document))


def _trained(
    taught: Texts, later: Texts, options: Options, seed: int
) -> tuple[ReasonModel, dict[str, Any]]:
    started, worked = time.perf_counter(), time.process_time()
    model, held_out = make(taught, later, seed=seed, prototypes=False, options=options)
    seconds = time.perf_counter() - started
    names = ("accuracy", "macro_f1", "set_coverage", "tfidf_macro_f1")
    return model, {
        "train_s": seconds,
        "train_cpu_s": time.process_time() - worked,
        "train_texts": len(taught[0]),
        "classes": len(model.classes),
        **{f"held_out_{name}": held_out[name] for name in names},
        **{name: value for name, value in held_out.items() if name.startswith("tuned_")},
    }


def _simple(taught: Texts, texts: Sequence[str], seed: int) -> list[str]:
    """What a plain TF-IDF with a linear SVM says of these texts."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    simple = LinearSVC(random_state=seed).fit(words.fit_transform(taught[0]), taught[1])
    said: list[str] = simple.predict(words.transform(texts)).tolist()
    return said


def _floors(taught: Texts, judged: Texts, simple: Sequence[str]) -> dict[str, Any]:
    """What always naming the commonest label reaches, and what the simple answers do."""
    commonest = Counter(taught[1]).most_common(1)[0][0]
    known = set(taught[0])
    truth = np.array(judged[1])
    return {
        "majority_accuracy": float((truth == commonest).mean()),
        "tfidf_accuracy": float((truth == np.array(simple)).mean()),
        "tfidf_macro_f1": macro_f1(judged[1], simple),
        "test_texts_in_train": sum(text in known for text in judged[0]),
    }


def _bounds(
    model: ReasonModel, judged: Texts, simple: Sequence[str], seed: int
) -> dict[str, tuple[float, float]]:
    """How far test texts of this number can tell: 95 % bootstrap intervals, drawing texts.

    Of macro-F1, and of how much of it lies above that of the simple answers on the same draw.
    """
    texts, truth = judged
    logits, _ = model.logits([text[:MOST_CHARACTERS] for text in texts])
    said = [model.classes[i] for i in logits.argmax(axis=1)]

    def reached(answers: Sequence[str], rows: NDArray[np.intp]) -> float:
        return macro_f1([truth[i] for i in rows], [answers[i] for i in rows])

    return {
        "macro_f1_interval": interval(lambda rows: reached(said, rows), texts, seed),
        "macro_f1_over_tfidf_interval": interval(
            lambda rows: reached(said, rows) - reached(simple, rows), texts, seed
        ),
    }


def _judged(
    model: ReasonModel, inside: Sequence[tuple[str, str]], strangers: bool
) -> dict[str, Any]:
    """The contract's figures; a label the model does not know is an error it makes."""
    texts = [text[:MOST_CHARACTERS] for text, _ in inside]
    started = time.perf_counter()
    answers = model.predict([{"text": text} for text in texts])
    seconds = time.perf_counter() - started
    logits, familiar = model.logits(texts)
    unknown = sorted({label for _, label in inside} - set(model.classes))
    if unknown:  # columns that never win: no probability, in no set
        logits = np.hstack([logits, np.full((len(logits), len(unknown)), -1e9)])
    classes = [*model.classes, *unknown]
    truth: Truth = np.array([classes.index(label) for _, label in inside], dtype=np.intp)
    chances = softmax(logits)
    right = chances.argmax(axis=1) == truth
    answered = np.array([answer.abstained is None for answer in answers])
    document: dict[str, Any] = judge(chances, truth, model.conformal.sets(chances))
    document |= {
        "ece_by_chance": error_by_chance(chances.max(axis=1)),
        "answered_share": float(answered.mean()),
        "accuracy_when_answered": float(right[answered].mean()) if answered.any() else None,
        "texts": len(inside),
        "texts_of_labels_never_learned": int((truth >= len(model.classes)).sum()),
        "texts_per_s": len(texts) / seconds,
    }
    if strangers:
        document["in_scope_accuracy"] = float((right & familiar).mean())
    return document


def _turned_away(model: ReasonModel, outside: Sequence[str], trained: bool) -> dict[str, Any]:
    """Texts of no class: as out of scope alone, or (what ships) by any abstention."""
    if trained:
        away = ~model.logits(outside)[1]
    else:
        answers = model.predict([{"text": text} for text in outside])
        away = np.array([answer.abstained is not None for answer in answers])
    return {"oos_recall": float(away.mean()), "oos_texts": len(outside)}


def _shipped(bundle: Path | None, seed: int) -> tuple[ReasonModel, str]:
    """The bundle named, else the registry's champion, else the model of the first day."""
    if bundle is not None:
        return _reason(bundle), bundle.name
    registry = Registry(DRAWER)
    version = registry.alias("reason", "champion")
    if version is not None:
        return _reason(registry.bundle("reason", version)), f"champion {version}"
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        fit([], [], [], [], folder, seed=seed)
        return _reason(folder), "descriptions only: no champion is promoted here"


def _reason(folder: Path) -> ReasonModel:
    model = load(folder)
    if not isinstance(model, ReasonModel):
        raise typer.BadParameter(f"{folder} holds a {model.card.name} model")
    return model


def _read(path: Path, text_column: str, label_column: str) -> Texts:
    rows = columns(path, text_column, label_column, filled=[label_column])
    return [row[text_column] for row in rows], [row[label_column] for row in rows]


def _texts(path: Path, text_column: str) -> list[str]:
    return [row[text_column] for row in columns(path, text_column)]


def _enough(path: Path, taught: Texts) -> Texts:
    """The same. Errors: ``typer.BadParameter`` for labels that nothing can be learned from; a
    text without a letter teaches nothing."""
    read = zip(*taught, strict=True)
    counts = Counter(label for text, label in read if any(c.isalpha() for c in text))
    if not counts:
        raise typer.BadParameter(f"{path} has no text with a letter in it: nothing can be learned")
    if len(counts) < 2:
        (only,) = counts
        raise typer.BadParameter(f"{path} has texts of one label only, {only!r}: two are needed")
    if max(counts.values()) < 2:
        raise typer.BadParameter(f"{path} has one text of every label: two of one are needed")
    return taught


def _canonical(path: Path, judged: Texts) -> Texts:
    """The same. Errors: ``typer.BadParameter`` where not one label is a code of ours."""
    if not set(judged[1]) & {UNCLEAR, *map(str, ReturnReason)}:
        raise typer.BadParameter(
            f"{path}: no label is a canonical reason or {UNCLEAR!r}, {judged[1][0]!r} for one; what"
            " ships answers in docs/reference/codes.md"
        )
    return judged


if __name__ == "__main__":
    typer.run(run)
