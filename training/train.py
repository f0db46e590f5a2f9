"""From a journal to a registered version: rows, split, fit, calibrate, judge, gate, register."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from models import bundle, drift
from models import overview as overviews
from models.checks import check_all
from models.folder import write_json
from models.overview import Overview
from models.protocol import Card
from training import credit_anomaly, disposition, exception_rank, judging
from training.enough import TooLittle
from training.evidence import evidence_of
from training.made import Made
from training.model_card import model_card
from training.overview import overview
from training.plots import draw, draw_slices
from training.registry import CARD_PAGE, DRAWER, Registered, Registry, RunRecord, code_version
from training.rows import FactLike, Rows, fingerprint, gather
from training.split import Boundary, boundary_of
from training.trained_on import write_trained_on
from training.truth import Truth, against_truth
from workflow.refused import Refused

SEED = 8123
MOST_CHECKED = 40
"""Rows on which a new model must keep every promise before it is registered."""
MOST_REFERENCE = 5000
"""Newest rows that the reference for drift is made of."""

Say = Callable[[str], None]
"""Hears what training is doing; long steps are never silent."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A registered version that kept every promise; not yet promoted."""

    name: str
    version: str
    bundle: Path
    digest: str
    metrics: Mapping[str, float]
    run_id: str


def _reason(rows: Rows, seed: int, finetune_minutes: float = 0.0) -> Made:
    # The encoder behind it takes seconds to import; the tabular models do without.
    from training import reason_model

    return reason_model.fit(rows.texts, seed=seed, finetune_minutes=finetune_minutes)


FITS: Mapping[str, Callable[[Rows, int], Made]] = {
    "reason": _reason,
    "disposition": lambda rows, seed: disposition.fit(rows.of("disposition"), seed=seed),
    "credit_anomaly": lambda rows, seed: credit_anomaly.fit(rows.of("credit_anomaly"), seed=seed),
    "exception_rank": lambda rows, seed: exception_rank.fit(rows.of("exception_rank"), seed=seed),
}
"""The four models, in the order they are trained."""


def train(
    model_name: str,
    source: Iterable[FactLike] | Rows,
    *,
    seed: int = SEED,
    out: Path = DRAWER,
    at: datetime | None = None,
    truth: Truth | None = None,
    finetune_minutes: float = 0.0,
) -> Trained:
    """Trains, judges, checks and registers one model from facts, or from rows already gathered.

    ``out`` is MLflow's drawer; ``at`` the training time on the card (now). The same rows and
    seed give the same model, unless its encoder is tuned: what ``finetune_minutes`` teach depends
    on the machine. Errors: ``Refused('unknown_model')``; ``TooLittle`` says what is missing;
    ``Broken`` (``models.checks``) names the promise that a new model did not keep; ``ValueError``
    where a model without an encoder is to be tuned.
    """
    if model_name not in FITS:
        raise Refused("unknown_model", f"{model_name} is none of {', '.join(FITS)}.")
    rows = source if isinstance(source, Rows) else gather(source)
    # Thousands of rows: threads of linear algebra mostly wait for each other, and their number
    # would decide in which order sums are taken.
    with threadpool_limits(limits=1):
        made = _fitted(model_name, rows, seed, finetune_minutes)
    if truth is not None:
        model = made.build(card_of(made, "0", None))
        made.judged.metrics.update(against_truth(made, model, truth))
    _gate(made)
    when = (at or datetime.now(UTC)).isoformat()
    background = background_of(made, rows, when, seed)

    def write_bundle(version: str, folder: Path) -> None:
        card = card_of(made, version, when)
        seal(made, card, folder, background)

    record = _record(made, background)
    registered = Registry(out).register(made.name, made.columns, record, write_bundle)
    return _trained(registered, made)


def train_all(
    source: Iterable[FactLike] | Rows,
    *,
    seed: int = SEED,
    out: Path = DRAWER,
    at: datetime | None = None,
    truth: Truth | None = None,
    models: Sequence[str] = tuple(FITS),
    say: Say = lambda line: print(line, file=sys.stderr),
) -> dict[str, Trained | TooLittle]:
    """Replays the journal once and trains every model there is enough data for.

    A model with too little to learn from is answered by its ``TooLittle``, and the others go on.
    """
    rows = source if isinstance(source, Rows) else gather(source)
    say(f"{rows.facts} facts replayed, up to position {rows.last_position}")
    done: dict[str, Trained | TooLittle] = {}
    for name in models:
        try:
            done[name] = trained = train(name, rows, seed=seed, out=out, at=at, truth=truth)
        except TooLittle as little:
            done[name] = little
            say(str(little))
        else:
            say(f"{name} {trained.version}: {_headline(trained.metrics)}")
    return done


def _fitted(name: str, rows: Rows, seed: int, finetune_minutes: float) -> Made:
    if not finetune_minutes:
        return FITS[name](rows, seed)
    if name != "reason":
        raise ValueError(f"{name} has no sentence encoder to tune; only the reason model has one")
    return _reason(rows, seed, finetune_minutes)


def card_of(made: Made, version: str, trained_at: str | None) -> Card:
    return Card(
        name=made.name,
        version=version,
        reads=made.columns,
        says=made.says,
        output=made.output,
        feature_set=made.feature_set,
        trained_at=trained_at,
        limits=made.limits,
        metrics=made.judged.known(),
        conformal_level=made.conformal_level,
    )


def _gate(made: Made) -> None:
    """Every promise of ``models.checks``, on a bundle as serving would load it."""
    rows = made.sample[:MOST_CHECKED]
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        card = card_of(made, "0", None)
        model = made.build(card)
        model.save(folder)
        bundle.write(folder, card)
        check_all(model, rows, folder)


@dataclass(frozen=True)
class Background:
    """What is told of a fit besides the model: where from, how good, and what it was used to."""

    tags: Mapping[str, str]
    held_from: Boundary | None
    report: judging.Report
    reference: Mapping[str, Any]
    seen: Overview


def background_of(made: Made, rows: Rows, when: str, seed: int) -> Background:
    tags = {
        "data_fingerprint": fingerprint(made.data),
        "feature_set": made.feature_set,
        "code_version": code_version(),
        "trained_at": when,
        **({"table": rows.table} if rows.table else {"journal_position": str(rows.last_position)}),
    }
    held_from = boundary_of(made.data, made.test)
    model = made.build(card_of(made, "0", when))
    asked = judging.held_out(made.name, rows, held_from) if held_from else []
    # The newest data, told as the model answers what it did not learn from.
    newest: Sequence[judging.Question] = made.test or made.data
    reference = drift.summarise(made.columns, judging.answered(model, newest[-MOST_REFERENCE:]))
    report, seen = judging.report(model, asked, seed), overview(made, model, seed)
    # Without times nothing of a journal can be called later than what was learned here.
    return Background(tags, held_from if rows.timed else None, report, reference, seen)


def seal(made: Made, card: Card, folder: Path, background: Background) -> None:
    """The model's own files, what it is to be told apart by later, and the seal over all."""
    model = made.build(card)
    model.save(folder)
    write_trained_on(folder, background.held_from, background.tags)
    reference = {**background.reference, "error": _error_reference(background.report)}
    write_json(folder / drift.FILE, reference)
    write_json(folder / overviews.FILE, background.seen.to_json())
    page = model_card(card, background.report, background.tags, len(made.data))
    evidence = json.dumps(evidence_of(made, model)).encode()
    bundle.write(folder, card, {CARD_PAGE: page.encode(), bundle.EVIDENCE: evidence})


def _error_reference(report: judging.Report) -> dict[str, Any]:
    """The held-out figure that realised answers are compared with."""
    found = report.overall
    if found is None or not np.isfinite([found.value, found.low, found.high]).all():
        return {}
    return {"figure": report.figure, "value": found.value, "low": found.low, "rows": found.rows}


def _record(made: Made, background: Background) -> RunRecord:
    metrics = {**made.judged.known(), **background.report.metrics()}
    slices = {name: asdict(found) for name, found in background.report.slices.items()}
    told = {"metrics": made.judged.known(), "slices": slices, "tags": dict(background.tags)}
    told["overview"] = background.seen.to_json()
    plots = {**draw(background.seen), **draw_slices(background.report)}
    return RunRecord({**made.params, "rows": len(made.data)}, metrics, background.tags, plots, told)


def _trained(registered: Registered, made: Made) -> Trained:
    return Trained(
        made.name,
        registered.version,
        registered.bundle,
        bundle.digest(registered.bundle),
        made.judged.known(),
        registered.run_id,
    )


def _headline(metrics: Mapping[str, float]) -> str:
    """The few figures worth a line: what it reaches, beside what anybody could."""
    order = (
        "accuracy", "majority_accuracy", "logistic_accuracy", "auc", "auc_amount_only",
        "ndcg_10", "ndcg_10_by_exposure", "ece", "test_rows",
    )  # fmt: skip
    return ", ".join(f"{name} {metrics[name]:.3g}" for name in order if name in metrics)
