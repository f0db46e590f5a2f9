"""What machines did where, and what letting them act alone would have done."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, select

from journal import tables

_ANSWER, _CASE, _LINE = tables.answer, tables.return_case, tables.case_line
BY: Mapping[str, ColumnElement[Any]] = {
    "business_unit": _CASE.c.business_unit,
    "warehouse": func.coalesce(_CASE.c.warehouse, ""),
    "item_class": _LINE.c.item_class,
    "reason": func.coalesce(_LINE.c.reason, ""),
}
"""What the rollout can be narrowed by."""
MOST_ROWS = 200


def would_have(conn: Connection, by: str) -> Sequence[RowMapping]:
    """Answers by decision point and one dimension of ``BY``, the most first; at most 200 rows.

    ``answers`` models gave, ``passed`` without a person, ``judged`` by a person; of those
    ``otherwise`` were decided otherwise, which is what automation would have got wrong. The
    ``sure_`` figures are of answers as sure as the guarantee asked at the time.
    """
    judged = _ANSWER.c.agreed.is_not(None)
    counted = {
        "answers": func.count(),
        "passed": func.count().filter(and_(_ANSWER.c.lane == "automatic", ~_ANSWER.c.audited)),
        "judged": func.count().filter(judged),
        "otherwise": func.count().filter(~_ANSWER.c.agreed),
        "sure_judged": func.count().filter(and_(judged, _ANSWER.c.cleared)),
        "sure_otherwise": func.count().filter(and_(~_ANSWER.c.agreed, _ANSWER.c.cleared)),
    }
    where = BY[by]
    query = (
        select(
            _ANSWER.c.point,
            where.label("value"),
            *(column.label(name) for name, column in counted.items()),
        )
        .join(_CASE, _CASE.c.return_id == _ANSWER.c.return_id)
        .join(_LINE, and_(_LINE.c.return_id == _ANSWER.c.return_id, _LINE.c.line == _ANSWER.c.line))
        .where(_ANSWER.c.value.is_not(None))
        .group_by(_ANSWER.c.point, where)
        .order_by(func.count().desc(), _ANSWER.c.point, where)
        .limit(MOST_ROWS)
    )
    return conn.execute(query).mappings().all()
