"""Conformal sets that keep their promise in every group, also where groups overlap."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.calibration import softmax
from models.conformal import Grouped, fit_conformal, scores
from training.coverage import fit_grouped
from workflow.assessment import Row

Array = NDArray[np.float64]
UNITS, REASONS = ("food", "industrial"), ("late", "broken", "wrong", "odd")
SHARP = {"food": 3.0, "industrial": 0.8, "late": 1.0, "broken": 0.4, "wrong": 2.0, "odd": 1.0}


def drawn(count: int, seed: int) -> tuple[Array, NDArray[np.intp], list[Row]]:
    """Rows whose truth is easy in one unit and hard in the other, and likewise by reason."""
    chance = np.random.default_rng(seed)
    units = chance.choice(UNITS, count, p=[0.7, 0.3])
    reasons = chance.choice(REASONS, count, p=[0.5, 0.27, 0.2, 0.03])
    sharp = np.array([SHARP[u] * SHARP[r] for u, r in zip(units, reasons, strict=True)])
    chances = softmax(chance.normal(size=(count, 5)) * sharp[:, None] * 2)
    truth = (chances.cumsum(axis=1) > chance.random((count, 1))).argmax(axis=1)
    # Confidence is off in a way that differs by group: one threshold for all cannot be right.
    flat = softmax(np.log(chances + 1e-12) * np.where(units == "food", 0.4, 1.5)[:, None])
    rows: list[Row] = [
        {"unit": str(u), "reason": str(r)} for u, r in zip(units, reasons, strict=True)
    ]
    return flat, truth, rows


def test_one_column_of_groups_is_one_quantile_a_group() -> None:
    """The smallest score that so many of the group's rows do not exceed; common for others."""
    chances, truth, rows = drawn(600, 1)
    found = fit_grouped(chances, truth, rows, ("unit",), 0.9)
    strange = scores(chances, "lac")[np.arange(len(truth)), truth]
    for unit in UNITS:
        own = np.sort(strange[np.array([row["unit"] == unit for row in rows])])
        edge = int(np.ceil(0.9 * len(own) + 1e-6)) - 1
        assert found.threshold({"unit": unit}) == pytest.approx(own[edge], abs=1e-9)
    assert found.threshold({"unit": "elsewhere"}) == found.marginal.threshold


def test_a_combination_nobody_showed_has_the_common_threshold() -> None:
    """What its unit and its reason say alone was never seen together."""
    chances, truth, rows = drawn(600, 6)
    rows = [{**row, "reason": "late"} if row["unit"] == "food" else row for row in rows]
    found = fit_grouped(chances, truth, rows, ("unit", "reason"), 0.9)
    assert {"food"} < set(found.groups[0])
    assert found.threshold({"unit": "food", "reason": "broken"}) == found.marginal.threshold
    assert found.threshold({"unit": "food", "reason": "late"}) != found.marginal.threshold


def test_overlapping_groups_each_get_what_was_promised() -> None:
    """By unit and by reason at once, over many draws; one common threshold misses both."""
    held: dict[str, list[float]] = {}
    common: dict[str, list[float]] = {}
    for seed in range(8):
        fitted = fit_grouped(*drawn(700, seed), ("unit", "reason"), 0.9, least=60)
        chances, truth, rows = drawn(1500, 1000 + seed)
        at = np.arange(len(truth))
        inside = fitted.sets(chances, rows)[at, truth]
        plain = fitted.marginal.sets(chances)[at, truth]
        for column, names in (("unit", UNITS), ("reason", REASONS[:3])):
            for name in names:
                mine = np.array([row[column] == name for row in rows])
                held.setdefault(name, []).append(float(inside[mine].mean()))
                common.setdefault(name, []).append(float(plain[mine].mean()))
    assert all(0.88 < np.mean(shares) < 0.93 for shares in held.values()), held
    assert max(abs(np.mean(shares) - 0.9) for shares in common.values()) > 0.05


def test_small_groups_fall_back() -> None:
    """A reason with few rows, one never met, and a table with too few rows for any group."""
    chances, truth, rows = drawn(600, 3)
    fitted = fit_grouped(chances, truth, rows, ("reason",), 0.9)
    assert "odd" not in fitted.groups[0]
    assert fitted.threshold({"reason": "odd"}) == fitted.marginal.threshold
    assert fitted.threshold({}) == fitted.marginal.threshold
    few = fit_grouped(chances[:50], truth[:50], rows[:50], ("reason",), 0.9)
    assert few.columns == ()
    np.testing.assert_array_equal(few.sets(chances, rows), few.marginal.sets(chances))


def test_thresholds_travel_as_data() -> None:
    """Infinite ones too; sets are the same after."""
    chances, truth, rows = drawn(400, 4)
    fitted = fit_grouped(chances, truth, rows, ("unit", "reason"), 0.9)
    fitted.thresholds[-1, -1] = np.inf
    again = Grouped.from_json(fitted.to_json())
    np.testing.assert_array_equal(again.thresholds, fitted.thresholds)
    np.testing.assert_array_equal(again.sets(chances, rows), fitted.sets(chances, rows))


def test_thresholds_by_class_keep_the_promise_for_every_true_class() -> None:
    """A class with too few rows shares the common threshold."""
    chances, truth, _ = drawn(4000, 5)
    fitted = fit_conformal(chances[:2000], truth[:2000], 0.9, least_a_class=100)
    inside = fitted.sets(chances[2000:])[np.arange(2000), truth[2000:]]
    for k in range(5):
        assert 0.86 < inside[truth[2000:] == k].mean() < 0.94
    few = fit_conformal(chances[:60], truth[:60], 0.9, least_a_class=100)
    assert set(few.by_class) == {few.threshold}
