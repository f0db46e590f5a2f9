"""What every fit hands on: a model waiting for its card, and how it was judged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from features.sets import FeatureSet
from models.protocol import Card, Column, Model
from training.rows import Example, TextExample
from workflow.assessment import Row

Array = NDArray[np.float64]


class Savable(Model, Protocol):
    """A model that writes its own files into a bundle's folder."""

    def save(self, folder: Path) -> None: ...


@dataclass
class Judgement:
    """Figures on the test part, which the model never saw.

    ``metrics`` are what the card carries; ``slices`` the main figure by business unit and
    reason; the rest feeds the overview and its plots: the ``rows`` that were judged, ``measure``
    of row numbers among them (the main figure, called ``figure``), ``confidence`` and ``right``
    row by row (calibration), ``confusion`` with its ``classes``, and scores by ``groups``.
    """

    metrics: dict[str, float]
    slices: dict[str, float] = field(default_factory=dict)
    confidence: Array | None = None
    right: Array | None = None
    confusion: NDArray[np.intp] | None = None
    classes: tuple[str, ...] = ()
    rows: Sequence[Example | TextExample] = ()
    figure: str = ""
    measure: Callable[[NDArray[np.intp]], float] | None = None
    groups: Mapping[str, Array] = field(default_factory=dict)

    def known(self) -> dict[str, float]:
        """Metrics that have a value: a figure nobody can compute is left out, not zero."""
        return {name: float(v) for name, v in self.metrics.items() if np.isfinite(v)}


@dataclass(frozen=True)
class Made:
    """A fitted model without a version yet. ``build`` puts the card in."""

    name: str
    build: Callable[[Card], Savable]
    columns: tuple[Column, ...]
    says: tuple[str, ...]
    output: str
    limits: str
    feature_set: str
    params: Mapping[str, str | int | float]
    judged: Judgement
    data: Sequence[Example] | Sequence[TextExample]
    test: Sequence[Example] | Sequence[TextExample] = ()
    conformal_level: float = 0.95

    @property
    def examples(self) -> list[Example]:
        """The test part of a tabular model."""
        return [example for example in self.test if isinstance(example, Example)]

    @property
    def sample(self) -> Sequence[Row]:
        """Rows of the test part, or of all data where there is none, to check promises on."""
        some = self.test or self.data
        return [e.row if isinstance(e, Example) else {"text": e.text} for e in some]


def columns_of(feature_set: FeatureSet) -> tuple[Column, ...]:
    """The feature set's declarations as a card prints them."""
    return tuple(Column(c.name, c.kind, c.unit, c.says) for c in feature_set.columns)


def by_slice(
    examples: Sequence[Example], measure: Callable[[NDArray[np.intp]], float], least: int = 20
) -> dict[str, float]:
    """The measure for every business unit and reason that has ``least`` rows or more."""
    rows: dict[str, list[int]] = {}
    for i, example in enumerate(examples):
        rows.setdefault(f"business_unit={example.business_unit}", []).append(i)
        rows.setdefault(f"reason={example.reason}", []).append(i)
    found = {name: measure(np.array(at)) for name, at in sorted(rows.items()) if len(at) >= least}
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}


def rows_of(examples: Sequence[Example]) -> list[Mapping[str, str | int | float | bool | None]]:
    """The rows alone, in order."""
    return [example.row for example in examples]
