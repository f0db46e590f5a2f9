"""What the coverage benchmark says of chance is what chance does."""

import numpy as np
import pytest

from bench.coverage import by_chance


def test_many_rows_leave_no_room_for_chance() -> None:
    """The promise itself, to a tenth of a point."""
    low, high = by_chance([(10**6, 10**6)], seed=1)
    assert 0.949 < low < 0.95 < high < 0.951


@pytest.mark.parametrize("count", [(200, 120), (40, 400)])
def test_so_many_of_a_hundred_groups_lie_within(count: tuple[int, int]) -> None:
    """Of split conformal sets on scores drawn anew, about 95 of 100 are between the edges."""
    judged, told = count
    low, high = by_chance([(judged, told)], seed=2)
    chance = np.random.default_rng(3)
    rank = int(np.ceil((told + 1) * 0.95))
    within = []
    for _ in range(2000):
        threshold = np.sort(chance.random(told))[rank - 1]
        within.append(low <= (chance.random(judged) <= threshold).mean() <= high)
    assert 0.93 < np.mean(within) <= 1.0


def test_too_few_rows_to_promise_anything_hold_everything() -> None:
    """No finite threshold, and so no chance either; another journal still has its own."""
    assert by_chance([(50, 10)], seed=4) == [1.0, 1.0]
    low, _ = by_chance([(50, 10), (50, 100)], seed=4)
    assert 0.9 < low < 1.0
