"""Turns at other systems: how many at once, how many a minute, and none while one is down.

One row a system, locked for a moment by whoever begins or ends a turn, so that all workers on all
machines share the limits and know of an outage as soon as one of them does.

    closed --failures in a row--> open --its wait is over--> half-open: one probes
       ^------------the probe is answered------------------------|   not answered: open again
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from journal import tables
from journal.waits import Waits

OPENS_AFTER = 5
"""So many unanswered turns in a row, and the system is taken to be down."""
PROBES = Waits(2, 2, 60)
"""How long nobody asks a system that is down: at most a minute, however long it is."""
TURN_ENDS_AFTER = timedelta(minutes=5)
"""The turn of a worker that died is free again after this time."""
PROBE_ENDS_AFTER = timedelta(seconds=30)
"""So long another waits for a probe: its worker may have died, and so may those of all turns that
were begun before the system was down."""
ASK_AGAIN = timedelta(seconds=2)

_system, _turn = tables.effect_system, tables.system_turn


@dataclass(frozen=True, slots=True)
class Limits:
    """What a system bears: turns at once, and turns begun a minute (with a burst of a second's)."""

    at_once: int = 8
    a_minute: int = 1200


LimitsOf = Callable[[str], Limits]


class NotNow(Exception):
    """The turn is to be asked for again at ``at``; nothing was tried, nothing is used up."""

    def __init__(self, at: datetime, why: str) -> None:
        super().__init__(why)
        self.at = at


def begin(conn: Connection, system: str, key: str, limits: Limits, at: datetime) -> None:
    """Begin a turn for an effect. Errors: ``NotNow``, where the system is down or has enough."""
    row = _locked(conn, system)
    down = row["failures"] >= OPENS_AFTER
    if down and row["retry_at"] > at:
        raise NotNow(row["retry_at"], f"{system} is down since {row['opened_at']:%H:%M}.")
    alive = _turn.c.until > at
    if down:
        alive = _turn.c.until >= max(row["retry_at"], at - PROBE_ENDS_AFTER) + TURN_ENDS_AFTER
    others = (_turn.c.system == system, _turn.c.key != key, alive)
    under_way = conn.execute(select(func.count()).where(*others)).scalar_one()
    if under_way >= (1 if down else limits.at_once):
        raise NotNow(at + ASK_AGAIN, f"{system} has {under_way} effects under way.")
    spacing = timedelta(minutes=1) / limits.a_minute
    free_at = max(row["free_at"] or at, at)
    if free_at - at > timedelta(seconds=1):
        raise NotNow(free_at - timedelta(seconds=1), f"{system} takes {limits.a_minute} a minute.")
    mine = upsert(_turn).values(system=system, key=key, until=at + TURN_ENDS_AFTER)
    conn.execute(
        mine.on_conflict_do_update(
            index_elements=["system", "key"], set_={"until": at + TURN_ENDS_AFTER}
        )
    )
    _set(conn, system, free_at=free_at + spacing)


def answered(conn: Connection, system: str, key: str) -> None:
    """End a turn: the system answered, be it with a no. It is up."""
    _locked(conn, system)
    _end(conn, system, key)
    _set(conn, system, failures=0, opened_at=None, retry_at=None, error=None)


def unanswered(
    conn: Connection, system: str, key: str, error: str, at: datetime, draw: float
) -> datetime | None:
    """End a turn that got no answer; until when nobody asks, or ``None`` while it counts as up.

    ``draw``: as of ``Waits.after``.
    """
    row = _locked(conn, system)
    _end(conn, system, key)
    failures = row["failures"] + 1
    if failures < OPENS_AFTER:
        _set(conn, system, failures=failures, error=error[:500])
        return None
    retry_at = at + PROBES.after(failures - OPENS_AFTER + 1, draw)
    opened_at = row["opened_at"] or at
    _set(conn, system, failures=failures, error=error[:500], opened_at=opened_at, retry_at=retry_at)
    return retry_at


def down(conn: Connection) -> dict[str, RowMapping]:
    """The systems that are taken to be down, by name, with ``opened_at`` and ``error``."""
    query = select(_system).where(_system.c.opened_at.is_not(None)).order_by(_system.c.system)
    return {row["system"]: row for row in conn.execute(query).mappings()}


def _locked(conn: Connection, system: str) -> RowMapping:
    conn.execute(upsert(_system).values(system=system).on_conflict_do_nothing())
    query = select(_system).where(_system.c.system == system).with_for_update()
    return conn.execute(query).mappings().one()


def _end(conn: Connection, system: str, key: str) -> None:
    conn.execute(_turn.delete().where(_turn.c.system == system, _turn.c.key == key))


def _set(conn: Connection, system: str, **values: object) -> None:
    conn.execute(update(_system).where(_system.c.system == system).values(**values))
