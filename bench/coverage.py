"""``python -m bench.coverage --seeds 5``: calibration and conformal sets of the disposition model.

Portions as the simulator's inspectors describe them, and what an expert does with each, drawn
from the probabilities that the simulator writes down: enough rows, pooled over seeds, for a
calibration error of a few hundredths to be told from chance. A seed's first part trains and its
last quarter judges. Histories of customers, products and partners are not part of these rows.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from features.catalogue import DISPOSITION
from models.calibration import calibration_error, error_by_chance
from models.disposition.model import DispositionModel
from models.protocol import Card
from training.crossfit import STRETCHES
from training.disposition import GROUPS, LEAST_A_CLASS, NAME, OUTPUT, OWN, Decided, learn
from training.enough import common
from training.made import columns_of
from workflow.assessment import Row

LEAST_IN_SLICE = 150
"""Pooled rows of a group from which its coverage is printed."""
TEST_SHARE = 0.25
HISTORIES = ("customer_", "product_", "lot_", "supplier_", "carrier_")

Facts = Mapping[str, Any]
Pooled = tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], list[Row]]


@dataclass(frozen=True)
class Portion:
    """What was found, the experts' probability of each disposition, and the one drawn."""

    row: Row
    chances: Mapping[str, float]
    label: str


def run(
    folders: Annotated[
        list[Path], typer.Argument(help="As triage simulate --out DIR writes them.")
    ],
    seed: Annotated[int, typer.Option()] = 8123,
) -> None:
    """Pooled over the folders: error and what chance would show, coverage by unit and reason."""
    parts: list[Pooled] = []
    best: list[float] = []
    with threadpool_limits(limits=1):
        for number, folder in enumerate(folders):
            portions = list(portions_of(folder, seed + number))
            cut = round(len(portions) * (1 - TEST_SHARE))
            parts.append(_judged(portions[:cut], portions[cut:], seed))
            best += [
                float(p.label == max(p.chances, key=p.chances.__getitem__)) for p in portions[cut:]
            ]
            typer.echo(f"{folder.name}: {cut} portions taught, {len(portions) - cut} judged")
    confidence, right, held = (np.concatenate([part[i] for part in parts]) for i in range(3))
    rows = [row for part in parts for row in part[3]]
    document = {
        "bench": "coverage",
        "journals": len(folders),
        "test_rows": len(rows),
        "accuracy": float(right.mean()),
        "best_accuracy": float(np.mean(best)),
        "ece": calibration_error(confidence, right > 0),
        "ece_by_chance": error_by_chance(confidence, seed=seed),
        "ece_by_journal": [calibration_error(part[0], part[1]) for part in parts],
        "ece_by_journal_by_chance": [error_by_chance(part[0], seed=seed) for part in parts],
        "set_coverage": float(held.mean()),
        **{f"coverage_by_{name}": _by(name, rows, held) for name in GROUPS},
    }
    typer.echo(json.dumps(document))


def portions_of(folder: Path, seed: int) -> Iterator[Portion]:
    """Every inspected portion of a simulated history, in the order of inspection."""
    products = {
        told["payload"]["sku"]: told["payload"]
        for told in _lines(folder / "facts.jsonl")
        if told["type"] == "ProductListed"
    }
    truth = {
        told["return_id"]: told
        for told in _lines(folder / "truth.jsonl")
        if told["truth"] == "return"
    }
    chance = np.random.default_rng(seed)
    requests: dict[str, Facts] = {}
    for told in _lines(folder / "intents.jsonl"):
        if told["intent"] == "request":
            requests[told["return_id"]] = told
        elif told["intent"] == "inspect" and told["return_id"] in truth:
            asked, known = requests[told["return_id"]], truth[told["return_id"]]
            shares = dict(known["inspections"][told["portion"]]["probabilities"])
            chances = np.array(list(shares.values()))
            label = str(chance.choice(list(shares), p=chances / chances.sum()))
            line = next(one for one in asked["lines"] if one["line"] == told["line"])
            reasons = {one["line"]: one["labelled"] for one in known["request"]["lines"]}
            row = _row(asked, line, told, products[line["sku"]], reasons.get(told["line"]))
            yield Portion(row, shares, label)


def _row(asked: Facts, line: Facts, found: Facts, product: Facts, reason: str | None) -> Row:
    """The columns of the feature set that an inspection and the masters say; no histories."""
    life = None
    if found["expires_on"]:
        inspected = datetime.fromisoformat(found["at"]).date()
        life = (date.fromisoformat(found["expires_on"]) - inspected).days
    shelf = product["shelf_life_days"]
    return {
        "line_business_unit": asked["business_unit"],
        "line_reason": reason,
        "line_item_class": product["item_class"],
        "line_regulated": product["regulated"],
        "line_date_kind": product["date_kind"],
        "line_stocked": product["stocked"],
        "line_cold_chain": product["cold_chain"],
        "line_refurbishable": product["refurbishable"],
        "line_lot_differs": bool(found["lot"] and line["lot"] and found["lot"] != line["lot"]),
        "line_unit_cost_minor": product["unit_cost_minor"],
        "line_condition": found["condition"],
        "line_damage_code": found["damage_code"],
        "line_temperature_ok": found["temperature_ok"],
        "portion_quantity_milli": float(found["quantity"]) * 1000,
        "portion_value_minor": float(found["quantity"]) * product["unit_cost_minor"],
        "line_remaining_life_days": life,
        "line_remaining_life_permille": None if life is None or not shelf else 1000 * life / shelf,
    }


def _judged(before: Sequence[Portion], after: Sequence[Portion], seed: int) -> Pooled:
    """Confidence, right, in the set, and the rows judged."""
    classes = common((portion.label for portion in before), LEAST_A_CLASS)
    known = [portion for portion in before if portion.label in classes]
    columns = tuple(c for c in columns_of(DISPOSITION) if not c.name.startswith(HISTORIES))
    count = len(known)
    decided = Decided(
        columns,
        [portion.row for portion in known],
        np.array([classes.index(portion.label) for portion in known], dtype=np.intp),
        np.ones(count),
        np.ones(count, dtype=np.bool_),
        np.arange(count, dtype=np.intp) * STRETCHES // count,
    )
    learned = learn(decided, classes, len(classes), GROUPS, OWN, seed=seed)
    card = Card(NAME, "0", columns, classes, OUTPUT, "", None, "", {})
    model = DispositionModel(card, learned.scorer, classes, learned.certainty)
    rows = [portion.row for portion in after]
    chances = model.probabilities(rows)
    inside = model.certainty.conformal.sets(chances, rows)
    names = np.array(classes)
    truth = np.array([portion.label for portion in after])
    held = (inside & (names == truth[:, None])).any(axis=1)
    return chances.max(axis=1), names[chances.argmax(axis=1)] == truth, held, rows


def _by(name: str, rows: Sequence[Row], held: NDArray[np.bool_]) -> dict[str, list[float]]:
    """Coverage and rows of every group that has rows enough to say."""
    cells = np.array([str(row[name]) for row in rows])
    return {
        str(group): [float(held[cells == group].mean()), float((cells == group).sum())]
        for group in np.unique(cells)
        if (cells == group).sum() >= LEAST_IN_SLICE
    }


def _lines(path: Path) -> Iterable[Facts]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


if __name__ == "__main__":
    typer.run(run)
