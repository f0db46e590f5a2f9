"""The three proofs: live == replay == naive loop; the past never changes; memories are bounded."""

import json
import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.catalogue import FEATURES, FOLDS, SETS
from features.comparisons import DERIVED
from features.fold import Fact, Memory, Question
from features.questions import Asked, questions_of, resolve, subjects
from features.replay import Replay
from features.sets import FeatureSet, Wanted
from tests.features.journals import fact_lists
from tests.features.oracle_answers import ANSWERS, naive_row
from tests.features.yearbook import busy_years

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

EVERYTHING = FeatureSet("everything", [*FEATURES.values(), *DERIVED.values()], FOLDS)


def live(facts: list[Fact]) -> dict[Wanted, str]:
    """Folds as a table does: every memory is JSON text between two facts, keys reordered."""
    table: dict[Wanted, str] = {}
    for fact in facts:
        for fold in FOLDS:
            if fact.type in fold.listens:
                for key in fold.keys(fact):
                    memory = json.loads(table.get((fold.name, key), "{}"))
                    text = json.dumps(fold.learn(memory, key, fact), sort_keys=True)
                    table[fold.name, key] = text
    return table


def replayed(facts: list[Fact]) -> Replay:
    replay = Replay(FOLDS)
    for fact in facts:
        replay.learn(fact)
    return replay


def every_row(facts: list[Fact]) -> list[tuple[int, Asked, Mapping[str, Any]]]:
    """All questions that arise, with their rows, asked when they arise."""
    replay = Replay(FOLDS)
    rows: list[tuple[int, Asked, Mapping[str, Any]]] = []
    for fact in facts:
        replay.learn(fact)
        for asked in questions_of(fact):
            row = replay.row(SETS[asked.model], asked.question)
            rows.append((fact.position, asked, row))
    return rows


def test_the_oracle_answers_every_feature() -> None:
    """No declared feature escapes the naive loop."""
    assert ANSWERS.keys() == FEATURES.keys()


@QUICK
@given(fact_lists())
def test_live_memories_equal_replayed_ones(facts: list[Fact]) -> None:
    """A memory that went through JSON after every fact equals the one that never left the dict."""
    table = live(facts)
    assert {wanted: json.loads(text) for wanted, text in table.items()} == replayed(facts).memories


@QUICK
@given(fact_lists(most=60), st.integers(0, 2**32 - 1))
def test_rows_equal_the_naive_loop(facts: list[Fact], seed: int) -> None:
    """Every feature of any key at any time equals a loop over all facts recorded so far."""
    rng = random.Random(seed)
    replay = replayed(facts)
    table = {wanted: json.loads(text) for wanted, text in live(facts).items()}
    by_entity: dict[str, list[str]] = {}
    for fold, key in sorted(table):
        by_entity.setdefault(fold, []).append(key)
    for _ in range(3):
        keys = {entity: rng.choice(known) for entity, known in by_entity.items()}
        moment = rng.choice([fact.recorded_at for fact in facts])
        shift = rng.choice((0, 0, 1, 29, 30, 31, 89, 90, 91, 365, -1, -30))
        question = Question(keys, moment + timedelta(days=shift))
        expected = naive_row(facts, question)
        row = EVERYTHING.row(table, question)
        assert {name: row[name] for name in expected} == expected
        assert EVERYTHING.row(replay.memories, question) == row


@QUICK
@given(fact_lists())
def test_asked_rows_equal_the_naive_loop(facts: list[Fact]) -> None:
    """Each question that arises is answered by exactly the facts recorded before it."""
    replay = Replay(FOLDS)
    for count, fact in enumerate(facts, start=1):
        replay.learn(fact)
        for asked in questions_of(fact):
            question = resolve(asked.question, replay.read(subjects(asked.question)))
            row = replay.row(SETS[asked.model], asked.question)
            expected = naive_row(facts[:count], question)
            assert {n: v for n, v in row.items() if n in expected} == {
                n: v for n, v in expected.items() if n in row
            }


@QUICK
@given(fact_lists(), st.integers(0, 40))
def test_cutting_the_journal_never_changes_earlier_rows(facts: list[Fact], cut: int) -> None:
    """A row depends on nothing that was recorded after its question."""
    assert every_row(facts[:cut]) == [row for row in every_row(facts) if row[0] <= cut]


def _whole(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _whole(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(_whole(inner) for inner in value)
    return value is None or isinstance(value, str | int)


@QUICK
@given(fact_lists())
def test_memories_hold_whole_numbers_and_text_only(facts: list[Fact]) -> None:
    """No float, no tuple, no object is ever in a memory."""
    for wanted, memory in replayed(facts).memories.items():
        assert _whole(memory), wanted
        assert memory != {}, f"{wanted} was named and must say so"


@QUICK
@given(fact_lists(most=12))
def test_rows_hold_plain_cells_of_the_declared_kind(facts: list[Fact]) -> None:
    """A number is an int, a flag a bool, a category a text; anything may be not known."""
    kinds = {"number": int, "flag": bool, "category": str}
    for _, asked, row in every_row(facts):
        for column in SETS[asked.model].columns:
            value = row[column.name]
            assert value is None or type(value) is kinds[column.kind], (column.name, value)


def test_memories_stay_bounded_over_ten_years() -> None:
    """Ten busy years leave no more behind than the longest window and its slack."""
    replay, largest = Replay(FOLDS), 0
    for fact in busy_years(10):
        replay.learn(fact)
    sizes: dict[Wanted, int] = {}
    for wanted, memory in replay.memories.items():
        sizes[wanted] = _longest_list(memory)
        largest = max(largest, sizes[wanted])
    assert 100 < largest <= 365 + 30


def _longest_list(memory: Memory) -> int:
    lists = [len(c) for series in memory.values() if isinstance(series, list) for c in series]
    return max(lists, default=0)
