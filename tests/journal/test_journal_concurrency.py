"""Many writers at once: nothing skipped, nothing learned out of order, nobody stuck."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from journal.database import engine_for
from journal.journal import Append, Conflict, Journal, Recorded, StaleMemory
from journal.rebuild import ensure_memories
from tests.journal.ledger_story import NOON, Remembered, append, carrier, requested, write
from workflow.actor import SYSTEM
from workflow.facts import CarrierRegistered

WRITERS = 6
ROUNDS = 25


def touching(stream: str, keys: list[str]) -> Append:
    """One fact that the memories of several keys learn from, named in the order given."""
    return Append(f"carrier/{stream}", (CarrierRegistered(stream, "+".join(keys)),), SYSTEM, NOON)


@pytest.fixture
def wide_engine(database_url: str):  # type: ignore[no-untyped-def]
    made = engine_for(database_url, pool_size=WRITERS + 2)
    yield made
    made.dispose()


def test_follow_never_skips_a_slower_transaction(wide_engine: Engine) -> None:
    """A follower sees every event once, by position, while writers commit late or never."""
    journal = Journal()
    finished = threading.Event()
    seen: list[Recorded] = []

    def writer(number: int) -> None:
        dice = random.Random(number)
        for turn in range(ROUNDS):
            with wide_engine.connect() as conn:
                many = dice.randint(1, 3)
                base = number * 1000 + turn * 10
                journal.append(conn, [carrier(base + n) for n in range(many)])
                time.sleep(dice.random() * 0.01)
                if dice.random() < 0.15:
                    conn.rollback()
                else:
                    conn.commit()

    def follower() -> None:
        while True:
            last = finished.is_set()
            with wide_engine.connect() as conn:
                page = journal.follow(conn, seen[-1].position if seen else 0, 10)
            seen.extend(page)
            if last and not page:
                return

    following = threading.Thread(target=follower)
    following.start()
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(writer, range(WRITERS)))
    finished.set()
    following.join()
    with wide_engine.connect() as conn:
        stored = conn.execute(text("SELECT position FROM event ORDER BY position")).scalars().all()
    assert [entry.position for entry in seen] == list(stored)
    assert len(seen) > WRITERS * ROUNDS // 2


def test_memory_learns_in_position_order_without_deadlock(wide_engine: Engine) -> None:
    """Keys in random order from many writers: no deadlock, and each key learned by position."""
    journal = Journal([Remembered()])
    keys = ["hot", "a", "b", "c", "d", "e"]

    def writer(number: int) -> None:
        dice = random.Random(number)
        for turn in range(ROUNDS):
            chosen = dice.sample(keys, 3)
            new = f"only-{number}-{turn}"
            write(wide_engine, journal, touching(f"{number}-{turn}", [*chosen, new]))

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(writer, range(WRITERS)))
    with wide_engine.connect() as conn:
        told: dict[str, list[int]] = {}
        for entry in journal.follow(conn, 0, WRITERS * ROUNDS + 1):
            for key in entry.payload["name"].split("+"):
                told.setdefault(key, []).append(entry.position)
        memories, _ = journal.memories(conn, [("seen", key) for key in told])
    assert {key: memory["positions"] for (_, key), memory in memories.items()} == told


def test_asking_in_the_middle_of_writing_never_waits_forever(wide_engine: Engine) -> None:
    """Transactions that append, ask, append and ask again make progress side by side."""
    journal = Journal([Remembered()])
    write(wide_engine, journal, *(touching(f"k{n}", [f"k{n}"]) for n in range(WRITERS)))

    def writer(number: int) -> None:
        for turn in range(8):
            with wide_engine.begin() as conn:
                for step in range(2):
                    journal.append(conn, [touching(f"{number}-{turn}-{step}", [f"k{number}"])])
                    (memory, *_), position = _ask(journal, conn, f"k{number}")
                    assert memory["positions"][-1] <= position

    started = time.monotonic()
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(writer, range(WRITERS)))
    assert time.monotonic() - started < 20


def _ask(journal: Journal, conn, key: str):  # type: ignore[no-untyped-def]
    memories, position = journal.memories(conn, [("seen", key)])
    return list(memories.values()), position


def test_a_question_is_exact_at_its_position(wide_engine: Engine) -> None:
    """Replaying up to the position of an answer gives the very memories that were answered."""
    journal = Journal([Remembered()])
    finished = threading.Event()
    answers: list[tuple[dict[str, list[int]], int]] = []

    def asker() -> None:
        while not finished.is_set():
            with wide_engine.connect() as conn:
                memories, position = journal.memories(conn, [("seen", "x"), ("seen", "y")])
            answers.append(({k: m["positions"] for (_, k), m in memories.items()}, position))

    def writer(number: int) -> None:
        dice = random.Random(number)
        for turn in range(ROUNDS):
            chosen = dice.choice([["x"], ["y"], ["x", "y"]])
            with wide_engine.begin() as conn:
                journal.append(conn, [touching(f"{number}-{turn}", chosen)])
                time.sleep(dice.random() * 0.004)

    asking = threading.Thread(target=asker)
    asking.start()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(writer, range(3)))
    finished.set()
    asking.join()
    with wide_engine.connect() as conn:
        entries = journal.follow(conn, 0, 1000)
    for memories, position in answers:
        for key in ("x", "y"):
            told = [
                entry.position
                for entry in entries
                if entry.position <= position and key in entry.payload["name"].split("+")
            ]
            assert memories.get(key, []) == told


def test_one_of_two_deciders_wins(wide_engine: Engine) -> None:
    """Of appends at the same version exactly one is recorded; the others get Conflict."""
    journal = Journal()

    def decider(_: int) -> bool:
        try:
            write(wide_engine, journal, append("case/R-1", requested(), version=0))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as pool:
        assert sorted(pool.map(decider, range(WRITERS))) == [False] * (WRITERS - 1) + [True]


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_second_first_writer_of_an_empty_log_waits(wide_engine: Engine, ending: str) -> None:
    """Who writes first stores which folds know the log; who writes beside it goes on after it."""
    first, second = Journal([Remembered()]), Journal([Remembered()])
    with wide_engine.connect() as conn, ThreadPoolExecutor(1) as pool:
        first.append(conn, [touching("one", ["a"])])
        first.append(conn, [touching("two", ["a"])])
        waiting = pool.submit(write, wide_engine, second, touching("three", ["b"]))
        time.sleep(0.05)
        assert not waiting.done()
        conn.commit() if ending == "commit" else conn.rollback()
        waiting.result(timeout=20)
    write(wide_engine, first, touching("four", ["a"]))
    assert ensure_memories(wide_engine, [Remembered()]) == []


def test_a_first_writer_with_other_folds_is_refused(wide_engine: Engine) -> None:
    """Of two programs with different folds that start an empty log at once, one goes on."""
    with wide_engine.connect() as conn, ThreadPoolExecutor(1) as pool:
        Journal([Remembered()]).append(conn, [touching("one", ["a"])])
        other = Journal([Remembered(version=2)])
        waiting = pool.submit(write, wide_engine, other, touching("two", ["a"]))
        time.sleep(0.05)
        conn.commit()
        with pytest.raises(StaleMemory, match="are of seen 1, this journal's folds are seen 2"):
            waiting.result(timeout=20)


def test_a_hot_key_costs_little(
    wide_engine: Engine, record_property: pytest.FixtureRequest
) -> None:
    """Writers that share one key queue only for each other's transaction, not for more."""
    journal = Journal([Remembered()])

    def seconds(hot: bool) -> float:
        def writer(number: int) -> None:
            for turn in range(40):
                key = "hot" if hot else f"own-{number}"
                write(wide_engine, journal, touching(f"{hot}-{number}-{turn}", [key]))

        started = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(writer, range(4)))
        return time.monotonic() - started

    apart, together = seconds(False), seconds(True)
    record_property("hot_key_slowdown", together / apart)  # type: ignore[operator]
    assert together < apart * 5 + 1
