"""Fits the credit anomaly model: strangeness always, labels where there are enough of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from features.catalogue import CREDIT_ANOMALY
from models.credit_anomaly.columns import DIRECTIONS
from models.credit_anomaly.model import (
    LEVELS,
    OUTPUT_SUPERVISED,
    OUTPUT_UNSUPERVISED,
    Blend,
    CreditAnomaly,
    Levels,
)
from models.protocol import Card
from models.tabular import Layout
from models.tree_explain import Trees
from training import measures
from training.boosting import boost
from training.detector import fit_detector
from training.enough import need
from training.labels import SUSPECT
from training.made import Array, Judgement, Made, by_slice, columns_of, rows_of
from training.rows import Example
from training.split import Split, by_time_and_customer

NAME = "credit_anomaly"
LEAST_CREDITS = 100
LEAST_SUSPECT, LEAST_SUSPECT_CALIBRATION = 25, 8
"""Confirmed anomalies in training and in calibration from which labels are used at all."""
ELEVATED_SHARE, HIGH_SHARE = 0.95, 0.99
"""Share of calibration credits below the two levels: one in twenty and one in a hundred is seen."""
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
    split = by_time_and_customer(credits, seed)
    columns = columns_of(CREDIT_ANOMALY)
    layout = Layout.fit(columns, rows_of(split.train))
    matrix = layout.matrix(rows_of(split.train))
    detector = fit_detector(layout, matrix, DIRECTIONS, seed=seed)
    plain = CreditAnomaly(_blank(), layout, detector, _no_levels())
    taught = _taught(layout, split.train, split.calibration, seed)
    blend = _blend(plain, taught, split.calibration) if taught else Blend()
    if not blend.taught:
        taught = None
    levels = _levels(CreditAnomaly(_blank(), layout, detector, _no_levels(), blend, taught), split)
    output = OUTPUT_SUPERVISED if blend.supervised else OUTPUT_UNSUPERVISED

    def build(card: Card) -> CreditAnomaly:
        return CreditAnomaly(card, layout, detector, levels, blend, taught)

    return Made(
        name=NAME,
        build=build,
        columns=columns,
        says=LEVELS,
        output=output,
        limits=LIMITS,
        feature_set=CREDIT_ANOMALY.fingerprint,
        params={
            "seed": seed,
            "credits": len(credits),
            "supervised": str(blend.supervised).lower(),
            "blend_strangeness": blend.strangeness,
            "blend_taught": blend.taught,
        },
        judged=_judge(build(_blank()), plain, split, seed),
        data=credits,
        test=split.test,
    )


def is_suspect(examples: Sequence[Example]) -> Array:
    """1 for a confirmed anomaly, 0 for a credit found to be in order."""
    return np.array([float(example.label == SUSPECT) for example in examples])


def _labelled(examples: Sequence[Example]) -> list[Example]:
    return [example for example in examples if example.label is not None]


def _taught(
    layout: Layout, train: Sequence[Example], calibration: Sequence[Example], seed: int
) -> Trees | None:
    """Trees on labels, or ``None`` where people have confirmed too few anomalies."""
    known = _labelled(train)
    truth = is_suspect(known)
    enough = LEAST_SUSPECT <= truth.sum() < len(truth)
    later = is_suspect(_labelled(calibration))
    if not enough or not LEAST_SUSPECT_CALIBRATION <= later.sum() < len(later):
        return None
    learned = boost(
        layout,
        layout.matrix(rows_of(known)),
        truth,
        seed=seed,
        objective={"objective": "binary"},
        weights=np.array([example.weight for example in known]),
    )
    return Trees(learned.text)


def _blend(plain: CreditAnomaly, taught: Trees | None, calibration: Sequence[Example]) -> Blend:
    """Logistic regression of the labels on both scores; neither may count against suspicion."""
    if taught is None:
        return Blend()
    known = _labelled(calibration)
    matrix = plain.layout.matrix(rows_of(known))
    both = np.column_stack([plain.totals(matrix), taught.margins(matrix)[:, 0]])
    weights = np.array([example.weight for example in known])
    used = [0, 1]
    while used:
        model = LogisticRegression(C=1.0).fit(both[:, used], is_suspect(known), weights)
        if (model.coef_[0] >= 0).all():
            parts = dict(zip(used, model.coef_[0].tolist(), strict=True))
            return Blend(
                float(model.intercept_[0]), parts.get(0, 0.0), parts.get(1, 0.0), supervised=True
            )
        used.remove(used[int(np.argmin(model.coef_[0]))])
    return Blend()


def _levels(model: CreditAnomaly, split: Split[Example]) -> Levels:
    train = np.sort(model.totals(model.layout.matrix(rows_of(split.train))))
    later = model.totals(model.layout.matrix(rows_of(split.calibration)))
    elevated, high = np.quantile(later if len(later) >= 50 else train, [ELEVATED_SHARE, HIGH_SHARE])
    shares = np.linspace(0.0, 1.0, KNOTS)
    knots = np.maximum.accumulate(np.quantile(train, shares))
    return Levels(float(elevated), float(high), tuple(knots.tolist()), tuple(shares.tolist()))


def _judge(
    model: CreditAnomaly, plain: CreditAnomaly, split: Split[Example], seed: int
) -> Judgement:
    test = split.test
    matrix = model.layout.matrix(rows_of(test))
    names = [model.levels.name(total) for total in model.totals(matrix).tolist()]
    known = _labelled(test)
    metrics = {
        "test_rows": float(len(test)),
        "test_labelled": float(len(known)),
        "share_high": float(np.mean([name == "high" for name in names])) if names else 0.0,
        "share_elevated": float(np.mean([name == "elevated" for name in names])) if names else 0.0,
    }
    judged = Judgement(metrics, importance=_importance(model, matrix))
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

    low, high = measures.interval(auc, [example.customer for example in known], seed)
    judged.metrics |= {
        "test_suspect": float(truth.sum()),
        "auc": measures.auc(truth, score),
        "auc_low": low,
        "auc_high": high,
        "auc_unsupervised": measures.auc(truth, strange),
        "auc_amount_only": measures.auc(truth, amount),
        "average_precision": measures.average_precision(truth, score),
        "average_precision_amount_only": measures.average_precision(truth, amount),
        "average_precision_majority": float(truth.mean()),
        "suspect_amount_captured_at_10pct": measures.captured(truth * amount, score, 0.1),
        "suspect_amount_captured_at_10pct_amount_only": measures.captured(
            truth * amount, amount, 0.1
        ),
    }
    judged.slices = by_slice(known, auc)
    judged.confidence = model.confidences(score)
    judged.right = truth
    if model.blend.supervised:
        judged.metrics["ece"] = measures.calibration_error(judged.confidence, truth)


def _importance(model: CreditAnomaly, matrix: Array) -> dict[str, float]:
    """Mean absolute push by column, over at most 500 test rows."""
    some = matrix[:500]
    if not len(some):
        return {}
    pushes, _ = model.contributions(some)
    return dict(zip(model.layout.names, np.abs(pushes).mean(axis=0).tolist(), strict=True))


def _blank() -> Card:
    """A card for models that exist only while they are fitted."""
    return Card(NAME, "0", (), LEVELS, OUTPUT_UNSUPERVISED, "", None, "", {})


def _no_levels() -> Levels:
    return Levels(np.inf, np.inf, (0.0, 1.0), (0.0, 1.0))
