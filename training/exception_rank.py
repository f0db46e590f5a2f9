"""Fits the exception ranker: within a business unit and week, what cost most comes first."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from features.catalogue import EXCEPTION_RANK
from models.exception_rank.model import LEVELS, OUTPUT, ExceptionRank, LossCurve
from models.protocol import Card
from models.tabular import Layout
from models.tree_explain import Trees
from training import measures
from training.boosting import boost
from training.enough import need
from training.made import Array, Judgement, Made, by_slice, columns_of, rows_of
from training.rows import Example
from training.split import Split, by_time_and_customer

NAME = "exception_rank"
LEAST_RESOLVED, LEAST_COSTLY = 60, 15
GRADES = 10
"""Relevance 0 is no loss; 1 to 10 are the tenths of the losses of training, each worth its mean."""
RISING = ("exception_exposure_minor",)
"""Columns of which more never lowers the rank: with more at stake, look sooner."""
CRITICAL_SHARE, HIGH_SHARE, MEDIUM_SHARE = 0.95, 0.80, 0.50
SCALE_SHARE = 0.95

LIMITS = (
    "Orders exceptions by the loss that resolved ones like them turned out to be. Not a forecast "
    "of the loss of one exception, and blind to kinds that nobody has resolved yet."
)


def fit(examples: Sequence[Example], *, seed: int) -> Made:
    """Learns from resolved exceptions.

    Errors: ``TooLittle`` with fewer than 60 resolved ones, or 15 with a loss in training.
    """
    resolved = [example for example in examples if example.loss_minor is not None]
    how = "Resolve more exceptions with the loss that came of them."
    need(NAME, "resolved exceptions", len(resolved), LEAST_RESOLVED, how)
    split = by_time_and_customer(resolved, seed)
    train = sorted(
        split.train, key=lambda example: (example.at.isocalendar()[:2], group_of(example))
    )
    losses = losses_of(train)
    need(NAME, "resolved exceptions with a loss", int((losses > 0).sum()), LEAST_COSTLY, how)
    columns = columns_of(EXCEPTION_RANK)
    layout = Layout.fit(columns, rows_of(train))
    sizes = _sizes(train)
    learned = boost(
        layout,
        layout.matrix(rows_of(train)),
        grades(losses),
        seed=seed,
        objective={
            "objective": "lambdarank",
            "eval_at": [20],
            "lambdarank_truncation_level": 30,
            "label_gain": gains(losses),
            "monotone_constraints": [int(name in RISING) for name in layout.names],
        },
        groups=sizes,
    )
    trees = Trees(learned.text)
    curve = _curve(trees, layout, split)

    def build(card: Card) -> ExceptionRank:
        return ExceptionRank(card, layout, trees, curve)

    return Made(
        name=NAME,
        build=build,
        columns=columns,
        says=LEVELS,
        output=OUTPUT,
        limits=LIMITS,
        feature_set=EXCEPTION_RANK.fingerprint,
        params={
            "seed": seed,
            "resolved": len(resolved),
            "groups": len(sizes),
            "rounds": learned.rounds,
            "loss_scale_minor": curve.scale_minor,
        },
        judged=_judge(build(_blank()), split, seed),
        data=resolved,
        test=split.test,
    )


def group_of(example: Example) -> str:
    """One worklist: a business unit in an ISO week."""
    year, week, _ = example.at.isocalendar()
    return f"{example.business_unit} {year}-W{week:02d}"


def losses_of(examples: Sequence[Example]) -> Array:
    """Realised losses in minor units."""
    return np.array([float(example.loss_minor or 0) for example in examples])


def grades(losses: Array) -> Array:
    """Relevance by loss: 0 for none, then 1 to 10 by the tenth of the losses it lies in."""
    costly = losses[losses > 0]
    edges = np.quantile(costly, np.arange(1, GRADES) / GRADES)
    graded: Array = np.where(losses > 0, 1.0 + np.searchsorted(edges, losses, side="right"), 0.0)
    return graded


def gains(losses: Array) -> list[float]:
    """What each grade is worth to LambdaRank: its mean loss, scaled so that the mean is 1."""
    graded, scale = grades(losses), float(losses[losses > 0].mean())
    worth = [
        float(losses[graded == grade].mean()) if (graded == grade).any() else 0.0
        for grade in range(GRADES + 1)
    ]
    return [float(w / scale) for w in np.maximum.accumulate(worth)]


def _sizes(ordered: Sequence[Example]) -> list[int]:
    sizes: dict[str, int] = {}
    for example in ordered:
        sizes[group_of(example)] = sizes.get(group_of(example), 0) + 1
    return list(sizes.values())


def _curve(trees: Trees, layout: Layout, split: Split[Example]) -> LossCurve:
    known = split.calibration if len(split.calibration) >= 30 else split.train
    train_scores = trees.margins(layout.matrix(rows_of(split.train)))[:, 0]
    costly = losses_of(split.train)
    scale = max(1, int(np.quantile(costly[costly > 0], SCALE_SHARE)))
    scores = trees.margins(layout.matrix(rows_of(known)))[:, 0]
    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(
        scores, np.minimum(losses_of(known) / scale, 1.0)
    )
    critical, high, medium = np.quantile(train_scores, [CRITICAL_SHARE, HIGH_SHARE, MEDIUM_SHARE])
    return LossCurve(
        knots=tuple(float(x) for x in fitted.X_thresholds_),
        shares=tuple(float(y) for y in fitted.y_thresholds_),
        middle=float(np.median(train_scores)),
        width=max(float(train_scores.std()), 1e-6),
        scale_minor=scale,
        critical=float(critical),
        high=float(high),
        medium=float(medium),
    )


def _judge(model: ExceptionRank, split: Split[Example], seed: int) -> Judgement:
    test = split.test
    if not test:
        return Judgement({"test_rows": 0.0}, importance=model.trees.importance())
    scores, losses = model.scores(rows_of(test)), losses_of(test)
    exposure = np.array([float(example.amount_minor) for example in test])
    groups = [group_of(example) for example in test]

    def ndcg(at: NDArray[np.intp]) -> float:
        return measures.grouped_ndcg(losses[at], scores[at], [groups[i] for i in at], 10)

    def first_tenth(at: NDArray[np.intp]) -> float:
        return measures.captured(losses[at], scores[at], 0.1)

    low, high = measures.interval(first_tenth, [example.customer for example in test], seed)
    metrics = {
        "test_rows": float(len(test)),
        "test_costly": float((losses > 0).sum()),
        "ndcg_10": ndcg(np.arange(len(test))),
        "ndcg_10_by_exposure": measures.grouped_ndcg(losses, exposure, groups, 10),
        "loss_captured_at_10pct": first_tenth(np.arange(len(test))),
        "loss_captured_at_10pct_low": low,
        "loss_captured_at_10pct_high": high,
        "loss_captured_at_10pct_by_exposure": measures.captured(losses, exposure, 0.1),
        "loss_captured_at_10pct_best": measures.captured(losses, losses, 0.1),
        "loss_captured_at_10pct_majority": 0.1,  # any order that knows nothing
        "auc_costly": measures.auc((losses > 0).astype(float), scores),
        "auc_costly_by_exposure": measures.auc((losses > 0).astype(float), exposure),
    }
    return Judgement(metrics, by_slice(test, first_tenth), importance=model.trees.importance())


def _blank() -> Card:
    """A card for a model that exists only while it is judged."""
    return Card(NAME, "0", (), LEVELS, OUTPUT, "", None, "", {})
