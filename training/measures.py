"""The figures a model is judged by, as plain functions of arrays."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score, ndcg_score, roc_auc_score

from models import calibration, guarantee

Array = NDArray[np.float64]
ROUNDS = 200
"""Bootstrap rounds: enough for the two ends of a 95 % interval to be steady to a tenth of it."""


def accuracy(truth: Sequence[str], said: Sequence[str | None]) -> float:
    """Share of answers that are right; an abstention is not."""
    return float(np.mean([t == s for t, s in zip(truth, said, strict=True)]))


def macro_f1(truth: Sequence[str], said: Sequence[str]) -> float:
    """F1 a class, every class that occurs in the truth counting the same."""
    return float(
        f1_score(truth, said, average="macro", labels=sorted(set(truth)), zero_division=0.0)
    )


def confusion(
    truth: Sequence[str], said: Sequence[str]
) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Counts of truths (down) against answers (across), and the classes of both, sorted."""
    classes = sorted(set(truth) | set(said))
    code = {value: i for i, value in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), dtype=np.intp)
    np.add.at(counts, ([code[value] for value in truth], [code[value] for value in said]), 1)
    return counts, tuple(classes)


def calibration_error(confidence: Array, right: Array) -> float:
    """Expected calibration error over 15 bins of equal width, in [0, 1]; ``right`` is 0 or 1."""
    return calibration.calibration_error(confidence, right > 0)


def expected_gap(said: Array, came: Array, parts: int) -> float:
    """Mean gap between what was said and what came, over up to ``parts`` bins of equal size."""
    if len(said) == 0:
        return 0.0
    order = np.argsort(said, kind="stable")
    bins = np.array_split(order, min(parts, len(order)))
    gaps = [abs(float(said[p].mean() - came[p].mean())) * len(p) for p in bins]
    return float(sum(gaps) / len(order))


def log_loss(truth: NDArray[np.intp], probabilities: Array) -> float:
    """Mean negative log probability of what was right; a zero counts as one in a million."""
    chosen = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(chosen, 1e-6)).mean())


def auc(truth: Array, score: Array) -> float:
    """Area under the ROC curve; ``nan`` where only one class occurs."""
    return float(roc_auc_score(truth, score)) if 0 < truth.sum() < len(truth) else float("nan")


def average_precision(truth: Array, score: Array) -> float:
    """Area under precision and recall; ``nan`` where nothing is to be found."""
    return float(average_precision_score(truth, score)) if truth.sum() else float("nan")


def captured(amount: Array, score: Array, share: float) -> float:
    """Part of the amount that lies among the highest ``share`` of scores; ``nan`` for nothing."""
    total = float(amount.sum())
    if total <= 0 or len(score) == 0:
        return float("nan")
    first = max(1, round(share * len(score)))
    top = np.argsort(-score, kind="stable")[:first]
    return float(amount[top].sum() / total)


def grouped_ndcg(gain: Array, score: Array, groups: Sequence[str], at: int) -> float:
    """Mean NDCG of the groups that have two rows or more and something to gain."""
    by_group: dict[str, list[int]] = {}
    for i, group in enumerate(groups):
        by_group.setdefault(group, []).append(i)
    found = [
        float(ndcg_score([gain[rows]], [score[rows]], k=at))
        for rows in by_group.values()
        if len(rows) > 1 and gain[rows].sum() > 0
    ]
    return float(np.mean(found)) if found else float("nan")


def interval(
    measure: Callable[[NDArray[np.intp]], float],
    entities: Sequence[str],
    seed: int,
    share: bool = False,
) -> tuple[float, float]:
    """95 % bootstrap interval of a measure of row numbers, drawing whole entities.

    Rows of one customer resemble each other; drawing rows would call the result surer than it is.
    ``share``: the measure is the share of rows that are right. Where all are, or none, no draw
    shows what did not occur, and the exact interval of so many entities stands.
    """
    by_entity: dict[str, list[int]] = {}
    for i, entity in enumerate(entities):
        by_entity.setdefault(entity, []).append(i)
    blocks = [np.array(rows) for rows in by_entity.values()]
    chance = np.random.default_rng(seed)
    values = []
    for _ in range(ROUNDS):
        drawn = chance.integers(0, len(blocks), len(blocks))
        value = measure(np.concatenate([blocks[i] for i in drawn]))
        if np.isfinite(value):
            values.append(value)
    if not values:
        return float("nan"), float("nan")
    if share and max(values) == min(values) and values[0] in (0.0, 1.0):
        return guarantee.interval(len(blocks) if values[0] else 0, len(blocks))
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
