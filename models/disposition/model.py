"""The disposition model: trees and a linear model over all that is known of a portion."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models import blended
from models.blended import Blended
from models.disposition.certainty import Certainty
from models.folder import read_json, write_json
from models.protocol import Card, Prediction
from models.pushes import explanation, grouped
from models.tabular import Layout, all_missing
from workflow.assessment import Candidate, Explanation, Row

REQUIRED = ("line_condition", "line_reason", "line_item_class")
"""Without any of these nobody could say what to do with the goods: ``missing_facts``."""

Array = NDArray[np.float64]


class DispositionModel:
    """Answers the likeliest disposition, or abstains with ``too_uncertain``/``missing_facts``.

    ``classes`` are the dispositions of the scorer's margins, in their order; ``card.says`` may hold
    more: those were never met in training and share a tiny probability, so that a rule which
    removes all others still leaves an answer. Candidates are always given, the likeliest first,
    also where the model abstains: a rule may make the rest certain enough.
    """

    def __init__(
        self,
        card: Card,
        layout: Layout,
        scorer: Blended,
        classes: Sequence[str],
        certainty: Certainty,
    ) -> None:
        self._card, self.layout, self.scorer = card, layout, scorer
        self.classes, self.certainty = tuple(classes), certainty
        self._says = self.classes + tuple(v for v in card.says if v not in self.classes)
        self._columns = {column.name: column for column in layout.columns}
        self._required = tuple(name for name in REQUIRED if name in self._columns)

    @property
    def card(self) -> Card:
        return self._card

    @property
    def values(self) -> tuple[str, ...]:
        """The columns of ``probabilities``."""
        return self._says

    def probabilities(self, rows: Sequence[Row]) -> Array:
        """Rows x ``values``; calibrated."""
        margins = self.scorer.margins(self.layout.matrix(rows))
        return self.certainty.probabilities(margins, len(self._says) - len(self.classes))

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        if not rows:
            return []
        chances = self.probabilities(rows)
        likely = self.certainty.conformal.sets(chances)
        return [
            Prediction(None, None, "missing_facts")
            if all_missing(row, self._required)
            else self._answer(chances[i], likely[i])
            for i, row in enumerate(rows)
        ]

    def _answer(self, chances: Array, likely: NDArray[np.bool_]) -> Prediction:
        order = np.argsort(-chances, kind="stable")
        candidates = tuple(Candidate(self._says[i], float(chances[i])) for i in order)
        chosen = tuple(self._says[i] for i in order if likely[i])
        first = candidates[0]
        if first.probability < self.certainty.answer_least:
            return Prediction(None, None, "too_uncertain", candidates, chosen)
        return Prediction(first.value, first.probability, None, candidates, chosen)

    def explain(
        self,
        rows: Sequence[Row],
        top: int | None = None,
        of: Sequence[str | None] | None = None,
    ) -> list[Explanation | None]:
        """Why the likeliest disposition (or the one that ``of`` names) got its log-odds.

        ``None`` for a disposition that training never met: the trees have nothing to say of it.
        """
        if not rows:
            return []
        matrix = self.layout.matrix(rows)
        margins = self.scorer.margins(matrix)
        wanted = of or [None] * len(rows)
        chosen = [
            self._class_of(value, margins[i]) for i, value in enumerate(wanted)
        ]  # -1: nothing to explain
        pushes, bases = self.scorer.pushes(matrix, [max(k, 0) for k in chosen])
        names = self.layout.names
        return [
            None
            if k < 0 or all_missing(row, self._required)
            else explanation(
                "exact_additive",
                f"{self._card.output}:{self.classes[k]}",
                float(bases[i]),
                float(margins[i, k]),
                grouped(self._columns, row, zip(names, pushes[i].tolist(), strict=True)),
                top,
            )
            for i, (row, k) in enumerate(zip(rows, chosen, strict=True))
        ]

    def _class_of(self, value: str | None, margins: Array) -> int:
        if value is None:
            return int(np.argmax(margins))
        return self.classes.index(value) if value in self.classes else -1

    def save(self, folder: Path) -> None:
        """Writes everything but card, metrics and sums, which the bundle writes."""
        self.scorer.save(folder)
        write_json(folder / "layout.json", self.layout.to_json())
        calibration = {"classes": list(self.classes), **self.certainty.to_json()}
        write_json(folder / "calibration.json", calibration)


def load(folder: Path, card: Card) -> DispositionModel:
    """The model in a bundle's folder, as ``save`` wrote it."""
    calibration = read_json(folder / "calibration.json")
    return DispositionModel(
        card,
        Layout.from_json(read_json(folder / "layout.json"), card.reads),
        blended.load(folder),
        calibration["classes"],
        Certainty.from_json(calibration),
    )
