"""What a version must show before it may be proposed; thresholds are ``gates.toml``.

Candidate and champion answer the same questions, from after everything that either was trained
on, and their difference is drawn by customer. Better than the champion beyond noise passes. The
same within noise fails, but a person may propose it nevertheless and say why (a retraining on
newer data seldom is better at once); so may a first version that is badly calibrated. Worse beyond
noise, worse for a part of the business, badly calibrated in a champion's place, slow, or breaking
a promise of ``models.checks``: no reason excuses that.
"""

import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from features.catalogue import SETS
from models import bundle
from models.bundle import Mismatch
from models.checks import run
from models.protocol import Model
from training import judging, sense
from training.judging import Answers, Figure, Question
from training.rows import Rows
from training.split import Boundary
from training.trained_on import trained_on
from workflow.assessment import Row
from workflow.facts import GateResult

GATES = Path(__file__).with_name("gates.toml")
NEEDED: Mapping[str, tuple[str, ...]] = {
    "champion": ("conformance", "noise", "slices", "calibration", "latency"),
    "challenger": ("conformance", "latency"),
}
"""Gates that must be passed, by alias. A challenger decides nothing: it is there to be compared."""


def thresholds(path: Path = GATES) -> dict[str, Any]:
    """The thresholds in a file, as tables of numbers."""
    return tomllib.loads(path.read_text())


@dataclass(frozen=True)
class Version:
    """A bundle's folder, read when it is needed. Errors: ``Mismatch`` where it is broken."""

    folder: Path

    @cached_property
    def model(self) -> Model:
        return bundle.load(self.folder)

    @cached_property
    def held_from(self) -> Boundary | None:
        """From where on it was trained on nothing; ``None`` where the bundle does not say."""
        return trained_on(self.folder)


@dataclass(frozen=True)
class Contest:
    """Questions that neither version was trained on, and what both say of them."""

    asked: Sequence[Question]
    candidate: Answers
    champion: Answers | None

    def difference(self, at: judging.At, seed: int) -> Figure | None:
        """Candidate less champion; ``None`` without a champion."""
        if self.champion is None:
            return None
        return judging.difference(self.candidate, self.champion, self.asked, at, seed)


def weigh(
    name: str,
    candidate: Version,
    champion: Version | None,
    rows: Rows,
    limits: Mapping[str, Any] | None = None,
) -> tuple[GateResult, ...]:
    """Every gate for one candidate, passed or not. A bundle that cannot be loaded fails at once.

    ``rows`` are the journal's; ``champion`` is ``None`` before the first. A champion whose bundle
    is broken is no champion to be measured against.
    """
    limits = limits or thresholds()
    try:
        model = candidate.model
    except Mismatch as error:
        return (GateResult("conformance", False, f"The bundle cannot be used: {error}"),)
    sample = _sample(name, rows, limits)
    met = contest(name, candidate, champion, rows)
    return (
        _conformance(model, candidate.folder, sample[: limits["conformance"]["rows"]], rows),
        _noise(met, limits),
        _slices(met, limits),
        _calibration(met, limits),
        _latency(name, model, sample, limits),
    )


def contest(name: str, candidate: Version, champion: Version | None, rows: Rows) -> Contest:
    """Both versions asked what neither was trained on; nothing where a bundle does not say."""
    champion = champion if champion and _loads(champion) else None
    starts = [version.held_from for version in (candidate, champion) if version]
    known = [start for start in starts if start is not None]
    asked = judging.held_out(name, rows, max(known)) if len(known) == len(starts) else []
    return Contest(
        asked,
        judging.answers_of(candidate.model, asked),
        judging.answers_of(champion.model, asked) if champion else None,
    )


def failed(gates: Sequence[GateResult], alias: str) -> list[GateResult]:
    """Gates that stand in the way of an alias; one that was not tried at all does too."""
    tried = {gate.name: gate for gate in gates}
    found = [
        tried.get(name) or GateResult(name, False, f"{name} was not tried.")
        for name in NEEDED[alias]
    ]
    return [gate for gate in found if not gate.passed]


def _loads(version: Version) -> bool:
    try:
        return bool(version.model.card.name)
    except Mismatch:
        return False


def _sample(name: str, rows: Rows, limits: Mapping[str, Any]) -> list[Row]:
    """The newest rows, answered by people or not: promises and speed do not depend on labels."""
    questions: Sequence[Question] = rows.texts if name == "reason" else rows.of(name)
    most = max(limits["conformance"]["rows"], limits["latency"]["batch_rows"])
    return [judging.row_of(question) for question in questions[-most:]]


def _conformance(model: Model, folder: Path, sample: Sequence[Row], rows: Rows) -> GateResult:
    """Every promise of ``models.checks``, features as this program computes them, and answers
    that mean what they say (``training.sense``)."""
    broken = run(model, sample, folder) if sample else ["there is no row to try it on"]
    expected = SETS.get(model.card.name)
    if expected is not None and model.card.feature_set != expected.fingerprint:
        broken.append("it reads features that this program does not compute: train it again")
    asked = sense.answered_by_people(model.card.name, rows)
    broken += sense.faults(model, asked)
    says = "; ".join(broken) or (
        f"keeps every promise on {len(sample)} rows, and is the right way round as far as"
        f" {len(asked)} answers of people tell"
    )
    return GateResult("conformance", not broken, says)


def _noise(met: Contest, limits: Mapping[str, Any]) -> GateResult:
    """Better than the champion beyond noise; excusable where it is the same within noise."""
    least = limits["noise"]["least_rows"]
    gain = None
    if len(met.asked) >= least:
        gain = met.difference(judging.everything(met.asked), limits["seed"])
    if met.champion is None:
        return GateResult("noise", True, "there is no champion to be better than")
    if gain is None or not np.isfinite(gain.low):
        says = f"{len(met.asked)} questions that neither knew tell nothing; {least} are needed"
        return GateResult("noise", False, says, excusable=True)
    figures = (("gain", gain.value), ("gain_low", gain.low), ("gain_high", gain.high))
    better, worse = gain.low > limits["noise"]["least_gain"], gain.high < 0
    verdict = "better" if better else "worse" if worse else "no better than noise"
    says = f"{verdict}: {gain} against the champion"
    return GateResult("noise", better, says, not better and not worse, figures)


def _slices(met: Contest, limits: Mapping[str, Any]) -> GateResult:
    """No slice is worse by more than the margin, as far as that can be told from noise."""
    margin, worst = limits["slices"]["margin"], []
    tried = 0
    for name, at in judging.slices(met.asked, limits["slices"]["least_rows"]):
        change = met.difference(at, limits["seed"])
        if change is None or not np.isfinite(change.value):
            continue
        tried += 1
        if change.value < -margin and change.high < 0:
            worst.append((name, change))
    says = "; ".join(f"{name} changes by {change}" for name, change in worst)
    figures = tuple((name, change.value) for name, change in worst)
    if not worst:
        says = f"none of {tried} slices is worse by more than {margin:g}"
    return GateResult("slices", not worst, says, figures=figures)


def _calibration(met: Contest, limits: Mapping[str, Any]) -> GateResult:
    """The calibration error is small, with what chance adds to it: the two add up in squares.

    Excusable for a first version: without it nothing answers, and no automatic lane opens on a
    confidence alone (``models.guarantee``).
    """
    found = judging.calibration(met.candidate, limits["seed"])
    if found is None:
        why = "its confidence is no probability" if met.asked else "no question to judge it by"
        return GateResult("calibration", True, f"not judged: {why}")
    error, chance = found
    most = float(np.hypot(limits["calibration"]["most_error"], chance))
    says = (
        f"expected calibration error {error:.3f}, at most {most:.3f} on {len(met.asked)} rows,"
        f" where chance alone makes up to {chance:.3f}"
    )
    figures = (("ece", error), ("ece_most", most))
    passed = error <= most
    return GateResult("calibration", passed, says, not passed and met.champion is None, figures)


def _latency(
    name: str, model: Model, sample: Sequence[Row], limits: Mapping[str, Any]
) -> GateResult:
    """The 95th percentile of answering and explaining, as one request does, within its budget."""
    if not sample:
        return GateResult("latency", False, "there is no row to try it on")
    told = limits["latency"]
    batch = [sample[i % len(sample)] for i in range(told["batch_rows"])]
    singles = [[sample[i % len(sample)]] for i in range(told["rounds"])]
    one, many = _p95_ms(model, singles), _p95_ms(model, [batch] * told["batch_rounds"])
    most_one, most_many = told["one_ms"][name], told["batch_ms"][name]
    says = (
        f"one row in {one:.1f} ms of {most_one}, {len(batch)} rows in {many:.0f} ms of {most_many}"
        " (95th percentile of processor time)"
    )
    figures = (("one_ms", one), ("batch_ms", many))
    return GateResult("latency", one <= most_one and many <= most_many, says, figures=figures)


def _p95_ms(model: Model, requests: Sequence[Sequence[Row]]) -> float:
    """Processor time: what neighbours on the machine use is no fault of the model."""
    _answer(model, requests[0])  # the first request of a process pays for what is loaded late
    spent = []
    for rows in requests:
        start = time.process_time()
        _answer(model, rows)
        spent.append((time.process_time() - start) * 1000)
    return float(np.quantile(spent, 0.95))


def _answer(model: Model, rows: Sequence[Row]) -> None:
    said = model.predict(rows)
    model.explain(rows, 8, of=[answer.value for answer in said])
