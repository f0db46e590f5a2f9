"""Fits the credit anomaly model: strangeness always, labels where there are enough of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.catalogue import CREDIT_ANOMALY
from models.blended import Blended
from models.credit_anomaly.columns import DIRECTIONS
from models.credit_anomaly.detector import Detector
from models.credit_anomaly.model import (
    LEVELS,
    OUTPUT_SUPERVISED,
    OUTPUT_UNSUPERVISED,
    Blend,
    CreditAnomaly,
    Levels,
)
from models.credit_anomaly.tails import Direction
from models.protocol import Card
from models.tabular import Layout
from training import measures
from training.blending import fit_blend
from training.crossfit import Crossfit, Past, crossfit
from training.detector import fit_detector
from training.enough import need, need_cases
from training.made import Array, Judgement, Made, by_slice, columns_of, rows_of
from training.rows import Example
from training.split import Split, by_time_and_customer, drawn_as
from training.strangeness import Lesson, is_suspect, lesson, usual_detector, when_new, with_labels

NAME = "credit_anomaly"
LEAST_CREDITS = 100
LEAST_SUSPECT = 25
"""Confirmed anomalies from which labels are used at all."""
ELEVATED_SHARE, HIGH_SHARE = 0.95, 0.99
"""Share of past credits below the two levels: one in twenty and one in a hundred is seen."""
KNOTS = 200

LIMITS = (
    "Ranks credits by strangeness; a strange credit is not a wrong one. People decide. "
    "Not for judging a person, nor for credits without amount and quantity."
)


def fit(examples: Sequence[Example], *, seed: int) -> Made:
    """Learns from every credit, and from labels once there are enough.

    Errors: ``TooLittle`` with fewer than 100 credits of a positive amount.
    """
    credits = [example for example in examples if example.amount_minor > 0]
    need(
        NAME, "credits with an amount", len(credits), LEAST_CREDITS,
        "Import credit notes or let more returns reach their credit.",
    )  # fmt: skip
    need_cases(NAME, credits)
    split = by_time_and_customer(credits, seed)
    past = [*split.train, *split.calibration]
    taught = np.array([example.customer not in split.held_out for example in past])
    columns = columns_of(CREDIT_ANOMALY)
    layout = Layout.fit(columns, rows_of([e for e, t in zip(past, taught, strict=True) if t]))
    matrix = layout.matrix(rows_of(past))
    learned = assembled(lesson(layout, matrix, past, taught), DIRECTIONS, seed=seed)
    blend = learned.blend
    return Made(
        name=NAME,
        build=learned.build,
        columns=columns,
        says=LEVELS,
        output=learned.output,
        limits=LIMITS,
        feature_set=CREDIT_ANOMALY.fingerprint,
        params={
            "seed": seed,
            "credits": len(credits),
            "supervised": str(blend.supervised).lower(),
            "blend_strangeness": blend.strangeness,
            "blend_taught": blend.taught,
        },
        judged=_judge(learned.build(_blank()), learned.plain, split, seed),
        data=credits,
        test=split.test,
    )


@dataclass(frozen=True)
class Learned:
    """The parts of a model waiting for its card; ``plain`` is the same without labels."""

    layout: Layout
    detector: Detector
    levels: Levels
    blend: Blend
    scorer: Blended | None
    plain: CreditAnomaly

    @property
    def output(self) -> str:
        """The unit of its totals."""
        return OUTPUT_SUPERVISED if self.blend.supervised else OUTPUT_UNSUPERVISED

    def build(self, card: Card) -> CreditAnomaly:
        """The model under its card."""
        return CreditAnomaly(card, self.layout, self.detector, self.levels, self.blend, self.scorer)


def assembled(given: Lesson, directions: Mapping[str, Direction], *, seed: int) -> Learned:
    """Strangeness from taught rows in order; labels where enough anomalies are confirmed."""
    layout = given.layout
    detector = usual_detector(given, given.taught, directions, seed)
    plain = detector
    if given.known.any():
        rows = given.matrix[given.taught]
        plain = fit_detector(layout, rows, directions, vetted=False, seed=seed)
    learned = _crossfit(given.labelled, seed)
    strange = when_new(given, directions, detector, seed)
    labelled, blend = given.labelled, Blend()
    if learned:
        answers, found = learned.answers[:, 0], labelled.labels
        blend = fit_blend(strange[given.known], answers, found, labelled.weights)
    scorer = learned.scorer if learned and blend.taught else None
    bare = CreditAnomaly(_blank(), layout, detector, _no_levels(), blend, scorer)
    levels = _levels(_totals(bare, given, strange, learned))
    without = CreditAnomaly(_blank(), layout, plain, _no_levels())
    return Learned(layout, detector, levels, blend, scorer, without)


def _crossfit(labelled: Past, seed: int) -> Crossfit | None:
    """What labels teach, or ``None`` where people have confirmed too few anomalies."""
    suspects = labelled.labels[labelled.taught]
    if not LEAST_SUSPECT <= suspects.sum() < len(suspects):
        return None
    return crossfit(labelled, seed=seed)


def _totals(model: CreditAnomaly, given: Lesson, strange: Array, learned: Crossfit | None) -> Array:
    """Totals of past credits as they would have been said when each was new."""
    blend = model.blend
    totals: Array = blend.intercept + blend.strangeness * strange
    if learned is not None and model.taught is not None:
        margins = model.taught.margins(given.matrix)[:, 0]
        margins[given.known] = learned.answers[:, 0]
        totals = totals + blend.taught * margins
    return totals


def _levels(totals: Array) -> Levels:
    elevated, high = np.quantile(totals, [ELEVATED_SHARE, HIGH_SHARE])
    shares = np.linspace(0.0, 1.0, KNOTS)
    knots = np.maximum.accumulate(np.quantile(totals, shares))
    return Levels(float(elevated), float(high), tuple(knots.tolist()), tuple(shares.tolist()))


def _judge(
    model: CreditAnomaly, plain: CreditAnomaly, split: Split[Example], seed: int
) -> Judgement:
    test = split.test
    matrix = model.layout.matrix(rows_of(test))
    names = [model.levels.name(total) for total in model.totals(matrix).tolist()]
    known = with_labels(test)
    metrics = {
        "test_rows": float(len(test)),
        "test_labelled": float(len(known)),
        "share_high": float(np.mean([name == "high" for name in names])) if names else 0.0,
        "share_elevated": float(np.mean([name == "elevated" for name in names])) if names else 0.0,
    }
    judged = Judgement(metrics, rows=test, groups={"every credit": model.totals(matrix)})
    if known:
        _judge_labelled(judged, model, plain, known, seed)
    return judged


def _judge_labelled(
    judged: Judgement,
    model: CreditAnomaly,
    plain: CreditAnomaly,
    known: Sequence[Example],
    seed: int,
) -> None:
    truth = is_suspect(known)
    matrix = model.layout.matrix(rows_of(known))
    score, strange = model.totals(matrix), plain.totals(matrix)
    amount = np.array([float(example.amount_minor) for example in known])

    def auc(at: NDArray[np.intp]) -> float:
        return measures.auc(truth[at], score[at])

    low, high = measures.interval(auc, drawn_as(known), seed)
    judged.metrics |= {
        "test_suspect": float(truth.sum()),
        "auc": measures.auc(truth, score),
        "auc_low": low,
        "auc_high": high,
        "auc_unsupervised": measures.auc(truth, strange),
        "auc_amount_only": measures.auc(truth, amount),
        "average_precision": measures.average_precision(truth, score),
        "average_precision_unsupervised": measures.average_precision(truth, strange),
        "average_precision_amount_only": measures.average_precision(truth, amount),
        "average_precision_majority": float(truth.mean()),
        "suspect_amount_captured_at_10pct": measures.captured(truth * amount, score, 0.1),
        "suspect_amount_captured_at_10pct_unsupervised": measures.captured(
            truth * amount, strange, 0.1
        ),
        "suspect_amount_captured_at_10pct_amount_only": measures.captured(
            truth * amount, amount, 0.1
        ),
    }
    judged.slices = by_slice(known, auc)
    judged.rows, judged.figure, judged.measure = known, "auc", auc
    judged.groups = {"in order": score[truth == 0], "anomalous": score[truth == 1]}
    if model.blend.supervised:
        judged.confidence, judged.right = model.confidences(score), truth
        judged.metrics["ece"] = measures.calibration_error(judged.confidence, truth)


def _blank() -> Card:
    """A card for models that exist only while they are fitted."""
    return Card(NAME, "0", (), LEVELS, OUTPUT_UNSUPERVISED, "", None, "", {})


def _no_levels() -> Levels:
    return Levels(np.inf, np.inf, (0.0, 1.0), (0.0, 1.0))
