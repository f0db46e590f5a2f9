"""Fits the exception ranker: which share of what is at stake is lost, learned from resolved ones.

Learning the share leaves little to learn: a few dozen resolved exceptions already order others
better than their amounts do, where a ranker that has to find the amount itself does worse. A
share is mostly all or next to nothing, so it is learned as log-odds, and every exception says as
much about it as any other, whatever is at stake.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from features.catalogue import EXCEPTION_RANK
from models.exception_rank.model import (
    LEVELS,
    OUTPUT,
    STAKE,
    ExceptionRank,
    LossCurve,
    log_share,
    log_stakes,
)
from models.protocol import Card
from models.tabular import Layout
from training import measures
from training.crossfit import Crossfit, Past, crossfit, own_columns, stretches
from training.enough import need, need_cases
from training.made import Array, Judgement, Made, by_slice, columns_of, rows_of
from training.rows import Example
from training.split import by_time_and_customer, drawn_as

NAME = "exception_rank"
LEAST_RESOLVED, LEAST_COSTLY = 60, 15
OWN = ("exception_",)
"""How columns begin that are facts of the exception itself or of its code."""
RISING = (STAKE,)
"""Columns of which more never lowers the rank: with more at stake, look sooner."""
CRITICAL_SHARE, HIGH_SHARE, MEDIUM_SHARE = 0.95, 0.80, 0.50
SCALE_SHARE = 0.95

HOW = "Resolve more exceptions with the loss that came of them."

LIMITS = (
    "Orders exceptions by the loss that resolved ones like them turned out to be. Not a forecast "
    "of the loss of one exception, and blind to kinds that nobody has resolved yet."
)


@dataclass(frozen=True)
class Ranker:
    """What was learned from resolved exceptions; ``model`` puts a card on it."""

    layout: Layout
    learned: Crossfit
    curve: LossCurve

    def model(self, card: Card) -> ExceptionRank:
        return ExceptionRank(card, self.layout, self.learned.scorer, self.curve)


def fit(examples: Sequence[Example], *, seed: int) -> Made:
    """Learns from resolved exceptions.

    Errors: ``TooLittle`` with fewer than 60 resolved ones, or 15 with a loss in training.
    """
    resolved = [example for example in examples if example.loss_minor is not None]
    need(NAME, "resolved exceptions", len(resolved), LEAST_RESOLVED, HOW)
    need_cases(NAME, resolved)
    split = by_time_and_customer(resolved, seed)
    ranker = learn([*split.train, *split.calibration], seed=seed, held_out=split.held_out)
    return Made(
        name=NAME,
        build=ranker.model,
        columns=columns_of(EXCEPTION_RANK),
        says=LEVELS,
        output=OUTPUT,
        limits=LIMITS,
        feature_set=EXCEPTION_RANK.fingerprint,
        params={
            "seed": seed,
            "resolved": len(resolved),
            "rounds": ranker.learned.rounds,
            "linear_share": ranker.learned.scorer.linear_share,
            "loss_scale_minor": ranker.curve.scale_minor,
        },
        judged=_judge(ranker.model(blank_card()), split.test, seed),
        data=resolved,
        test=split.test,
    )


def learn(past: Sequence[Example], *, seed: int, held_out: frozenset[str] = frozenset()) -> Ranker:
    """Learns from all of ``past``, which is resolved and in time order; customers ``held_out``
    only shape the curve.

    Errors: ``TooLittle`` with fewer than 15 exceptions with a loss.
    """
    losses = losses_of(past)
    need(NAME, "resolved exceptions with a loss", int((losses > 0).sum()), LEAST_COSTLY, HOW)
    taught = np.array([example.customer not in held_out for example in past])
    known = [example for example, told in zip(past, taught, strict=True) if told]
    layout = Layout.fit(columns_of(EXCEPTION_RANK), rows_of(known))
    matrix = layout.matrix(rows_of(past))
    stakes = log_stakes(layout, matrix)
    learned = crossfit(
        Past(
            layout,
            matrix,
            np.clip(losses / np.exp(stakes), 0.0, 1.0),
            1,
            np.ones(len(past)),
            taught,
            stretches(past),
            own_columns(layout, OWN),
            shares=True,
            rising=own_columns(layout, RISING),
        ),
        seed=seed,
    )
    return Ranker(
        layout, learned, _curve(stakes + log_share(learned.answers[:, 0]), losses, stakes)
    )


def group_of(example: Example) -> str:
    """One worklist: a business unit in an ISO week."""
    year, week, _ = example.at.isocalendar()
    return f"{example.business_unit} {year}-W{week:02d}"


def losses_of(examples: Sequence[Example]) -> Array:
    """Realised losses in minor units."""
    return np.array([float(example.loss_minor or 0) for example in examples])


def _curve(scores: Array, losses: Array, stakes: Array) -> LossCurve:
    """From scores of exceptions that the trees did not know to what those really cost."""
    scale = max(1, int(np.quantile(losses[losses > 0], SCALE_SHARE)))
    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(
        scores, np.minimum(losses / scale, 1.0)
    )
    critical, high, medium = np.quantile(scores, [CRITICAL_SHARE, HIGH_SHARE, MEDIUM_SHARE])
    return LossCurve(
        knots=tuple(float(x) for x in fitted.X_thresholds_),
        shares=tuple(float(y) for y in fitted.y_thresholds_),
        middle=float(np.median(scores)),
        width=max(float(scores.std()), 1e-6),
        scale_minor=scale,
        critical=float(critical),
        high=float(high),
        medium=float(medium),
        usual=float(stakes.mean()),
    )


def _judge(model: ExceptionRank, test: Sequence[Example], seed: int) -> Judgement:
    if not test:
        return Judgement({"test_rows": 0.0})
    rows, losses = rows_of(test), losses_of(test)
    scores = model.scores(rows)
    said, came = model.curve.confidence(scores), np.minimum(losses / model.curve.scale_minor, 1.0)
    exposure = np.array([float(example.amount_minor) for example in test])
    groups = [group_of(example) for example in test]

    def ndcg(at: NDArray[np.intp]) -> float:
        return measures.grouped_ndcg(losses[at], scores[at], [groups[i] for i in at], 10)

    def first_tenth(at: NDArray[np.intp]) -> float:
        return measures.captured(losses[at], scores[at], 0.1)

    low, high = measures.interval(first_tenth, drawn_as(test), seed)
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
        "expected_loss_error": measures.expected_gap(said, came, parts=10),
    }
    return Judgement(
        metrics,
        by_slice(test, first_tenth),
        confidence=said,
        right=came,
        rows=test,
        figure="loss_captured_at_10pct",
        measure=first_tenth,
        groups={"cost nothing": scores[losses == 0], "cost money": scores[losses > 0]},
    )


def blank_card() -> Card:
    """A card for a model that exists only while it is judged."""
    return Card(NAME, "0", (), LEVELS, OUTPUT, "", None, "", {})
