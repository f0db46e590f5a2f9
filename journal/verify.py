"""Everything again, from the log: every hash, checkpoint, read model, ledger and memory.

One snapshot of the database, two walks: by stream (chains, cases, ledgers, effects), by
position (checkpoints, feature memories). Yields a ``Difference`` for everything that is not
as the log says; nothing yielded means that nothing differs. Memory grows with the keys that
folds remember and the invoice lines that were returned, not with the events.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, Engine

from journal.checkpoints import Merkle, faults_of, stored_checkpoints
from journal.database import raw
from journal.entries import GENESIS, Fold, Memory, Recorded, chain_hash
from journal.journal import Driver, MemoryKey
from journal.rebuild import learn_one
from journal.verify_rows import CaseSummary, Refold, summary_of
from journal.verify_verdicts import Verdicts
from journal.walk import walk_positions, walk_streams
from workflow.policy import Policies

__all__ = ["CaseSummary", "Difference", "summary_of", "verify"]

Progress = Callable[[int], None]
EVERY = 1000


@dataclass(frozen=True, slots=True)
class Difference:
    """``kind``: ``chain``, ``checkpoint``, ``case``, ``ledger``, ``effect``, ``memory``,
    ``verdict``, ``alarm`` or ``automation``."""

    kind: str
    subject: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.message}"


def verify(
    engine: Engine,
    folds: Sequence[Fold] = (),
    case_summary: CaseSummary | None = summary_of,
    trusted_keys: Collection[bytes] | None = None,
    progress: Progress | None = None,
    policies: Policies | None = None,
) -> Iterator[Difference]:
    """Walk it all; see above. The system may go on working meanwhile.

    ``case_summary`` says from a case's events what columns of ``return_case`` must hold (the
    state machine's own opinion beside the read model's); ``trusted_keys`` are the public keys
    that checkpoints must be signed with (``None``: any, as long as the signature fits).
    With ``policies`` (every text that is known, old ones too) each verdict is asked again of the
    text that gave it. ``progress`` is called with the number of events walked, twice the log's
    length in all.
    """
    count = _Counter(progress)
    with engine.connect() as plain:
        conn = plain.execution_options(isolation_level="REPEATABLE READ")
        with conn.begin():
            yield from _streams(conn, Refold(raw(conn), case_summary), Verdicts(policies), count)
            yield from _positions(conn, folds, trusted_keys, count)


class _Counter:
    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._walked = 0

    def step(self) -> None:
        self._walked += 1
        if self._progress is not None and self._walked % EVERY == 0:
            self._progress(self._walked)


def _streams(
    conn: Connection, refold: Refold, verdicts: Verdicts, count: _Counter
) -> Iterator[Difference]:
    driver = raw(conn)
    heads = _heads(driver)
    last: Recorded | None = None
    for entry, text in walk_streams(driver):
        count.step()
        if last is not None and last.stream != entry.stream:
            yield from _end_of_stream(last, heads)
            last = None
        yield from _link(last, entry, text)
        last = entry
        for kind, subject, message in (*refold.add(entry), *verdicts.add(entry)):
            yield Difference(kind, subject, message)
    if last is not None:
        yield from _end_of_stream(last, heads)
    for kind, subject, message in (*refold.finish(), *verdicts.finish()):
        yield Difference(kind, subject, message)
    for stream, (version, _) in heads.items():
        yield Difference("chain", stream, f"its {version} events are missing")


def _heads(driver: Driver) -> dict[str, tuple[int, bytes]]:
    """The ends of all streams as stored, taken out of this dict as the walk meets them."""
    rows = driver.execute("SELECT stream, version, hash FROM stream_head WHERE version > 0")
    return {stream: (version, bytes(digest)) for stream, version, digest in rows}


def _link(before: Recorded | None, entry: Recorded, text: str) -> Iterator[Difference]:
    expected = before.version + 1 if before else 1
    subject = f"{entry.stream}@{entry.version}"
    if entry.version != expected:
        yield Difference("chain", subject, f"version {expected} is missing before it")
    if entry.previous_hash != (before.hash if before else GENESIS):
        yield Difference("chain", subject, "does not follow the event before it")
    digest = chain_hash(
        entry.previous_hash,
        entry.stream,
        entry.version,
        entry.recorded_at,
        entry.actor,
        entry.actor_kind,
        entry.type,
        text,
    )
    if digest != entry.hash:
        yield Difference("chain", subject, f"was changed after position {entry.position}")


def _end_of_stream(last: Recorded, heads: dict[str, tuple[int, bytes]]) -> Iterator[Difference]:
    version, digest = heads.pop(last.stream, (0, b""))
    if (version, digest) != (last.version, last.hash):
        message = f"ends at version {last.version}, its head says {version}"
        yield Difference("chain", last.stream, message)


def _positions(
    conn: Connection,
    folds: Sequence[Fold],
    trusted_keys: Collection[bytes] | None,
    count: _Counter,
) -> Iterator[Difference]:
    driver = raw(conn)
    seals = _Seals(conn, trusted_keys)
    memories: dict[MemoryKey, Memory] = {}
    positions: dict[MemoryKey, int] = {}
    for entry in walk_positions(driver):
        count.step()
        yield from seals.add(entry)
        learn_one(folds, entry.fact(), entry.position, memories, positions)
    yield from seals.finish()
    if folds:
        yield from _memories(driver, {fold.name for fold in folds}, memories, positions)


class _Seals:
    """Recomputes the root of each checkpoint while its events pass by."""

    def __init__(self, conn: Connection, trusted_keys: Collection[bytes] | None) -> None:
        self._stored = stored_checkpoints(conn)
        self._trusted = trusted_keys
        self._next = 0
        self._merkle = Merkle()

    def add(self, entry: Recorded) -> Iterator[Difference]:
        while self._next < len(self._stored):
            sealed = self._stored[self._next][0]
            if entry.position <= sealed.to_position:
                if entry.position > sealed.after_position:
                    self._merkle.add(entry.position, entry.hash)
                return
            yield from self._close()

    def finish(self) -> Iterator[Difference]:
        while self._next < len(self._stored):
            yield from self._close()

    def _close(self) -> Iterator[Difference]:
        sealed, digest, signature = self._stored[self._next]
        before = self._stored[self._next - 1][0] if self._next else None
        subject = str(sealed.checkpoint_id)
        for fault in faults_of(sealed, digest, signature, before):
            yield Difference("checkpoint", subject, fault)
        if self._trusted is not None and sealed.public_key not in self._trusted:
            yield Difference("checkpoint", subject, "is signed by a key that is not trusted")
        if (self._merkle.leaves, self._merkle.root()) != (sealed.events, sealed.root):
            message = (
                f"sealed {sealed.events} events up to position {sealed.to_position};"
                f" {self._merkle.leaves} are there now, or others"
            )
            yield Difference("checkpoint", subject, message)
        self._merkle = Merkle()
        self._next += 1


def _memories(
    driver: Driver,
    names: Collection[str],
    memories: dict[MemoryKey, Memory],
    positions: Mapping[MemoryKey, int],
) -> Iterator[Difference]:
    """Stored memories against those learned in the walk; equal to the last byte."""
    with driver.cursor(name="stored_memories") as cursor:
        cursor.execute(
            'SELECT fold, key, state::text, "position" FROM feature_memory'
            " WHERE fold = ANY (%s) ORDER BY fold, key",
            (sorted(names),),
        )
        for fold, key, text, position in cursor:
            learned = memories.pop((fold, key), None)
            subject = f"{fold}/{key}"
            if learned is None:
                if position > 0:
                    yield Difference("memory", subject, "remembers what the log does not say")
            elif orjson.dumps(learned).decode() != text:
                yield Difference("memory", subject, f"is {text}, should be {_short(learned)}")
            elif positions[fold, key] != position:
                message = f"says it learned last at {position}, not at {positions[fold, key]}"
                yield Difference("memory", subject, message)
    for fold, key in memories:
        yield Difference("memory", f"{fold}/{key}", "is missing")


def _short(memory: Memory) -> str:
    return orjson.dumps(memory).decode()[:500]
