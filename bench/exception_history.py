"""Histories of exceptions to rank: drawn straight from a simulated world, or played in full."""

from dataclasses import dataclass
from datetime import datetime

from bench.played import facts_played
from features.fold import Fact
from journal.codec import encode
from simulation.desk import ExceptionView
from simulation.disputes import told
from simulation.world import World
from training.rows import Example, FactLike, gather


@dataclass(frozen=True)
class History:
    """Closed exceptions in the order they were raised. By exception: when it was closed, and its
    loss as the world expected it, in minor units."""

    examples: list[Example]
    closed_at: dict[str, datetime]
    expected: dict[str, float]


def drawn(seed: int, days: int, scale: float) -> History:
    """Exceptions drawn past the house: thousands in a minute."""
    facts, losses = told(World(seed, days, scale))
    recorded = [Fact(n, at, *encode(fact)) for n, (at, fact) in enumerate(facts, start=1)]
    return _history(recorded, {name: loss.expected_minor for name, loss in losses.items()})


def played(seed: int, days: int, scale: float) -> History:
    """Exceptions that the matcher raised after every return was played through the house."""
    world = World(seed, days, scale)
    facts = facts_played(world)
    return _history(facts, _expected(world, facts))


def _history(facts: list[Fact] | list[FactLike], expected: dict[str, float]) -> History:
    closed = {
        str(fact.payload["exception_id"]): fact.recorded_at
        for fact in facts
        if fact.type == "exception_resolved"
    }
    examples = [e for e in gather(facts).of("exception_rank") if e.subject in closed]
    examples.sort(key=lambda example: (example.at, example.position))
    return History(examples, closed, expected)


def _expected(world: World, facts: list[FactLike]) -> dict[str, float]:
    """The world's own expectation of every closed exception."""
    raised = {f.payload["exception_id"]: f.payload for f in facts if f.type == "exception_raised"}
    expected: dict[str, float] = {}
    for fact in facts:
        if fact.type == "exception_resolved":
            told_of = raised[fact.payload["exception_id"]]
            named = {name: told_of[name] for name in ExceptionView.__dataclass_fields__}
            opened = datetime.fromisoformat(told_of["opened_at"])
            view = ExceptionView(**{**named, "opened_at": opened})
            at = datetime.fromisoformat(fact.payload["resolved_at"])
            expected[view.exception_id] = world.loss(view, at).expected_minor
    return expected
