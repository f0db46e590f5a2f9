"""Brings facts in from JSON lines: ``{"type": "invoice_recorded", ...fields}``, one a line.

``{"type": ..., "payload": {...}}`` is the same, and so is a type spelled ``InvoiceRecorded``. A
fact that cannot be read is counted by kind and kept aside with its line number; the others are
recorded in the order of the file, a batch a transaction. What was told before is skipped.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson
from sqlalchemy import Connection, Engine

from journal.codec import canonical, encode
from journal.entries import Append
from journal.journal import Journal
from journal.lookups import file_import
from reconciliation.known import hold_imports
from reconciliation.text_lines import TextLines
from workflow.actor import Actor
from workflow.facts import FileImported, RowsSetAside

FORMAT = "canonical"
BATCH_FACTS = 5_000
LINES_PER_FACT = 10_000

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class FactReader:
    """How a fact is read and checked, and where it belongs; the HTTP edge uses the same one.

    ``read(type, fields, now)`` gives the fact or raises ``refusal``, whose ``code`` names the
    kind. Facts of ``once_only`` are documents: told differently a second time they are refused.
    """

    kinds: Mapping[str, type]
    once_only: tuple[type, ...]
    read: Callable[[str, Mapping[str, Any], datetime], object]
    stream_of: Callable[[object], str]
    refusal: type[Exception]


@dataclass(slots=True)
class CanonicalSummary:
    """``counts`` has every line once and adds up to ``lines``: ``recorded``, ``known``, or the
    kind of its fault. ``repeated``: this very file was imported before, nothing was done."""

    source: str
    digest: str = ""
    repeated: bool = False
    lines: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """The first faults as sentences with their line numbers."""
    seconds: float = 0.0


MOST_FAULTS_TOLD = 20

Read = tuple[int, str, object]
"""Line number, stream, fact."""


def import_canonical(
    path: Path,
    journal: Journal,
    engine: Engine,
    *,
    reader: FactReader,
    actor: Actor,
    at: datetime,
    progress: Progress | None = None,
) -> CanonicalSummary:
    """Import a file; the same file again changes nothing.

    The file is walked once to check it and once to record it, so its size is not limited by
    memory. Errors: ``UnreadableFile``; ``journal.entries.LedgerViolation`` where a document
    contradicts the ledgers (its batch is not kept, those before it are).
    """
    started = perf_counter()
    told = progress or (lambda done, total, text: None)
    summary = CanonicalSummary(path.name)
    aside: dict[str, list[int]] = defaultdict(list)
    summary.digest, summary.lines = _measured(path)
    with engine.begin() as guard:
        hold_imports(guard)
        with engine.begin() as conn:
            summary.repeated = file_import(conn, summary.digest) is not None
        if not summary.repeated:
            seen = _Seen(journal)
            for batch in _batches(_facts(path, reader, at, summary, aside)):
                with engine.begin() as conn:
                    appends = _news(conn, seen, batch, reader, summary, aside, actor, at)
                    journal.append(conn, appends)
                told(batch[-1][0], summary.lines, "importing")
            with engine.begin() as conn:
                _finish(conn, journal, summary, aside, actor, at)
    summary.seconds = perf_counter() - started
    return summary


def _measured(path: Path) -> tuple[str, int]:
    lines = TextLines(path)
    count = sum(1 for _ in lines)
    return lines.digest, count


def _facts(
    path: Path,
    reader: FactReader,
    at: datetime,
    summary: CanonicalSummary,
    aside: dict[str, list[int]],
) -> Iterator[Read]:
    lines = TextLines(path)
    for number, text in lines:
        if text is None:
            kind, why = lines.damage[number], "the line cannot be read"
        elif not text.strip():
            kind, why = "blank_line", "the line is empty"
        else:
            found = _fact(text, reader, at)
            if not isinstance(found, tuple):
                yield number, reader.stream_of(found), found
                continue
            kind, why = found
        _set_aside(summary, aside, number, kind, why)


def _fact(text: str, reader: FactReader, at: datetime) -> object:
    """The fact of a line, or ``(kind, why)``."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return "bad_json", str(error)
    if not isinstance(document, dict) or not isinstance(document.get("type"), str):
        return "bad_json", 'a line is an object with a "type"'
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", document.pop("type")).lower()
    if name not in reader.kinds:
        return "unknown_type", f"{name!r} is not one of {', '.join(sorted(reader.kinds))}"
    payload = document.get("payload", document)
    if not isinstance(payload, dict):
        return "bad_json", "payload is an object"
    try:
        return reader.read(name, payload, at)
    except reader.refusal as error:
        return str(getattr(error, "code", "invalid_fact")), str(error)


def _count(summary: CanonicalSummary, name: str) -> None:
    summary.counts[name] = summary.counts.get(name, 0) + 1


def _set_aside(
    summary: CanonicalSummary, aside: dict[str, list[int]], number: int, kind: str, why: str
) -> None:
    _count(summary, kind)
    aside[kind].append(number)
    if len(summary.faults) < MOST_FAULTS_TOLD:
        summary.faults.append(f"Line {number}: {kind}: {why}")


def _batches(facts: Iterator[Read]) -> Iterator[list[Read]]:
    batch: list[Read] = []
    for fact in facts:
        batch.append(fact)
        if len(batch) >= BATCH_FACTS:
            yield batch
            batch = []
    if batch:
        yield batch


class _Seen:
    """The newest content of every stream that this file touched, as a digest."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._contents: dict[str, dict[str, bytes]] = {}

    def load(self, conn: Connection, streams: set[str]) -> None:
        """Read what the journal has of streams not asked for before."""
        unread = streams - self._contents.keys()
        known = self._journal.known_streams(conn, unread) if unread else frozenset()
        for stream in unread:
            entries = self._journal.read_stream(conn, stream) if stream in known else ()
            self._contents[stream] = {e.type: _digest(e.payload) for e in entries}

    def told(self, stream: str, type_name: str) -> bytes | None:
        return self._contents[stream].get(type_name)

    def tell(self, stream: str, type_name: str, digest: bytes) -> None:
        self._contents[stream][type_name] = digest


def _digest(payload: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(canonical(payload).encode()).digest()[:16]


def _news(
    conn: Connection,
    seen: _Seen,
    batch: list[Read],
    reader: FactReader,
    summary: CanonicalSummary,
    aside: dict[str, list[int]],
    actor: Actor,
    at: datetime,
) -> list[Append]:
    """What of a batch is to be recorded; documents told differently before are set aside."""
    seen.load(conn, {stream for _, stream, _ in batch})
    appends: list[Append] = []
    for number, stream, fact in batch:
        type_name, payload = encode(fact)
        digest, before = _digest(payload), seen.told(stream, type_name)
        if before == digest:
            _count(summary, "known")
        elif before is not None and isinstance(fact, reader.once_only):
            why = f"{stream} is recorded with other content; what was recorded stands"
            _set_aside(summary, aside, number, "document_differs", why)
        else:
            seen.tell(stream, type_name, digest)
            _count(summary, "recorded")
            appends.append(Append(stream, (fact,), actor, at))
    return appends


def _finish(
    conn: Connection,
    journal: Journal,
    summary: CanonicalSummary,
    aside: Mapping[str, list[int]],
    actor: Actor,
    at: datetime,
) -> None:
    facts: list[object] = [
        RowsSetAside(
            summary.source, summary.digest, kind, tuple(lines[start : start + LINES_PER_FACT])
        )
        for kind, lines in sorted(aside.items())
        for start in range(0, len(lines), LINES_PER_FACT)
    ]
    counts = tuple(sorted(summary.counts.items()))
    facts.append(FileImported(summary.source, summary.digest, FORMAT, summary.lines, counts))
    journal.append(conn, [Append(f"import/{summary.digest}", tuple(facts), actor, at, 0)])
