"""``python -m bench.coverage SIM1 SIM2``: calibration and conformal sets of the disposition model.

Portions as the simulator's inspectors describe them, and what an expert does with each, drawn
from the probabilities that the simulator writes down: enough rows, pooled over seeds, for a
calibration error of a few hundredths to be told from chance. A seed's first part trains and its
last quarter judges. Histories of customers, products and partners are not part of these rows.

A group of a few hundred rows hardly ever shows the coverage it was promised, even where the
promise is kept: beside each stands between which shares 95 % of such groups would lie.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil
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
from training.disposition import GROUPS, LEAST_A_CLASS, LEVEL, NAME, OUTPUT, OWN, Decided, learn
from training.enough import common
from training.made import columns_of
from workflow.assessment import Row

LEAST_IN_SLICE = 150
"""Pooled rows of a group from which its coverage is printed."""
TEST_SHARE = 0.25
HISTORIES = ("customer_", "product_", "lot_", "supplier_", "carrier_")
DRAWS = 20_000
"""Repetitions from which it is said how far coverage strays by chance."""

Facts = Mapping[str, Any]
Array = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Portion:
    """What was found and when, the experts' probability of each disposition, the one drawn."""

    at: str
    row: Row
    chances: Mapping[str, float]
    label: str


@dataclass(frozen=True)
class Judged:
    """One journal's rows judged: ``held`` where the set has the truth.

    ``likely_right`` and ``likely_held`` are how likely both were by the experts' probabilities:
    free of the chance in what they drew. ``told`` are the rows whose answers decided thresholds.
    """

    rows: Sequence[Row]
    told: Sequence[Row]
    confidence: Array
    right: Bools
    held: Bools
    likely_right: Array
    likely_held: Array


def run(
    folders: Annotated[
        list[Path], typer.Argument(help="As triage simulate --out DIR writes them.")
    ],
    seed: Annotated[int, typer.Option()] = 8123,
) -> None:
    """Pooled over the folders: error and what chance would show, coverage by unit and reason."""
    parts: list[Judged] = []
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
    confidence, right, held = (_pooled(parts, of) for of in ("confidence", "right", "held"))
    likely_right = _pooled(parts, "likely_right")
    document = {
        "bench": "coverage",
        "journals": len(folders),
        "test_rows": len(held),
        "accuracy": float(right.mean()),
        "best_accuracy": float(np.mean(best)),
        "ece": calibration_error(confidence, right),
        "ece_by_chance": error_by_chance(confidence, seed=seed),
        "ece_of_probabilities": calibration_error(confidence, likely_right),
        "ece_by_journal": [calibration_error(part.confidence, part.right) for part in parts],
        "ece_by_journal_by_chance": [error_by_chance(p.confidence, seed=seed) for p in parts],
        "set_coverage": float(held.mean()),
        "set_coverage_by_chance": by_chance([(len(p.rows), len(p.told)) for p in parts], seed),
        "set_coverage_of_probabilities": float(_pooled(parts, "likely_held").mean()),
        **{f"coverage_by_{name}": _by(name, parts, seed) for name in GROUPS},
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
            yield Portion(told["at"], row, shares, label)


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


def taught_by(
    before: Sequence[Portion], seed: int, weights: Sequence[float] | None = None
) -> tuple[DispositionModel, Sequence[Row]]:
    """A model of portions in time order, and the rows that decided its thresholds.

    ``weights`` says for how many portions each stands; one each where left out.
    """
    counted = [1.0] * len(before) if weights is None else weights
    classes = common((portion.label for portion in before), LEAST_A_CLASS)
    kept = [
        (portion, weight)
        for portion, weight in zip(before, counted, strict=True)
        if portion.label in classes
    ]
    known = [portion for portion, _ in kept]
    columns = tuple(c for c in columns_of(DISPOSITION) if not c.name.startswith(HISTORIES))
    count = len(known)
    decided = Decided(
        columns,
        [portion.row for portion in known],
        np.array([classes.index(portion.label) for portion in known], dtype=np.intp),
        np.array([weight for _, weight in kept]),
        np.ones(count, dtype=np.bool_),
        np.arange(count, dtype=np.intp) * STRETCHES // count,
    )
    learned = learn(decided, classes, len(classes), GROUPS, OWN, seed=seed)
    card = Card(NAME, "0", columns, classes, OUTPUT, "", None, "", {})
    return DispositionModel(card, learned.scorer, classes, learned.certainty), decided.rows


def _judged(before: Sequence[Portion], after: Sequence[Portion], seed: int) -> Judged:
    """What a model of the portions before says of those after."""
    model, told = taught_by(before, seed)
    classes = model.classes
    rows = [portion.row for portion in after]
    chances = model.probabilities(rows)
    inside = model.certainty.conformal.sets(chances, rows)
    names = np.array(classes)
    truth = np.array([portion.label for portion in after])
    held = (inside & (names == truth[:, None])).any(axis=1)
    said = chances.argmax(axis=1)
    likely = np.array([[p.chances.get(name, 0.0) for name in classes] for p in after])
    likely /= np.array([[sum(portion.chances.values())] for portion in after])
    return Judged(
        rows,
        told,
        chances.max(axis=1),
        names[said] == truth,
        held,
        likely[np.arange(len(rows)), said],
        (likely * inside).sum(axis=1),
    )


def _pooled(parts: Sequence[Judged], name: str) -> Array:
    return np.concatenate([getattr(part, name) for part in parts])


def _by(name: str, parts: Sequence[Judged], seed: int) -> dict[str, dict[str, Any]]:
    """Every group with rows enough to say: coverage, between what it lies by chance, and what it
    comes to by the experts' probabilities; how often the likeliest option is right."""
    cells = np.array([str(row[name]) for part in parts for row in part.rows])
    journal = np.repeat(np.arange(len(parts)), [len(part.rows) for part in parts])
    told = [Counter(str(row[name]) for row in part.told) for part in parts]
    found: dict[str, dict[str, Any]] = {}
    for group in np.unique(cells).tolist():
        mine = cells == group
        if mine.sum() < LEAST_IN_SLICE:
            continue
        judged = np.bincount(journal[mine], minlength=len(parts)).tolist()
        counts = [(rows, known[group]) for rows, known in zip(judged, told, strict=True)]
        found[group] = {
            "rows": int(mine.sum()),
            "coverage": float(_pooled(parts, "held")[mine].mean()),
            "by_chance": by_chance(counts, seed),
            "of_probabilities": float(_pooled(parts, "likely_held")[mine].mean()),
            "accuracy": float(_pooled(parts, "right")[mine].mean()),
        }
    return found


def by_chance(counts: Sequence[tuple[int, int]], seed: int, level: float = LEVEL) -> list[float]:
    """Between which shares pooled coverage lies in 95 of 100 repetitions, the promise being kept.

    ``counts`` are rows judged and rows that decided the threshold, one pair a journal: given the
    latter, split conformal coverage is a draw from a beta distribution (Vovk 2012), and what is
    seen of it a binomial one. Too few rows for a finite threshold: everything is held.
    """
    chance = np.random.default_rng(seed)
    held = np.zeros(DRAWS)
    for judged, told in counts:
        rank = ceil((told + 1) * level)
        share = chance.beta(rank, told + 1 - rank, DRAWS) if rank <= told else np.ones(DRAWS)
        held += chance.binomial(judged, share)
    share = held / sum(judged for judged, _ in counts)
    return [round(float(edge), 4) for edge in np.quantile(share, (0.025, 0.975))]


def _lines(path: Path) -> Iterable[Facts]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


if __name__ == "__main__":
    typer.run(run)
