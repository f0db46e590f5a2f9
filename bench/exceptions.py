"""``python -m bench.exceptions --seeds N``: what a review of the first tenth finds of the losses.

For each seed a simulated distributor's exceptions are replayed into rows as training does. After
two, three and four fifths of them the ranker learns from those closed by then and ranks the next
fifth. By default the exceptions are drawn straight from the world; ``--house`` plays every return
through the real wiring first (minutes a seed). The last line printed is one JSON document.
"""

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from bench.exception_history import History, drawn, played
from features.catalogue import EXCEPTION_RANK
from models.tabular import Layout
from training import measures
from training.exception_rank import blank_card, group_of, learn, losses_of
from training.lambdarank import fit_lambdarank
from training.made import columns_of, rows_of
from training.rows import Example

Array = NDArray[np.float64]

FIFTHS = (0.4, 0.6, 0.8, 1.0)
"""Shares of a history after which the ranker learns anew; the first part is never ranked."""
TENTH = 0.1
GRADES = (0.5, 0.75, 0.9, 0.97)
"""Quantiles of the losses that LambdaRank's grades 1 to 4 start from."""
QUERY = 20
"""Exceptions in one query of LambdaRank: worklists of a week are too short to learn from."""
ORDERS = ("model", "lambdarank", "by_amount", "by_difference", "by_age", "best_reachable", "oracle")


@dataclass(frozen=True)
class Ranked:
    """The later exceptions of one history, by every order (higher: sooner), with what they cost.

    ``stated`` and ``came`` are the model's expected loss and the real one, both as shares of the
    scale it was given and cut off there.
    """

    losses: Array
    expected: Array
    groups: list[str]
    scores: dict[str, Array]
    stated: Array
    came: Array


def run(
    seeds: Annotated[int, typer.Option(min=1, help="How many distributors.")] = 10,
    days: Annotated[int, typer.Option(min=60, max=1000, help="Days of history.")] = 180,
    scale: Annotated[float, typer.Option(help="Size of the distributor.")] = 1.0,
    first: Annotated[int, typer.Option(help="The first seed.")] = 1,
    house: Annotated[bool, typer.Option(help="Play the returns through the real wiring.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
) -> None:
    """Share of the later losses found among the first tenth, by several orders."""
    started = time.perf_counter()
    of = partial(_ranked_of, days=days, scale=scale, house=house)
    # Spawned, not forked: a fork of a process whose libraries run threads may wait forever.
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        every = list(pool.map(of, range(first, first + seeds)))
    found = {name: _summary(every, name) for name in ORDERS}
    for name, figures in found.items():
        typer.echo(
            f"{name:15} {figures['loss_found_at_10pct']:.3f} of the loss"
            f"  (sd {figures['sd']:.3f}), NDCG@10 {figures['ndcg@10']:.3f}"
        )
    document: dict[str, Any] = {
        "bench": "exceptions",
        "seeds": seeds,
        "first": first,
        "days": days,
        "scale": scale,
        "house": house,
        "ranked": int(sum(len(one.losses) for one in every)),
        "orders": found,
        **_ratios(every),
        "expected_loss_error": measures.expected_gap(
            np.concatenate([one.stated for one in every]),
            np.concatenate([one.came for one in every]),
            parts=10,
        ),
        "seconds": round(time.perf_counter() - started, 1),
    }
    typer.echo(json.dumps(document))


def _ranked_of(seed: int, *, days: int, scale: float, house: bool) -> Ranked:
    history = (played if house else drawn)(seed, days, scale)
    return ranked(history, seed)


def ranked(history: History, seed: int) -> Ranked:
    """Ranks every later part with what was known when its first exception was raised."""
    parts = [_rank(past, later, seed) for past, later in later_parts(history)]
    later = [example for _, examples in later_parts(history) for example in examples]
    losses = losses_of(later)
    scores = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    expected = np.array([history.expected[example.subject] for example in later])
    scores |= {
        "by_amount": np.array([float(example.amount_minor) for example in later]),
        "by_difference": np.array([_difference(example) for example in later]),
        "by_age": np.array([-example.at.timestamp() for example in later]),
        "best_reachable": expected,
        "oracle": losses,
    }
    stated, came = scores.pop("stated"), scores.pop("came")
    return Ranked(losses, expected, [group_of(e) for e in later], scores, stated, came)


def later_parts(history: History) -> Iterator[tuple[list[Example], list[Example]]]:
    """(what was closed before the part began, the part), three times, in time order."""
    examples = history.examples
    edges = [int(len(examples) * share) for share in FIFTHS]
    for start, end in pairwise(edges):
        begins: datetime = examples[start].at
        past = [e for e in examples[:start] if history.closed_at[e.subject] < begins]
        yield past, examples[start:end]


def _rank(past: Sequence[Example], later: Sequence[Example], seed: int) -> dict[str, Array]:
    """Scores of a part by what can be learned from the past."""
    model = learn(past, seed=seed).model(blank_card())
    scores = model.scores(rows_of(later))
    scale = model.curve.scale_minor
    return {
        "model": scores,
        "lambdarank": _lambdarank(past, later, seed),
        "stated": model.curve.confidence(scores),
        "came": np.minimum(losses_of(later) / scale, 1.0),
    }


def _lambdarank(past: Sequence[Example], later: Sequence[Example], seed: int) -> Array:
    """The same rows, ordered by LightGBM's LambdaRank over grades of the loss."""
    layout = Layout.fit(columns_of(EXCEPTION_RANK), rows_of(past))
    losses = losses_of(past)
    grades = np.searchsorted(np.quantile(losses, GRADES), losses, side="right").astype(np.float64)
    sizes = [len(part) for part in np.array_split(losses, max(1, len(past) // QUERY))]
    trees, _ = fit_lambdarank(layout, layout.matrix(rows_of(past)), grades, sizes, seed=seed)
    return trees.margins(layout.matrix(rows_of(later)))[:, 0]


def _difference(example: Example) -> float:
    value = example.row["exception_variance_minor"]
    return float(abs(value)) if isinstance(value, int | float) else 0.0


def _each(every: Sequence[Ranked], measure: Callable[[Ranked], float]) -> Array:
    return np.array([measure(one) for one in every])


def _summary(every: Sequence[Ranked], name: str) -> dict[str, float]:
    found = _each(every, lambda one: measures.captured(one.losses, one.scores[name], TENTH))
    meant = _each(every, lambda one: measures.captured(one.expected, one.scores[name], TENTH))
    ndcg = _each(
        every, lambda one: measures.grouped_ndcg(one.losses, one.scores[name], one.groups, 10)
    )
    return {
        "loss_found_at_10pct": round(float(found.mean()), 4),
        "sd": round(float(found.std(ddof=1)), 4) if len(found) > 1 else 0.0,
        "low": round(float(found.min()), 4),
        "high": round(float(found.max()), 4),
        "expected_loss_found_at_10pct": round(float(meant.mean()), 4),
        "ndcg@10": round(float(ndcg.mean()), 4),
    }


def _ratios(every: Sequence[Ranked]) -> dict[str, float]:
    """The model's share of what the two oracles find: the one who knows the world's expectation,
    and the one who knows what will have happened."""

    def found(name: str) -> float:
        return float(
            _each(every, lambda o: measures.captured(o.losses, o.scores[name], TENTH)).mean()
        )

    return {
        "model_of_best_reachable": round(found("model") / found("best_reachable"), 4),
        "model_of_oracle": round(found("model") / found("oracle"), 4),
        "amount_of_best_reachable": round(found("by_amount") / found("best_reachable"), 4),
        "best_reachable_of_oracle": round(found("best_reachable") / found("oracle"), 4),
    }


if __name__ == "__main__":
    typer.run(run)
