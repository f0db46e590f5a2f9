"""What was given before the goods were back: which are late, and how a customer kept to it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, exists, func, select

from journal import tables


@dataclass(frozen=True, slots=True)
class History:
    """``unreturned`` counts lines advanced since a day whose goods did not all come;
    ``open_minor`` is advanced in one currency with goods still to come, net."""

    unreturned: int
    open_minor: int


def history(conn: Connection, customer_id: str, currency: str, since: datetime) -> History:
    """What a customer made of advances that were asked for since a time."""
    line, case = tables.case_line, tables.return_case
    given = and_(case.c.customer_id == customer_id, line.c.advance_minor.is_not(None))
    missing = and_(line.c.released > 0, case.c.requested_at >= since)
    waiting = and_(line.c.goods_due.is_not(None), case.c.currency == currency)
    query = (
        select(
            func.count().filter(missing),
            func.coalesce(func.sum(line.c.advance_minor).filter(waiting), 0),
        )
        .select_from(line.join(case, case.c.return_id == line.c.return_id))
        .where(given)
    )
    unreturned, open_minor = conn.execute(query).one()
    return History(unreturned, int(open_minor))


def overdue(conn: Connection, at: datetime, limit: int = 500) -> list[str]:
    """Returns with an advance whose goods were due before ``at`` and that nobody is asked about."""
    line, task = tables.case_line, tables.task
    asked = exists().where(
        task.c.return_id == line.c.return_id,
        task.c.line == line.c.line,
        task.c.point == "advance",
        task.c.status == "open",
    )
    query = (
        select(line.c.return_id)
        .where(
            line.c.goods_due < at,
            line.c.authorised > line.c.received + line.c.released,
            ~asked,
        )
        .distinct()
        .order_by(line.c.return_id)
        .limit(limit)
    )
    return list(conn.execute(query).scalars())
