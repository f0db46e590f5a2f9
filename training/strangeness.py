"""What past credits teach about strangeness: which are usual, and how strange each was when new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.credit_anomaly.detector import Detector
from models.credit_anomaly.tails import Direction
from models.tabular import Layout, Matrix
from training.crossfit import Past, folds, own_columns, stretches
from training.detector import fit_detector
from training.labels import SUSPECT
from training.rows import Example

Array = NDArray[np.float64]
Marks = NDArray[np.bool_]

OWN = ("credit_", "line_")
"""How columns begin that are facts of the credit itself; the others are history."""


@dataclass(frozen=True)
class Lesson:
    """Past credits in time order, a row of ``matrix`` each, and what is known of some of them.

    ``taught`` marks rows that models may learn from; ``stretch`` is 0 to 4, and no case lies in
    two. ``known`` marks rows with a label, and ``labelled`` holds these alone, in the same order,
    with the label 1 for an anomaly.
    """

    layout: Layout
    matrix: Matrix
    taught: Marks
    stretch: NDArray[np.intp]
    known: Marks
    labelled: Past

    @property
    def suspect(self) -> Marks:
        """Marks rows that people confirmed as anomalies."""
        marks = np.zeros_like(self.known)
        marks[self.known] = self.labelled.labels == 1
        return marks

    @property
    def vetted(self) -> bool:
        """Whether people judged every taught row: one that nobody looked at may be an anomaly, and
        then it must not excuse the next one like it."""
        return bool(self.known[self.taught].all() and (self.taught & ~self.suspect).any())


def lesson(layout: Layout, matrix: Matrix, past: Sequence[Example], taught: Marks) -> Lesson:
    """What examples teach: a label where somebody judged, weighted by how far it is trusted."""
    known = np.array([example.label is not None for example in past])
    judged = with_labels(past)
    weights = np.array([example.weight for example in judged])
    own = own_columns(layout, OWN)
    rows = Past(
        layout, matrix[known], is_suspect(judged), 1, weights, taught[known],
        stretches(judged), own,
    )  # fmt: skip
    return Lesson(layout, matrix, taught, stretches(past), known, rows)


def usual_detector(
    given: Lesson, rows: Marks, directions: Mapping[str, Direction], seed: int
) -> Detector:
    """A detector of the marked rows, without the anomalies that people confirmed."""
    usual = rows & ~given.suspect
    if not usual.any():  # confirmed anomalies alone: strange is what is unlike them
        usual = rows
    return fit_detector(
        given.layout, given.matrix[usual], directions, vetted=given.vetted, seed=seed
    )


def when_new(
    given: Lesson, directions: Mapping[str, Direction], detector: Detector, seed: int
) -> Array:
    """Strangeness of each past credit by a detector that did not know its stretch of time.

    A credit is less strange to the detector that learned from it than the next one will be: levels
    and blend fitted to such scores would find every new credit suspicious.
    """
    strange = detector.scores(given.matrix)
    for known, out in folds(given.stretch):
        if not (given.taught & known).any():  # one case alone: nobody else is there to ask
            continue
        unknowing = usual_detector(given, given.taught & known, directions, seed)
        strange[out] = unknowing.scores(given.matrix[out])
    return strange


def is_suspect(examples: Sequence[Example]) -> Array:
    """1 for a confirmed anomaly, 0 for a credit found to be in order."""
    return np.array([float(example.label == SUSPECT) for example in examples])


def with_labels(examples: Sequence[Example]) -> list[Example]:
    """Those that somebody judged."""
    return [example for example in examples if example.label is not None]
