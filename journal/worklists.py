"""Worklists, a page at a time: the queue of tasks, exceptions, findings, returns.

Pages are cut by key, not by offset, so that a row is neither shown twice nor lost while people
work the list. A cursor is opaque; it belongs to one list in one order.
"""

import base64
import binascii
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    RowMapping,
    Select,
    String,
    case,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from journal import tables

MOST_ROWS = 200


class BadCursor(Exception):
    """The cursor is not one that this list gave out."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order; ``cursor`` continues after them, ``None`` at the end.

    ``leased_to_others`` counts open tasks of the whole list that somebody else works on.
    """

    rows: Sequence[Mapping[Any, Any]]
    cursor: str | None
    leased_to_others: int = 0


_Order = tuple[ColumnElement[Any], bool]

_task, _exception, _case = tables.task, tables.reconciliation_exception, tables.return_case
_note_line, _finding = tables.credit_note_line, tables.finding

TASK_ORDERS: Mapping[str, _Order] = {
    "value": (_task.c.amount_minor, True),
    "age": (_task.c.opened_at, False),
    "risk": (func.coalesce(_task.c.risk, -1.0), True),
    "sla": (_task.c.due_at, False),
}
EXCEPTION_ORDERS: Mapping[str, _Order] = {
    "rank": (func.coalesce(_exception.c.rank_score, -1.0), True),
    "exposure": (_exception.c.exposure_minor, True),
    "age": (_exception.c.opened_at, False),
}
FINDING_ORDERS: Mapping[str, _Order] = {
    "severity": (
        case({"high": 3, "medium": 2, "low": 1}, value=_finding.c.severity, else_=0),
        True,
    ),
    "age": (_finding.c.opened_at, False),
}
CREDIT_ORDERS: Mapping[str, _Order] = {
    "risk": (func.coalesce(_note_line.c.anomaly_confidence, -1.0), True),
    "value": (_note_line.c.net_minor, True),
}


def tasks(
    conn: Connection,
    *,
    roles: Collection[str] | None = None,
    order: str = "sla",
    limit: int = 50,
    cursor: str | None = None,
    at: datetime | None = None,
    holder: str | None = None,
) -> Page:
    """Open tasks for any of the roles (``None``: all), in one of ``TASK_ORDERS``.

    Those leased to others at ``at`` are listed too, with their ``lease_holder``, and counted.
    Errors: ``KeyError`` for an unknown order, ``BadCursor``.
    """
    open_tasks = [_task.c.status == "open"]
    if roles is not None:
        open_tasks.append(_task.c.role.in_(roles))
    page = page_of(
        conn, select(_task).where(*open_tasks), TASK_ORDERS[order], _task.c.task_id, limit, cursor
    )
    busy = select(func.count()).where(
        *open_tasks,
        _task.c.lease_until > (literal(at) if at else func.now()),
        _task.c.lease_holder.is_distinct_from(holder),
    )
    return Page(page.rows, page.cursor, conn.execute(busy).scalar_one())


def task(conn: Connection, task_id: str) -> RowMapping | None:
    """One task, open or not."""
    return conn.execute(select(_task).where(_task.c.task_id == task_id)).mappings().one_or_none()


def all_open_tasks(conn: Connection) -> Sequence[RowMapping]:
    """Every open task, oldest first; for the simulator, which works whole queues."""
    query = select(_task).where(_task.c.status == "open")
    return conn.execute(query.order_by(_task.c.opened_at, _task.c.task_id)).mappings().all()


def overdue_cases(conn: Connection, at: datetime, limit: int = 500) -> list[str]:
    """Returns with an open task past its due time that is not marked as overdue yet."""
    query = select(_task.c.return_id).where(
        _task.c.status == "open", _task.c.due_at < at, _task.c.overdue_at.is_(None)
    )
    return list(conn.execute(query.distinct().limit(limit)).scalars())


def involved(conn: Connection, rows: Sequence[Mapping[Any, Any]]) -> dict[str, frozenset[str]]:
    """By task, who may not decide it: who asked for the return or for the task, inspected the
    goods that a disposition or credit is about, or said yes already."""
    cases = sorted({row["return_id"] for row in rows})
    asked = select(_case.c.return_id, _case.c.requested_by).where(_case.c.return_id.in_(cases))
    requesters = {row.return_id: row.requested_by for row in conn.execute(asked)}
    event = tables.event
    looked = select(event.c.payload).where(
        event.c.stream.in_([f"case/{return_id}" for return_id in cases]),
        event.c.type == "line_inspected",
    )
    inspectors = {
        (found["return_id"], found["portion"]): found["inspected_by"]
        for found in conn.execute(looked).scalars()
    }
    return {row["task_id"]: _involved(row, requesters, inspectors) for row in rows}


def _involved(
    row: Mapping[Any, Any],
    requesters: Mapping[str, str],
    inspectors: Mapping[tuple[str, str], str],
) -> frozenset[str]:
    about_goods = row["point"] in ("disposition", "credit")
    inspector = inspectors.get((row["return_id"], row["portion"])) if about_goods else None
    asked_by = row.get("asked_by")
    found = {*row["approved_by"], requesters.get(row["return_id"]), inspector, asked_by}
    return frozenset(who for who in found if who is not None)


def open_audits(conn: Connection) -> Sequence[RowMapping]:
    """``return_id``, ``point``, ``line`` and ``part`` of answers that open blind tasks are about.

    All credits of a line, where one of them is audited."""
    answer = tables.answer
    same = (
        (answer.c.return_id == _task.c.return_id)
        & (answer.c.point == _task.c.point)
        & (answer.c.line == _task.c.line)
    )
    query = (
        select(answer.c.return_id, answer.c.point, answer.c.line, answer.c.part)
        .join(_task, same)
        .where(_task.c.status == "open", _task.c.blind, answer.c.audited)
    )
    return conn.execute(query).mappings().all()


def all_open_exceptions(conn: Connection) -> Sequence[RowMapping]:
    """Every unresolved exception, oldest first."""
    query = select(_exception).where(_exception.c.status == "open")
    order = (_exception.c.opened_at, _exception.c.exception_id)
    return conn.execute(query.order_by(*order)).mappings().all()


def depths(conn: Connection) -> dict[str, dict[str, int]]:
    """How much waits: ``tasks`` by role, ``effects`` by status, ``exceptions`` by code."""
    effect = tables.effect
    counted = {
        "tasks": (_task.c.role, _task.c.status == "open"),
        "effects": (effect.c.status, effect.c.status.not_in(("done", "abandoned"))),
        "exceptions": (_exception.c.code, _exception.c.status == "open"),
    }
    return {
        name: {
            str(label): many
            for label, many in conn.execute(select(by, func.count()).where(only).group_by(by))
        }
        for name, (by, only) in counted.items()
    }


def exceptions(
    conn: Connection,
    *,
    status: str | None = "open",
    code: str | None = None,
    business_unit: str | None = None,
    second: bool = False,
    order: str = "rank",
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """Reconciliation exceptions, the likeliest loss first unless ordered otherwise; ``second``
    leaves those that wait for a second person."""
    query = select(_exception)
    if second:
        said = _exception.c.proposal
        query = query.where(said.is_not(None), ~said.has_key("rejected_by"))
    for column, wanted in (
        (_exception.c.status, status),
        (_exception.c.code, code),
        (_exception.c.business_unit, business_unit),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    return page_of(conn, query, EXCEPTION_ORDERS[order], _exception.c.exception_id, limit, cursor)


def exception(conn: Connection, exception_id: str) -> RowMapping | None:
    query = select(_exception).where(_exception.c.exception_id == exception_id)
    return conn.execute(query).mappings().one_or_none()


def exception_counts(conn: Connection) -> tuple[dict[str, int], dict[str, int]]:
    """How many exceptions are open, by kind and by business unit."""
    kind, unit = _exception.c.code, _exception.c.business_unit
    query = select(kind, unit, func.count()).where(_exception.c.status == "open")
    by_kind, by_unit = Counter[str](), Counter[str]()
    for code, whose, many in conn.execute(query.group_by(kind, unit)):
        by_kind[code] += many
        by_unit[whose] += many
    return dict(by_kind), dict(by_unit)


def findings(
    conn: Connection,
    *,
    status: str | None = "open",
    roles: Collection[str] | None = None,
    kind: str | None = None,
    record: str | None = None,
    order: str = "severity",
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """Records that are not as they must be, the gravest first unless ordered otherwise.

    ``kind`` is a whole kind or its master (``product``); ``record`` one of those it is about.
    """
    query = select(_finding)
    if status is not None:
        query = query.where(_finding.c.status == status)
    if roles is not None:
        query = query.where(_finding.c.role.in_(roles))
    if kind is not None:
        query = query.where(
            or_(_finding.c.kind == kind, _finding.c.kind.startswith(f"{kind}.", autoescape=True))
        )
    if record is not None:
        query = query.where(_finding.c.records.contains([record]))
    return page_of(conn, query, FINDING_ORDERS[order], _finding.c.finding_id, limit, cursor)


def returns(
    conn: Connection,
    *,
    status: str | None = None,
    customer_id: str | None = None,
    business_unit: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """Returns, newest request first."""
    query = select(_case)
    for column, wanted in (
        (_case.c.status, status),
        (_case.c.customer_id, customer_id),
        (_case.c.business_unit, business_unit),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    return page_of(conn, query, (_case.c.requested_at, True), _case.c.return_id, limit, cursor)


def credit_lines(
    conn: Connection,
    *,
    match: str | None = None,
    order: str = "risk",
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """Lines of the ERP's credit notes with how they match and how odd they look."""
    query = select(_note_line)
    if match is not None:
        query = query.where(_note_line.c.match == match)
    identity = func.concat(_note_line.c.credit_note_id, "/", _note_line.c.line)
    return page_of(conn, query, CREDIT_ORDERS[order], identity, limit, cursor)


def page_of(
    conn: Connection,
    query: Select[Any],
    order: _Order,
    identity: ColumnElement[Any],
    limit: int,
    cursor: str | None,
) -> Page:
    """One page of a query in an order, after a cursor; ``identity`` makes the order total.

    Errors: ``BadCursor``.
    """
    limit = max(1, min(limit, MOST_ROWS))
    by, descending = order
    if cursor is not None:
        value, last = _read_cursor(cursor, by)
        here, there = tuple_(by, identity), tuple_(literal(value, by.type), literal(last))
        query = query.where(here < there if descending else here > there)
    ways = [x.desc() if descending else x.asc() for x in (by, identity)]
    query = query.add_columns(by.label("_by"), identity.label("_id")).order_by(*ways)
    rows = conn.execute(query.limit(limit + 1)).mappings().all()
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(shown, _write_cursor(shown[-1]["_by"], shown[-1]["_id"]) if more else None)


def _write_cursor(value: object, identity: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([value, identity])).decode().rstrip("=")


def _read_cursor(cursor: str, by: ColumnElement[Any]) -> tuple[object, str]:
    try:
        value, identity = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(by.type, DateTime):
            value = datetime.fromisoformat(value)
        elif isinstance(by.type, String):
            value = str(value)
        elif not isinstance(value, int | float):
            raise ValueError(f"{value!r} is no number")
        return value, str(identity)
    except (ValueError, TypeError, binascii.Error) as error:
        raise BadCursor("The cursor is not one of this list: start again without it.") from error
