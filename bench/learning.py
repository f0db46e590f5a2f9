"""``python -m bench.learning --test B.csv``: how soon corrections of one house teach the model.

Day one without a label, then with 1, 3, 10, 30 and 100 corrections a code. A correction is a text
of the simulated distributor whose reason a person would settle, composed from the training bank
of phrases alone, as its customers mistype and wrap it; the test file holds notes of another source.
Beside the model stands one without the written descriptions. The last line is one JSON document.
"""

import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from bench.csv_file import columns
from models.calibration import calibration_error
from models.reason.model import ReasonModel
from simulation.texts import compose
from training.encoder import exported
from training.reason import Options, make
from workflow.codes import UNCLEAR, ReturnReason

STEPS = (0, 1, 3, 10, 30, 100)
LEAST_ALONE = 3
"""Corrections a code from which a model without descriptions can be fitted and calibrated."""
SLOTS = {
    "item": ("gear pump", "ball valve", "butter 250 g", "frozen peas", "relay", "apple juice"),
    "other": ("hose coupling", "flange DN50", "margarine", "sweetcorn", "contactor", "cider"),
    "part": ("gasket", "bracket", "lid", "power cord", "manual"),
    "uom": ("pcs", "cases", "boxes"),
    "carrier": ("Polar Line", "Northway", "Redline Freight"),
    "date": ("12 March", "03/11", "2026-05-30"),
    "weekday": ("Monday", "Thursday", "Saturday"),
    "name": ("Lukas", "Mary", "Mr Hale"),
    "price": ("12.40", "3.95 USD", "118.00"),
}  # fmt: skip


def run(
    test: Annotated[Path, typer.Option(help="CSV with texts and canonical codes.")],
    text_column: Annotated[str, typer.Option()] = "text",
    label_column: Annotated[str, typer.Option()] = "label",
    steps: Annotated[str, typer.Option(help="Corrections a code.")] = ",".join(map(str, STEPS)),
    seeds: Annotated[int, typer.Option(help="Draws of corrections, from seed 0 up.")] = 3,
    encoder: Annotated[bool, typer.Option(help="Off: n-grams alone.")] = True,
) -> None:
    """Accuracy, share answered and accuracy of what is answered, by corrections a code."""
    judged = _read(test, text_column, label_column)
    options = Options(encoder=exported() if encoder else None)
    curve = []
    for step in (int(part) for part in steps.split(",")):
        started = time.perf_counter()
        runs = [_step(step, seed, options, judged) for seed in range(seeds if step else 1)]
        curve.append(_averaged(step, runs))
        seconds = time.perf_counter() - started
        typer.echo(f"{step} corrections a code, {seconds:.0f} s: {curve[-1]}", err=True)
    typer.echo(json.dumps({"bench": "learning", "test": test.name, "seeds": seeds, "curve": curve}))


def corrections(each: int, seed: int) -> tuple[list[str], list[str]]:
    """``each`` settled texts for every code, all unlike, and their codes. Empty notes and
    notes without a reason are not corrections, so they are drawn again."""
    stream = random.Random(seed)
    texts: list[str] = []
    labels: list[str] = []
    for code in ReturnReason:
        own: set[str] = set()
        while len(own) < each:
            side = stream.choice(("industrial", "food"))
            slots = _slots(stream)
            text = compose(
                stream, bank_name="train", reason=code, side=side, country="US", slots=slots
            )
            if text.says == code:
                own.add(text.text)
        texts += sorted(own)
        labels += [code] * each
    return texts, labels


def _read(path: Path, text: str, label: str) -> list[tuple[str, str]]:
    return [(row[text], row[label]) for row in columns(path, text, label, filled=[label])]


def _slots(stream: random.Random) -> dict[str, str]:
    drawn = {name: stream.choice(values) for name, values in SLOTS.items()}
    number = stream.randrange(10_000, 99_999)
    ordered = stream.randrange(2, 60)
    numbers = {"invoice": f"INV-{number}", "order": f"SO-{number}", "lot": f"L{number % 5000}"}
    return drawn | numbers | {"ordered": str(ordered), "qty": str(stream.randrange(1, ordered))}


def _step(
    each: int, seed: int, options: Options, judged: Sequence[tuple[str, str]]
) -> dict[str, float]:
    settled = corrections(each, seed)
    model, _ = make(settled, ([], []), seed=seed, prototypes=True, options=options)
    figures = _figures(model, judged)
    if each >= LEAST_ALONE:
        alone, _ = make(settled, ([], []), seed=seed, prototypes=False, options=options)
        figures["accuracy_without_descriptions"] = _figures(alone, judged)["accuracy"]
    return figures


def _figures(model: ReasonModel, judged: Sequence[tuple[str, str]]) -> dict[str, float]:
    """A text that is declined as foreign counts as wrong."""
    answers = model.predict([{"text": text} for text, _ in judged])
    told = np.array([label != UNCLEAR for _, label in judged])
    best = [answer.candidates[0].value if answer.candidates else "" for answer in answers]
    sure = np.array([a.candidates[0].probability if a.candidates else 0.0 for a in answers])
    right = np.array([b == label for b, (_, label) in zip(best, judged, strict=True)])
    answered = np.array([answer.abstained is None for answer in answers])
    figures = {
        "accuracy": float(right[told].mean()),
        "answered_share": float(answered[told].mean()),
        "accuracy_when_answered": float(right[told & answered].mean()),
        "ece": calibration_error(sure[told], right[told]),
    }
    if not told.all():
        figures["unclear_declined"] = float(1 - answered[~told].mean())
    return figures


def _averaged(step: int, runs: Sequence[dict[str, float]]) -> dict[str, Any]:
    found: dict[str, Any] = {"corrections_a_code": step}
    for name in runs[0]:
        values = [figures[name] for figures in runs]
        found[name] = float(np.mean(values))
        if len(runs) > 1:
            found[f"{name}_spread"] = float(np.std(values, ddof=1))
    return found


if __name__ == "__main__":
    typer.run(run)
