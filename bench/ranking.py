"""``python -m bench.ranking --train F --test F``: LambdaRank as we fit it, on LightGBM text files.

Each file is in LightGBM's text form (label, then ``index:value``) with group sizes in
``F.query`` beside it. The last line printed is one JSON document.
"""

import json
import math
import re
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from models.protocol import Column
from models.tabular import Layout, Matrix
from training.lambdarank import fit_lambdarank

Array = NDArray[np.float64]
CUTS = (1, 3, 10)
SHUFFLES = 20
MOST_RELEVANT = 30
"""LightGBM's own: gains double with every step of relevance."""


def run(
    train: Annotated[Path, typer.Option(help="Training file, with its .query beside it.")],
    test: Annotated[Path, typer.Option(help="Test file, with its .query beside it.")],
    seed: int = 1,
) -> None:
    """NDCG with exponential gain, mean over queries; a query without relevance counts 1.

    Beside it what chance reaches, and the best single column of the training rows.
    """
    rows, labels, groups = read(train)
    later, truth, sizes = read(test)
    width = max(rows.shape[1], later.shape[1])
    layout = Layout(tuple(Column(f"x{i}", "number", "", "{value}") for i in range(width)), {})
    started = time.perf_counter()
    trees, rounds = fit_lambdarank(layout, _wide(rows, width), labels, groups, seed=seed)
    took = time.perf_counter() - started
    scores = trees.margins(_wide(later, width))[:, 0]
    document: dict[str, Any] = {
        "bench": "ranking",
        "queries": len(sizes),
        "rounds": rounds,
        "train_s": took,
    }
    document |= {f"ndcg@{at}": ndcg(truth, scores, sizes, at) for at in CUTS}
    column, sign = best_column(rows, labels, groups)
    alone = sign * later[:, column] if column < later.shape[1] else np.zeros(len(later))
    for at in CUTS:
        document[f"ndcg@{at}_by_chance"] = by_chance(truth, sizes, at, seed)
        document[f"ndcg@{at}_best_column"] = ndcg(truth, alone, sizes, at)
    typer.echo(json.dumps(document))


def read(path: Path) -> tuple[Matrix, Array, list[int]]:
    """Rows, labels and group sizes; features that a line leaves out are 0, as LightGBM reads it."""
    query = path.with_name(path.name + ".query")
    if not query.is_file():
        raise typer.BadParameter(f"{query} with the group sizes is missing")
    texts = enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
    lines = [_line(path, number, text) for number, text in texts if text.strip()]
    if not lines:
        raise typer.BadParameter(f"{path} has no rows")
    cells = [pairs for _, pairs in lines]
    width = 1 + max((k for row in cells for k, _ in row), default=0)
    matrix = np.zeros((len(lines), width))
    for i, row in enumerate(cells):
        for k, value in row:
            matrix[i, k] = value
    said = query.read_text(encoding="utf-8", errors="replace").split()
    if odd := [(i, size) for i, size in enumerate(said, 1) if not re.fullmatch("[0-9]+", size)]:
        raise typer.BadParameter(f"{query}, number {odd[0][0]}: {odd[0][1]!r} is no group size")
    sizes = [int(size) for size in said]
    if sum(sizes) != len(lines):
        raise typer.BadParameter(f"{query} names {sum(sizes)} rows, {path} has {len(lines)}")
    return matrix, np.array([label for label, _ in lines]), sizes


def _line(path: Path, number: int, text: str) -> tuple[float, list[tuple[int, float]]]:
    """Label and features of a line. Errors: ``typer.BadParameter`` for one of another form."""
    label, *rest = text.split()
    try:
        if not 0 <= float(label) <= MOST_RELEVANT:
            raise ValueError(label)
        pairs = [(int(k), float(v)) for k, v in (cell.split(":") for cell in rest)]
        if any(k < 0 or not math.isfinite(v) for k, v in pairs):
            raise ValueError(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{path}, line {number}: {text[:60]!r} is no label of 0 to {MOST_RELEVANT} with"
            " index:value after it"
        ) from error
    return float(label), pairs


def ndcg(truth: Array, scores: Array, sizes: list[int], at: int) -> float:
    """LightGBM's own definition: gain 2^label - 1, discount log2(rank + 1)."""
    values, start = [], 0
    for size in sizes:
        part = slice(start, start + size)
        start += size
        gain = 2.0 ** truth[part] - 1
        discount = 1.0 / np.log2(np.arange(2, min(at, size) + 2))
        best = (np.sort(gain)[::-1][: len(discount)] * discount).sum()
        order = np.argsort(-scores[part], kind="stable")
        got = (gain[order][: len(discount)] * discount).sum()
        values.append(float(got / best) if best > 0 else 1.0)
    return float(np.mean(values))


def by_chance(truth: Array, sizes: list[int], at: int, seed: int) -> float:
    """What an order drawn by lot reaches, mean of ``SHUFFLES``: the floor of any ranker."""
    chance = np.random.default_rng(seed)
    found = [ndcg(truth, chance.random(len(truth)), sizes, at) for _ in range(SHUFFLES)]
    return float(np.mean(found))


def best_column(rows: Matrix, labels: Array, sizes: list[int]) -> tuple[int, float]:
    """The one column, and the sign, by which training rows are ordered best: no model at all."""
    tried = [(column, sign) for column in range(rows.shape[1]) for sign in (1.0, -1.0)]
    return max(tried, key=lambda one: ndcg(labels, one[1] * rows[:, one[0]], sizes, CUTS[-1]))


def _wide(rows: Matrix, width: int) -> Matrix:
    return np.hstack([rows, np.zeros((len(rows), width - rows.shape[1]))])


if __name__ == "__main__":
    typer.run(run)
