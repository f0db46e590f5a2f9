"""What every fact of every model says, with its unit: a golden file that people can read."""

import os
from pathlib import Path

import pytest

from features.catalogue import SETS
from models.protocol import Column
from models.pushes import says
from workflow.assessment import Value

GOLDEN = Path(__file__).parents[1] / "golden" / "sentences"
EXAMPLES: dict[str, Value] = {
    "minor": 140_600,
    "permille": 125,
    "milli-units": 2_500,
    "yes/no": True,
    "days": 2,
    "line_business_unit": "food_beverage",
    "exception_business_unit": "industrial",
    "line_reason": "defective_on_arrival",
    "line_item_class": "dry_goods",
    "line_regulated": "food",
    "line_date_kind": "best_before",
    "line_condition": "sealed",
    "line_damage_code": "WC",
    "credit_match": "confirmed",
    "exception_match": "suggested",
    "exception_code": "R11",
}
"""An ordinary value by column, else by unit, else 3."""


def _example(column: Column) -> Value:
    return EXAMPLES.get(column.name, EXAMPLES.get(column.unit, 3))


@pytest.mark.parametrize("name", SETS)
def test_every_sentence_reads_as_it_did(name: str) -> None:
    """One line a fact: known, and not known. ``TRIAGE_GOLDEN=write`` writes the file anew."""
    lines = []
    for c in SETS[name].columns:
        column = Column(c.name, c.kind, c.unit, c.says)
        value = _example(column)
        lines.append(f"{c.name} | {c.unit} | {says(column, value)} | {says(column, None)}\n")
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("TRIAGE_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(lines))
    assert path.read_text() == "".join(lines)


@pytest.mark.parametrize("name", SETS)
def test_every_sentence_is_whole(name: str) -> None:
    """No brace is left, none is empty, and what has a unit names its value."""
    for c in SETS[name].columns:
        column = Column(c.name, c.kind, c.unit, c.says)
        told = says(column, _example(column))
        assert told and "{" not in told and "_" not in told
        place = "{percent}" if c.unit == "permille" else "{value}"
        assert c.says.count("{") == c.says.count(place) == 1, c.name
        assert says(column, None).endswith(": not known")


def test_a_bundle_of_before_keeps_its_own_words() -> None:
    """Cards of old bundles carry the sentences they were trained with: of a thousand."""
    told = "Supplier paid {value} of a thousand claimed in 365 days"
    column = Column("supplier_recovery_rate_365d_permille", "number", "permille", told)
    assert says(column, 125) == "Supplier paid 125 of a thousand claimed in 365 days"
