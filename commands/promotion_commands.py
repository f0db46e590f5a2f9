"""``models``, ``propose``, ``approve``, ``decline``, ``rollback``: who lets a model answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.model_commands import NAMES, By, Json, actor_of, name_of
from commands.setup import fail, services, settings, show

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from models.store import Store
    from serving.wiring import Services
    from training.registry import Registry

app = typer.Typer()


@app.command()
def models(
    repair: Annotated[bool, typer.Option(help="Set MLflow's aliases to the ledger's.")] = False,
    as_json: Json = False,
) -> None:
    """Versions, aliases, who promoted what, and which gates it passed."""
    from journal.lookups import champions, proposals
    from journal.promotions import history, judged, rollbacks
    from serving.trust import trust
    from training.promotion import project_aliases, strayed

    registry = _registry()
    with services() as wired, wired.engine.connect() as conn:
        if repair:
            project_aliases(wired.journal, conn, registry)
        trusted = trust(conn)
        now = [
            {
                **row,
                "automation": trusted.automation(row["name"], row["version"]),
                "agreement": trusted.agreement(row["name"], row["version"]),
            }
            for row in champions(conn)
        ]
        known = {name: judged(history(wired.journal, conn, name)) for name in NAMES.values()}
        ledger = [
            dict(row) | known[row["name"]].get(row["proposal_id"], {}) for row in proposals(conn)
        ]
        back = [way for name in NAMES.values() for way in rollbacks(wired.journal, conn, name)]
        astray = strayed(wired.journal, conn, registry)
    versions = {name: registry.versions(name) for name in NAMES.values()}
    lines = [f"{name}: versions {', '.join(found) or 'none'}" for name, found in versions.items()]
    lines += [
        f"{row['name']} {row['version']} is {row['alias']} since {row['since']}" for row in now
    ]
    lines += [line for row in ledger for line in _told(row)]
    lines += [
        f"{way['name']} went back from {way['from_version']} to {way['version']} by"
        f" {way['rolled_back_by']} at {way['at']:%Y-%m-%d %H:%M}: {way['because'] or 'no word why'}"
        for way in back
    ]
    document = {
        "versions": versions,
        "champions": now,
        "proposals": ledger,
        "rollbacks": back,
        "astray": astray,
    }
    show(document, as_json, "\n".join([*lines, *astray]))


def _told(row: dict[str, Any]) -> Iterator[str]:
    """A proposal in lines: who, then each gate."""
    said = f", approved by {row['approved_by']}" if row["approved_by"] else ""
    if row["declined_by"]:
        said = f", declined by {row['declined_by']}: {row['because']}"
    alias = f" as {row['asked_for']}" if row.get("asked_for") else ""
    yield (
        f"  {row['proposal_id']}: {row['name']} {row['version']}{alias} {row['status']}, proposed"
        f" by {row['proposed_by']}{said}"
    )
    if row.get("despite"):
        yield f"      despite a gate: {row['despite']}"
    if row.get("note"):
        yield f"      note: {row['note']}"
    for gate in row.get("gates", ()):
        yield f"      {'passed' if gate['passed'] else 'FAILED'} {gate['name']}: {gate['says']}"


@app.command()
def propose(
    model: str,
    version: str,
    by: By,
    alias: Annotated[str, typer.Option("--as", help="champion, or challenger.")] = "champion",
    despite: Annotated[str, typer.Option(help="Why, though no better than noise.")] = "",
    note: str = "",
    as_json: Json = False,
) -> None:
    """Try every gate and propose a version; somebody else approves it."""
    from serving.http import retrying
    from training.journal_source import facts_of
    from training.promotion import Proposal, check_asked, tried
    from training.promotion import propose as record
    from training.rows import gather

    name, registry = name_of(model), _registry()
    with services() as wired, refusing():
        with wired.engine.connect() as conn:
            who = actor_of(conn, by)
            check_asked(wired.journal, conn, name, version, alias, who, registry=registry)
            rows = gather(facts_of(wired.journal, conn))
            gates = tried(
                wired.journal, conn, name, version, rows, registry=registry, store=_store()
            )
        for gate in gates:
            typer.echo(
                f"  {'passed' if gate.passed else 'FAILED'} {gate.name}: {gate.says}", err=True
            )
        asked = Proposal(name, version, gates, alias, despite, note)
        now, store = wired.clock(), _store()
        proposal = retrying(
            wired.engine,
            lambda conn: record(
                wired.journal, conn, asked, who, now, registry=registry, store=store
            ),
        )
    document = {"proposal": proposal, "gates": {gate.name: gate.passed for gate in gates}}
    show(document, as_json, f"Proposed as {proposal}. Somebody else: triage approve {proposal}")


@app.command()
def approve(proposal: str, by: By, as_json: Json = False) -> None:
    """Give a proposed version its alias; servers load a champion within seconds."""
    from serving import promoting
    from serving.http import retrying

    with services() as wired, refusing():
        said = retrying(
            wired.engine,
            lambda conn: promoting.approve(wired, conn, proposal, actor_of(conn, by)),
        )
        _project(wired)
    text = f"{said.name} {said.version} is {said.alias}, approved by {by}."
    document = {"name": said.name, "version": said.version, "alias": said.alias}
    show(document | {"digest": said.bundle_digest}, as_json, text)


@app.command()
def decline(
    proposal: str,
    by: By,
    because: Annotated[str, typer.Option(help="Why, for the ledger.")],
    as_json: Json = False,
) -> None:
    """Say no to a proposed version, or take your own proposal back."""
    from serving import promoting
    from serving.http import retrying

    def say(conn: "Connection") -> dict[str, Any]:
        promoting.decline(wired, conn, proposal, actor_of(conn, by), because)
        return promoting.one(wired, conn, proposal)

    with services() as wired, refusing():
        told = retrying(wired.engine, say)
    show(told, as_json, f"{proposal} is declined by {by}.")


@app.command()
def rollback(
    model: str,
    by: By,
    because: Annotated[str, typer.Option(help="What was wrong, for the ledger.")] = "",
    as_json: Json = False,
) -> None:
    """Go back to the champion before the present one; one model approver is enough."""
    from serving import promoting
    from serving.http import retrying

    name = name_of(model)
    with services() as wired, refusing():
        said = retrying(
            wired.engine,
            lambda conn: promoting.roll_back(wired, conn, name, actor_of(conn, by), because),
        )
        _project(wired)
    text = f"{name} is back from {said.from_version} to {said.version}, by {by}."
    document = {"name": name, "version": said.version, "from_version": said.from_version}
    show(document | {"digest": said.bundle_digest}, as_json, text)


@app.command()
def withdraw(
    model: str,
    by: By,
    because: Annotated[str, typer.Option(help="Why, for the ledger.")] = "",
    as_json: Json = False,
) -> None:
    """End the challenger's time in shadow."""
    from serving import promoting
    from serving.http import retrying

    name = name_of(model)
    with services() as wired, refusing():
        said = retrying(
            wired.engine,
            lambda conn: promoting.withdraw(wired, conn, name, actor_of(conn, by), because),
        )
        _project(wired)
    document = {"name": name, "version": said.version}
    show(document, as_json, f"{name} {said.version} is no challenger any more.")


def _registry() -> "Registry":
    from training.registry import DRAWER, Registry

    return Registry(DRAWER)


def _store() -> "Store":
    from models.store import Store

    chosen = settings()
    return Store(chosen.bundle_store, chosen.state_dir / "shelf")


def _project(wired: "Services") -> None:
    """Set MLflow's aliases to the ledger's, and what the new champion may do by itself."""
    from training.promotion import project_aliases

    with wired.engine.connect() as conn:
        project_aliases(wired.journal, conn, _registry())
    wired.clear_automation()


@contextmanager
def refusing() -> Iterator[None]:
    """A refusal is a sentence and exit code 1, not a stack trace."""
    from workflow.refused import Refused

    try:
        yield
    except Refused as no:
        fail(f"{no.code}: {no.message}")
