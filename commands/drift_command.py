"""``drift``: how far what champions read and say has moved, measured now."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.model_commands import NAMES, Json, name_of
from commands.setup import services, show

if TYPE_CHECKING:
    from serving.drift_watch import NotMeasured
    from workflow.facts import DriftMeasured

app = typer.Typer()
MOST_COLUMNS = 8
"""Columns that are printed of each model: those that moved furthest. ``--json`` has all."""


@app.command()
def drift(
    model: Annotated[str, typer.Argument(help="One model; all where none is named.")] = "",
    as_json: Json = False,
) -> None:
    """Measure now what the worker measures every night: record it, and call whom it calls for."""
    from serving.drift_watch import measure_now

    names = [name_of(model)] if model else list(NAMES.values())
    with services() as wired:
        found = [measure_now(wired, name) for name in names]
    text = "\n".join(line for one in found for line in lines_of(one))
    show({"models": [document_of(one) for one in found]}, as_json, text)


def document_of(found: "DriftMeasured | NotMeasured") -> dict[str, Any]:
    """A measurement with its report read; or ``because``, why there is none."""
    from dataclasses import asdict
    from json import loads

    from workflow.facts import DriftMeasured

    told = {"measured": isinstance(found, DriftMeasured), **asdict(found)}
    return told | {"report": loads(found.report)} if isinstance(found, DriftMeasured) else told


def lines_of(found: "DriftMeasured | NotMeasured") -> Iterator[str]:
    """What it came to, what went beyond its threshold, and which columns moved furthest."""
    from workflow.facts import DriftMeasured

    if not isinstance(found, DriftMeasured):
        yield f"{found.name}: not measured. {found.because}"
        return
    report = document_of(found)["report"]
    verdict = "somebody must look: the task is in the queue" if found.alarming else "within bounds"
    yield (
        f"{found.name} {found.version}: {verdict}"
        f" ({found.rows} answers since {found.since:%Y-%m-%d %H:%M})"
    )
    yield from (f"  {says}" for says in found.findings)
    if realised := report["realised"]:
        yield (
            f"  People decided about {realised['decided']} of its answers: it claimed that"
            f" {realised['claimed']:.1%} are right, and {realised['right']:.1%} were."
        )
    furthest = sorted(report["moved"], key=lambda one: -one["effect"])[:MOST_COLUMNS]
    yield from (
        f"  {one['effect']:.3f} (by chance {one['chance']:.3f})  {one['name']}" for one in furthest
    )
