"""The credit anomaly model: how strange is this credit, and which facts make it so."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models import blended
from models.blended import Blended
from models.credit_anomaly.columns import REQUIRED
from models.credit_anomaly.detector import Detector
from models.folder import read_json, write_json
from models.protocol import Card, Prediction
from models.pushes import explanation, grouped
from models.tabular import Layout, Matrix, all_missing
from models.tree_explain import Trees
from workflow.assessment import Explanation, Row

LEVELS = ("high", "elevated", "normal")
OUTPUT_UNSUPERVISED = "strangeness"
"""Standard deviations of training above the usual credit."""
OUTPUT_SUPERVISED = "log_odds:anomalous"
METHOD = "exact_given_neighbours"
"""Pushes add up exactly; which past credits are the nearest is given, and charged to no column."""

ISOLATION = "isolation.txt"

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Blend:
    """``total = intercept + strangeness x score + taught x margin``.

    Without labels it is the score itself. With labels it is fitted on what models would have said
    of past credits they did not know, so that
    the total is the calibrated log-odds of an anomaly.
    """

    intercept: float = 0.0
    strangeness: float = 1.0
    taught: float = 0.0
    supervised: bool = False


@dataclass(frozen=True)
class Levels:
    """Totals from which a credit is ``elevated`` or ``high``; quantiles of past credits.

    ``knots`` are totals in rising order and ``shares`` the share of past credits below each:
    the confidence of an unsupervised model.
    """

    elevated: float
    high: float
    knots: tuple[float, ...]
    shares: tuple[float, ...]

    def name(self, total: float) -> str:
        if total >= self.high:
            return "high"
        return "elevated" if total >= self.elevated else "normal"


class CreditAnomaly:
    """Answers ``high``, ``elevated`` or ``normal`` with a confidence in [0, 1].

    Unsupervised, the confidence is the share of past credits that were less strange; taught
    by labels, the calibrated probability of an anomaly. Abstains with ``missing_facts`` where
    neither amount nor quantity is known.
    """

    def __init__(
        self,
        card: Card,
        layout: Layout,
        detector: Detector,
        levels: Levels,
        blend: Blend | None = None,
        taught: Blended | None = None,
    ) -> None:
        self._card, self.layout, self.detector = card, layout, detector
        self.levels, self.blend, self.taught = levels, blend or Blend(), taught
        self._columns = {column.name: column for column in layout.columns}
        self._required = tuple(name for name in REQUIRED if name in self._columns)

    @property
    def card(self) -> Card:
        return self._card

    def totals(self, matrix: Matrix) -> Array:
        """The explained output of each row, in the unit of ``card.output``."""
        blend = self.blend
        total = blend.intercept + blend.strangeness * self.detector.scores(matrix)
        if self.taught is not None and blend.taught:
            total = total + blend.taught * self.taught.margins(matrix)[:, 0]
        return np.asarray(total, dtype=np.float64)

    def confidences(self, totals: Array) -> Array:
        """Totals as scores in [0, 1]; never falls where the total rises."""
        if self.blend.supervised:
            return np.asarray(1.0 / (1.0 + np.exp(-np.clip(totals, -500, 500))))
        return np.asarray(np.interp(totals, self.levels.knots, self.levels.shares))

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        if not rows:
            return []
        totals = self.totals(self.layout.matrix(rows))
        scores = self.confidences(totals)
        return [
            Prediction(None, None, "missing_facts")
            if all_missing(row, self._required)
            else Prediction(self.levels.name(float(total)), float(score), None)
            for row, total, score in zip(rows, totals, scores, strict=True)
        ]

    def explain(
        self,
        rows: Sequence[Row],
        top: int | None = None,
        of: Sequence[str | None] | None = None,
    ) -> list[Explanation | None]:
        """Why the total is what it is. ``of`` changes nothing: every level has the same reasons."""
        if not rows:
            return []
        matrix = self.layout.matrix(rows)
        pushes, bases = self.contributions(matrix)
        totals = self.totals(matrix)
        names = self.layout.names
        return [
            None
            if all_missing(row, self._required)
            else explanation(
                METHOD,
                self._card.output,
                float(bases[i]),
                float(totals[i]),
                grouped(self._columns, row, zip(names, pushes[i].tolist(), strict=True)),
                top,
            )
            for i, row in enumerate(rows)
        ]

    def contributions(self, matrix: Matrix) -> tuple[Matrix, Array]:
        """Pushes (rows x columns) and base (rows); they sum to ``totals``."""
        blend = self.blend
        pushes, base = self.detector.pushes(matrix)
        pushes, base = blend.strangeness * pushes, blend.intercept + blend.strangeness * base
        if self.taught is not None and blend.taught:
            more, more_base = self.taught.pushes(matrix, [0] * len(matrix))
            pushes, base = pushes + blend.taught * more, base + blend.taught * more_base
        return pushes, base

    def save(self, folder: Path) -> None:
        """Writes everything but card, metrics and sums, which the bundle writes."""
        if self.detector.trees:
            (folder / ISOLATION).write_text(self.detector.trees.text)
        if self.taught is not None:
            self.taught.save(folder)
        write_json(folder / "layout.json", self.layout.to_json())
        write_json(folder / "detector.json", self.detector.to_json())
        np.savez(folder / "detector.npz", allow_pickle=False, **self.detector.arrays())
        write_json(
            folder / "calibration.json", {"levels": vars(self.levels), "blend": vars(self.blend)}
        )


def load(folder: Path, card: Card) -> CreditAnomaly:
    """The model in a bundle's folder, as ``save`` wrote it."""
    calibration = read_json(folder / "calibration.json")
    levels = calibration["levels"]
    with np.load(folder / "detector.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return CreditAnomaly(
        card,
        Layout.from_json(read_json(folder / "layout.json"), card.reads),
        Detector.from_json(
            read_json(folder / "detector.json"),
            arrays,
            Trees((folder / ISOLATION).read_text()) if (folder / ISOLATION).exists() else None,
        ),
        Levels(levels["elevated"], levels["high"], tuple(levels["knots"]), tuple(levels["shares"])),
        Blend(**calibration["blend"]),
        blended.load(folder) if (folder / "linear.json").exists() else None,
    )
