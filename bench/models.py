"""``python -m bench.models --seeds 51,52,53,54``: the four models on histories played through the
house.

Each history is that of a distributor whose people decided everything; each model learns from its
first part and is judged on the newest, as ``triage train`` does it. Nothing is chosen here. The
last line is one JSON document: the reports by model and seed, and what pooled answers show.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import typer
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from bench.played import facts_played
from models.calibration import calibration_error, error_by_chance
from simulation.world import World
from training.enough import TooLittle
from training.made import Judgement
from training.rows import Rows, gather
from training.train import FITS, SEED


def run(
    seeds: Annotated[str, typer.Option(help="Of the worlds, comma-separated.")] = "51,52,53,54",
    days: Annotated[int, typer.Option(min=60)] = 180,
    scale: Annotated[float, typer.Option(help="Size of the distributor.")] = 0.8,
    models: Annotated[str, typer.Option(help="Comma-separated; all by default.")] = "",
) -> None:
    """Accuracy, calibration and coverage of every model, on journals of the product's own."""
    names = [name for part in models.split(",") if (name := part.strip())] or list(FITS)
    if unknown := set(names) - set(FITS):
        raise typer.BadParameter(
            f"--models: {', '.join(sorted(unknown))}; known: {', '.join(FITS)}"
        )
    worlds = list(dict.fromkeys(part.strip() for part in seeds.split(",")))
    if strange := [seed for seed in worlds if not seed.isdecimal()]:
        raise typer.BadParameter(f"--seeds: {strange[0]!r} is no whole number")
    judged: dict[str, dict[str, Judgement]] = {name: {} for name in names}
    for seed in worlds:
        rows = gather(facts_played(World(int(seed), days, scale)))
        for name in names:
            judged[name][seed] = _judged(name, rows, seed)
            typer.echo(f"{seed} {name} {_shown(judged[name][seed].metrics)}", err=True)
    document: dict[str, Any] = {"bench": "models", "days": days, "scale": scale}
    for name, found in judged.items():
        reports = list(found.values())
        document[name] = {"mean": mean(reports), "pooled": pooled(reports)} | {
            seed: dict(one.metrics) for seed, one in found.items()
        }
    typer.echo(json.dumps(document))


def _judged(name: str, rows: Rows, seed: str) -> Judgement:
    """Errors: ``typer.BadParameter`` where a history is too short to learn from."""
    try:
        with threadpool_limits(limits=1):  # as in training: threads would decide how sums go
            return FITS[name](rows, SEED).judged
    except TooLittle as few:
        raise typer.BadParameter(f"seed {seed}: {few}") from few


def mean(judged: Sequence[Judgement]) -> dict[str, float]:
    """Every figure that all reports tell, each report weighing by the rows it was judged on."""
    shared = [n for n in judged[0].metrics if all(n in one.metrics for one in judged)]
    rows = [one.metrics["test_rows"] for one in judged]
    return {n: float(np.average([one.metrics[n] for one in judged], weights=rows)) for n in shared}


def pooled(judged: Sequence[Judgement]) -> dict[str, float]:
    """How far the confidences of all histories together may be believed; empty for a model that
    tells no probability of being right."""
    told = [one for one in judged if "ece" in one.metrics and one.confidence is not None]
    if not told:
        return {}
    confidence = np.concatenate([np.asarray(one.confidence) for one in told])
    right = np.concatenate([np.asarray(one.right) for one in told]) > 0
    return {
        "rows": float(len(confidence)),
        "confidence": float(confidence.mean()),
        "came_true": float(right.mean()),
        "ece": calibration_error(confidence, right),
        "ece_by_chance": error_by_chance(confidence, seed=SEED),
    }


def _shown(metrics: Mapping[str, float]) -> str:
    return " ".join(f"{name} {value:.3f}" for name, value in metrics.items())


if __name__ == "__main__":
    typer.run(run)
