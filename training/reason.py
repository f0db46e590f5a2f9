"""Fits the reason model: two views, one head, thresholds from data that trained no weight."""

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold

import models.reason
from models import bundle
from models.calibration import calibration_error, softmax
from models.conformal import coverage, fit_conformal
from models.protocol import Card, Column
from models.reason.head import Head
from models.reason.language import is_foreign
from models.reason.model import EncoderFiles, Gate, ReasonModel, encoder_files
from models.reason.words import words_of
from training.encoder import exported
from training.heads import Heads, Views, fit_blend, fit_heads, fit_vocabulary, term_matrix
from training.stated import fit_stated, tells
from workflow.codes import UNCLEAR, ReturnReason

Array = NDArray[np.float64]
Truth = NDArray[np.intp]

FEATURE_SET = "sha256:text"
COLUMNS = (Column("text", "text", "characters", "{value}"),)
LIMITS = (
    "Reads what a customer wrote in English about one returned line: the first 20,000 characters,"
    " the sentence encoder the first 256 word pieces. Abstains on empty, foreign and unrelated"
    " text. Never decides about eligibility or money."
)
ENOUGH_HELD_OUT = 150
"""Validation texts from which they alone calibrate; below, training texts predicted by models
that did not see them are added. With prototypes those are always added."""
FOLDS = 5
ANSWER_PRECISION = 0.9
"""What is answered is to be right this often, where that leaves something to answer."""


@dataclass(frozen=True)
class Options:
    """How a model is to abstain and promise.

    ``most_refused`` bounds the share of texts in scope that the scope threshold may turn away;
    ``unrelated`` are texts that belong to no class, for choosing that threshold;
    ``encoder`` is the folder of the exported encoder, or ``None`` for n-grams alone.
    """

    level: float = 0.95
    english_only: bool = True
    most_refused: float = 0.05
    unrelated: Sequence[str] = ()
    encoder: Path | None = None


@dataclass(frozen=True)
class _HeldOut:
    """Predictions for texts that the predicting weights never saw."""

    by_sentence: Array
    by_term: Array
    sentences: Array
    truth: Truth

    def take(self, rows: NDArray[np.intp]) -> "_HeldOut":
        return _HeldOut(
            self.by_sentence[rows], self.by_term[rows], self.sentences[rows], self.truth[rows]
        )


def fit(
    texts: Sequence[str],
    labels: Sequence[str],
    val_texts: Sequence[str],
    val_labels: Sequence[str],
    out_folder: Path,
    *,
    seed: int,
    prototypes: bool = True,
) -> dict[str, float]:
    """Fits, calibrates and seals a bundle in ``out_folder``; answers metrics on held-out texts.

    With ``prototypes`` the model knows every canonical reason from its descriptions, so it may
    be fitted with no label at all; labels must then be canonical codes or ``unclear``. The
    encoder is exported on first use. Metrics: ``accuracy macro_f1 ece set_coverage set_size``
    beside ``majority_accuracy tfidf_accuracy tfidf_macro_f1``, on texts that chose nothing.
    Errors: ``ValueError`` for unknown labels or fewer than two classes.
    """
    model, metrics = make(
        (texts, labels),
        (val_texts, val_labels),
        seed=seed,
        prototypes=prototypes,
        options=Options(encoder=exported()),
    )
    out_folder.mkdir(parents=True, exist_ok=True)
    model.save(out_folder)
    bundle.write(out_folder, model.card)
    return metrics


def make(
    train: tuple[Sequence[str], Sequence[str]],
    val: tuple[Sequence[str], Sequence[str]],
    *,
    seed: int,
    prototypes: bool,
    options: Options,
    version: str = "0",
    trained_at: datetime | None = None,
) -> tuple[ReasonModel, dict[str, float]]:
    """As ``fit``, but answers the model itself; ``train`` and ``val`` are texts and labels."""
    known, unclear = _usable(train, options)
    later, more_unclear = _usable(val, options)
    unrelated = [*options.unrelated, *unclear, *more_unclear]
    taught_by_people = len(known)
    if prototypes:
        described, nothing = descriptions()
        known = [*known, *described]
        unrelated += nothing
    classes = _classes(known, prototypes)
    files = encoder_files(options.encoder) if options.encoder is not None else None
    vocabulary = fit_vocabulary([*(text for text, _ in known), *(unrelated if prototypes else ())])

    def views(texts: Sequence[str]) -> Views:
        return Views(_sentences(files, texts), term_matrix(vocabulary, texts))

    taught, truth = views([text for text, _ in known]), _index(known, classes)
    heads = fit_heads(taught, truth, len(classes), seed)
    strangers = views(unrelated)
    # Only what belongs to the reasons of the house is known well enough to learn its absence.
    stated = fit_stated(taught, strangers, seed) if prototypes else None
    later = [pair for pair in later if pair[1] in classes]
    asked = views([text for text, _ in later])
    held = _predicted(heads, asked, _index(later, classes))
    if stated is not None:
        # A note that tells no reason is declined; the reason people found by other means would
        # only teach that nothing is ever sure.
        held = held.take(np.flatnonzero(tells(stated, asked)))
    if prototypes:
        # However many notes of one house there are, the ways of all others keep their say.
        described_rows = np.arange(taught_by_people, len(known))
        held = _joined(held, _out_of_fold(taught, truth, len(classes), seed, described_rows))
    elif len(later) < ENOUGH_HELD_OUT:
        every_row = np.arange(len(known))
        held = _joined(held, _out_of_fold(taught, truth, len(classes), seed, every_row))
    # One third each for blend and thresholds, for the conformal sets, and for the metrics.
    thirds = np.array_split(np.random.default_rng(seed).permutation(len(held.truth)), 3)
    first, second, last = (held.take(np.sort(rows)) for rows in thirds)
    blend = fit_blend(first.by_sentence, first.by_term, first.truth)
    head = heads.blended(blend)
    conformal = fit_conformal(softmax(_blended(second, blend)), second.truth, options.level)
    outside = _predicted(heads, strangers, np.full(len(unrelated), -1, dtype=np.intp))
    if stated is not None:  # the scope is left with what is unlike all that was ever seen
        outside = outside.take(np.arange(0))
    gate = Gate(
        _familiar_least(head, blend, first, outside, options),
        _answer_least(softmax(_blended(first, blend)), first.truth),
        options.english_only,
    )
    chances = softmax(_blended(last, blend))
    metrics = judge(chances, last.truth, conformal.sets(chances)) | _baselines(last, truth)
    card = _card(classes, metrics, options.level, version, trained_at)
    return ReasonModel(card, head, vocabulary, gate, conformal, files, stated), metrics


@cache
def descriptions() -> tuple[list[tuple[str, str]], list[str]]:
    """Prototype texts with their reasons, and texts that state no reason."""
    source = Path(next(iter(models.reason.__path__))) / "descriptions.toml"
    data = tomllib.loads(source.read_text())
    pairs = [(text, reason) for reason, texts in data["reasons"].items() for text in texts]
    return pairs, list(data["none"]["texts"])


def judge(probabilities: Array, truth: Truth, sets: NDArray[np.bool_]) -> dict[str, float]:
    """``accuracy macro_f1 ece set_coverage set_size`` of probabilities (rows x classes)."""
    said = probabilities.argmax(axis=1)
    right = said == truth
    held, size = coverage(sets, truth)
    return {
        "accuracy": float(right.mean()),
        "macro_f1": _macro_f1(truth, said),
        "ece": calibration_error(probabilities.max(axis=1), right),
        "set_coverage": held,
        "set_size": size,
    }


def _usable(
    pairs: tuple[Sequence[str], Sequence[str]], options: Options
) -> tuple[list[tuple[str, str]], list[str]]:
    """Texts that the model would be asked about, and those that people called unclear.

    Foreign texts are declined when serving, so they must not teach either.
    """
    kept: list[tuple[str, str]] = []
    unclear: list[str] = []
    for text, label in zip(*pairs, strict=True):
        if not any(c.isalpha() for c in text):
            continue
        if options.english_only and is_foreign(text, words_of(text)):
            continue
        if label == UNCLEAR:
            unclear.append(text)
        else:
            kept.append((text, label))
    return kept, unclear


def _classes(train: Sequence[tuple[str, str]], canonical: bool) -> tuple[str, ...]:
    found = {label for _, label in train}
    if not canonical:
        if len(found) < 2:
            raise ValueError(f"at least two classes are needed to tell apart, not {len(found)}")
        return tuple(sorted(found))
    codes = tuple(str(code) for code in ReturnReason)
    if unknown := found - set(codes):
        raise ValueError(
            f"{', '.join(sorted(unknown))}: not a return reason; use one of {', '.join(codes)}"
            f" or {UNCLEAR}"
        )
    return codes


def _sentences(files: EncoderFiles | None, texts: Sequence[str]) -> Array:
    if files is None:
        return np.zeros((len(texts), 0))
    return files.encoder.sentences(texts)


def _index(pairs: Sequence[tuple[str, str]], classes: Sequence[str]) -> Truth:
    at = {label: i for i, label in enumerate(classes)}
    return np.array([at[label] for _, label in pairs], dtype=np.intp)


def _predicted(heads: Heads, views: Views, truth: Truth) -> _HeldOut:
    by_sentence, by_term = heads.raw(views)
    return _HeldOut(by_sentence, by_term, views.sentences, truth)


def _joined(a: _HeldOut, b: _HeldOut) -> _HeldOut:
    return _HeldOut(
        np.vstack([a.by_sentence, b.by_sentence]),
        np.vstack([a.by_term, b.by_term]),
        np.vstack([a.sentences, b.sentences]),
        np.concatenate([a.truth, b.truth]),
    )


def _out_of_fold(
    known: Views, truth: Truth, classes: int, seed: int, asked_for: NDArray[np.intp]
) -> _HeldOut:
    """The training texts ``asked_for``, each predicted by heads fitted without it."""
    counts = Counter(truth[asked_for].tolist())
    # A class with a single text cannot be held out: its text stays in training.
    foldable = asked_for[[counts[int(t)] >= 2 for t in truth[asked_for]]]
    folds = min([FOLDS, *(n for n in counts.values() if n >= 2)])
    if not len(foldable):
        raise ValueError("every class has one text only: two of one class are needed to calibrate")
    parts: list[_HeldOut] = []
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for _, asked in splitter.split(foldable, truth[foldable]):
        rows = foldable[asked]
        rest = np.setdiff1d(np.arange(len(truth)), rows)
        heads = fit_heads(known.take(rest), truth[rest], classes, seed)
        parts.append(_predicted(heads, known.take(rows), truth[rows]))
    joined = parts[0]
    for part in parts[1:]:
        joined = _joined(joined, part)
    return joined


def _blended(part: _HeldOut, blend: tuple[float, float]) -> Array:
    return blend[0] * part.by_sentence + blend[1] * part.by_term


def _familiar_least(
    head: Head,
    blend: tuple[float, float],
    known: _HeldOut,
    strangers: _HeldOut,
    options: Options,
) -> float:
    """The threshold that gains most on both sides, within what may be turned away in scope."""
    logits = _blended(known, blend)
    inside = head.familiarity(known.sentences, logits)
    bound = float(np.quantile(inside, options.most_refused))
    if not len(strangers.truth):
        return float(np.quantile(inside, min(0.01, options.most_refused)))
    outside = head.familiarity(strangers.sentences, _blended(strangers, blend))
    right = logits.argmax(axis=1) == known.truth
    steps = np.concatenate([inside, outside])
    gains = [(right & (inside >= t)).mean() + (outside < t).mean() for t in steps]
    return min(float(steps[int(np.argmax(gains))]), bound)


def _answer_least(chances: Array, truth: Truth) -> float:
    """The smallest confidence from which answers are right as often as they ought to be.

    Never above one half: a likelier half of two reasons is still worth proposing to a person.
    """
    confidence = chances.max(axis=1)
    order = np.argsort(-confidence)
    right = (chances.argmax(axis=1) == truth)[order]
    precision = right.cumsum() / np.arange(1, len(right) + 1)
    good = np.flatnonzero(precision >= ANSWER_PRECISION)
    least = float(confidence[order][good[-1]]) if len(good) else 0.5
    return float(min(max(least, 2.0 / chances.shape[1]), 0.5))


def _baselines(last: _HeldOut, trained_on: Truth) -> dict[str, float]:
    said = last.by_term.argmax(axis=1)
    commonest = np.bincount(trained_on).argmax()
    return {
        "majority_accuracy": float((last.truth == commonest).mean()),
        "tfidf_accuracy": float((said == last.truth).mean()),
        "tfidf_macro_f1": _macro_f1(last.truth, said),
        "held_out_texts": float(len(last.truth)),
    }


def _macro_f1(truth: Truth, said: Truth) -> float:
    return float(f1_score(truth, said, labels=np.unique(truth), average="macro", zero_division=0.0))


def _card(
    classes: Sequence[str],
    metrics: Mapping[str, float],
    level: float,
    version: str,
    trained_at: datetime | None,
) -> Card:
    return Card(
        name="reason",
        version=version,
        reads=COLUMNS,
        says=tuple(classes),
        output="log_odds",
        feature_set=FEATURE_SET,
        trained_at=trained_at.isoformat() if trained_at else None,
        limits=LIMITS,
        metrics=dict(metrics),
        conformal_level=level,
    )
