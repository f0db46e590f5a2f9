"""Many rows into one read-model table by one statement; used by the projections only.

Rows travel as one JSON document and PostgreSQL gives each value its column's type, so an
event's payload can be stored as it is: quantities as text, money as integers, times as ISO.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import orjson
import psycopg
from psycopg import sql
from sqlalchemy import Table

Row = Mapping[str, Any]
Driver = psycopg.Connection[tuple[Any, ...]]


def upsert(driver: Driver, table: Table, rows: Iterable[Row]) -> None:
    """Insert rows, or replace those with the same primary key; the last of equal keys wins.

    Rows told before a column existed may lack it: it is null then. The table's other columns
    stay as they are.
    """
    primary = [column.name for column in table.primary_key.columns]
    latest = {tuple(row[name] for name in primary): row for row in rows}
    if not latest:
        return
    columns = max((list(row) for row in latest.values()), key=len)
    changing = [name for name in columns if name not in primary]
    query = _statement(table.name, tuple(primary), tuple(columns), tuple(changing))
    driver.execute(query, (_json(latest.values()),))


def update(driver: Driver, table: Table, rows: Iterable[Row]) -> None:
    """Change the given columns of rows that exist; rows that do not are left out."""
    primary = [column.name for column in table.primary_key.columns]
    latest = {tuple(row[name] for name in primary): row for row in rows}
    if not latest:
        return
    changing = [name for name in next(iter(latest.values())) if name not in primary]
    query = _update_statement(table.name, tuple(primary), tuple(changing))
    driver.execute(query, (_json(latest.values()),))


@cache
def _update_statement(table: str, primary: tuple[str, ...], changing: tuple[str, ...]) -> bytes:
    composed = sql.SQL(
        "UPDATE {table} AS old SET {changes}"
        " FROM json_populate_recordset(NULL::{table}, %s::json) AS new WHERE {same}"
    ).format(
        table=sql.Identifier(table),
        changes=sql.SQL(", ").join(
            sql.SQL("{0} = new.{0}").format(sql.Identifier(name)) for name in changing
        ),
        same=sql.SQL(" AND ").join(
            sql.SQL("old.{0} = new.{0}").format(sql.Identifier(name)) for name in primary
        ),
    )
    return composed.as_bytes(None)


def columns_of(table: Table, payload: Row) -> dict[str, Any]:
    """The part of a payload that the table has columns for."""
    return {name: value for name, value in payload.items() if name in table.columns}


def _json(rows: Iterable[Row]) -> str:
    return orjson.dumps(list(rows), default=_plain).decode()


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"{type(value).__name__} has no place in a row")


@cache
def _statement(
    table: str, primary: tuple[str, ...], columns: tuple[str, ...], changing: tuple[str, ...]
) -> bytes:
    """Composed once for a table and its columns: writing it anew cost more than running it."""
    named = sql.SQL(", ").join(map(sql.Identifier, columns))
    action: sql.Composable = sql.SQL("DO NOTHING")
    if changing:
        action = sql.SQL("DO UPDATE SET ") + sql.SQL(", ").join(
            sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(name)) for name in changing
        )
    composed = sql.SQL(
        "INSERT INTO {table} ({columns}) SELECT {columns}"
        " FROM json_populate_recordset(NULL::{table}, %s::json)"
        " ON CONFLICT ({primary}) {action}"
    ).format(
        table=sql.Identifier(table),
        columns=named,
        primary=sql.SQL(", ").join(map(sql.Identifier, primary)),
        action=action,
    )
    return composed.as_bytes(None)
