"""Fits the reason model: two views, one head, thresholds from data that trained no weight."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

import models.reason
from models import bundle
from models.calibration import calibration_error
from models.conformal import Conformal, coverage, fit_conformal
from models.protocol import Card, Column
from models.reason.head import Head
from models.reason.language import is_foreign
from models.reason.model import EncoderFiles, Gate, ReasonModel
from models.reason.words import words_of
from training.encoder import exported, on_all_cores
from training.heads import Blend, Heads, Labelled, fit_heads, fit_vocabulary, term_matrix
from training.held_out import HeldOut, crossed, folds, joined, out_of_fold, predicted, settled
from training.middles import MOST
from training.scope import Signs, familiar_least, fit_scope
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
that did not see them are added. With prototypes those are always added, but to the sets only as
many as are missing."""
ANSWER_PRECISION = 0.9
"""What is answered is to be right this often, where that leaves something to answer."""


@dataclass(frozen=True)
class Options:
    """How a model is to abstain and promise.

    ``most_refused`` bounds the share of texts in scope that the scope threshold may turn away;
    ``unrelated`` are texts that belong to no class, for choosing that threshold;
    ``encoder`` is the folder of the exported encoder, or ``None`` for n-grams alone;
    ``finetune_minutes`` the time in which that encoder may be tuned, 0 to leave it as it is.
    """

    level: float = 0.95
    english_only: bool = True
    most_refused: float = 0.05
    unrelated: Sequence[str] = ()
    encoder: Path | None = None
    finetune_minutes: float = 0.0


class Note(NamedTuple):
    """A text, its label, and for how many like it that stands."""

    text: str
    label: str
    weight: float = 1.0


def fit(
    texts: Sequence[str],
    labels: Sequence[str],
    val_texts: Sequence[str],
    val_labels: Sequence[str],
    out_folder: Path,
    *,
    seed: int,
    prototypes: bool = True,
    finetune_minutes: float = 0.0,
    weights: Sequence[float] | None = None,
) -> dict[str, float]:
    """Fits, calibrates and seals a bundle in ``out_folder``; answers metrics on held-out texts.

    With ``prototypes`` the model knows every canonical reason from its descriptions, so it may
    be fitted with no label at all; labels must then be canonical codes or ``unclear``.
    ``weights``, one a text and above 0, say for how many like it each of ``texts`` stands: all 1
    if not given, as descriptions always are. The encoder is exported on first use.
    Metrics: ``accuracy macro_f1 ece set_coverage set_size`` beside ``majority_accuracy
    tfidf_accuracy tfidf_macro_f1``, on texts that chose nothing.
    Errors: ``ValueError`` for unknown labels, fewer than two classes, or a weight of 0.
    """
    model, metrics = make(
        (texts, labels),
        (val_texts, val_labels),
        seed=seed,
        prototypes=prototypes,
        options=Options(encoder=exported(), finetune_minutes=finetune_minutes),
        weights=weights,
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
    weights: Sequence[float] | None = None,
) -> tuple[ReasonModel, dict[str, float]]:
    """As ``fit``, but answers the model itself; ``train`` and ``val`` are texts and labels."""
    known, unclear = _usable(_notes(train, weights), options)
    later, more_unclear = _usable(_notes(val), options)
    unrelated = [*options.unrelated, *unclear, *more_unclear]
    taught_by_people = len(known)
    if prototypes:
        described, nothing = descriptions()
        known = [*known, *(Note(text, reason) for text, reason in described)]
        unrelated += nothing
    classes = _classes(known, prototypes)
    vocabulary = fit_vocabulary([note.text for note in known] + (unrelated if prototypes else []))

    def labelled(notes: Sequence[Note]) -> Labelled:
        texts = [note.text for note in notes]
        stands_for = np.array([note.weight for note in notes], dtype=np.float64)
        return Labelled(texts, term_matrix(vocabulary, texts), _index(notes, classes), stands_for)

    taught, asked = labelled(known), labelled([note for note in later if note.label in classes])
    calibrating = np.arange(0)  # the training texts that calibrate too, held out for that
    if prototypes:
        # However many notes of one house there are, the ways of all others keep their say.
        calibrating = np.arange(taught_by_people, len(known))
    elif len(asked.texts) < ENOUGH_HELD_OUT:
        calibrating = np.arange(len(known))
    # With descriptions no stranger teaches the scope: measured with one middle a reason.
    most = 1 if prototypes else MOST
    files, held, how = _encoder(taught, asked, calibrating, len(classes), options, seed, most)
    sentences = files.encoder.sentences if files is not None else _no_sentences
    views, asked_views, truth = taught.views(sentences), asked.views(sentences), taught.truth
    heads = fit_heads(views, truth, len(classes), seed, taught.weights, most_middles=most)
    if held is None:
        held = predicted(heads, asked_views, asked.truth)
        if len(calibrating):
            unseen = out_of_fold(
                views, truth, len(classes), seed, calibrating, taught.weights, most
            )
            held = joined([held, unseen])
    strangers = labelled([Note(text, classes[0]) for text in unrelated]).views(sentences)
    own = len(asked.texts) if prototypes else len(held.truth)
    # Only what belongs to the reasons of the house is known well enough to learn its absence.
    stated = fit_stated(views, strangers, seed) if prototypes else None
    outside = predicted(heads, strangers, np.full(len(unrelated), -1, dtype=np.intp))
    if stated is not None:
        # The scope is left with what is unlike all that was ever seen. A note that tells no
        # reason is declined; the reason people found by other means would only teach that
        # nothing is ever sure. (Validation texts come first among those held out.)
        outside = outside.take(np.arange(0))
        silent = np.flatnonzero(~tells(stated, asked_views))
        held = held.take(np.setdiff1d(np.arange(len(held.truth)), silent))
        own -= len(silent)
    promised = _promised(own, len(held.truth))
    head, gate, conformal, metrics = _finished(heads, held, outside, promised, options, seed)
    metrics |= _baselines(held, truth) | how
    card = _card(classes, metrics, options.level, version, trained_at)
    return ReasonModel(card, head, vocabulary, gate, conformal, files, stated), metrics


def _promised(own: int, texts: int) -> NDArray[np.intp]:
    """Which of the texts held out decide the sets: the ``own`` first, which are like those that
    will be asked, and of the descriptions after them, evenly, as many as are missing.

    A description never contradicts the reason it stands for; a note now and then does, and sets
    promised by a thousand descriptions would hold the reasons of notes too seldom.
    """
    others = texts - own
    missing = min(max(ENOUGH_HELD_OUT - own, 0), others) if own else others
    added = own + np.linspace(0, others - 1, missing).astype(np.intp)
    return np.concatenate([np.arange(own), added])


def _finished(
    heads: Heads,
    held: HeldOut,
    outside: HeldOut,
    promised: NDArray[np.intp],
    options: Options,
    seed: int,
) -> tuple[Head, Gate, Conformal, dict[str, float]]:
    """One head of both, its thresholds, sets and figures: all from texts held out, the sets from
    those ``promised``."""
    blend = settled(held)
    chances, half = crossed(held, seed)
    scope = fit_scope(heads.centroids, _signs(held, blend), _signs(outside, blend))
    right = chances.argmax(axis=1) == held.truth
    gate = Gate(
        familiar_least(scope, right, options.most_refused),
        _answer_least(chances, held.truth),
        options.english_only,
    )
    sure, truth = chances[promised], held.truth[promised]
    conformal = fit_conformal(sure, truth, options.level)
    metrics = judge(chances, held.truth, conformal.sets(chances))
    metrics |= _kept(sure, truth, half[promised], options.level)
    return heads.blended(blend, scope.scope), gate, conformal, metrics


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


def _notes(
    pairs: tuple[Sequence[str], Sequence[str]], weights: Sequence[float] | None = None
) -> list[Note]:
    """Errors: ``ValueError`` where texts, labels and weights are not as many, or a weight is not
    above 0: a text that stands for none would still shape the vocabulary."""
    texts, labels = pairs
    stand_for = [1.0] * len(texts) if weights is None else weights
    notes = [Note(*parts) for parts in zip(texts, labels, stand_for, strict=True)]
    if wrong := [note.weight for note in notes if not 0 < note.weight < np.inf]:
        raise ValueError(f"a text weighs more than 0, not {wrong[0]:g}")
    return notes


def _usable(notes: Sequence[Note], options: Options) -> tuple[list[Note], list[str]]:
    """Texts that the model would be asked about, and those that people called unclear.

    Foreign texts are declined when serving, so they must not teach either.
    """
    kept: list[Note] = []
    unclear: list[str] = []
    for note in notes:
        if not any(c.isalpha() for c in note.text):
            continue
        if options.english_only and is_foreign(note.text, words_of(note.text)):
            continue
        if note.label == UNCLEAR:
            unclear.append(note.text)
        else:
            kept.append(note)
    return kept, unclear


def _classes(train: Sequence[Note], canonical: bool) -> tuple[str, ...]:
    found = {note.label for note in train}
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


def _no_sentences(texts: Sequence[str]) -> Array:
    return np.zeros((len(texts), 0))


def _encoder(
    taught: Labelled,
    asked: Labelled,
    calibrating: NDArray[np.intp],
    classes: int,
    options: Options,
    seed: int,
    most_middles: int,
) -> tuple[EncoderFiles | None, HeldOut | None, dict[str, float]]:
    """The encoder, frozen or tuned; tuned, also what is said of texts it was not tuned on:
    those ``asked``, and after them a part of the training texts that are ``calibrating`` too."""
    if options.encoder is None or options.finetune_minutes <= 0:
        return (None if options.encoder is None else on_all_cores(options.encoder)), None, {}
    from training.tuning import tuned  # torch takes seconds to import

    if len(calibrating):
        fold = folds(taught.truth[calibrating], seed, _parts(len(calibrating)))
        spared = calibrating[fold == 0]
        asked = asked.plus(taught.take(spared))
        taught = taught.take(np.setdiff1d(np.arange(len(taught.texts)), spared))
    minutes = options.finetune_minutes
    found = tuned(taught, asked, classes, minutes=minutes, seed=seed, most_middles=most_middles)
    return found.files, found.held, {"tuned_share": found.share, "tuned_epochs": found.epochs}


def _parts(texts: int) -> int:
    """One in ten texts is held out of tuning, and more where that would be too few to judge."""
    return max(min(texts // ENOUGH_HELD_OUT, 10), 4)


def _index(notes: Sequence[Note], classes: Sequence[str]) -> Truth:
    at = {label: i for i, label in enumerate(classes)}
    return np.array([at[note.label] for note in notes], dtype=np.intp)


def _signs(held: HeldOut, blend: Blend) -> Signs:
    logits = blend.of(held.by_sentence, held.by_term)
    return Signs(logits.max(axis=1), held.nearness, held.sentences)


def _kept(chances: Array, truth: Truth, half: NDArray[np.bool_], level: float) -> dict[str, float]:
    """Coverage and size of sets; whether one holds its truth is judged by the other half's."""
    sets = np.empty(chances.shape, dtype=np.bool_)
    for rows in (half, ~half):
        sets[rows] = fit_conformal(chances[~rows], truth[~rows], level).sets(chances[rows])
    held, size = coverage(sets, truth)
    return {"set_coverage": held, "set_size": size}


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


def _baselines(held: HeldOut, trained_on: Truth) -> dict[str, float]:
    said = held.by_term.argmax(axis=1)
    commonest = np.bincount(trained_on).argmax()
    return {
        "majority_accuracy": float((held.truth == commonest).mean()),
        "tfidf_accuracy": float((said == held.truth).mean()),
        "tfidf_macro_f1": _macro_f1(held.truth, said),
        "held_out_texts": float(len(held.truth)),
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
