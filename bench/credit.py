"""``python -m bench.credit --train A.csv --test B.csv --label-column L [--amount-column M]``.

Trains the product's supervised credit model (detector, trees and linear model, blended) on any
table of requests and judges it on later ones. ``--data F --time-column T --test-share 0.3`` cuts
one table by time instead. Columns known only afterwards are for the caller to name
(``--exclude``). Outcomes of earlier requests are used once they were known: by
``--decided-column``, or by ``--events`` (an event log) with ``--decided-by``; without either,
those of test rows are never used. The last line printed is one JSON document.
"""

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from bench.credit_checks import check_found, checked, checked_log, times_of
from bench.credit_events import Log
from bench.credit_memory import Outcomes, by_stretch, lately, remembered
from bench.credit_table import (
    Facts,
    Table,
    facts_of,
    joined,
    labels_of,
    number,
    said,
)
from models.credit_anomaly.model import LEVELS, CreditAnomaly
from models.protocol import Card, Column
from models.tabular import Layout
from training import measures
from training.credit_anomaly import assembled
from training.crossfit import STRETCHES, Past
from training.strangeness import Lesson
from workflow.assessment import Row

Array = NDArray[np.float64]
Marks = NDArray[np.bool_]

TOO_GOOD = 0.97
"""A column that alone separates training rows so well was probably known only afterwards."""


@dataclass(frozen=True)
class Asked:
    """What the command line says of the tables."""

    label: str
    amount: str | None
    time: str | None
    decided: str | None
    case: str
    asked_by: str | None
    decided_by: tuple[str, ...]
    exclude: tuple[str, ...]


def run(
    label_column: Annotated[str, typer.Option(help="What is to be found: above 0, yes, true.")],
    train: Annotated[Path | None, typer.Option(help="CSV to learn from.")] = None,
    test: Annotated[Path | None, typer.Option(help="CSV of later rows to judge on.")] = None,
    data: Annotated[Path | None, typer.Option(help="One CSV, cut by time.")] = None,
    test_share: Annotated[float, typer.Option(min=0.05, max=0.95)] = 0.3,
    amount_column: Annotated[str | None, typer.Option(help="Money at stake.")] = None,
    time_column: Annotated[str | None, typer.Option(help="When a request came.")] = None,
    decided_column: Annotated[str | None, typer.Option(help="When its outcome was known.")] = None,
    exclude: Annotated[str, typer.Option(help="Columns not to be read, with commas.")] = "",
    events: Annotated[Path | None, typer.Option(help="CSV of events, a row each.")] = None,
    case_column: Annotated[str, typer.Option(help="Names the case in both tables.")] = "case",
    event_column: Annotated[str, typer.Option(help="What happened.")] = "concept:name",
    event_time_column: Annotated[str, typer.Option(help="When.")] = "time:timestamp",
    asked_by: Annotated[str | None, typer.Option(help="Event at which to judge.")] = None,
    decided_by: Annotated[str, typer.Option(help="First of these decides; first finds.")] = "",
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from 1.")] = 3,
) -> None:
    """AUC, average precision and money found, beside chance and the amount alone."""
    if (data is None) == (train is None or test is None):
        raise typer.BadParameter("give --train and --test, or --data with --time-column")
    asked = Asked(
        label_column, amount_column, time_column, decided_column, case_column, asked_by,
        _names(decided_by), _names(exclude),
    )  # fmt: skip
    table, is_train = _tables(train, test, data, test_share, asked)
    log = None
    if events is not None:
        found_in = checked_log(events, case_column, event_column, event_time_column)
        log = Log.of_table(found_in, case_column, event_column, event_time_column)
    task = prepared(table, is_train, asked, log)
    found = [judged(task, seed) for seed in range(1, seeds + 1)]
    document: dict[str, Any] = {
        "bench": "credit",
        "data": (data or test or Path()).name,
        "seeds": seeds,
        **{name: float(np.mean([one[name] for one in found])) for name in found[0]},
        "auc_by_seed": [one["auc"] for one in found],
        **task.baselines(),
        "columns": list(task.layout.names),
        "too_good_to_be_known": task.too_good(),
    }
    typer.echo(json.dumps(_plain(document)))


@dataclass(frozen=True)
class Task:
    """Rows in time order, the earlier ones marked ``train``; ``labels`` 1 for what is sought."""

    layout: Layout
    rows: Sequence[Row]
    train: Marks
    labels: Array
    amounts: Array | None
    own: Marks
    stretch: NDArray[np.intp]

    def baselines(self) -> dict[str, Any]:
        """Sizes and shares, and what the amount alone would have found."""
        truth = self.labels[~self.train]
        known = {
            "train_rows": int(self.train.sum()),
            "test_rows": len(truth),
            "train_share_found": float(self.labels[self.train].mean()),
            "test_share_found": float(truth.mean()),
            "auc_majority": 0.5,
            "average_precision_majority": float(truth.mean()),
        }
        if self.amounts is None:
            return known
        amount = self.amounts[~self.train]
        return known | {
            "auc_amount_only": measures.auc(truth, amount),
            "average_precision_amount_only": measures.average_precision(truth, amount),
            "amount_captured_at_10pct_amount_only": measures.captured(truth * amount, amount, 0.1),
        }

    def too_good(self) -> list[str]:
        """Number columns that alone nearly settle the training rows; for people to look at."""
        matrix, labels = self.layout.matrix(self.rows)[self.train], self.labels[self.train]
        alone = [measures.auc(labels, np.nan_to_num(column, nan=-1.0)) for column in matrix.T]
        pairs = zip(self.layout.names, alone, strict=True)
        return [name for name, auc in pairs if max(auc, 1 - auc) > TOO_GOOD]


def prepared(table: Table, train: Marks, asked: Asked, log: Log | None = None) -> Task:
    """Columns from the table, the log and what was known of earlier rows. Rows are in time order.

    Errors: ``typer.BadParameter`` for labels that are none, or nothing to find in either part.
    """
    try:
        labels = labels_of(table.cells[asked.label])
    except ValueError as error:
        raise typer.BadParameter(f"column {asked.label}: {error}") from error
    check_found(labels, train, asked.label)
    left_out = (asked.label, asked.case if log else "", asked.decided or "", *asked.exclude)
    facts = facts_of(table, train, left_out)
    stretch = np.zeros(table.size, dtype=np.intp)
    stretch[train] = np.arange(train.sum()) * STRETCHES // train.sum()
    asked_at = facts.times.get(asked.time) if asked.time else None
    numbers = dict(facts.numbers)
    if log and asked_at is not None:
        numbers |= _by_log(table, train, asked, log, asked_at)
    numbers |= {f"{name}_words": _words(texts, labels, train, stretch)
                for name, texts in facts.texts.items()}  # fmt: skip
    outcomes = _outcomes(table, train, asked, log, labels, asked_at, stretch)
    keys: dict[str, Sequence[str | None]] = {
        name: values for name, values in facts.categories.items() if not name.endswith("_weekday")
    }
    history = {**remembered(outcomes, keys), **lately(outcomes)}
    amounts = None
    if asked.amount:
        read_as = [number(cell) for cell in table.cells[asked.amount]]
        amounts = np.array([0.0 if value is None else value for value in read_as])
        same = remembered(outcomes, {asked.amount: [said(c) for c in table.cells[asked.amount]]})
        history[f"{asked.amount}_seen"] = same[f"{asked.amount}_seen"]
    layout, rows = _rows(facts, {**numbers, **history}, train)
    own = np.array([name not in history for name in layout.names])
    return Task(layout, rows, train, labels, amounts, own, stretch)


def judged(task: Task, seed: int) -> dict[str, float]:
    """The contract's figures for the model that the training rows make with this seed."""
    started = time.perf_counter()
    matrix = task.layout.matrix(task.rows)
    past = matrix[task.train]
    everyone = np.ones(len(past), dtype=np.bool_)
    labelled = Past(
        task.layout, past, task.labels[task.train], 1, np.ones(len(past)), everyone,
        task.stretch[task.train], task.own,
    )  # fmt: skip
    given = Lesson(task.layout, past, everyone, labelled.stretch, everyone, labelled)
    learned = assembled(given, {}, seed=seed)
    card = Card("credit_anomaly", "bench", task.layout.columns, LEVELS, learned.output, "", None,
                "", {})  # fmt: skip
    model: CreditAnomaly = learned.build(card)
    seconds = time.perf_counter() - started
    later, truth = matrix[~task.train], task.labels[~task.train]
    score = model.totals(later)
    pushes, base = model.contributions(later)
    sure = model.confidences(score)
    figures = {
        "auc": measures.auc(truth, score),
        "average_precision": measures.average_precision(truth, score),
        "auc_unsupervised": measures.auc(truth, learned.plain.totals(later)),
        # Where labels and strangeness do not agree, strangeness answers, and is no probability.
        "ece": measures.calibration_error(sure, truth) if learned.blend.supervised else math.nan,
        "mean_probability": float(sure.mean()) if learned.blend.supervised else math.nan,
        "largest_residual": float(np.abs(score - base - pushes.sum(axis=1)).max()),
        "blend_strangeness": learned.blend.strangeness,
        "blend_taught": learned.blend.taught,
        "train_s": seconds,
    }
    if task.amounts is not None:
        lost = truth * task.amounts[~task.train]
        figures["amount_captured_at_10pct"] = measures.captured(lost, score, 0.1)
    return figures


def _tables(
    train: Path | None, test: Path | None, data: Path | None, share: float, asked: Asked
) -> tuple[Table, Marks]:
    """All rows in time order (test rows after training rows), and which are for training."""
    if data is not None:
        whole = _checked(data, asked)
        if asked.time is None:
            raise typer.BadParameter("--data needs --time-column to be cut by")
        ordered = whole.taken(np.argsort(times_of(whole, asked.time), kind="stable"))
        return ordered, np.arange(whole.size) < int(whole.size * (1 - share))
    assert train is not None
    assert test is not None
    parts = [_checked(path, asked) for path in (train, test)]
    if asked.time:
        parts = [p.taken(np.argsort(times_of(p, asked.time), kind="stable")) for p in parts]
    table = joined(*parts)
    return table, np.arange(table.size) < parts[0].size


def _checked(path: Path, asked: Asked) -> Table:
    """A table whose columns can be used. Errors: those of ``credit_checks.checked``."""
    used = (asked.time, asked.decided, *asked.exclude)
    return checked(path, asked.label, asked.amount, [name for name in used if name])


def _by_log(table: Table, train: Marks, asked: Asked, log: Log, came_at: Array) -> dict[str, Array]:
    """What had happened when each case was asked about: at its ``asked_by`` event, or at once."""
    cases = table.cells[asked.case]
    asked_at = came_at
    if asked.asked_by:
        first, _ = log.first(cases, [asked.asked_by])
        asked_at = np.where(np.isnan(first), came_at, first)
    counted = log.until(cases, asked_at, train)
    if not asked.asked_by:
        return counted
    of_day = asked_at % 86_400 / 3_600
    week = asked_at // 86_400 % 7
    return {**counted, "asked_hour": of_day, "asked_weekday": week,
            "asked_after_days": (asked_at - came_at) / 86_400}  # fmt: skip


def _outcomes(
    table: Table,
    train: Marks,
    asked: Asked,
    log: Log | None,
    labels: Array,
    asked_at: Array | None,
    stretch: NDArray[np.intp],
) -> Outcomes:
    """When each outcome was known: at the log's first decision, at its own time, or by stretch."""
    if asked_at is not None and log and asked.decided_by:
        when, which = log.first(table.cells[asked.case], asked.decided_by)
        bad = np.array([float(name == asked.decided_by[0]) for name in which])
        known_at = np.where(np.isnan(when), math.inf, when)
        return Outcomes(asked_at, known_at, bad, timed=True, fresh=True)
    if asked_at is not None and asked.decided:
        known_at = times_of(table, asked.decided)
        return Outcomes(asked_at, known_at, labels, timed=True, fresh=True)
    return by_stretch(asked_at, stretch, train, labels)


def _words(texts: Sequence[str], labels: Array, train: Marks, stretch: NDArray[np.intp]) -> Array:
    """Log-odds by the n-grams of a text, from models that did not learn from the row's stretch."""
    margins = np.zeros(len(texts))
    parts = [(train & (stretch != k), train & (stretch == k)) for k in range(STRETCHES)]
    for taught, asked in [*parts, (train, ~train)]:
        if len(set(labels[taught].tolist())) < 2:
            continue
        some = [texts[i] for i in np.flatnonzero(taught).tolist()]
        vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        model = LogisticRegression(C=1.0).fit(vectors.fit_transform(some), labels[taught])
        to_read = vectors.transform([texts[i] for i in np.flatnonzero(asked).tolist()])
        margins[asked] = model.decision_function(to_read)
    return margins


def _rows(facts: Facts, numbers: Mapping[str, Array], train: Marks) -> tuple[Layout, list[Row]]:
    columns = [Column(name, "number", "", f"{name}: {{value}}") for name in numbers]
    columns += [Column(name, "category", "", f"{name}: {{value}}") for name in facts.categories]
    cells: dict[str, list[Any]] = {
        name: [None if math.isnan(v) else v for v in values.tolist()]
        for name, values in numbers.items()
    }
    cells |= facts.categories
    rows: list[Row] = [
        dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)
    ]
    layout = Layout.fit(columns, [rows[i] for i in np.flatnonzero(train)])
    return layout, rows


def _names(given: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in given.split(",") if name.strip())


def _plain(document: Mapping[str, Any]) -> dict[str, Any]:
    """NaN is no JSON: a figure that does not exist is null."""
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in document.items()
    }


if __name__ == "__main__":
    typer.run(run)
