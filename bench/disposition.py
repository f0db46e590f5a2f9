"""``python -m bench.disposition --train A.csv --test B.csv --label-column L --text-columns a,b``.

Trains the product's disposition model on any table of decided cases and judges it on another, or
on the later part of the same (``--data F --time-column T --cut DATE``). The last line printed is
one JSON document. Nothing is chosen on the test rows.
"""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from bench.credit_table import number, said
from bench.csv_file import columns
from models.calibration import calibration_error, error_by_chance
from models.conformal import coverage
from models.disposition.model import DispositionModel
from models.protocol import Card, Column
from training.crossfit import STRETCHES
from training.disposition import LEAST_A_CLASS, Decided, learn
from training.enough import common
from training.measures import macro_f1
from workflow.assessment import Row

Array = NDArray[np.float64]
Cells = Mapping[str, str]
LEAST_IN_SLICE = 60
"""Test rows of a group from which its coverage is printed."""


@dataclass(frozen=True)
class Table:
    """What the options say of a file's columns."""

    label: str
    texts: tuple[str, ...]
    categories: tuple[str, ...]
    numbers: tuple[str, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        kinds = (("text", self.texts), ("category", self.categories), ("number", self.numbers))
        return tuple(
            Column(name, kind, "", f"{name}: {{value}}") for kind, names in kinds for name in names
        )

    def row(self, cells: Cells) -> Row:
        """A cell that is empty or says ``na``, ``null`` or the like is not known."""
        known = {name: cells[name] or None for name in (*self.texts, *self.categories)}
        return known | {name: number(cells[name]) for name in self.numbers}

    def read_as_text(self, cells: Cells) -> str:
        """Everything but the numbers, for the baseline."""
        return " ".join(cells[name] for name in (*self.texts, *self.categories))


def run(
    label_column: Annotated[str, typer.Option(help="What was decided.")],
    train: Annotated[Path | None, typer.Option(help="CSV of decided cases to learn from.")] = None,
    test: Annotated[Path | None, typer.Option(help="CSV to judge on.")] = None,
    data: Annotated[Path | None, typer.Option(help="One CSV, to be split by time.")] = None,
    time_column: Annotated[str, typer.Option(help="Sorts rows, as text; ISO 8601 does.")] = "",
    cut: Annotated[str, typer.Option(help="Rows of --data from this time on are the test.")] = "",
    test_share: Annotated[
        float, typer.Option(min=0.05, max=0.95, help="Newest share of --data, without --cut.")
    ] = 0.25,
    text_columns: Annotated[str, typer.Option(help="Comma-separated.")] = "",
    categorical_columns: Annotated[str, typer.Option(help="Lists in a cell are found.")] = "",
    numeric_columns: Annotated[str, typer.Option()] = "",
    group_columns: Annotated[str, typer.Option(help="Coverage is kept in their groups.")] = "",
    seed: Annotated[int, typer.Option()] = 8123,
) -> None:
    """Accuracy, macro-F1, calibration and conformal sets, beside majority and TF-IDF."""
    table = Table(
        label_column, _names(text_columns), _names(categorical_columns), _names(numeric_columns)
    )
    if not table.columns:
        raise typer.BadParameter("name at least one text, categorical or numeric column")
    groups = _names(group_columns)
    if unknown := set(groups) - set(table.categories):
        raise typer.BadParameter(f"--group-columns are no --categorical-columns: {unknown}")
    before, after = _parts(train, test, data, time_column, cut, test_share, table)
    # As in training: the number of threads would decide in which order sums are taken.
    with threadpool_limits(limits=1):
        started = time.perf_counter()
        model, chosen = _learned(table, before, groups, seed)
        seconds = time.perf_counter() - started
        document: dict[str, Any] = {"bench": "disposition", "train_rows": len(before)}
        document |= {"test_rows": len(after), "train_s": seconds, "chosen": chosen}
        document |= _judged(model, table, after, groups, seed) | _floors(table, before, after)
    typer.echo(json.dumps(document))


def _parts(
    train: Path | None,
    test: Path | None,
    data: Path | None,
    time_column: str,
    cut: str,
    test_share: float,
    table: Table,
) -> tuple[list[Cells], list[Cells]]:
    """Rows to learn from, in time order where that is known, and rows to judge on."""
    if data is not None and time_column and train is None and test is None:
        rows = _read(data, table, time_column)
        first = cut or rows[int(len(rows) * (1 - test_share))][time_column]
        before = [row for row in rows if row[time_column] < first]
        after = [row for row in rows if row[time_column] >= first]
    elif train is not None and test is not None and data is None:
        before, after = _read(train, table, time_column), _read(test, table, time_column)
    else:
        raise typer.BadParameter("give --train and --test, or --data with --time-column")
    if not before or not after:
        raise typer.BadParameter("there must be rows to learn from and rows to judge on")
    return before, after


def _read(path: Path, table: Table, time_column: str) -> list[Cells]:
    needed = {table.label, *(column.name for column in table.columns)}
    needed |= {time_column} if time_column else set()
    rows: list[Cells] = [
        {name: row[name] for name in needed} for row in columns(path, *sorted(needed))
    ]
    for place, row in enumerate(rows, 1):
        for name in table.numbers:
            if said(row[name]) is not None and number(row[name]) is None:
                raise typer.BadParameter(
                    f"{path}, row {place}, column {name}: {row[name]!r} is no number"
                )
    labelled = [row for row in rows if row[table.label]]
    if left := len(rows) - len(labelled):
        typer.echo(f"{path}: {left} of {len(rows)} rows have no {table.label}: left out", err=True)
    return sorted(labelled, key=lambda row: row[time_column]) if time_column else labelled


def _learned(
    table: Table, before: Sequence[Cells], groups: Sequence[str], seed: int
) -> tuple[DispositionModel, dict[str, Any]]:
    """The product's model; labels too rare to learn are left out, and count as errors later."""
    classes = common((cells[table.label] for cells in before), LEAST_A_CLASS)
    if len(classes) < 2:
        raise typer.BadParameter("fewer than 2 labels occur 5 times or more")
    code = {label: i for i, label in enumerate(classes)}
    known = [cells for cells in before if cells[table.label] in code]
    decided = Decided(
        table.columns,
        [table.row(cells) for cells in known],
        np.array([code[cells[table.label]] for cells in known], dtype=np.intp),
        np.ones(len(known)),
        np.ones(len(known), dtype=np.bool_),
        np.arange(len(known), dtype=np.intp) * STRETCHES // len(known),
    )
    learned = learn(decided, classes, len(classes), groups, seed=seed)
    card = Card("disposition", "0", table.columns, classes, "log_odds", "", None, "", {})
    return DispositionModel(card, learned.scorer, classes, learned.certainty), learned.params


def _judged(
    model: DispositionModel,
    table: Table,
    after: Sequence[Cells],
    groups: Sequence[str],
    seed: int,
) -> dict[str, Any]:
    rows = [table.row(cells) for cells in after]
    truth = [cells[table.label] for cells in after]
    chances = model.probabilities(rows)
    inside = model.certainty.conformal.sets(chances, rows)
    values = list(model.values)
    said = [values[i] for i in chances.argmax(axis=1)]
    right = np.array([t == s for t, s in zip(truth, said, strict=True)])
    confidence = chances.max(axis=1)
    # Labels never learned: no probability, in no set.
    strangers = sorted(set(truth) - set(values))
    wide = np.hstack([inside, np.zeros((len(rows), len(strangers)), dtype=np.bool_)])
    known = np.array([(values + strangers).index(label) for label in truth], dtype=np.intp)
    held, size = coverage(wide, known)
    document: dict[str, Any] = {
        "accuracy": float(right.mean()),
        "macro_f1": macro_f1(truth, said),
        "ece": calibration_error(confidence, right),
        "ece_by_chance": error_by_chance(confidence, seed=seed),
        "set_coverage": held,
        "set_size": size,
    }
    in_set = wide[np.arange(len(rows)), known]
    for name in groups:
        document[f"coverage_by_{name}"] = _coverage_by(name, after, in_set)
    return document


def _coverage_by(name: str, after: Sequence[Cells], held: NDArray[np.bool_]) -> dict[str, float]:
    """Coverage of every group with rows enough for the figure to mean something."""
    cells = np.array([row[name] for row in after])
    return {
        str(group): float(held[cells == group].mean())
        for group, count in sorted(Counter(cells.tolist()).items())
        if count >= LEAST_IN_SLICE
    }


def _floors(
    table: Table, before: Sequence[Cells], after: Sequence[Cells]
) -> dict[str, float | None]:
    """Always the commonest label, and TF-IDF of all cells with a linear SVM."""
    labels, truth = [c[table.label] for c in before], [c[table.label] for c in after]
    commonest = Counter(labels).most_common(1)[0][0]
    document: dict[str, float | None] = {
        "majority_accuracy": float(np.mean([label == commonest for label in truth])),
        "majority_macro_f1": macro_f1(truth, [commonest] * len(truth)),
        "tfidf_accuracy": None,
        "tfidf_macro_f1": None,
    }
    if table.texts or table.categories:
        terms = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        matrix = terms.fit_transform([table.read_as_text(cells) for cells in before])
        svm = LinearSVC(random_state=0).fit(matrix, labels)
        said = svm.predict(terms.transform([table.read_as_text(cells) for cells in after])).tolist()
        document["tfidf_accuracy"] = float(
            np.mean([t == s for t, s in zip(truth, said, strict=True)])
        )
        document["tfidf_macro_f1"] = macro_f1(truth, said)
    return document


def _names(told: str) -> tuple[str, ...]:
    return tuple(name for part in told.split(",") if (name := part.strip()))


if __name__ == "__main__":
    typer.run(run)
