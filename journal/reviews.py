"""Second reviews, read: those that wait, and how often two people came to the same."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from journal import tables

MOST_ROWS = 200
_review = tables.second_review


def listed(
    conn: Connection, *, status: str, roles: Collection[str], limit: int = MOST_ROWS
) -> Sequence[RowMapping]:
    """Reviews of tasks of these roles, the oldest first, at most 200."""
    query = select(_review).where(_review.c.status == status, _review.c.role.in_(roles))
    query = query.order_by(_review.c.drawn_at, _review.c.task_id)
    return conn.execute(query.limit(min(limit, MOST_ROWS))).mappings().all()


def one(conn: Connection, task_id: str) -> RowMapping | None:
    """One review, open or given."""
    query = select(_review).where(_review.c.task_id == task_id)
    return conn.execute(query).mappings().one_or_none()


def agreement(conn: Connection) -> list[dict[str, Any]]:
    """By ``point`` and ``role``: how many reviews are ``open``, ``given`` and ``agreed``."""
    query = (
        select(
            _review.c.point,
            _review.c.role,
            func.count().filter(_review.c.status == "open").label("open"),
            func.count().filter(_review.c.status == "given").label("given"),
            func.count().filter(_review.c.agreed).label("agreed"),
        )
        .group_by(_review.c.point, _review.c.role)
        .order_by(_review.c.point, _review.c.role)
    )
    return [{str(name): n for name, n in row.items()} for row in conn.execute(query).mappings()]
