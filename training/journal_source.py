"""Streams the journal as facts, in batches, so that training never holds it whole."""

from collections.abc import Iterator

from sqlalchemy import Connection

from journal.journal import Journal
from training.rows import FactLike

BATCH = 5000
"""Entries read at once."""


def facts_of(journal: Journal, conn: Connection, after: int = 0) -> Iterator[FactLike]:
    """Every fact recorded after a position, in position order, none skipped."""
    while batch := journal.follow(conn, after, BATCH):
        for recorded in batch:
            yield recorded.fact()
        after = batch[-1].position
