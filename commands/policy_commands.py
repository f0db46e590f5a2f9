"""``triage policy check|diff``: the decision tables, before they decide anything."""

from pathlib import Path
from typing import Annotated

import typer

from commands.setup import fail, settings, show

app = typer.Typer(help="Check and compare decision tables.")
Json = Annotated[bool, typer.Option("--json", help="One JSON document for machines.")]


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="Folder of TOML tables.")] = None,
    as_json: Json = False,
) -> None:
    """Load every table, try its examples, and name every fault; exit 1 if there is one."""
    from workflow.policy import check as faults_of

    faults = [str(fault) for fault in faults_of(folder or settings().policies_dir)]
    show({"faults": faults}, as_json, "\n".join(faults) or "Every policy is in order.")
    if faults:
        raise typer.Exit(1)


@app.command()
def diff(name: str, before: Path, after: Path, as_json: Json = False) -> None:
    """Say which rules of a policy differ between two folders."""
    from workflow.policy import Mismatch, load
    from workflow.policy import diff as changes_of

    try:
        changes = [str(c) for c in changes_of(load(before)[name], load(after)[name])]
    except (Mismatch, KeyError) as error:
        fail(str(error))
    show({"changes": changes}, as_json, "\n".join(changes) or f"{name} is the same.")
