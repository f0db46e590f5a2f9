"""``python -m bench.anomaly --data DIR --setting S --seeds N [--labels F]``, on ADBench.

Protocol of the published table (Livernoche et al., ICLR 2024): a set of fewer than 1000 rows is
drawn up to 1000 with replacement, one of more than 50,000 cut down; semi-supervised then keeps
the order, trains on the first half of the normal rows and tests on the rest and all anomalies,
scaled by the training part; unsupervised trains on a bootstrap sample of all rows and tests on
all. The drawing puts copies of small sets' training rows into their test rows: ``--no-copies``
leaves it out, and its figures are not to be compared with the table's.

``default`` is the detector that ships; its views stand beside it. Whoever fits it says whether
people vetted the training rows, and the two settings are this distinction: semi-supervised is
fitted as vetted rows, unsupervised as raw history, which may hold anomalies.
``--labels`` gives our taught model that share of labels from the training side, anomalies
included. The last line printed is one JSON document.
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
from sklearn.preprocessing import StandardScaler

from bench.anomaly_peers import PEERS
from bench.anomaly_sets import read
from models.credit_anomaly.detector import weighed
from models.protocol import Column
from models.tabular import Layout, Matrix
from models.tree_explain import Trees
from training.boosting import boost
from training.detector import fit_detector
from training.measures import auc

Array = NDArray[np.float64]
Parts = tuple[Matrix, Array, Matrix, Array]

FEW, MANY = 1_000, 50_000
"""Rows up to which the published protocol draws copies, and from which it cuts."""


def run(
    data: Annotated[Path, typer.Option(help="Folder of .npz files with X and y.")],
    setting: Annotated[str, typer.Option(help="semi-supervised or unsupervised.")],
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from 1.")] = 3,
    labels: Annotated[float, typer.Option(min=0.0, max=1.0)] = 0.0,
    copies: Annotated[bool, typer.Option(help="Draw small sets up to 1000 rows.")] = True,
    peers: Annotated[bool, typer.Option(help="Known detectors too, with the first seed.")] = True,
    only: Annotated[str, typer.Option(help="Names of sets, with commas; all if empty.")] = "",
) -> None:
    """AUC a set and the mean, for the detector that ships, its views, and known detectors."""
    if setting not in PEERS:
        raise typer.BadParameter("--setting is semi-supervised or unsupervised")
    files = sorted(data.glob("*.npz"))
    if only:
        files = [path for path in files if path.stem in only.split(",")]
    if not files:
        raise typer.BadParameter(f"{data} holds no .npz file to read")
    found: dict[str, dict[str, float]] = {}
    spread: dict[str, float] = {}
    same: dict[str, dict[str, float]] = {}
    started = time.perf_counter()
    for path in files:
        rows, truth = read(path)
        cuts = [scaled(parts(rows, truth, setting, seed, copies)) for seed in range(1, seeds + 1)]
        vetted = setting == "semi-supervised"
        scores = [one(cut, vetted, seed, labels) for seed, cut in enumerate(cuts, 1)]
        found[path.stem] = {
            name: 100 * float(np.mean([score[name] for score in scores])) for name in scores[0]
        }
        spread[path.stem] = 100 * float(np.std([score["default"] for score in scores]))
        if peers:
            train, _, test, answer = cuts[0]
            same[path.stem] = {
                name: 100 * auc(answer, peer(train, test, 1))
                for name, peer in PEERS[setting].items()
            }
        told = found[path.stem] | same.get(path.stem, {})
        typer.echo(f"{path.stem} " + " ".join(f"{k} {v:.1f}" for k, v in told.items()))
    table = published(data, setting, found)
    document: dict[str, Any] = {
        "bench": "anomaly",
        "setting": setting,
        "seeds": seeds,
        "labels": labels,
        "copies": copies,
        "auc_roc": found,
        "std": spread,
        "mean": mean_of(found),
        "published_mean": table,
        "same_algorithm": beside(mean_of(same), table) if same and copies else {},
        "seconds": time.perf_counter() - started,
    }
    typer.echo(json.dumps(document))


def one(cut: Parts, vetted: bool, seed: int, labels: float) -> dict[str, float]:
    """AUC of the default detector and each of its views on one cut."""
    train, known, test, answer = cut
    columns = tuple(Column(f"x{i}", "number", "", "{value}") for i in range(train.shape[1]))
    layout = Layout(columns, {})
    detector = fit_detector(layout, train, {}, vetted=vetted, seed=seed)
    views = detector.views(test)
    scores = {"default": weighed(views, detector.weights), **views}
    if labels > 0:
        scores["taught"] = scores["default"] + _taught(layout, train, known, test, seed, labels)
    return {name: auc(answer, score) for name, score in scores.items()}


def parts(rows: Matrix, truth: Array, setting: str, seed: int, copies: bool = True) -> Parts:
    """Training rows and their labels, test rows and theirs."""
    chance = np.random.default_rng(seed)
    if copies and len(rows) < FEW:
        drawn = chance.integers(0, len(rows), FEW)
        rows, truth = rows[drawn], truth[drawn]
    if len(rows) > MANY:
        some = chance.choice(len(rows), MANY, replace=False)
        rows, truth = rows[some], truth[some]
    if setting == "semi-supervised":
        normal = np.flatnonzero(truth == 0)
        half = round(len(normal) / 2)
        later = np.concatenate([normal[half:], np.flatnonzero(truth == 1)])
        return rows[normal[:half]], truth[normal[:half]], rows[later], truth[later]
    drawn = chance.integers(0, len(rows), len(rows))
    return rows[drawn], truth[drawn], rows, truth


def scaled(cut: Parts) -> Parts:
    """Columns in deviations of the training part from its mean, as published; gaps stay gaps."""
    train, known, test, answer = cut
    scaler = StandardScaler().fit(train)
    return scaler.transform(train), known, scaler.transform(test), answer


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


def mean_of(found: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The mean over sets, by detector."""
    names = next(iter(found.values()), {})
    return {name: float(np.mean([of[name] for of in found.values()])) for name in names}


def beside(ours: Mapping[str, float], table: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Our run of each known detector, the published row, and the difference."""
    return {
        name: {"ours": mean, "published": table[name], "difference": mean - table[name]}
        for name, mean in ours.items()
        if name in table
    }


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
