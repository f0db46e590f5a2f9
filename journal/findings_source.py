"""What reconciliation reads of our side: effects asked, cases, claims answered, findings known.

One statement each, plain dicts, no judgement. Times are aware; quantities ``Decimal``.
"""

from collections.abc import Collection, Iterator
from typing import Any

import orjson
from sqlalchemy import BigInteger, Connection, Text, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from journal import tables

_effect, _case, _line = tables.effect, tables.return_case, tables.case_line
_claim, _made = tables.supplier_claim, tables.claim
_found = tables.reconciliation_exception


def effects_asked(conn: Connection) -> Iterator[dict[str, Any]]:
    """Everything we asked of the ERP, in the order it was decided."""
    query = (
        select(
            _effect.c.key,
            _effect.c.kind,
            _effect.c.return_id,
            cast(_effect.c.payload, Text).label("payload"),
            _effect.c.status,
            _effect.c.error,
            _effect.c.created_at.label("asked_at"),
        )
        .where(_effect.c.kind != "assess")
        .order_by(_effect.c.decided_at_position, _effect.c.key)
    )
    for row in conn.execute(query).mappings():
        yield {**row, "payload": orjson.loads(row["payload"])}


def keys_asked(conn: Connection, keys: Collection[str]) -> frozenset[str]:
    """Those of the keys that are effects of ours by now."""
    if not keys:
        return frozenset()
    query = select(_effect.c.key).where(_effect.c.key.in_(keys))
    return frozenset(conn.execute(query).scalars())


def cases(conn: Connection) -> Iterator[dict[str, Any]]:
    """Every case: who, where it stands, and since when."""
    names = (
        "return_id", "situation", "customer_id", "business_unit", "currency", "goods_required",
        "authorised_at", "expires_at", "received_at", "closed_at",
    )  # fmt: skip
    for row in conn.execute(select(*(_case.c[name] for name in names))).mappings():
        yield dict(row)


def case_lines(conn: Connection) -> Iterator[dict[str, Any]]:
    """Every line of every case with its quantities."""
    names = (
        "return_id", "line", "sku", "supplier_id", "value_minor", "requested", "authorised",
        "goods", "received", "released", "inspected", "disposed", "credits_settled", "reason",
        "unit_cost_minor", "vendor_takes_back", "claim_by",
    )  # fmt: skip
    query = select(*(_line.c[name] for name in names)).order_by(_line.c.return_id, _line.c.line)
    for row in conn.execute(query).mappings():
        yield dict(row)


def claims(conn: Connection) -> Iterator[dict[str, Any]]:
    """Every claim on a supplier: what is left of it, until when, and whether it was made."""
    names = (
        "claim_id", "return_id", "line", "portion", "part", "supplier_id", "sku", "quantity",
        "currency", "claim_by",
    )  # fmt: skip
    made = _made.c
    left = made.claimed_minor - made.recovered_minor - made.written_off_minor
    query = select(
        *(made[name] for name in names),
        func.greatest(left, 0).label("rest_minor"),
        made.submitted_at.is_not(None).label("submitted"),
        made.answers[-1]["response"].as_string().label("response"),
    )
    for row in conn.execute(query.order_by(made.claim_id)).mappings():
        yield dict(row)


def claims_answered(conn: Connection) -> Iterator[dict[str, Any]]:
    """What suppliers paid of a claim, all answers together (``response`` lists their codes), with
    the share that was agreed with them (100 where unknown).

    Left out are claims whose rest a person has written off.
    """
    percent = tables.supplier.c.credit_percent
    alike = (_claim.c.supplier_id, _claim.c.return_id, _claim.c.line, percent)
    ours = func.coalesce(_claim.c.claim, _claim.c.claim_id)
    given_up = select(_made.c.claim_id).where(_made.c.status == "closed")
    in_time = (_claim.c.answered_at, _claim.c.answer_id)
    codes = func.array_agg(aggregate_order_by(_claim.c.response, *in_time))
    query = (
        select(
            *alike,
            *(func.min(_claim.c[name]).label(name) for name in ("claim_id", "sku", "currency")),
            func.max(_claim.c.claimed_minor).label("claimed_minor"),
            cast(func.sum(_claim.c.recovered_minor), BigInteger).label("recovered_minor"),
            func.array_to_string(codes, " ").label("response"),
        )
        .join(tables.supplier, tables.supplier.c.supplier_id == _claim.c.supplier_id, isouter=True)
        .where(_claim.c.claim.is_(None) | _claim.c.claim.not_in(given_up))
        .group_by(*alike, ours)
    )
    for row in conn.execute(query.order_by(ours)).mappings():
        known = row["credit_percent"]
        yield {**row, "credit_percent": 100 if known is None else known}


def business_units(conn: Connection, customer_ids: Collection[str]) -> dict[str, str]:
    """Business unit by customer; unknown customers are absent."""
    if not customer_ids:
        return {}
    table = tables.customer
    query = select(table.c.customer_id, table.c.business_unit)
    rows = conn.execute(query.where(table.c.customer_id.in_(customer_ids)))
    return {row.customer_id: row.business_unit for row in rows}


def exceptions_known(conn: Connection) -> Iterator[tuple[str, str, int]]:
    """``(exception_id, status, variance_minor)`` of every exception ever raised."""
    query = select(_found.c.exception_id, _found.c.status, _found.c.variance_minor)
    for row in conn.execute(query):
        yield row[0], row[1], row[2]


def open_exception_ids(conn: Connection) -> list[str]:
    """Unresolved exceptions, oldest first."""
    query = select(_found.c.exception_id).where(_found.c.status == "open")
    return list(conn.execute(query.order_by(_found.c.opened_at, _found.c.exception_id)).scalars())
