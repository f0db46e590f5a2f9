"""The disposition model: trees, a linear model and words over all that is known of a portion."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.disposition import scorer as scorers
from models.disposition.certainty import Certainty
from models.disposition.scorer import Scorer, Share
from models.folder import read_json, write_json
from models.protocol import Card, Prediction
from models.pushes import explanation, grouped
from models.tabular import all_missing
from models.terms import spoken
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
        scorer: Scorer,
        classes: Sequence[str],
        certainty: Certainty,
    ) -> None:
        self._card, self.scorer = card, scorer
        self.classes, self.certainty = tuple(classes), certainty
        self._says = self.classes + tuple(v for v in card.says if v not in self.classes)
        self._columns = {column.name: column for column in card.reads}
        self._sources = scorer.spread.sources(card.reads)
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
        margins = self.scorer.margins(rows)
        return self.certainty.probabilities(margins, len(self._says) - len(self.classes))

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        if not rows:
            return []
        chances = self.probabilities(rows)
        likely = self.certainty.conformal.sets(chances, rows)
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
        totals = self.certainty.scaling.scaled(self.scorer.margins(rows))
        wanted = of or [None] * len(rows)
        chosen = [
            self._class_of(value, totals[i]) for i, value in enumerate(wanted)
        ]  # -1: nothing to explain
        shares = self.scorer.shares(rows, [max(k, 0) for k in chosen], self._sources)
        return [
            None
            if k < 0 or all_missing(row, self._required)
            else self._told(row, k, share, float(totals[i, k]), top)
            for i, (row, k, share) in enumerate(zip(rows, chosen, shares, strict=True))
        ]

    def _told(
        self, row: Row, chosen: int, share: Share, total: float, top: int | None
    ) -> Explanation:
        """Pushes on the calibrated log-odds: those on the raw margin, times the class's slope."""
        slope = float(self.certainty.scaling.slope[chosen])
        shift = float(self.certainty.scaling.shift[chosen])
        words, cells = spoken(share.places, self._columns, row)
        pushes = [
            replace(push, push=push.push * slope)
            for push in (
                *grouped(self._columns, row, [*share.columns.items(), *cells.items()]),
                *words,
            )
        ]
        output = f"{self._card.output}:{self.classes[chosen]}"
        base = share.base * slope + shift
        return explanation("exact_additive", output, base, total, pushes, top)

    def _class_of(self, value: str | None, margins: Array) -> int:
        if value is None:
            return int(np.argmax(margins))
        return self.classes.index(value) if value in self.classes else -1

    def save(self, folder: Path) -> None:
        """Writes everything but card, metrics and sums, which the bundle writes."""
        self.scorer.save(folder)
        calibration = {"classes": list(self.classes), **self.certainty.to_json()}
        write_json(folder / "calibration.json", calibration)


def load(folder: Path, card: Card) -> DispositionModel:
    """The model in a bundle's folder, as ``save`` wrote it."""
    calibration = read_json(folder / "calibration.json")
    return DispositionModel(
        card,
        scorers.load(folder, card.reads),
        calibration["classes"],
        Certainty.from_json(calibration),
    )
