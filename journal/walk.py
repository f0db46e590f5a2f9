"""The whole log, read through a server-side cursor: any length in little memory."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from journal.entries import Recorded
from journal.journal import COLUMNS, recorded

PAGE_ROWS = 2000


def walk_positions(
    driver: psycopg.Connection[tuple[Any, ...]], types: Sequence[str] | None = None
) -> Iterator[Recorded]:
    """Every entry by position; only of ``types`` where given."""
    for entry, _ in _walk(driver, "position", types):
        yield entry


def walk_streams(
    driver: psycopg.Connection[tuple[Any, ...]],
) -> Iterator[tuple[Recorded, str]]:
    """Every entry by stream and version, with the text of its payload as stored."""
    yield from _walk(driver, "stream, version", None)


def _walk(
    driver: psycopg.Connection[tuple[Any, ...]], order: str, types: Sequence[str] | None
) -> Iterator[tuple[Recorded, str]]:
    chosen = "" if types is None else "WHERE type = ANY (%s)"
    query = f"SELECT {COLUMNS} FROM event {chosen} ORDER BY {order}".encode()
    with driver.cursor(name=f"walk_{order.split(',')[0]}") as cursor:
        cursor.itersize = PAGE_ROWS
        cursor.execute(query, None if types is None else (list(types),))
        for row in cursor:
            yield recorded(row), row[7]
