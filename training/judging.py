"""How well any version of a model answers questions it never saw: a figure, its noise, its slices.

Versions are asked through the models' protocol alone, as serving asks them, so that two versions
made by different code can be held against each other on the same rows. Only labels that people
gave count here: what ran automatically would call the champion right because it was obeyed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.credit_anomaly.model import OUTPUT_SUPERVISED
from models.drift import Answered
from models.masking import mask
from models.protocol import Model, Prediction
from training import measures
from training.labels import SUSPECT
from training.made import Array
from training.registry import SLICES
from training.rows import Example, Rows, TextExample
from training.split import Boundary, drawn_as, since
from workflow.assessment import Row

Question = Example | TextExample
At = NDArray[np.intp]
LEAST_TRUST = 0.5
"""Labels that people gave weigh more than this; those that nobody looked at, less."""
FIGURES: Mapping[str, str] = {
    "reason": "accuracy",
    "disposition": "accuracy",
    "credit_anomaly": "auc",
    "exception_rank": "loss_captured_at_10pct",
}
"""The one figure by which versions of a model are compared; higher is better for all."""
LEAST_SLICE_ROWS = 20
CHANCES = 200
"""Draws that say how far off a perfectly calibrated model would look."""


@dataclass(frozen=True)
class Answers:
    """What one version said of questions, and how that is measured.

    ``measure`` takes row numbers. ``confidence`` and ``right`` (questions) are given where a
    confidence is a probability. ``share``: the measure is the share of answers that are right.
    """

    measure: Callable[[At], float]
    confidence: Array | None = None
    right: Array | None = None
    share: bool = False


@dataclass(frozen=True)
class Figure:
    """A figure with the two ends of its 95 % interval, and how many questions it rests on."""

    value: float
    low: float
    high: float
    rows: int

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}, {self.rows} rows)"


@dataclass(frozen=True)
class Report:
    """How a version does on questions it never saw. ``overall`` is ``None`` where there are none;
    ``error`` is the calibration error beside what chance makes of a perfect one."""

    figure: str
    overall: Figure | None
    slices: Mapping[str, Figure]
    error: tuple[float, float] | None = None

    def metrics(self) -> dict[str, float]:
        """Slices as MLflow metrics: ``slice/reason/recall``, and ``_low`` and ``_high``."""
        found: dict[str, float] = {}
        for name, one in self.slices.items():
            place = SLICES + re.sub(r"[^\w/ .-]", "_", name.replace("=", "/", 1))
            found |= {place: one.value, f"{place}_low": one.low, f"{place}_high": one.high}
        return {name: value for name, value in found.items() if np.isfinite(value)}


def report(model: Model, asked: Sequence[Question], seed: int) -> Report:
    """Figures of a version with intervals, for all questions and by slice, and its calibration."""
    name = FIGURES[model.card.name]
    if not asked:
        return Report(name, None, {})
    answers = answers_of(model, asked)
    parts = {part: figure(answers, asked, at, seed) for part, at in slices(asked, LEAST_SLICE_ROWS)}
    return Report(
        name,
        figure(answers, asked, everything(asked), seed),
        {part: found for part, found in parts.items() if np.isfinite(found.value)},
        calibration(answers, seed),
    )


def held_out(name: str, rows: Rows, boundary: Boundary) -> list[Question]:
    """Questions from the boundary on that a person answered, in journal order.

    Texts that occurred before the boundary are left out: knowing them by heart is no merit.
    """
    if name == "reason":
        later = since(rows.texts, boundary)
        mine = {text.subject for text in later}
        known = {_letters(text.text) for text in rows.texts if text.subject not in mine}
        return [text for text in later if _letters(text.text) not in known]
    if name == "credit_anomaly":
        credits = [example for example in rows.of(name) if example.amount_minor > 0]
        return [e for e in since(credits, boundary) if e.label and e.weight > LEAST_TRUST]
    examples = since(rows.of(name), boundary)
    if name == "exception_rank":
        return [example for example in examples if example.loss_minor is not None]
    return [e for e in examples if e.label is not None and e.weight > LEAST_TRUST]


def answers_of(model: Model, asked: Sequence[Question]) -> Answers:
    """What a version says of questions of its kind. Abstentions count by their first candidate,
    which is what a person would be shown."""
    said = model.predict([row_of(question) for question in asked])
    if model.card.name in ("reason", "disposition"):
        return _of_choices(said, asked)
    scores = np.array([answer.confidence or 0.0 for answer in said])
    ranked = _of_scores(model.card.name, scores, asked)
    if model.card.output != OUTPUT_SUPERVISED:
        return ranked
    suspect = np.array([float(truth_of(question) == SUSPECT) for question in asked])
    return Answers(ranked.measure, scores, suspect)


def by_amount(name: str, asked: Sequence[Question], at: At, seed: int) -> Figure:
    """What looking at the largest amounts first reaches, for a model that ranks."""
    amounts = [float(q.amount_minor) for q in asked if isinstance(q, Example)]
    return figure(_of_scores(name, np.array(amounts), asked), asked, at, seed)


def _of_scores(name: str, scores: Array, asked: Sequence[Question]) -> Answers:
    """How well scores rank: losses found early, or confirmed anomalies above the others."""
    examples = [question for question in asked if isinstance(question, Example)]
    if name == "exception_rank":
        losses = np.array([float(example.loss_minor or 0) for example in examples])
        return Answers(lambda at: measures.captured(losses[at], scores[at], 0.1))
    truth = np.array([float(example.label == SUSPECT) for example in examples])
    return Answers(lambda at: measures.auc(truth[at], scores[at]))


def answered(model: Model, asked: Sequence[Question]) -> list[Answered]:
    """What a version says of questions, in the form in which serving records it."""
    said = model.predict([row_of(question) for question in asked])
    told = []
    for answer, question in zip(said, asked, strict=True):
        if isinstance(question, Example) and question.allowed:
            answer, _ = mask(answer, question.allowed)
        told.append(Answered(row_of(question), answer.value, answer.confidence, answer.abstained))
    return told


def _of_choices(said: Sequence[Prediction], asked: Sequence[Question]) -> Answers:
    """The likeliest of what the rules left, and whether it is what a person chose."""
    right, confidence = np.zeros(len(asked)), np.zeros(len(asked))
    for i, (answer, question) in enumerate(zip(said, asked, strict=True)):
        if isinstance(question, Example) and question.allowed:
            answer, _ = mask(answer, question.allowed)
        if answer.candidates:
            best = answer.candidates[0]
            right[i], confidence[i] = float(best.value == truth_of(question)), best.probability
    return Answers(lambda at: float(right[at].mean()), confidence, right, share=True)


def row_of(question: Question) -> Row:
    """What the model reads of a question."""
    return question.row if isinstance(question, Example) else {"text": question.text}


def truth_of(question: Question) -> str:
    """What people found right."""
    return str(question.label) if isinstance(question, Example) else question.reason


def figure(answers: Answers, asked: Sequence[Question], at: At, seed: int) -> Figure:
    """The figure of some questions with its interval, drawing whole customers."""
    drawn = drawn_as(asked[i] for i in at)
    low, high = measures.interval(
        lambda rows: answers.measure(at[rows]), drawn, seed, answers.share
    )
    return Figure(answers.measure(at), low, high, len(at))


def difference(
    candidate: Answers, champion: Answers, asked: Sequence[Question], at: At, seed: int
) -> Figure:
    """Candidate less champion on the same questions, drawn together: their luck is shared."""

    def gain(rows: At) -> float:
        return candidate.measure(rows) - champion.measure(rows)

    return figure(Answers(gain), asked, at, seed)


def everything(asked: Sequence[Question]) -> At:
    """All row numbers."""
    return np.arange(len(asked), dtype=np.intp)


def slices(asked: Sequence[Question], least: int) -> Iterator[tuple[str, At]]:
    """Row numbers by business unit and by reason, where there are enough to say something."""
    found: dict[str, list[int]] = {}
    for i, question in enumerate(asked):
        found.setdefault(f"business_unit={question.business_unit}", []).append(i)
        found.setdefault(f"reason={question.reason}", []).append(i)
    for name, rows in sorted(found.items()):
        if len(rows) >= least:
            yield name, np.array(rows, dtype=np.intp)


def calibration(answers: Answers, seed: int) -> tuple[float, float] | None:
    """The calibration error, and the one that 19 of 20 perfectly calibrated models stay below on
    as many questions: bins of a few never agree exactly.

    ``None`` where confidences are no probabilities, or nothing was asked.
    """
    if answers.confidence is None or answers.right is None or not len(answers.right):
        return None
    draws = np.random.default_rng(seed).random((CHANCES, len(answers.right)))
    by_chance = [
        measures.calibration_error(answers.confidence, (draw < answers.confidence).astype(float))
        for draw in draws
    ]
    error = measures.calibration_error(answers.confidence, answers.right)
    return error, float(np.quantile(by_chance, 0.95))


def _letters(text: str) -> str:
    """Letters only, so that another order number does not make another text."""
    return re.sub(r"[\W\d_]+", " ", text).strip().lower()
