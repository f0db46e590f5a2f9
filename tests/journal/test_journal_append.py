"""Appending and reading back."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from journal.codec import EVENT_CLASSES, canonical, decode, encode
from journal.journal import GENESIS, Conflict, Journal, StaleMemory
from tests.journal.ledger_story import (
    Remembered,
    append,
    carrier,
    invoice,
    requested,
    whole_case,
    write,
)


def test_events_come_back_as_they_went_in(engine: Engine) -> None:
    """What is read from a stream equals what was appended, in order, chained and numbered."""
    journal = Journal()
    events = whole_case()
    written = write(engine, journal, invoice(), append("case/R-1", *events, version=0))
    with engine.connect() as conn:
        read = journal.read_stream(conn, "case/R-1")
        assert [entry.event for entry in read] == list(events)
        assert read == written[1:]
        assert [entry.version for entry in read] == list(range(1, len(events) + 1))
        assert read[0].previous_hash == GENESIS
        assert [e.previous_hash for e in read[1:]] == [e.hash for e in read[:-1]]
        assert journal.read_stream(conn, "case/R-1", after_version=9) == read[9:]
        assert journal.read_stream(conn, "case/R-9") == []


def test_every_event_survives_the_codec() -> None:
    """Names are snake case and unique; decode(encode(event)) is the event."""
    assert "return_requested" in EVENT_CLASSES
    assert "credit_note_recorded" in EVENT_CLASSES
    for event in (*whole_case(), *invoice().events):
        assert decode(*encode(event)) == event


def test_nan_is_refused() -> None:
    """JSON has no word for NaN, so a payload that holds one is refused, not made null."""
    with pytest.raises(ValueError, match="Out of range float"):
        canonical({"confidence": float("nan")})


def test_a_stale_expectation_conflicts(engine: Engine) -> None:
    """Appending at a version that is gone raises Conflict and writes nothing."""
    journal = Journal()
    write(engine, journal, append("case/R-1", requested(), version=0))
    with pytest.raises(Conflict, match="case/R-1 is at version 1, not 0") as caught:
        write(engine, journal, carrier(1), append("case/R-1", requested(), version=0))
    assert (caught.value.expected, caught.value.actual) == (0, 1)
    with engine.connect() as conn:
        assert journal.read_stream(conn, "carrier/K1") == []


def test_two_appends_to_one_stream_in_one_call(engine: Engine) -> None:
    """The second append of a call expects the version that the first leads to."""
    journal = Journal()
    first, second = carrier(1), carrier(1)
    write(engine, journal, first, append(second.stream, *second.events, version=1))
    with pytest.raises(Conflict):
        write(engine, journal, second, append(second.stream, *second.events, version=2))


def test_rolled_back_is_gone(engine: Engine) -> None:
    """Event, read model and memory leave together when the transaction is rolled back."""
    journal = Journal([Remembered()])
    with engine.connect() as conn:
        journal.append(conn, [carrier(1)])
        conn.rollback()
        for table in ("event", "carrier", "feature_memory", "stream_head"):
            assert conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET actor = 'eve'",
        "DELETE FROM event",
        "TRUNCATE event",
        "DELETE FROM checkpoint",
        "UPDATE checkpoint SET events = 0",
        "TRUNCATE checkpoint",
    ],
)
def test_the_log_refuses_change(engine: Engine, statement: str) -> None:
    """UPDATE, DELETE and TRUNCATE of the log are refused by the database itself."""
    write(engine, Journal(), carrier(1))
    with engine.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO checkpoint SELECT 1, 0, 1, 1, '', '', '', '', '', now()"
                " WHERE NOT EXISTS (SELECT 1 FROM checkpoint)"
            )
        )
    with engine.connect() as conn, pytest.raises(DBAPIError, match="append-only"):
        conn.execute(text(statement))


def test_a_changed_fold_must_be_rebuilt_first(engine: Engine) -> None:
    """A fold of another version than its stored memory refuses to learn on top of it."""
    write(engine, Journal([Remembered()]), carrier(1))
    with pytest.raises(StaleMemory, match="rebuild"):
        write(engine, Journal([Remembered(version=2)]), carrier(1))


def test_an_engine_that_was_checked_is_trusted(engine: Engine) -> None:
    """Also where a transaction wrote something else before its first append, as requests do."""
    write(engine, Journal([Remembered()]), carrier(1))
    journal = Journal([Remembered()])
    with engine.begin() as conn:
        conn.execute(text("SELECT pg_current_xact_id()"))
        journal.append(conn, [carrier(2)])
    with engine.begin() as conn:
        conn.execute(text("DELETE FROM fold_version"))
    write(engine, journal, carrier(3))
    with pytest.raises(StaleMemory):
        write(engine, Journal([Remembered()]), carrier(4))


def test_follow_filters_and_pages(engine: Engine) -> None:
    """Followers read by position, a page at a time, only the types they ask for."""
    journal = Journal()
    write(engine, journal, *(carrier(n) for n in range(5)), append("case/R-1", requested()))
    with engine.connect() as conn:
        first = journal.follow(conn, 0, 4)
        rest = journal.follow(conn, first[-1].position, 4)
        assert [e.type for e in first + rest] == ["carrier_registered"] * 5 + ["return_requested"]
        assert [e.stream for e in journal.follow(conn, 0, 9, {"return_requested"})] == ["case/R-1"]
