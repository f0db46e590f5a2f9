"""Drift: the size of a change is measured, not its significance; chance is known and told apart."""

from collections.abc import Sequence

import numpy as np
import pytest

from models import drift
from models.drift import Answered, Moved
from models.protocol import Column
from workflow.assessment import Value

COLUMNS = (
    Column("amount_minor", "number", "minor", "{value}"),
    Column("condition", "category", "code", "{value}"),
    Column("text", "text", "characters", "{value}"),
)
CONDITIONS = ("sealed", "opened", "damaged")
WORDS = ("seal", "leaks", "carton", "crushed", "ordered", "wrong", "size", "late")


def answers(
    many: int, seed: int, times: float = 1.0, shares: Sequence[float] = (0.6, 0.3, 0.1)
) -> list[Answered]:
    """Amounts around 50.00, conditions by their shares, texts of four words."""
    chance = np.random.default_rng(seed)
    told = []
    for _ in range(many):
        row: dict[str, Value] = {
            "amount_minor": int(times * np.exp(chance.normal(8.5, 1.0))),
            "condition": str(chance.choice(CONDITIONS, p=shares)),
            "text": " ".join(chance.choice(WORDS, 4)),
        }
        told.append(Answered(row, "restock", float(chance.uniform(0.5, 1.0)), None))
    return told


def moved(now: list[Answered], before: int = 2000) -> dict[str, Moved]:
    reference = drift.summarise(COLUMNS, answers(before, 1))
    return {one.name: one for one in drift.compare(reference, COLUMNS, now, 1)}


@pytest.mark.parametrize("many", [200, 2000])
def test_more_of_the_same_has_not_moved(many: int) -> None:
    """Whatever the number of rows: what differs is what chance makes differ."""
    found = list(moved(answers(many, 4)).values())
    assert drift.findings(found, drift.thresholds()) == ([], False)


def test_the_distance_is_in_deviations_of_the_logarithm() -> None:
    """Amounts that double have moved by log 2 over a deviation of 1; a hundredfold looks broken."""
    doubled = moved(answers(2000, 4, times=2.0))["amount_minor"]
    assert doubled.effect == pytest.approx(np.log(2), abs=0.08)
    both = [doubled, moved(answers(2000, 4))["condition"]]
    said = [f"amount_minor has moved: effect {doubled.effect:.2f}."]
    assert drift.findings(both, drift.thresholds()) == (said, False)
    other_unit = moved(answers(2000, 4, times=100.0))["amount_minor"]
    assert drift.findings([other_unit, *both], drift.thresholds())[1]


def test_the_divergence_of_shares_is_jensen_shannon_s() -> None:
    """As SciPy computes it in bits, whatever the order of the categories."""
    from scipy.spatial.distance import jensenshannon

    now = answers(2000, 4, shares=(0.2, 0.2, 0.6))
    counted = [sum(a.row["condition"] == name for a in now) / 2000 for name in CONDITIONS]
    reference = drift.summarise(COLUMNS, answers(2000, 1))
    kept = reference["columns"]["condition"]["shares"]
    expected = jensenshannon([kept[name] for name in CONDITIONS], counted, base=2)
    assert moved(now)["condition"].effect == pytest.approx(float(expected), abs=1e-9)


def test_few_rows_may_differ_by_chance() -> None:
    """A sample of thirty is far off without any drift; its chance is as large."""
    few = moved(answers(30, 3))["amount_minor"]
    many = moved(answers(3000, 3))["amount_minor"]
    assert few.chance > 3 * many.chance
    assert not few.beyond(0.05)


def test_values_never_seen_and_missing_ones_are_counted() -> None:
    """Each with its share; so are words that training hardly knew."""
    strange = [
        Answered(
            {"amount_minor": None, "condition": "soaked", "text": "Gehäuse gerissen beim Öffnen"},
            None,
            None,
            "unsupported_language",
        )
        for _ in range(500)
    ]
    found = moved(answers(500, 2) + strange)
    assert found["condition"].unseen == 0.5
    assert (found["amount_minor"].missing, found["amount_minor"].missing_before) == (0.5, 0.0)
    assert found["text: unusual words"].effect > 0.5
    assert found["answer"].unseen == 0.5
    said, alarming = drift.findings(list(found.values()), drift.thresholds())
    assert alarming
    assert "condition holds values never seen in training in 50% of rows." in said
    assert "amount_minor is missing in 50% of rows, 0% in training." in said
    assert said[0].endswith("columns have moved.") and said[1].startswith("What the model says")
    effects = [float(x.rpartition(" ")[2].rstrip(".")) for x in said[2:] if "has moved" in x]
    assert len(effects) > 1 and effects == sorted(effects, reverse=True)


def test_a_column_of_nothing_is_no_error() -> None:
    """All missing in training, then known: said by the share that is missing."""
    empty = [Answered({"amount_minor": None, "text": ""}, "restock", 0.9, None)] * 300
    reference = drift.summarise(COLUMNS, empty)
    found = {x.name: x for x in drift.compare(reference, COLUMNS, answers(300, 2), 1)}
    assert (found["amount_minor"].missing_before, found["amount_minor"].missing) == (1.0, 0.0)
    assert drift.findings([found["amount_minor"]], drift.thresholds())[1]
