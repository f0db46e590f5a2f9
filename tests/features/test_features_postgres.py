"""The third proof: what PostgreSQL remembers after appends equals what replay remembers."""

import random
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

import pytest
from sqlalchemy import Engine, text

from features.catalogue import FOLDS, SETS
from features.fold import Fact, Memory
from features.questions import Read, ask, questions_of
from features.replay import Replay
from features.sets import Wanted
from journal.journal import Append, Journal, LedgerViolation, Recorded
from tests.features.journals import BUILDERS, STEPS_OF_DAYS, told
from workflow.actor import Actor

ACTOR = Actor("sim", frozenset(), "service")


def random_journal(seed: int, length: int) -> list[tuple[datetime, object]]:
    rng = random.Random(seed)
    names = sorted(BUILDERS)
    return told(
        [
            (rng.choice(names), rng.randrange(2**32), rng.choice(STEPS_OF_DAYS))
            for _ in range(length)
        ]
    )


def batches(
    journal: list[tuple[datetime, object]], rng: random.Random
) -> Iterator[list[tuple[datetime, object]]]:
    while journal:
        size = rng.randrange(1, 9)
        yield journal[:size]
        journal = journal[size:]


def append(
    journal: Journal, engine: Engine, batch: list[tuple[datetime, object]], name: str
) -> list[Recorded]:
    """Appends what the ledgers allow: a batch they refuse is tried again event by event."""
    appends = [Append(f"{name}/{n}", (event,), ACTOR, at) for n, (at, event) in enumerate(batch)]
    try:
        with engine.begin() as conn:
            return journal.append(conn, appends)
    except LedgerViolation:
        if len(batch) == 1:
            return []
        parts = (append(journal, engine, [one], f"{name}/{n}") for n, one in enumerate(batch))
        return [entry for part in parts for entry in part]


@pytest.mark.parametrize("seed", [1, 2, 8123])
def test_postgres_remembers_what_replay_remembers(engine: Engine, seed: int) -> None:
    """Appended in batches and learned in the same transaction (or in none, where the ledgers
    refuse), every memory equals replay's, and so does every row asked between the appends."""
    journal, replay, rng = Journal(folds=FOLDS), Replay(FOLDS), random.Random(seed)
    types: set[str] = set()
    for number, batch in enumerate(batches(random_journal(seed, 120), rng)):
        facts = [_fact(entry) for entry in append(journal, engine, batch, f"proof/{number}")]
        for fact in facts:
            replay.learn(fact)
        types |= {fact.type for fact in facts}
        with engine.connect() as conn:
            kept, position = journal.memories(conn, list(replay.memories))
        assert kept == replay.memories
        assert position >= replay.position
        for asked in (asked for fact in facts[-1:] for asked in questions_of(fact)):
            live = ask(SETS[asked.model], asked.question, _reader(journal, engine))
            assert live[1] == replay.row(SETS[asked.model], asked.question)
    with engine.connect() as conn:
        rows = conn.execute(text('SELECT count(*) FROM feature_memory WHERE "position" > 0'))
        assert rows.scalar_one() == len(replay.memories)
    assert len(types) > 15, "the ledgers refused too much for this to prove anything"


def _reader(journal: Journal, engine: Engine) -> Read:
    def read(wanted: Collection[Wanted]) -> Mapping[Wanted, Memory]:
        with engine.connect() as conn:
            return journal.memories(conn, wanted)[0]

    return read


def _fact(entry: Recorded) -> Fact:
    return Fact(entry.position, entry.recorded_at, entry.type, entry.payload)
