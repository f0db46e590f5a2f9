"""Our keys beside a system that has none: schema ``erp_link`` of our own database.

One writer a case at a time, by an advisory lock held on a connection of its own. A key is marked
before the first call. Should the lock be lost with its connection, the number of the attempt fences
off the slower worker: it looks before every step and stops where another took over.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree

from integrations.erp.booking import Row, Shelf, Standing, Unjudged
from integrations.erp.documents import Document
from integrations.erp.port import Unavailable

AWAY = (OperationalError, InterfaceError, NoneFree)


@dataclass(frozen=True, slots=True)
class Entry:
    """A key that was used. ``document.number`` is empty until everything was written."""

    document: Document
    fingerprint: str
    attempt: int
    waiting_seconds: float | None
    """Since the call whose answer was lost or never waited for, if there is one."""


@dataclass(frozen=True, slots=True)
class CaseKeys:
    """The keys of a case, while its lock is held."""

    connection: Connection

    def entry(self, key: str) -> Entry | None:
        """What the key was used for, in whatever case."""
        return entry_of(self.connection, key)

    def standing(self, return_id: str) -> Standing:
        """What the documents of the case came to."""
        row = self._ask(
            "SELECT standing FROM erp_link.held_case WHERE return_id = :id", id=return_id
        )
        return _standing(row[0]) if row else Standing()

    def begin(self, document: Document, fingerprint: str) -> int | None:
        """Mark the key before the first call; the attempt's number, ``None`` where another case
        was faster. Until ``answered`` the key counts as one whose answer was lost: a worker that
        is killed says no more."""
        row = self._ask(
            "INSERT INTO erp_link.written AS held "
            "(key, return_id, kind, fingerprint, posted_at, unanswered_since) "
            "VALUES (:key, :id, :kind, :fingerprint, :at, clock_timestamp()) "
            "ON CONFLICT (key) DO UPDATE "
            "SET attempt = held.attempt + 1, unanswered_since = clock_timestamp() "
            "WHERE held.fingerprint = excluded.fingerprint AND held.number IS NULL "
            "RETURNING attempt",
            key=document.key, id=document.return_id, kind=document.kind,
            fingerprint=fingerprint, at=document.posted_at,
        )  # fmt: skip
        return row[0] if row else None

    def mine(self, key: str, attempt: int) -> None:
        """Raises ``Unavailable`` where another worker took the key over."""
        row = self._ask("SELECT attempt FROM erp_link.written WHERE key = :key", key=key)
        if row is None or row[0] != attempt:
            raise Unavailable(f"Another worker took {key} over.")

    def unanswered(self, key: str) -> None:
        """An answer was lost: what was asked may still come to pass for a while."""
        self._do(
            "UPDATE erp_link.written SET unanswered_since = clock_timestamp() WHERE key = :key",
            key=key,
        )

    def answered(self, key: str, attempt: int) -> None:
        """Every call of the attempt was answered, though not all is written."""
        self._do(
            "UPDATE erp_link.written SET unanswered_since = NULL "
            "WHERE key = :key AND attempt = :attempt",
            key=key, attempt=attempt,
        )  # fmt: skip

    def forget(self, key: str, attempt: int) -> None:
        """The system refused before anything was written: the key is free again."""
        self._do(
            "DELETE FROM erp_link.written WHERE key = :key AND attempt = :attempt "
            "AND number IS NULL",
            key=key, attempt=attempt,
        )  # fmt: skip

    def finish(
        self,
        document: Document,
        papers: Sequence[tuple[str, int]],
        details: Mapping[str, Sequence[Row]],
        standing: Standing,
    ) -> None:
        """Everything is written: its number, its papers and what the case comes to."""
        self._do(
            "UPDATE erp_link.written SET number = :number, unanswered_since = NULL, "
            "papers = CAST(:papers AS jsonb), details = CAST(:details AS jsonb) "
            "WHERE key = :key",
            key=document.key, number=document.number, papers=_json(papers),
            details=_json(details),
        )  # fmt: skip
        self._do(
            "INSERT INTO erp_link.held_case (return_id, standing) "
            "VALUES (:id, CAST(:standing AS jsonb)) "
            "ON CONFLICT (return_id) DO UPDATE SET standing = excluded.standing",
            id=document.return_id, standing=_json(_plain(standing)),
        )  # fmt: skip

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is done inside is done as a whole; else every statement is by itself."""
        self.connection.exec_driver_sql("BEGIN")
        try:
            yield
        except BaseException:
            self.connection.exec_driver_sql("ROLLBACK")
            raise
        self.connection.exec_driver_sql("COMMIT")

    def _ask(self, query: str, **values: object) -> Any:
        return self.connection.execute(text(query), values).one_or_none()

    def _do(self, statement: str, **values: object) -> None:
        self.connection.execute(text(statement), values)


@contextmanager
def locked(engine: Engine, return_id: str) -> Iterator[CaseKeys]:
    """The keys of a case for one writer at a time; others wait. Raises ``Unavailable``."""
    name = {"name": f"erp_link/{return_id}"}
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("SELECT pg_advisory_lock(hashtextextended(:name, 0))"), name)
            try:
                yield CaseKeys(conn)
            finally:
                if not conn.invalidated:  # else the lock ended with its connection
                    conn.execute(
                        text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), name
                    )
    except AWAY as error:
        why = getattr(error, "orig", None) or error
        raise Unavailable(f"Our own database did not answer: {why}") from error


def entry_of(conn: Connection, key: str) -> Entry | None:
    """What a key was used for."""
    row = conn.execute(
        text(
            "SELECT key, return_id, kind, fingerprint, posted_at, attempt, number, "
            "EXTRACT(EPOCH FROM clock_timestamp() - unanswered_since) AS waiting "
            "FROM erp_link.written WHERE key = :key"
        ),
        {"key": key},
    ).one_or_none()
    if row is None:
        return None
    first = Document(row.number or "", row.key, row.kind, row.return_id, row.posted_at)
    waiting = None if row.waiting is None else float(row.waiting)
    return Entry(first, row.fingerprint, row.attempt, waiting)


@dataclass(frozen=True, slots=True)
class Filed:
    """A finished document of ours: its papers there, and the rows that say what was asked."""

    document: Document
    papers: tuple[tuple[str, int], ...]
    details: Mapping[str, Sequence[Row]]


def filed(conn: Connection, column: str, values: Sequence[str]) -> list[Filed]:
    """Finished documents by ``number`` or by ``return_id``."""
    if column not in ("number", "return_id"):
        raise AssertionError(f"not looked up by {column}")
    rows = conn.execute(
        text(
            "SELECT number, key, kind, return_id, posted_at, papers, details "
            f"FROM erp_link.written WHERE {column} = ANY(:wanted) AND number IS NOT NULL"
        ),
        {"wanted": list(values)},
    )
    return [_filed(row) for row in rows]


def filed_by_paper(conn: Connection, model: str, records: Sequence[int]) -> dict[int, Filed]:
    """Record of a model -> the finished document whose first paper it is."""
    rows = conn.execute(
        text(
            "SELECT number, key, kind, return_id, posted_at, papers, details "
            "FROM erp_link.written WHERE papers -> 0 ->> 0 = :model "
            "AND (papers -> 0 ->> 1)::integer = ANY(:records) AND number IS NOT NULL"
        ),
        {"model": model, "records": list(records)},
    )
    found = [_filed(row) for row in rows]
    return {document.papers[0][1]: document for document in found}


def cases_by_paper(conn: Connection) -> dict[str, str]:
    """``model,record`` of every finished paper of ours -> its case."""
    rows = conn.execute(
        text(
            "SELECT (paper ->> 0) || ',' || (paper ->> 1) AS paper, return_id "
            "FROM erp_link.written, jsonb_array_elements(papers) AS paper WHERE number IS NOT NULL"
        )
    )
    return {row.paper: row.return_id for row in rows}


def _filed(row: Any) -> Filed:
    document = Document(row.number, row.key, row.kind, row.return_id, row.posted_at)
    papers = tuple((model, record) for model, record in row.papers)
    return Filed(document, papers, row.details or {})


def _json(value: object) -> str:
    return orjson.dumps(value, default=str).decode()


def _plain(standing: Standing) -> dict[str, object]:
    shelves = [
        [shelf.line, shelf.sku, str(held.quantity), held.value_minor]
        for shelf, held in standing.unjudged.items()
    ]
    return {
        "currency": standing.currency,
        "has_rma": standing.has_rma,
        "closed": standing.closed,
        "unjudged": shelves,
    }


def _standing(told: Mapping[str, Any]) -> Standing:
    unjudged = {
        Shelf(line, sku): Unjudged(Decimal(quantity), value)
        for line, sku, quantity, value in told["unjudged"]
    }
    return Standing(told["currency"], told["has_rma"], told["closed"], unjudged)
