"""Exceptions drawn past the house look like those that the matcher raises."""

from collections import Counter
from itertools import pairwise

import pytest

from simulation.disputes import disputes, friday, told
from simulation.world import World
from workflow.facts import ExceptionRaised, ExceptionResolved


@pytest.fixture(scope="module")
def world() -> World:
    return World(11, 120, 0.5)


def test_they_are_raised_on_fridays_and_closed_inside_the_history(world: World) -> None:
    """An id names one exception; it has something at stake, and costs no more than that."""
    found = list(disputes(world))
    assert len({one.raised.exception_id for one in found}) == len(found) > 50
    for one in found:
        assert one.raised.opened_at.weekday() == 4
        assert one.raised.exposure_minor > 0
        assert abs(one.raised.variance_minor) in (0, one.raised.exposure_minor)
        assert (one.closed is None) == (one.loss is None)
        if one.closed is not None:
            assert one.raised.opened_at < one.closed.resolved_at < world.ends_at
            assert 0 <= one.closed.loss_minor <= one.raised.exposure_minor


def test_every_kind_that_the_world_makes_is_there(world: World) -> None:
    """Most are claims that suppliers underpaid, as after a history played through the house."""
    codes = Counter(one.raised.code for one in disputes(world))
    assert {"R1", "R6", "R10", "R11", "R14"} <= set(codes)
    assert codes.most_common(1)[0][0] == "R14"


def test_facts_are_told_in_time_order_and_losses_are_of_what_was_closed(world: World) -> None:
    """What is closed was raised before; its loss is the one that the world draws for anybody."""
    facts, losses = told(world)
    assert all(one[0] <= two[0] for one, two in pairwise(facts))
    raised: set[str] = set()
    closed: dict[str, int] = {}
    for _, fact in facts:
        if isinstance(fact, ExceptionRaised):
            raised.add(fact.exception_id)
        if isinstance(fact, ExceptionResolved):
            assert fact.exception_id in raised
            closed[fact.exception_id] = fact.loss_minor
    assert closed == {name: loss.loss_minor for name, loss in losses.items()}


def test_friday_is_the_next_one(world: World) -> None:
    """On a Friday after the comparison it is the next week's."""
    at = world.starts_at  # a Monday
    first = friday(at)
    assert (first - at).days == 4
    assert friday(first) - first == (first - at).__class__(days=7)
