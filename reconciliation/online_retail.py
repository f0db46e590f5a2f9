"""Brings a file of real invoice lines in: history, matches, findings, and what models say.

The file is read to its end first, so a file that is refused changes nothing. Then documents
enter in the order of their time, in batches of one transaction each: a crash loses at most the
batch at work, and importing again goes on where it stopped. What the journal has already is
skipped; what it has with another content is kept and reported (R17).
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter

from sqlalchemy import Connection, Engine

from journal.entries import Append
from journal.journal import Journal
from journal.lookups import file_import
from models.protocol import Model
from reconciliation.assessing import assessments, check_fits, rows_of, wanted_by
from reconciliation.credit_findings import finding, matched_fact
from reconciliation.known import (
    Content,
    content_of,
    contents_of,
    credits_of,
    hold_imports,
    sales_of,
)
from reconciliation.match import Matcher
from reconciliation.retail_documents import (
    BUSINESS_UNIT,
    CURRENCY,
    Document,
    Masters,
    credit_lines,
    credited_pairs,
    documents_of,
    fact_of,
    master_streams,
    sale_lines,
)
from reconciliation.retail_figures import Figures, figures_of
from reconciliation.retail_rows import Reading, read_rows
from workflow.actor import Actor
from workflow.codes import ExceptionCode
from workflow.facts import (
    CreditNoteAssessed,
    ExceptionAssessed,
    ExceptionRaised,
    FileImported,
    RowsSetAside,
)
from workflow.money import money_text

FORMAT = "online-retail"
BATCH_LINES = 20_000
"""Lines of the file a transaction; bounds the memory, and how long others wait for a key."""
LINES_PER_FACT = 10_000
"""Line numbers in one ``RowsSetAside``."""

Progress = Callable[[int, int, str], None]
"""``progress(done, total, text)``."""


@dataclass(slots=True)
class Summary:
    """What an import did. ``figures`` describe the file, the rest what it changed.

    ``rows`` has every row of the file under one name and adds up to ``figures.lines``;
    ``repeated`` says that this very file was imported before and nothing was done.
    """

    source: str
    digest: str
    repeated: bool
    figures: Figures
    rows: dict[str, int]
    recorded: dict[str, int] = field(default_factory=dict)
    """Documents newly recorded, by kind (``sale``, ``credit``, ``write_off``)."""
    skipped: int = 0
    """Documents that the journal had already, the same."""
    conflicts: int = 0
    """Documents that the journal has with another content; each has an R17 exception."""
    matches: dict[str, int] = field(default_factory=dict)
    exceptions: dict[str, int] = field(default_factory=dict)
    exposure_minor: int = 0
    events: int = 0
    seconds: float = 0.0

    @property
    def lines_per_second(self) -> float:
        return self.figures.lines / self.seconds if self.seconds else 0.0


def import_online_retail(
    path: Path,
    journal: Journal,
    engine: Engine,
    *,
    anomaly: Model,
    rank: Model,
    actor: Actor,
    at: datetime,
    progress: Progress | None = None,
) -> Summary:
    """Import a file; the same file again changes nothing, an overlapping one adds what is new.

    ``at`` is now: it dates the journal's entries and refuses later lines. Errors:
    ``UnreadableFile``, ``models.bundle.Mismatch`` for a model of other features.
    """
    started = perf_counter()
    check_fits(anomaly)
    check_fits(rank)
    told = progress or (lambda done, total, text: None)
    told(0, 1, "reading")
    reading = read_rows(path, at)
    documents = documents_of(reading)
    summary = Summary(
        reading.source, reading.digest, False, figures_of(reading.rows, reading.lines),
        reading.counts(),
    )  # fmt: skip
    with engine.begin() as guard:
        hold_imports(guard)
        with engine.begin() as conn:
            summary.repeated = file_import(conn, reading.digest) is not None
        if not summary.repeated:
            run = _Import(journal, engine, anomaly, rank, actor, at, summary)
            run.store_all(reading, documents, told)
    summary.seconds = perf_counter() - started
    return summary


@dataclass(slots=True)
class _Import:
    """One run: what it writes with, and the summary it fills."""

    journal: Journal
    engine: Engine
    anomaly: Model
    rank: Model
    actor: Actor
    at: datetime
    summary: Summary
    matcher: Matcher = field(default_factory=Matcher)

    def store_all(self, reading: Reading, documents: Sequence[Document], told: Progress) -> None:
        """Everything new of the file, then the rows set aside and the file itself."""
        with self.engine.begin() as conn:
            masters, fresh, conflicting = self._sorted_out(conn, reading, documents)
        done, total = 0, sum(len(document.rows) for document in fresh)
        for batch in _batches(fresh):
            with self.engine.begin() as conn:
                self._store(conn, batch, masters)
            done += sum(len(document.rows) for document in batch)
            told(done, total, "importing")
        with self.engine.begin() as conn:
            self._finish(conn, reading, conflicting)

    def _sorted_out(
        self, conn: Connection, reading: Reading, documents: Sequence[Document]
    ) -> tuple[Masters, list[Document], list[tuple[Document, Content]]]:
        """Masters, new documents and changed ones; the matcher learns what was sold before."""
        streams = {document.stream for document in documents} | master_streams(documents)
        known = self.journal.known_streams(conn, streams)
        fresh = [document for document in documents if document.stream not in known]
        old = [document for document in documents if document.stream in known]
        conflicting = list(_changed(conn, old))
        self.summary.conflicts = len(conflicting)
        self.summary.skipped = len(old) - len(conflicting)
        pairs = credited_pairs(fresh)
        self.matcher = Matcher(pairs)
        for sale in sales_of(conn, pairs):
            self.matcher.sold(*sale)
        for credit in credits_of(conn, pairs):
            self.matcher.credited(credit)
        return Masters(reading.rows, known), fresh, conflicting

    def _store(self, conn: Connection, batch: Sequence[Document], masters: Masters) -> None:
        """One transaction: facts, matches, findings, and then what the models say of them."""
        appends: list[Append] = []
        for document in batch:
            for stream, fact in masters.needed(document):
                appends.append(self._append(stream, (fact,), new=True))
            appends.extend(self._document(document, masters))
            _count(self.summary.recorded, document.kind)
        self._append_assessed(conn, appends)

    def _document(self, document: Document, masters: Masters) -> Iterator[Append]:
        fact = fact_of(document, masters)
        if document.kind != "credit":
            if document.kind == "sale":
                for sale in sale_lines(document, self.matcher.wants):
                    self.matcher.sold(*sale)
            yield self._append(document.stream, (fact,), new=True)
            return
        matches = [self.matcher.match(credit) for credit in credit_lines(document)]
        events = (fact, *(matched_fact(match) for match in matches))
        yield self._append(document.stream, events, new=True)
        for match in matches:
            _count(self.summary.matches, match.match)
            raised = finding(match, BUSINESS_UNIT, CURRENCY)
            if raised is not None:
                yield self._raise(raised)

    def _raise(self, raised: ExceptionRaised) -> Append:
        _count(self.summary.exceptions, raised.code)
        self.summary.exposure_minor += raised.exposure_minor
        return self._append(f"exception/{raised.exception_id}", (raised,), new=True)

    def _append_assessed(self, conn: Connection, appends: Sequence[Append]) -> None:
        wanted = wanted_by((event for append in appends for event in append.events), self.at)
        before = self.journal.memories(conn, wanted)[0] if wanted else {}
        recorded = self.journal.append(conn, appends)
        rows = rows_of(recorded, wanted, before)
        answers = [
            self._append(_stream_of(said), (said,))
            for said in assessments(rows, self.anomaly, self.rank)
        ]
        self.summary.events += len(recorded) + len(self.journal.append(conn, answers))

    def _finish(
        self, conn: Connection, reading: Reading, conflicting: Sequence[tuple[Document, Content]]
    ) -> None:
        raised = [_conflict(document, recorded, self.at) for document, recorded in conflicting]
        streams = [f"exception/{exception.exception_id}" for exception in raised]
        known = self.journal.known_streams(conn, streams)
        self._append_assessed(
            conn,
            [
                self._raise(exception)
                for stream, exception in zip(streams, raised, strict=True)
                if stream not in known
            ],
        )
        facts = [*_rows_set_aside(reading), _file_imported(reading, self.summary)]
        appended = self._append(f"import/{reading.digest}", tuple(facts), new=True)
        self.summary.events += len(self.journal.append(conn, [appended]))

    def _append(self, stream: str, events: tuple[object, ...], new: bool = False) -> Append:
        return Append(stream, events, self.actor, self.at, 0 if new else None)


def _count(counted: dict[str, int], name: str) -> None:
    counted[name] = counted.get(name, 0) + 1


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    lines = 0
    for document in documents:
        batch.append(document)
        lines += len(document.rows)
        if lines >= BATCH_LINES:
            yield batch
            batch, lines = [], 0
    if batch:
        yield batch


def _stream_of(said: CreditNoteAssessed | ExceptionAssessed) -> str:
    if isinstance(said, CreditNoteAssessed):
        return f"credit-note/{said.credit_note_id}"
    return f"exception/{said.exception_id}"


def _changed(conn: Connection, old: Sequence[Document]) -> Iterator[tuple[Document, Content]]:
    """Documents of the file that the journal tells otherwise, with what the journal tells."""
    for kind in ("sale", "credit", "write_off"):
        documents = [document for document in old if document.kind == kind]
        if not documents:
            continue
        contents = contents_of(conn, kind, [document.document_id for document in documents])
        for document in documents:
            recorded = contents[document.document_id]
            if recorded != content_of(document):
                yield document, recorded


def _conflict(document: Document, recorded: Content, at: datetime) -> ExceptionRaised:
    told = content_of(document)
    ours, theirs = (sum(line[2] for line in content[1]) for content in (recorded, told))
    # The id comes from the content, so the same disagreement is raised once, another one again.
    mark = hashlib.sha256(repr(told).encode()).hexdigest()[:8]
    name = f"{document.kind.replace('_', '-')} {document.document_id}"
    return ExceptionRaised(
        exception_id=f"{ExceptionCode.STATUS_CONFLICT}-{document.document_id}-{mark}",
        code=ExceptionCode.STATUS_CONFLICT.value,
        business_unit=BUSINESS_UNIT,
        currency=CURRENCY,
        exposure_minor=abs(ours - theirs),
        variance_minor=ours - theirs,
        subject=f"{name} / file",
        opened_at=at,
        says=(
            f"The file tells {name} with {len(told[1])} lines for "
            f"{money_text(theirs, CURRENCY)}; recorded before with {len(recorded[1])} lines for "
            f"{money_text(ours, CURRENCY)}. What was recorded stands."
        ),
        customer_id=document.customer_id,
        document=document.document_id,
    )


def _rows_set_aside(reading: Reading) -> Iterator[RowsSetAside]:
    for kind, lines in sorted(reading.set_aside().items()):
        for start in range(0, len(lines), LINES_PER_FACT):
            part = tuple(lines[start : start + LINES_PER_FACT])
            yield RowsSetAside(reading.source, reading.digest, kind, part)


def _file_imported(reading: Reading, summary: Summary) -> FileImported:
    return FileImported(
        source=reading.source,
        source_digest=reading.digest,
        format=FORMAT,
        lines=reading.lines,
        counts=tuple(summary.rows.items()),
    )
