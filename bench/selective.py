"""``python -m bench.selective SIM1 SIM2``: what labels are worth that only some cases get.

The portions of ``bench.coverage``. The first part of a journal is judged by people throughout and
teaches a first model. In the second, what that model is surest of passes by itself: a stated
share of it is audited all the same, the rest is never labelled; people judge everything else.
Models of what was seen by then are compared on the last quarter, by the experts' own
probabilities (free of what they happened to draw), on all of it and on what passed by itself:

- ``everything``: as if people had judged all portions, which nobody can have;
- ``weighted``: what people judged, each by the inverse of its propensity (as the product does);
- ``unweighted``: the same portions, each as one;
- ``reviewed``: without the audit;
- ``own_answers``: the answers that passed count as labels, which the product refuses to do.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from bench.coverage import Portion, portions_of, taught_by
from models.calibration import calibration_error
from models.disposition.model import DispositionModel
from training.labels import MOST_WEIGHT

FIRST, TEST = 0.3, 0.25
"""Shares of a journal: judged throughout, and kept for judging models."""

Array = NDArray[np.float64]
Lesson = tuple[Sequence[Portion], Sequence[float]]


@dataclass(frozen=True)
class Seen:
    """A journal up to the test: ``sure`` portions passed by themselves, ``audited`` were seen too.

    ``said`` are the first model's answers to the sure ones; ``weight`` stands on an audited one.
    """

    first: Sequence[Portion]
    reviewed: Sequence[Portion]
    sure: Sequence[Portion]
    said: Sequence[str]
    audited: Sequence[bool]
    weight: float

    def _taught(self, portions: Sequence[Portion], weight: float) -> Lesson:
        kept = [*self.first, *self.reviewed]
        both = [*kept, *portions]
        weights = [1.0] * len(kept) + [weight] * len(portions)
        order = sorted(range(len(both)), key=lambda i: both[i].at)
        return [both[i] for i in order], [weights[i] for i in order]

    def everything(self) -> Lesson:
        return self._taught(self.sure, 1.0)

    def weighted(self) -> Lesson:
        return self._taught(self._seen(), self.weight)

    def unweighted(self) -> Lesson:
        return self._taught(self._seen(), 1.0)

    def reviewed_only(self) -> Lesson:
        return self._taught([], 1.0)

    def own_answers(self) -> Lesson:
        """An audited portion keeps its label; the others get what the first model said."""
        told = zip(self.sure, self.said, self.audited, strict=True)
        return self._taught([p if seen else replace(p, label=s) for p, s, seen in told], 1.0)

    def _seen(self) -> list[Portion]:
        return [p for p, seen in zip(self.sure, self.audited, strict=True) if seen]


WAYS: dict[str, Callable[[Seen], Lesson]] = {
    "everything": Seen.everything,
    "weighted": Seen.weighted,
    "unweighted": Seen.unweighted,
    "reviewed": Seen.reviewed_only,
    "own_answers": Seen.own_answers,
}


def run(
    folders: Annotated[
        list[Path], typer.Argument(help="As triage simulate --out DIR writes them.")
    ],
    audit: Annotated[float, typer.Option(help="Share of the sure ones that people see.")] = 0.1,
    sure: Annotated[float, typer.Option(help="Share that passes by itself.")] = 0.5,
    most_weight: Annotated[float, typer.Option(help="No label stands for more.")] = MOST_WEIGHT,
    seed: Annotated[int, typer.Option()] = 8123,
) -> None:
    """Mean over the journals, and the mean difference to ``weighted`` with its standard error."""
    found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with threadpool_limits(limits=1):
        for number, folder in enumerate(folders):
            for way, figures in _journal(folder, audit, sure, most_weight, seed + number).items():
                found[way].append(figures)
            typer.echo(f"{folder.name}: done")
    document = {
        "bench": "selective",
        "journals": len(folders),
        "audit": audit,
        "sure": sure,
        "most_weight": most_weight,
        "ways": {way: _means(figures) for way, figures in found.items()},
        "against_weighted": {
            way: _differences(figures, found["weighted"])
            for way, figures in found.items()
            if way != "weighted"
        },
    }
    typer.echo(json.dumps(document))


def _journal(
    folder: Path, audit: float, sure: float, most_weight: float, seed: int
) -> dict[str, dict[str, float]]:
    portions = list(portions_of(folder, seed))
    first, test = round(len(portions) * FIRST), round(len(portions) * (1 - TEST))
    model, _ = taught_by(portions[:first], seed)
    middle, after = portions[first:test], portions[test:]
    confidence, said = _answers(model, middle)
    line = float(np.quantile(confidence, 1 - sure))
    passes = confidence >= line
    seen = Seen(
        portions[:first],
        [p for p, passed in zip(middle, passes, strict=True) if not passed],
        [p for p, passed in zip(middle, passes, strict=True) if passed],
        [one for one, passed in zip(said, passes, strict=True) if passed],
        (np.random.default_rng(seed).random(int(passes.sum())) < audit).tolist(),
        min(1 / audit, most_weight),
    )
    would_pass = _answers(model, after)[0] >= line
    return {way: _judged(*lesson(seen), after, would_pass, seed) for way, lesson in WAYS.items()}


def _answers(model: DispositionModel, portions: Sequence[Portion]) -> tuple[Array, list[str]]:
    chances = model.probabilities([portion.row for portion in portions])
    return chances.max(axis=1), [model.classes[best] for best in chances.argmax(axis=1)]


def _judged(
    lesson: Sequence[Portion],
    weights: Sequence[float],
    after: Sequence[Portion],
    would_pass: NDArray[np.bool_],
    seed: int,
) -> dict[str, float]:
    """Accuracy, log loss and calibration error by the experts' probabilities."""
    model, _ = taught_by(lesson, seed, weights)
    chances = model.probabilities([portion.row for portion in after])
    likely = np.array([[p.chances.get(name, 0.0) for name in model.classes] for p in after])
    likely /= np.array([[sum(portion.chances.values())] for portion in after])
    right = likely[np.arange(len(after)), chances.argmax(axis=1)]
    loss = -(likely * np.log(np.maximum(chances, 1e-9))).sum(axis=1)
    return {
        f"{name}{where}": value
        for where, rows in (("", slice(None)), ("_sure", would_pass))
        for name, value in (
            ("accuracy", float(right[rows].mean())),
            ("log_loss", float(loss[rows].mean())),
            ("ece", calibration_error(chances[rows].max(axis=1), right[rows])),
        )
    }


def _means(figures: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([one[name] for one in figures])) for name in figures[0]}


def _differences(
    ours: Sequence[dict[str, float]], weighted: Sequence[dict[str, float]]
) -> dict[str, list[float]]:
    """Mean and standard error over journals, each against itself."""
    gaps = {
        name: np.array([a[name] - b[name] for a, b in zip(ours, weighted, strict=True)])
        for name in ours[0]
    }
    return {
        name: [float(gap.mean()), float(gap.std(ddof=1) / np.sqrt(len(gap)))]
        for name, gap in gaps.items()
        if len(gap) > 1
    }


if __name__ == "__main__":
    typer.run(run)
