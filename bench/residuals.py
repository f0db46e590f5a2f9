"""How far base and pushes miss the total: the largest residual of every tabular model.

The models are fitted here on rows drawn at random within their own columns, and asked about
others with gaps, categories never seen and numbers far outside. What they learn is worth
nothing; whether their explanations add up does not depend on it.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from features.catalogue import SETS
from models.checks import UNSEEN
from models.protocol import Card
from training.labels import NORMAL, SUSPECT
from training.rows import Example, Rows
from training.train import FITS
from workflow.assessment import Row, Value
from workflow.codes import Disposition

TAUGHT, FARTHEST = 600, 9
"""Rows that each model learns from; decimal digits of the largest number in them."""
START = datetime(2026, 1, 5, tzinfo=UTC)
OPTIONS = tuple(Disposition)[:5]


def largest(count: int, seed: int) -> dict[str, dict[str, Any]]:
    """By model: the largest absolute residual over ``count`` rows, and the method it names."""
    found = {}
    for name in SETS:
        made = FITS[name](Rows({name: _examples(name, seed)}), seed)
        card = Card(name, "0", made.columns, made.says, made.output, made.feature_set, None, "", {})
        rows = _rows(name, count, seed + 1, far=True)
        told = [why for why in made.build(card).explain(rows) if why is not None]
        found[name] = {
            "explained": len(told),
            "method": ", ".join(sorted({why.method for why in told})),
            "residual_max": max(abs(why.residual) for why in told),
        }
    return found


def _examples(name: str, seed: int) -> list[Example]:
    """Labels follow the first number and the first category, so that trees find a split."""
    chance = np.random.default_rng(seed)
    rows = _rows(name, TAUGHT, seed)
    number = next(c.name for c in SETS[name].columns if c.kind == "number")
    kinds = [c.name for c in SETS[name].columns if c.kind == "category"]
    examples = []
    for i, row in enumerate(rows):
        cell = row[number]
        much = isinstance(cell, int) and cell > 10 ** (FARTHEST // 2)
        kind = len(str(row[kinds[0]])) + int(much) + int(chance.random() < 0.1)
        odd = SUSPECT if kind % 3 == 0 else NORMAL
        examples.append(
            Example(
                subject=f"R-{i}/1",
                row=row,
                at=START + timedelta(hours=i),
                position=i + 1,
                case=f"R-{i}",
                customer=f"C-{i % 60}",
                business_unit="industrial",
                reason="recall",
                amount_minor=1_000,
                label=str(OPTIONS[kind % len(OPTIONS)]) if name == "disposition" else odd,
                loss_minor=1_000 if odd == SUSPECT else 0,
            )
        )
    return examples


def _rows(name: str, count: int, seed: int, far: bool = False) -> list[Row]:
    """One cell in ten is missing; with ``far`` some are stranger than any in training."""
    chance = np.random.default_rng(seed)

    def cell(kind: str) -> Value:
        if chance.random() < 0.1:
            return None
        odd = far and chance.random() < 0.05
        if kind == "category":
            return UNSEEN if odd else "abcdef"[: int(chance.integers(1, 7))]
        if kind == "flag":
            return bool(chance.integers(2))
        return int(10.0 ** chance.uniform(0, FARTHEST + 5 * odd)) - 1

    return [{c.name: cell(c.kind) for c in SETS[name].columns} for _ in range(count)]
