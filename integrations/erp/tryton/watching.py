"""What is in the system now, followed without missing or repeating: ledger lines by cursor.

A stamp of the system is no order of its commits, so every look goes back a little and compares
record and stamp with what was seen. What is new gets a position of ours, given one at a time, and
the cursor is that position. Values are those of the system; what it has no field for (our line,
portion, disposition) is added from what was asked.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, text

from integrations.erp.documents import Changes, Document, LedgerLine
from integrations.erp.ledger import Head, ledger_lines_of
from integrations.erp.tryton.keys import filed_by_paper
from integrations.erp.tryton.masters import Masters
from integrations.erp.tryton.money import exactly
from integrations.erp.tryton.readback import READERS, strangers

OVERLAP = timedelta(seconds=60)
"""No call of the system takes longer between its stamp and its commit."""
MOST_RECORDS = 2_000
"""Records of a model read at a time."""

_LINES = TypeAdapter(tuple[LedgerLine, ...])
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('erp_link/position', 0))")


def note(conn: Connection, document: Document, details: Mapping[str, Sequence[Any]]) -> None:
    """A document of ours, as soon as it is written; a later look finds what became of it.

    In the caller's transaction, on the caller's connection: a writer needs no second one.
    """
    _put(conn, document.number, lines_of(document, details))


def lines_of(document: Document, details: Mapping[str, Sequence[Any]]) -> tuple[LedgerLine, ...]:
    """The ledger lines of a document as it was asked."""
    head = Head(
        document.number, document.key, document.kind, document.return_id, document.posted_at
    )
    # Details kept in our database are text where they were decimals.
    lines = _LINES.validate_python([asdict(line) for line in ledger_lines_of(head, details)])
    return tuple(_written_alike(line) for line in lines)


def _written_alike(line: LedgerLine) -> LedgerLine:
    return line if line.quantity is None else replace(line, quantity=exactly(line.quantity))


def page(engine: Engine, after: str, limit: int) -> Changes:
    """Lines of up to ``limit`` documents after a cursor."""
    with engine.connect() as conn:
        rows = conn.execute(
            text(
                "SELECT position, lines FROM erp_link.seen WHERE position > :after "
                "ORDER BY position LIMIT :limit"
            ),
            {"after": int(after or 0), "limit": limit},
        ).all()
    lines = tuple(line for row in rows for line in _LINES.validate_python(row.lines))
    return Changes(lines, str(rows[-1].position) if rows else after)


def look(engine: Engine, masters: Masters) -> None:
    """Take in what changed in the system since the last look; one look at a time."""
    for model in READERS:
        with engine.begin() as conn:
            conn.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended(:m, 0))"), {"m": model}
            )
            _look_at(conn, masters, model)


def _look_at(conn: Connection, masters: Masters, model: str) -> None:
    since = conn.execute(
        text("SELECT max(modified_at) FROM erp_link.seen_record WHERE model = :model"),
        {"model": model},
    ).scalar()
    for rows in _changed(masters, model, since):
        fresh = _unseen(conn, model, rows)
        if fresh:
            _take_in(conn, masters, model, fresh)


def _take_in(conn: Connection, masters: Masters, model: str, fresh: Mapping[int, datetime]) -> None:
    ours = filed_by_paper(conn, model, list(fresh))
    others = [record for record in fresh if record not in ours]
    # What is being written is no stranger's; it is looked at again when its key is finished.
    being_written = _under_a_key(conn, masters, model, others)
    asked = {record: lines_of(done.document, done.details) for record, done in ours.items()}
    found = READERS[model](masters, asked) if asked else ()
    theirs = strangers(masters, model, [one for one in others if one not in being_written])
    documents: dict[int, str] = {}
    for record, lines in (*found, *theirs):
        if lines:
            documents[record] = lines[0].document
            _put(conn, lines[0].document, lines)
    seen = {record: at for record, at in fresh.items() if record not in being_written}
    _remember(conn, model, seen, documents)


def _under_a_key(
    conn: Connection, masters: Masters, model: str, records: Sequence[int]
) -> frozenset[int]:
    if not records:
        return frozenset()
    rows = masters.rpc.read(f"model.{model}.read", list(records), ["reference"])
    named = {row["id"]: row["reference"] for row in rows if row["reference"]}
    known = conn.execute(
        text("SELECT key FROM erp_link.written WHERE key = ANY(:keys)"),
        {"keys": list(named.values())},
    ).scalars()
    keys = set(known)
    return frozenset(record for record, key in named.items() if key in keys)


def _changed(
    masters: Masters, model: str, since: datetime | None
) -> Iterator[list[dict[str, Any]]]:
    wanted: list[Any] = [["company", "=", masters.company().id]]
    if since is not None:
        wanted.append(["last_modified_at", ">=", since - OVERLAP])
    for offset in itertools.count(0, MOST_RECORDS):
        rows: list[dict[str, Any]] = masters.rpc.read(
            f"model.{model}.search_read", wanted, offset, MOST_RECORDS,
            [["last_modified_at", "ASC"], ["id", "ASC"]], ["last_modified_at"],
        )  # fmt: skip
        yield rows
        if len(rows) < MOST_RECORDS:
            return


def _unseen(conn: Connection, model: str, rows: Sequence[Mapping[str, Any]]) -> dict[int, datetime]:
    """Record -> stamp, of those that were not seen with it."""
    known = conn.execute(
        text(
            "SELECT record, modified_at FROM erp_link.seen_record "
            "WHERE model = :model AND record = ANY(:ids)"
        ),
        {"model": model, "ids": [row["id"] for row in rows]},
    )
    stamps = {row.record: row.modified_at for row in known}
    return {
        row["id"]: row["last_modified_at"]
        for row in rows
        if stamps.get(row["id"]) != row["last_modified_at"]
    }


def _put(conn: Connection, document: str, lines: tuple[LedgerLine, ...]) -> None:
    """Give the lines a position, unless they stand there just so."""
    conn.execute(_ONE_AT_A_TIME)
    conn.execute(
        text(
            "INSERT INTO erp_link.seen AS held (document, position, lines) "
            "VALUES (:document, nextval('erp_link.position'), CAST(:lines AS jsonb)) "
            "ON CONFLICT (document) DO UPDATE "
            "SET position = excluded.position, lines = excluded.lines "
            "WHERE held.lines IS DISTINCT FROM excluded.lines"
        ),
        {
            "document": document,
            "lines": orjson.dumps(_LINES.dump_python(lines, mode="json")).decode(),
        },
    )


def _remember(
    conn: Connection, model: str, seen: Mapping[int, datetime], documents: Mapping[int, str]
) -> None:
    rows = [
        {"model": model, "record": record, "at": at, "document": documents.get(record)}
        for record, at in seen.items()
    ]
    if rows:
        conn.execute(
            text(
                "INSERT INTO erp_link.seen_record (model, record, modified_at, document) "
                "VALUES (:model, :record, :at, :document) ON CONFLICT (model, record) "
                "DO UPDATE SET modified_at = excluded.modified_at, document = excluded.document"
            ),
            rows,
        )
