"""The exception ranker: what is at stake, times the share of it that is usually lost."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models import blended
from models.blended import Blended
from models.folder import read_json, write_json
from models.protocol import Card, Prediction
from models.pushes import explanation, grouped
from models.tabular import Layout, Matrix, all_missing
from workflow.assessment import Explanation, Row

LEVELS = ("critical", "high", "medium", "low")
OUTPUT = "log_expected_loss"
"""Natural logarithm of the expected loss in minor units, before the curve corrects it."""
SCORER = "log_odds_of_share_lost"
"""What the margins of the scorer are."""
STAKE = "exception_exposure_minor"
"""The column whose logarithm is the start of every score; the scorer says which share is lost."""
REQUIRED = ("exception_code", "exception_exposure_minor")
"""Without any of these there is no exception to rank: ``missing_facts``."""

TIE_BREAK = 0.001
"""Share of the confidence that only keeps the order of the scores where the curve is flat."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LossCurve:
    """From score to expected loss, as a share of ``scale_minor``; strictly rising.

    ``knots`` and ``shares`` are an isotonic fit on calibration data; ``middle`` and ``width``
    shape the small part that breaks ties. ``critical``, ``high`` and ``medium`` are the scores
    from which an exception has that rank: the top 5, 20 and 50 % of training. ``usual`` is
    the mean log exposure there, from which an explanation counts.
    """

    knots: tuple[float, ...]
    shares: tuple[float, ...]
    middle: float
    width: float
    scale_minor: int
    critical: float
    high: float
    medium: float
    usual: float

    def confidence(self, scores: Array) -> Array:
        """Expected loss over ``scale_minor``, in (0, 1); the order is that of the scores."""
        rough = np.interp(scores, self.knots, self.shares)
        order = 1.0 / (1.0 + np.exp(-np.clip((scores - self.middle) / self.width, -30, 30)))
        return np.asarray((1 - TIE_BREAK) * rough + TIE_BREAK * order)

    def level(self, score: float) -> str:
        for name, least in zip(LEVELS, (self.critical, self.high, self.medium), strict=False):
            if score >= least:
                return name
        return "low"


class ExceptionRank:
    """Answers ``critical``, ``high``, ``medium`` or ``low``; order a worklist by confidence.

    The confidence is the expected loss as a share of ``curve.scale_minor`` (a loss that only one
    costly exception in twenty exceeded), and rises strictly with the ranker's score. Abstains
    with ``missing_facts`` where neither code nor exposure is known.
    """

    def __init__(self, card: Card, layout: Layout, scorer: Blended, curve: LossCurve) -> None:
        self._card, self.layout = card, layout
        self.scorer, self.curve = scorer, curve
        self._columns = {column.name: column for column in layout.columns}
        self._required = tuple(name for name in REQUIRED if name in self._columns)

    @property
    def card(self) -> Card:
        return self._card

    def scores(self, rows: Sequence[Row]) -> Array:
        """Log expected losses: log exposure plus the log of the share expected to be lost."""
        matrix = self.layout.matrix(rows)
        shares = log_share(self.scorer.margins(matrix)[:, 0])
        return np.asarray(log_stakes(self.layout, matrix) + shares)

    def pushes(self, matrix: Matrix) -> tuple[Matrix, Array]:
        """Pushes (rows x columns) and base (rows); they sum to the scores.

        The scorer's pushes are exact in log-odds of the share; here each is taken times the one
        factor of its row by which the log share moved less than the log-odds did.
        """
        pushes, odds = self.scorer.pushes(matrix, [0] * len(matrix))
        base, moved = log_share(odds), pushes.sum(axis=1)
        still = np.abs(moved) < 1e-9
        slope = (log_share(odds + moved) - base) / np.where(still, 1.0, moved)
        pushes *= np.where(still, 1.0 - np.exp(base), slope)[:, None]
        if STAKE in self.layout.names:
            stake = self.layout.names.index(STAKE)
            pushes[:, stake] += log_stakes(self.layout, matrix) - self.curve.usual
        return pushes, base + (self.curve.usual if STAKE in self.layout.names else 0.0)

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        if not rows:
            return []
        scores = self.scores(rows)
        confidences = self.curve.confidence(scores)
        return [
            Prediction(None, None, "missing_facts")
            if all_missing(row, self._required)
            else Prediction(self.curve.level(float(score)), float(confidence), None)
            for row, score, confidence in zip(rows, scores, confidences, strict=True)
        ]

    def explain(
        self,
        rows: Sequence[Row],
        top: int | None = None,
        of: Sequence[str | None] | None = None,
    ) -> list[Explanation | None]:
        """Why the score is what it is. ``of`` changes nothing: every level has the same reasons."""
        if not rows:
            return []
        matrix = self.layout.matrix(rows)
        pushes, bases = self.pushes(matrix)
        totals = self.scores(rows)
        names = self.layout.names
        return [
            None
            if all_missing(row, self._required)
            else explanation(
                "exact_additive",
                self._card.output,
                float(bases[i]),
                float(totals[i]),
                grouped(self._columns, row, zip(names, pushes[i].tolist(), strict=True)),
                top,
            )
            for i, row in enumerate(rows)
        ]

    def save(self, folder: Path) -> None:
        """Writes everything but card, metrics and sums, which the bundle writes."""
        self.scorer.save(folder)
        write_json(folder / "layout.json", self.layout.to_json())
        write_json(folder / "calibration.json", {"scorer": SCORER, **asdict(self.curve)})


def log_share(log_odds: Array) -> Array:
    """Logarithm of the share in (0, 1) that has these log-odds."""
    return np.asarray(-np.logaddexp(0.0, -log_odds))


def log_stakes(layout: Layout, matrix: Matrix) -> Array:
    """Log exposure of each row; 0 where it is not known, or not above one minor unit."""
    if STAKE not in layout.names:
        return np.zeros(len(matrix))
    return np.log(np.maximum(np.nan_to_num(matrix[:, layout.names.index(STAKE)]), 1.0))


def load(folder: Path, card: Card) -> ExceptionRank:
    """The model in a bundle's folder, as ``save`` wrote it.

    Errors: ``ValueError`` where the scorer says something else than log-odds.
    """
    curve = read_json(folder / "calibration.json")
    if curve.pop("scorer", None) != SCORER:
        raise ValueError(f"{card.name} {card.version} is of an earlier version: train it again")
    curve["knots"], curve["shares"] = tuple(curve["knots"]), tuple(curve["shares"])
    return ExceptionRank(
        card,
        Layout.from_json(read_json(folder / "layout.json"), card.reads),
        blended.load(folder),
        LossCurve(**curve),
    )
