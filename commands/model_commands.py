"""``train``, ``evaluate``, ``compare``: how a model is made and judged."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from commands import comparison_words
from commands.setup import fail, services, show

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from training.rows import FactLike, Rows
    from workflow.actor import Actor

    Source: TypeAlias = Iterable[FactLike] | Rows

app = typer.Typer()
Json = Annotated[bool, typer.Option("--json", help="One JSON document for machines.")]
By = Annotated[str, typer.Option("--by", help="Account that says so.")]
NAMES = {
    "reason": "reason",
    "disposition": "disposition",
    "credit-anomaly": "credit_anomaly",
    "exception-rank": "exception_rank",
}


def name_of(model: str) -> str:
    """The model's own name from how the command line spells it."""
    if model not in NAMES:
        fail(f"There is no model {model!r}; there are {', '.join(NAMES)}.")
    return NAMES[model]


def actor_of(conn: "Connection", account_id: str) -> "Actor":
    """The account that speaks on the command line; it must exist and be active."""
    from journal.accounts import find_account

    account = find_account(conn, account_id)
    if account is None:
        fail(f"There is no active account {account_id!r}.")
    return account.actor


@app.command()
def train(
    model: str,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 8123,
    data: Annotated[Path | None, typer.Option(help="Your own table: CSV or Parquet.")] = None,
    columns: Annotated[Path | None, typer.Option(help="TOML: your headings and codes.")] = None,
    finetune: Annotated[bool, typer.Option(help="Tune the sentence encoder: reason only.")] = False,
    minutes: Annotated[float, typer.Option(min=0.1, help="The most that tuning may take.")] = 20.0,
    as_json: Json = False,
) -> None:
    """Train on the journal or on your own table, judge against baselines, register in MLflow."""
    from training.csv_file import BadTable
    from training.enough import TooLittle
    from training.train import train as run

    name = name_of(model)
    if finetune and name != "reason":
        fail(f"--finetune tunes a sentence encoder, which {model} has not; only reason has one.")
    try:
        with _source(name, data, columns) as source:
            made = run(name, source, seed=seed, finetune_minutes=minutes if finetune else 0.0)
    except (TooLittle, BadTable) as error:
        fail(str(error))
    document = {"model": model, "version": made.version, "digest": made.digest, "run": made.run_id}
    lines = [f"{model} version {made.version}"] + [
        f"  {name}: {value:.4f}" for name, value in made.metrics.items()
    ]
    lines += _unjudged(name, made.metrics)
    lines.append(f"Next: triage propose {model} {made.version} --by WHO")
    show(document | {"metrics": dict(made.metrics)}, as_json, "\n".join(lines))


def _unjudged(name: str, metrics: "Mapping[str, float]") -> Iterator[str]:
    """A word where the figure is missing by which versions are compared."""
    from training.judging import FIGURES

    if FIGURES[name] not in metrics:
        yield (
            f"  Not judged by {FIGURES[name]}: the newest fifth of the rows holds too little that a"
            " person answered and training did not know."
        )


@contextmanager
def _source(model: str, data: Path | None, columns: Path | None) -> "Iterator[Source]":
    """The user's own table where one is named, else the journal."""
    from training.journal_source import facts_of
    from training.own_table import read_headings, read_rows

    if data is not None:
        # A day more: times without an offset are those of some clock east of here.
        latest = datetime.now(UTC) + timedelta(days=1)
        rows = read_rows(model, data, read_headings(columns), latest)
        if rows.unread:
            typer.echo(f"Columns that {model} does not take: {', '.join(rows.unread)}.", err=True)
        yield rows
    elif columns is not None:
        fail("--columns describes a table: give --data as well.")
    else:
        with services() as wired, wired.engine.connect() as conn:
            yield facts_of(wired.journal, conn)


@app.command()
def evaluate(
    model: str,
    version: Annotated[str, typer.Option(help="Version; the champion, else the newest.")] = "",
    as_json: Json = False,
) -> None:
    """Judge a registered version on what the journal holds of later than its training."""
    from training.evaluate import evaluate as run
    from training.registry import DRAWER, Registry
    from workflow.refused import Refused

    name, registry = name_of(model), Registry(DRAWER)
    try:
        with services() as wired, wired.engine.connect() as conn:
            told = run(wired.journal, conn, name, version or None, registry=registry)
    except Refused as no:
        fail(f"{no.code}: {no.message}")
    show(told.document(), as_json, "\n".join(told.lines()))


@app.command()
def compare(model: str, as_json: Json = False) -> None:
    """What the challenger in shadow would have changed: answers, lanes, money, who was right."""
    from serving.comparison import compare as run

    with services() as wired, wired.engine.connect() as conn:
        told = run(conn, name_of(model))
    if told is None:
        fail(f"{model} has no challenger. Name one: triage propose {model} VERSION --as challenger")
    show(told, as_json, comparison_words.told(model, told))


@app.command()
def automation(
    recompute: Annotated[
        bool, typer.Option(help="Recompute now instead of waiting for the worker.")
    ] = False,
    as_json: Json = False,
) -> None:
    """What passes without a person: thresholds, their evidence, and what audits found."""
    from journal.lookups import champions
    from serving.trust import trust

    with services() as wired:
        if recompute:
            wired.clear_automation()
        with wired.engine.connect() as conn:
            trusted = trust(conn)
            now = [row for row in champions(conn) if row["alias"] == "champion"]
    lanes = [
        {"model": row["name"], "version": row["version"], **lane}
        for row in now
        if (lane := trusted.automation(row["name"], row["version"])) is not None
    ]
    text = "\n".join(map(_lane, lanes))
    show({"lanes": lanes}, as_json, text or "No model is promoted: people decide everything.")


def _lane(lane: dict[str, Any]) -> str:
    cleared = lane["clearance"]
    if cleared is None:
        head = "closed: nothing is guaranteed for this version"
    elif not lane["open"]:
        head = f"closed: {cleared['because']}"
    else:
        head = (
            f"open from {cleared['threshold']:g}; tolerated"
            f" {cleared['tolerated_permille'] / 10:g} %, evidence {cleared['errors']} wrong of"
            f" {cleared['cases']} so sure ({cleared['evidence']} in all)"
        )
    audits = (
        f"{lane['audit_errors']} of {lane['audits']} wrong, {lane['realised_error']:.1%}"
        f" ({lane['realised_error_low']:.1%} to {lane['realised_error_high']:.1%})"
        if lane["audits"]
        else "none decided yet"
    )
    return (
        f"{lane['point']} by {lane['model']} {lane['version']}: {head}\n"
        f"  passed {lane['passed']} of {lane['answers']} answers; audits: {audits}"
    )
