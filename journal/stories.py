"""Past cases as stories: the events of each, in order, with their moments; for asking again."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection

from journal.database import raw
from journal.journal import COLUMNS, recorded
from workflow.events import CaseEvent

PAGE_CASES = 500
Story = list[tuple[CaseEvent, datetime]]


def stories(
    conn: Connection,
    holding: Sequence[str],
    needed: Sequence[str],
    since: datetime,
    most_cases: int,
) -> Iterator[Story]:
    """The ``needed`` events of the newest cases that hold one of ``holding`` since a moment.

    Read a page of cases at a time, so that any number needs little memory.
    """
    driver = raw(conn)
    chosen = (
        "SELECT stream FROM event WHERE type = ANY (%s) AND recorded_at >= %s"
        " AND stream LIKE 'case/%%' GROUP BY stream ORDER BY max(position) DESC LIMIT %s"
    )
    streams = [row[0] for row in driver.execute(chosen, (list(holding), since, most_cases))]
    query = (
        f"SELECT {COLUMNS} FROM event WHERE stream = ANY (%s) AND type = ANY (%s)"
        " ORDER BY stream, version"
    ).encode()
    for start in range(0, len(streams), PAGE_CASES):
        page = streams[start : start + PAGE_CASES]
        told: dict[str, Story] = {stream: [] for stream in page}
        for row in driver.execute(query, (page, list(needed))):
            entry = recorded(row)
            told[entry.stream].append((entry.event, entry.recorded_at))
        yield from told.values()
