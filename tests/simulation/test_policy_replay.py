"""Weeks of the business, asked again: the rules in force say what they said."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from journal.stories import stories
from serving.policy_replay import replay_past
from serving.wiring import Services
from simulation.play import play
from simulation.wired import WiredDesk
from simulation.world import World
from tests.serving.house import build
from workflow.policy_questions import ASKED, NEEDED, questions

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
FEW = {"claims": 5, "refurbish": -1, "transfer_price": -1, "advance": -1}
"""Fewer goods go back to suppliers than are asked about otherwise, none to a workshop or to
another unit, and nothing is wanted before they are back."""


@pytest.mark.slow
def test_replaying_the_policies_in_force_changes_nothing(database_url: str, tmp_path: Path) -> None:
    """Every verdict of every policy over a simulated history, with the facts of its moment: none
    differs, none is missed, and the rules named are the rules recorded."""
    services = build(database_url, tmp_path)
    world = World(7, 30, 0.3)
    play(world, WiredDesk(services))
    with services.engine.connect() as conn:
        for name in NEEDED:
            _check(services, conn, name)
    services.engine.dispose()


def _check(services: Services, conn: Connection, name: str) -> None:
    """A rule by another name that says the same would pass ``replay``; here it may not."""
    known, now = services.policies.known, services.clock()
    policy = services.policies.at(now)[name]
    past = stories(conn, ASKED[name], NEEDED[name], LONG_AGO, 10_000)
    asked = [one for story in past for one in questions(known, (name,), story)]
    assert len(asked) > FEW.get(name, 50), name
    assert [one.said for one in asked if one.again(policy) != one.said] == []
    found = replay_past(conn, known, policy, now, LONG_AGO)
    assert (found.verdicts, found.changed, found.money) == (len(asked), (), {})
