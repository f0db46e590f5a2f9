"""``python -m bench.anomaly --data DIR --setting S --seeds N [--labels F]``, on ADBench.

Protocol (DTE, ICLR 2024): semi-supervised keeps the file's order, trains on the first half of
the normal rows and tests on the rest and all anomalies, scaled by the training part;
unsupervised trains on a bootstrap sample of all rows and tests on all. ``--labels`` gives our
taught model that share of labels from the training side, anomalies included.
The last line printed is one JSON document.
"""

import csv
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from models.protocol import Column
from models.tabular import Layout, Matrix
from models.tree_explain import Trees
from training.boosting import boost
from training.detector import fit_detector
from training.measures import auc

Array = NDArray[np.float64]


def run(
    data: Annotated[Path, typer.Option(help="Folder of .npz files with X and y.")],
    setting: Annotated[str, typer.Option(help="semi-supervised or unsupervised.")],
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from 1.")] = 3,
    labels: Annotated[float, typer.Option(min=0.0, max=1.0)] = 0.0,
) -> None:
    """AUC a set and the mean, for every detector that we offer."""
    if setting not in ("semi-supervised", "unsupervised"):
        raise typer.BadParameter("--setting is semi-supervised or unsupervised")
    files = sorted(data.glob("*.npz"))
    if not files:
        raise typer.BadParameter(f"{data} holds no .npz file")
    found: dict[str, dict[str, float]] = {}
    started = time.perf_counter()
    for path in files:
        with np.load(path) as file:
            rows, truth = file["X"].astype(np.float64), file["y"].astype(np.float64).ravel()
        scores = [one(rows, truth, setting, seed, labels) for seed in range(1, seeds + 1)]
        found[path.stem] = {
            name: 100 * float(np.mean([score[name] for score in scores])) for name in scores[0]
        }
        typer.echo(f"{path.stem} " + " ".join(f"{k} {v:.1f}" for k, v in found[path.stem].items()))
    document: dict[str, Any] = {
        "bench": "anomaly",
        "setting": setting,
        "seeds": seeds,
        "labels": labels,
        "auc_roc": found,
        "mean": {
            name: float(np.mean([auc_of[name] for auc_of in found.values()]))
            for name in next(iter(found.values()))
        },
        "published_mean": published(data, setting, found),
        "seconds": time.perf_counter() - started,
    }
    typer.echo(json.dumps(document))


def one(rows: Matrix, truth: Array, setting: str, seed: int, labels: float) -> dict[str, float]:
    """AUC of each detector on one set with one seed."""
    train, known, test, answer = parts(rows, truth, setting, seed)
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation[deviation == 0] = 1.0
    train, test = (train - mean) / deviation, (test - mean) / deviation
    columns = tuple(Column(f"x{i}", "number", "", "{value}") for i in range(rows.shape[1]))
    layout = Layout(columns, {})
    detector = fit_detector(layout, train, {}, seed=seed)
    tails, isolation = detector.halves(test)
    scores = {"tails": tails, "isolation": isolation, "both": (tails + isolation) / 2}
    if labels > 0:
        scores["taught"] = scores["both"] + _taught(layout, train, known, test, seed, labels)
    return {name: auc(answer, score) for name, score in scores.items()}


def parts(
    rows: Matrix, truth: Array, setting: str, seed: int
) -> tuple[Matrix, Array, Matrix, Array]:
    """Training rows and their labels, test rows and theirs."""
    if setting == "semi-supervised":
        normal = np.flatnonzero(truth == 0)
        first, rest = normal[: len(normal) // 2], normal[len(normal) // 2 :]
        later = np.concatenate([rest, np.flatnonzero(truth == 1)])
        return rows[first], truth[first], rows[later], truth[later]
    drawn = np.random.default_rng(seed).integers(0, len(rows), len(rows))
    return rows[drawn], truth[drawn], rows, truth


def _taught(
    layout: Layout, train: Matrix, known: Array, test: Matrix, seed: int, labels: float
) -> Array:
    """Margins of trees on a share of the labels; zero where no anomaly is among them."""
    some = np.random.default_rng(seed).random(len(train)) < labels
    if not 0 < known[some].sum() < some.sum():
        return np.zeros(len(test))
    learned = boost(layout, train[some], known[some], seed=seed, objective={"objective": "binary"})
    margins: Array = Trees(learned.text).margins(test)[:, 0]
    return margins


def published(data: Path, setting: str, found: Mapping[str, object]) -> dict[str, float]:
    """Mean AUC of each published method over the same sets, where the table lies beside them."""
    values: dict[str, list[float]] = {}
    for path in sorted(data.glob("published_*.csv")):
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                same = row["setting"] == setting and row["metric"] == "AUC ROC"
                if same and Path(row["file"]).stem in found:
                    values.setdefault(row["method"], []).append(float(row["mean"]))
    full = {name: v for name, v in values.items() if len(v) == len(found)}
    return {name: float(np.mean(v)) for name, v in sorted(full.items())}


if __name__ == "__main__":
    typer.run(run)
