"""The journal: events, read models, feature memory and deferred effects in one transaction.

``append`` takes its locks in one order for everybody (streams, then feature memories, then
ledger rows, each sorted), and draws positions only while it holds them. Two promises follow:
for every key of every fold, position order is the order in which its memory learned; and two
appends queue at a hot key instead of deadlocking. Several ``append`` calls in one transaction
keep the first promise, not the second: put what belongs together into one call.

The log is chained per stream (``entries.chain_hash``); ``checkpoints.py`` ties the streams
together and ``verify.py`` walks all of it again.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from weakref import WeakSet

import orjson
import psycopg
from sqlalchemy import Connection, Engine

from journal.codec import canonical, encode
from journal.database import raw
from journal.entries import (
    GENESIS,
    Append,
    Conflict,
    Defer,
    Fact,
    Fold,
    LedgerViolation,
    Memory,
    Recorded,
    chain_hash,
)
from journal.outbox import store_effects
from journal.projections import project
from journal.traces import keep

__all__ = [
    "GENESIS",
    "Append",
    "Conflict",
    "Fact",
    "Fold",
    "Journal",
    "LedgerViolation",
    "Memory",
    "Recorded",
    "StaleMemory",
]

Driver = psycopg.Connection[tuple[Any, ...]]
MemoryKey = tuple[str, str]

COLUMNS = (
    "position, stream, version, recorded_at, actor, actor_kind, type, payload::text,"
    " previous_hash, hash"
)
_FOUNDING = "triage.founding"
"""A setting of the transaction that first stores which folds know the log."""
_OPTIMISTIC_READS = 20
_READ_PAUSE_SECONDS = 0.005


class StaleMemory(Exception):
    """The stored memories are not those of the folds given; ``rebuild.py`` makes them so."""


@dataclass(slots=True)
class _Draft:
    """An event on its way in: encoded, with the memories that will learn from it."""

    append: Append
    type: str
    payload: dict[str, Any]
    learners: list[tuple[Fold, str]] = field(default_factory=list)


class Journal:
    """Writes and reads one database. Holds no state of its own: any number may exist.

    ``folds`` learn in the transaction of the append; ``defer`` queues each new effect in it.
    """

    def __init__(self, folds: Sequence[Fold] = (), defer: Defer | None = None) -> None:
        names = [fold.name for fold in folds]
        if len(set(names)) != len(names):
            raise AssertionError(f"two folds share a name: {sorted(names)}")
        self._folds = {fold.name: fold for fold in folds}
        self._listeners: dict[str, list[Fold]] = {}
        for fold in folds:
            for type_name in fold.listens:
                self._listeners.setdefault(type_name, []).append(fold)
        self._defer = defer
        self._checked: WeakSet[Engine] = WeakSet()

    @property
    def folds(self) -> tuple[Fold, ...]:
        """The folds that learn from every append."""
        return tuple(self._folds.values())

    def append(self, conn: Connection, appends: Sequence[Append]) -> list[Recorded]:
        """Record all events, in the order given, in the caller's transaction.

        Thousands of events a call are quick. Errors, after each of which the caller must roll
        back: ``Conflict`` (somebody was first), ``LedgerViolation`` (a ledger would not hold),
        ``UnknownEvent``, ``ValueError`` (NaN in a payload), ``StaleMemory``.
        """
        drafts = self._drafts(appends)
        if not drafts:
            return []
        driver = raw(conn)
        self._check_folds(conn, driver)
        heads = _lock_streams(driver, appends)
        memories = self._lock_memories(driver, drafts)
        positions = _draw(driver, len(drafts))
        recorded = _chain(drafts, positions, heads)
        _write_events(driver, recorded)
        _write_heads(driver, heads, {entry.stream for entry, _ in recorded})
        entries = [entry for entry, _ in recorded]
        project(conn, entries)
        self._learn(driver, memories, drafts, entries)
        store_effects(conn, _effects(appends, entries), self._defer)
        keep(conn, entries)
        return entries

    def read_stream(self, conn: Connection, stream: str, after_version: int = 0) -> list[Recorded]:
        """The events of one stream from ``after_version + 1`` on; empty for an unknown one."""
        query = f"SELECT {COLUMNS} FROM event WHERE stream = %s AND version > %s ORDER BY version"
        return [recorded(row) for row in raw(conn).execute(query, (stream, after_version))]

    def known_streams(self, conn: Connection, streams: Collection[str]) -> frozenset[str]:
        """Which of these streams have events."""
        query = "SELECT stream FROM stream_head WHERE version > 0 AND stream = ANY (%s)"
        return frozenset(row[0] for row in raw(conn).execute(query, (list(streams),)))

    def settled(self, conn: Connection) -> int:
        """The position up to which nothing can appear any more: all its writers have ended."""
        row = raw(conn).execute("SELECT settled_position()").fetchone()
        return int(row[0]) if row else 0

    def follow(
        self, conn: Connection, after: int, limit: int, types: Collection[str] | None = None
    ) -> list[Recorded]:
        """The next events by position, none skipped, ever: a slower transaction holds it back.

        At most ``limit``; only ``types`` where given. Needs the primary (a standby does not
        know who is writing) and READ COMMITTED.
        """
        settled = self.settled(conn)
        query = f"SELECT {COLUMNS} FROM event WHERE position > %s AND position <= %s"
        values: list[object] = [after, settled]
        if types is not None:
            query += " AND type = ANY (%s)"
            values.append(sorted(types))
        query += " ORDER BY position LIMIT %s"
        return [recorded(row) for row in raw(conn).execute(query, (*values, limit))]

    def memories(
        self, conn: Connection, wanted: Collection[MemoryKey]
    ) -> tuple[dict[MemoryKey, Memory], int]:
        """What folds remember for some keys, and the position that this is the state at.

        Exact: replaying the journal up to that position gives the same memories. A key nobody
        learned about is absent. Where writers are busy it waits for them, or, in a transaction
        that wrote already, takes the locks of these keys as an append would.
        """
        driver = raw(conn)
        for _ in range(_OPTIMISTIC_READS):
            settled = self.settled(conn)
            found, newest = _read_memories(driver, wanted)
            if newest <= settled:
                return found, settled
            if _has_written(driver):
                break  # somebody may be waiting for us: waiting for them could last forever
            time.sleep(_READ_PAUSE_SECONDS)
        locked = _locked_states(driver, self._versions(wanted))
        # Under the locks nobody can learn: whatever was drawn so far was learned or is not ours.
        row = driver.execute("SELECT last_value FROM event_position").fetchone()
        return {key: state for key, (_, state) in locked.items() if state}, row[0] if row else 0

    def _versions(self, keys: Collection[MemoryKey]) -> dict[MemoryKey, int]:
        return {key: self._folds[key[0]].version for key in keys if key[0] in self._folds}

    def _drafts(self, appends: Sequence[Append]) -> list[_Draft]:
        drafts = []
        for append in appends:
            if append.effects and not append.events:
                raise AssertionError(f"{append.stream}: effects need the event that decided them")
            if append.recorded_at.tzinfo is None:
                raise AssertionError(f"{append.stream}: recorded_at must say its time zone")
            for event in append.events:
                type_name, payload = encode(event)
                draft = _Draft(append, type_name, payload)
                for fold in self._listeners.get(type_name, ()):
                    fact = Fact(0, append.recorded_at, type_name, payload)
                    draft.learners.extend((fold, key) for key in dict.fromkeys(fold.keys(fact)))
                drafts.append(draft)
        return drafts

    def _check_folds(self, conn: Connection, driver: Driver) -> None:
        """Refuse to write beside memories that would miss it: once an engine, then trusted."""
        if conn.engine in self._checked:
            return
        own = {fold.name: fold.version for fold in self._folds.values()}
        stored, anything, founding = _stored_folds_and_events(driver)
        if not stored and not anything:  # an empty log: everything there is to know is known
            driver.execute(  # waits for another first writer, then finds its folds stored
                "INSERT INTO fold_version SELECT * FROM unnest(%s::text[], %s::int[])"
                " ON CONFLICT DO NOTHING",
                (list(own), list(own.values())),
            )
            driver.execute(f"SELECT set_config('{_FOUNDING}', 'yes', true)".encode())
            if (stored := stored_folds(driver)) == own:
                return
        if stored != own:
            raise StaleMemory(
                f"The stored memories are of {_named(stored)}, this journal's folds are"
                f" {_named(own)}: run journal.rebuild.ensure_memories with these folds first."
            )
        if not founding:  # what this transaction stored may still be rolled back
            self._checked.add(conn.engine)

    def _lock_memories(
        self, driver: Driver, drafts: Sequence[_Draft]
    ) -> dict[MemoryKey, tuple[int, Memory]]:
        wanted = {(f.name, key): f.version for draft in drafts for f, key in draft.learners}
        if not wanted:
            return {}
        locked = _locked_states(driver, wanted)
        for (name, key), (version, _) in locked.items():
            if version != wanted[name, key]:
                raise StaleMemory(
                    f"Fold {name} is version {wanted[name, key]}, its memory of {key} is version"
                    f" {version}: restart with the newer program."
                )
        return locked

    def _learn(
        self,
        driver: Driver,
        memories: Mapping[MemoryKey, tuple[int, Memory]],
        drafts: Sequence[_Draft],
        entries: Sequence[Recorded],
    ) -> None:
        if not memories:
            return
        states = {key: state for key, (_, state) in memories.items()}
        learned: dict[MemoryKey, int] = {}
        for draft, entry in zip(drafts, entries, strict=True):
            fact = entry.fact()
            for fold, key in draft.learners:
                states[fold.name, key] = fold.learn(states[fold.name, key], key, fact)
                learned[fold.name, key] = entry.position
        driver.execute(
            'UPDATE feature_memory AS memory SET state = new.state::json, "position" = new.at'
            " FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[])"
            " AS new (fold, key, state, at)"
            " WHERE memory.fold = new.fold AND memory.key = new.key",
            (
                [fold for fold, _ in learned],
                [key for _, key in learned],
                [orjson.dumps(states[key]).decode() for key in learned],
                list(learned.values()),
            ),
        )


def stored_folds(driver: Driver) -> dict[str, int]:
    """The folds whose memories know the whole log, with their versions."""
    return {row[0]: row[1] for row in driver.execute("SELECT fold, version FROM fold_version")}


def _stored_folds_and_events(driver: Driver) -> tuple[dict[str, int], bool, bool]:
    """The folds stored, whether there are events, and whether this transaction stored the folds;
    as of one instant: one statement.

    Asked one after the other, a first writer that commits in between would look like a log
    that no fold knows.
    """
    query = (
        f"SELECT EXISTS (SELECT FROM event), current_setting('{_FOUNDING}', true) = 'yes',"
        " fold, version FROM (VALUES (1)) AS once LEFT JOIN fold_version ON true"
    )
    rows = driver.execute(query.encode()).fetchall()
    stored = {name: version for *_, name, version in rows if name is not None}
    return stored, rows[0][0], bool(rows[0][1])


def _named(versions: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items())) or "none"


def recorded(row: Sequence[Any]) -> Recorded:
    """A row of ``COLUMNS`` as a ``Recorded``."""
    position, stream, version, at, actor, kind, type_name, text, previous, digest = row
    return Recorded(
        position,
        stream,
        version,
        at.astimezone(UTC),
        actor,
        type_name,
        orjson.loads(text),
        bytes(previous),
        bytes(digest),
        kind,
    )


def _lock_streams(driver: Driver, appends: Sequence[Append]) -> dict[str, tuple[int, bytes]]:
    """Lock the heads, check every expected version, and return version and hash by stream."""
    streams = sorted({append.stream for append in appends if append.events})
    rows = driver.execute("SELECT * FROM lock_streams(%s)", (streams,)).fetchall()
    heads = {stream: (version, bytes(digest)) for stream, version, digest in rows}
    versions = {stream: version for stream, (version, _) in heads.items()}
    for append in appends:
        if not append.events:
            continue
        actual = versions[append.stream]
        if append.expected_version is not None and append.expected_version != actual:
            raise Conflict(append.stream, append.expected_version, actual)
        versions[append.stream] = actual + len(append.events)
    return heads


def _draw(driver: Driver, many: int) -> list[int]:
    rows = driver.execute("SELECT * FROM draw_positions(%s)", (many,)).fetchall()
    return [row[0] for row in rows]


def _chain(
    drafts: Sequence[_Draft], positions: Sequence[int], heads: dict[str, tuple[int, bytes]]
) -> list[tuple[Recorded, str]]:
    """Entries with their canonical text; ``heads`` is moved to the new ends of the streams."""
    chained = []
    for draft, position in zip(drafts, positions, strict=True):
        append = draft.append
        version, previous = heads[append.stream]
        version += 1
        at: datetime = append.recorded_at.astimezone(UTC)
        who, kind = append.actor.id, append.actor.kind
        text = canonical(draft.payload)
        digest = chain_hash(previous, append.stream, version, at, who, kind, draft.type, text)
        entry = Recorded(
            position, append.stream, version, at, who, draft.type, draft.payload, previous,
            digest, kind,
        )  # fmt: skip
        heads[append.stream] = (version, digest)
        chained.append((entry, text))
    return chained


def _write_events(driver: Driver, chained: Sequence[tuple[Recorded, str]]) -> None:
    copying = (
        "COPY event (position, stream, version, recorded_at, actor, actor_kind, type, payload,"
        " previous_hash, hash) FROM STDIN"
    )
    with driver.cursor() as cursor, cursor.copy(copying) as copy:
        for e, text in chained:
            copy.write_row(
                (
                    e.position, e.stream, e.version, e.recorded_at, e.actor, e.actor_kind, e.type,
                    text, e.previous_hash, e.hash,
                )
            )  # fmt: skip


def _write_heads(
    driver: Driver, heads: Mapping[str, tuple[int, bytes]], written: Collection[str]
) -> None:
    streams = sorted(written)
    driver.execute(
        "UPDATE stream_head AS head SET version = new.version, hash = new.hash"
        " FROM unnest(%s::text[], %s::int[], %s::bytea[]) AS new (stream, version, hash)"
        " WHERE head.stream = new.stream",
        (streams, [heads[s][0] for s in streams], [heads[s][1] for s in streams]),
    )


def _effects(
    appends: Sequence[Append], entries: Sequence[Recorded]
) -> Iterator[tuple[Any, int, datetime]]:
    """Every effect with the position of the last event of the decision that asked for it."""
    done = 0
    for append in appends:
        done += len(append.events)
        for effect in append.effects:
            yield effect, entries[done - 1].position, append.recorded_at


def _read_memories(
    driver: Driver, wanted: Collection[MemoryKey]
) -> tuple[dict[MemoryKey, Memory], int]:
    rows = driver.execute(
        'SELECT memory.fold, memory.key, memory.state::text, memory."position"'
        " FROM feature_memory AS memory JOIN unnest(%s::text[], %s::text[]) AS wanted (fold, key)"
        " ON memory.fold = wanted.fold AND memory.key = wanted.key",
        ([fold for fold, _ in wanted], [key for _, key in wanted]),
    ).fetchall()
    found = {(fold, key): orjson.loads(state) for fold, key, state, at in rows if at > 0}
    return found, max((at for *_, at in rows), default=0)


def _has_written(driver: Driver) -> bool:
    row = driver.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL").fetchone()
    return bool(row and row[0])


def _locked_states(
    driver: Driver, wanted: Mapping[MemoryKey, int]
) -> dict[MemoryKey, tuple[int, Memory]]:
    rows = driver.execute(
        "SELECT * FROM lock_memories(%s::text[], %s::text[], %s::int[])",
        ([fold for fold, _ in wanted], [key for _, key in wanted], list(wanted.values())),
    ).fetchall()
    return {(fold, key): (version, orjson.loads(state)) for fold, key, version, state in rows}
