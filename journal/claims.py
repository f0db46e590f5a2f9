"""Claims on suppliers, read: listed, one by one, summed, and the answers that no claim has yet."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Float,
    Integer,
    RowMapping,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    text,
)

from journal import tables
from journal.worklists import Page, page_of
from workflow.facts import SupplierClaimAnswered

_claim, _told, _case = tables.claim, tables.supplier_claim, tables.return_case
UNSETTLED = ("open", "answered", "denied", "paid_short")
"""Standings of a claim of which something is left."""

_left = _claim.c.claimed_minor - _claim.c.recovered_minor - _claim.c.written_off_minor
_NO_DAY = 10**7
_EPOCH = literal(date(1970, 1, 1))
ORDERS: Mapping[str, tuple[ColumnElement[Any], bool]] = {
    "deadline": (func.coalesce(_claim.c.claim_by - _EPOCH, _NO_DAY, type_=Integer), False),
    "money": (_left, True),
    "supplier": (_claim.c.supplier_id, False),
    "age": (_claim.c.raised_at, False),
}
"""Each with whether it descends; claims without a last day come last."""


def listed(
    conn: Connection,
    *,
    statuses: Sequence[str] | None = UNSETTLED,
    supplier_id: str | None = None,
    return_id: str | None = None,
    order: str = "deadline",
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """A page of claims in one of ``ORDERS``. ``statuses`` ``None`` is all.

    Errors: ``journal.worklists.BadCursor``.
    """
    query = _rows()
    if statuses is not None:
        query = query.where(_claim.c.status.in_(statuses))
    if supplier_id is not None:
        query = query.where(_claim.c.supplier_id == supplier_id)
    if return_id is not None:
        query = query.where(_claim.c.return_id == return_id)
    return page_of(conn, query, ORDERS[order], _claim.c.claim_id, limit, cursor)


def suppliers(conn: Connection, statuses: Sequence[str] | None = UNSETTLED) -> list[RowMapping]:
    """Suppliers with claims: ``supplier_id``, ``name`` and how ``many``, most first."""
    supplier, many = tables.supplier, func.count().label("many")
    same = supplier.c.supplier_id == _claim.c.supplier_id
    query = select(_claim.c.supplier_id, supplier.c.name, many).join(supplier, same, isouter=True)
    if statuses is not None:
        query = query.where(_claim.c.status.in_(statuses))
    query = query.group_by(_claim.c.supplier_id, supplier.c.name)
    return list(conn.execute(query.order_by(many.desc(), _claim.c.supplier_id)).mappings())


def one(conn: Connection, claim_id: str) -> RowMapping | None:
    """One claim by our own number, whatever became of it."""
    return conn.execute(_rows().where(_claim.c.claim_id == claim_id)).mappings().one_or_none()


def open_tasks(conn: Connection, return_id: str, portion: str) -> Sequence[RowMapping]:
    """What waits for somebody about the claims of a portion, oldest first."""
    task = tables.task
    names = (
        "task_id",
        "point",
        "role",
        "amount_minor",
        "asked_by",
        "note",
        "approved_by",
        "due_at",
    )
    query = select(*(task.c[name] for name in names)).where(
        task.c.return_id == return_id,
        task.c.portion == portion,
        task.c.point.in_(("claim", "write_off")),
        task.c.status == "open",
    )
    return conn.execute(query.order_by(task.c.opened_at, task.c.task_id)).mappings().all()


def _rows() -> Select[tuple[object, ...]]:
    """Rows of ``claim`` with the supplier's name and the customer's line that caused them."""
    supplier, line = tables.supplier, tables.case_line
    same = and_(line.c.return_id == _claim.c.return_id, line.c.line == _claim.c.line)
    return (
        select(
            _claim,
            supplier.c.name.label("supplier_name"),
            line.c.reason_text,
            line.c.invoice_id,
            line.c.invoice_line,
            line.c.credited_minor,
        )
        .join(supplier, supplier.c.supplier_id == _claim.c.supplier_id, isouter=True)
        .join(line, same, isouter=True)
    )


def answers_to_note(conn: Connection) -> list[SupplierClaimAnswered]:
    """What suppliers answered that still changes a case, oldest first: answers about returns that
    are not closed yet, and those that none of our claims has although there is one."""
    ours = exists().where(_claim.c.return_id == _told.c.return_id, _claim.c.line == _told.c.line)
    names = SupplierClaimAnswered.__dataclass_fields__
    query = (
        select(*(_told.c[name] for name in names))
        .join(_case, _case.c.return_id == _told.c.return_id)
        .where(or_(_case.c.situation == "authorised", and_(_told.c.claim.is_(None), ours)))
        .order_by(_told.c.answered_at, _told.c.claim_id, _told.c.answer_id)
    )
    return [SupplierClaimAnswered(**row) for row in conn.execute(query).mappings()]


# -- what became of them ---------------------------------------------------------------------


def past_shares(conn: Connection) -> Sequence[RowMapping]:
    """By supplier and reason: how many claims were answered, and the sum of the shares (0 to 1)
    that they brought."""
    brought = func.least(1.0, cast(_claim.c.recovered_minor, Float) / _claim.c.claimed_minor)
    query = (
        select(
            _claim.c.supplier_id,
            _claim.c.reason,
            func.count().label("answers"),
            func.sum(brought).label("shares"),
        )
        .where(_claim.c.claimed_minor > 0, func.jsonb_array_length(_claim.c.answers) > 0)
        .group_by(_claim.c.supplier_id, _claim.c.reason)
        .order_by(_claim.c.supplier_id, _claim.c.reason)
    )
    return conn.execute(query).mappings().all()


def sums(
    conn: Connection, at: datetime, ages: Sequence[tuple[int | None, str]]
) -> Sequence[RowMapping]:
    """Money of claims alike, by currency, supplier, reason, standing, cause of a loss and age.

    ``ages`` are (up to so many days, name), the last without a bound. ``cause`` is the code of
    the last answer, or why it was written off where there was none; ``refused_minor`` is left of
    claims that were refused and not written off yet.
    """
    days = func.extract("epoch", literal(at, DateTime(timezone=True)) - _claim.c.raised_at) / 86400
    bounded = [(days <= most, literal(name)) for most, name in ages if most is not None]
    refused = case((_claim.c.status == "denied", _left), else_=0)
    last = _claim.c.answers[-1]["response"].as_string()
    groups = (
        _claim.c.currency,
        _claim.c.supplier_id,
        _claim.c.reason,
        _claim.c.status,
        func.coalesce(last, _claim.c.written_off_because).label("cause"),
        _claim.c.expected_percent.label("percent"),
        case(*bounded, else_=literal(ages[-1][1])).label("age"),
    )
    money = (
        ("claimed_minor", _claim.c.claimed_minor),
        ("recovered_minor", _claim.c.recovered_minor),
        ("lost_minor", _claim.c.written_off_minor),
        ("refused_minor", refused),
    )
    query = select(
        *groups,
        func.count().label("claims"),
        *(cast(func.sum(column), BigInteger).label(name) for name, column in money),
    ).group_by(*(text(str(number)) for number in range(1, len(groups) + 1)))
    return conn.execute(query).mappings().all()
