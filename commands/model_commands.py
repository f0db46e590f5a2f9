"""``train``, ``models``, ``propose``, ``approve``: how a model comes to answer."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from commands.setup import fail, services, settings, show

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
    as_json: Json = False,
) -> None:
    """Train on the journal or on your own table, judge against baselines, register in MLflow."""
    from training.enough import TooLittle
    from training.own_table import BadTable
    from training.train import train as run

    name = name_of(model)
    try:
        with _source(name, data, columns) as source:
            made = run(name, source, seed=seed)
    except (TooLittle, BadTable) as error:
        fail(str(error))
    document = {"model": model, "version": made.version, "digest": made.digest, "run": made.run_id}
    lines = [f"{model} version {made.version}"] + [
        f"  {name}: {value:.4f}" for name, value in made.metrics.items()
    ]
    show(document | {"metrics": dict(made.metrics)}, as_json, "\n".join(lines))


@contextmanager
def _source(model: str, data: Path | None, columns: Path | None) -> "Iterator[Source]":
    """The user's own table where one is named, else the journal."""
    from training.journal_source import facts_of
    from training.own_table import read_headings, read_rows

    if data is not None:
        yield read_rows(model, data, read_headings(columns))
    elif columns is not None:
        fail("--columns describes a table: give --data as well.")
    else:
        with services() as wired, wired.engine.connect() as conn:
            yield facts_of(wired.journal, conn)


@app.command()
def models(as_json: Json = False) -> None:
    """Versions, aliases, and who promoted what."""
    from journal.lookups import champions, proposals

    with services() as wired, wired.engine.connect() as conn:
        ledger = [dict(row) for row in proposals(conn)]
        now = [dict(row) for row in champions(conn)]
    lines = [
        f"{row['name']} {row['version']} is {row['alias']} since {row['since']}" for row in now
    ]
    lines += [
        f"  {row['proposal_id']}: {row['name']} {row['version']} {row['status']}, proposed by"
        f" {row['proposed_by']}"
        + (f", approved by {row['approved_by']}" if row["approved_by"] else "")
        for row in ledger
    ]
    show(
        {"champions": now, "proposals": ledger},
        as_json,
        "\n".join(lines) or "No model is promoted.",
    )


@app.command()
def propose(model: str, version: str, by: By, note: str = "", as_json: Json = False) -> None:
    """Propose a version for promotion; somebody else approves it."""
    from training.promotion import propose as record
    from training.registry import DRAWER, Registry
    from workflow.refused import Refused

    with services() as wired, wired.engine.begin() as conn:
        try:
            proposal = record(
                wired.journal,
                conn,
                name_of(model),
                version,
                actor_of(conn, by),
                wired.clock(),
                registry=Registry(DRAWER),
                note=note,
            )
        except Refused as no:
            fail(no.message)
    show({"proposal": proposal}, as_json, f"Proposed as {proposal}.")


@app.command()
def approve(proposal: str, by: By, as_json: Json = False) -> None:
    """Make a proposed version champion; servers load it within seconds."""
    from models.store import Store
    from training.promotion import approve as record
    from training.promotion import project_aliases
    from training.registry import DRAWER, Registry
    from workflow.refused import Refused

    chosen = settings()
    with services() as wired:
        with wired.engine.begin() as conn:
            try:
                said = record(
                    wired.journal,
                    conn,
                    proposal,
                    actor_of(conn, by),
                    wired.clock(),
                    registry=Registry(DRAWER),
                    store=Store(chosen.bundle_store, chosen.state_dir / "shelf"),
                )
            except Refused as no:
                fail(no.message)
        with wired.engine.connect() as conn:
            project_aliases(wired.journal, conn, Registry(DRAWER))
    text = f"{said.name} {said.version} is champion, approved by {by}."
    show({"name": said.name, "version": said.version, "digest": said.bundle_digest}, as_json, text)
