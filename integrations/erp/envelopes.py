"""How the three kinds of interface wrap rows, filters and values: OData 2, OData 4, SuiteTalk REST.

Sources: the OData 2.0 JSON format (``d``, ``results``, ``/Date(ms)/``), OData 4.01 (``value``), and
the record service of SuiteTalk REST (``items``, ``q``, ``Location``).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from workflow.money import CURRENCIES

Json = dict[str, Any]
_DATE = re.compile(r"/Date\((-?[0-9]+)(?:[+-][0-9]+)?\)/")


def query_of(
    protocol: str, filters: Mapping[str, str], expand: str = "", limit: int = 2
) -> dict[str, str]:
    """The query for rows that match all filters (all rows without one), at most ``limit``."""
    if protocol == "rest":
        bare = {name: value.replace('"', "") for name, value in filters.items()}
        terms = [f'{name} IS "{value}"' for name, value in bare.items()]
        query = {"limit": str(limit)} | ({"q": " AND ".join(terms)} if terms else {})
        return query | ({"expandSubResources": "true"} if expand else {})
    quoted = {name: value.replace("'", "''") for name, value in filters.items()}
    terms = [f"{name} eq '{value}'" for name, value in quoted.items()]
    query = {"$top": str(limit)} | ({"$filter": " and ".join(terms)} if terms else {})
    return query | ({"$expand": expand} if expand else {})


def rows_of(protocol: str, body: Any) -> list[Json]:
    """The rows of an answer to a query, or of lines inside a row."""
    if protocol == "odata2":
        body = body.get("d", body) if isinstance(body, dict) else body
        body = body.get("results", body) if isinstance(body, dict) else body
    elif protocol == "odata4" and isinstance(body, dict):
        body = body.get("value", [])
    elif protocol == "rest" and isinstance(body, dict):
        body = body.get("items", [])
    return [row for row in body if isinstance(row, dict)] if isinstance(body, list) else []


def row_of(protocol: str, body: Any) -> Json:
    """The row that a create answered with; empty where it answered without one."""
    if not isinstance(body, dict):
        return {}
    inner = body.get("d", body) if protocol == "odata2" else body
    return inner if isinstance(inner, dict) else {}


def lines_in(protocol: str, lines: Sequence[Json]) -> Any:
    """Lines inside a row that is to be created."""
    wrapped = {"odata2": "results", "rest": "items"}.get(protocol)
    return {wrapped: list(lines)} if wrapped else list(lines)


def put(row: Json, path: str, value: object) -> None:
    """Write a value at a path such as ``entity.id``."""
    *outer, last = path.split(".")
    for name in outer:
        row = row.setdefault(name, {})
    row[last] = value


def get(row: Mapping[str, Any], path: str) -> Any:
    """The value at a path; ``None`` where it is not there."""
    found: Any = row
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def written(protocol: str, kind: str, value: object, currency: str) -> object:
    """A value of ours as their JSON has it. Amounts and quantities are text in OData 2 and numbers
    elsewhere. Errors: ``ValueError`` for a number that JSON would round."""
    if kind == "minor" and isinstance(value, int):
        return _number(protocol, Decimal(value).scaleb(-CURRENCIES[currency]))
    if kind in ("decimal", "negative"):
        given = Decimal(str(value))
        return _number(protocol, -given if kind == "negative" else given)
    if kind in ("date", "datetime") and isinstance(value, datetime):
        if protocol == "odata2":
            return f"/Date({int(value.timestamp() * 1000)})/"
        utc = value.astimezone(UTC)
        return utc.date().isoformat() if kind == "date" else utc.isoformat()
    if kind == "int" and isinstance(value, int):
        return value
    return str(value)


def _number(protocol: str, value: Decimal) -> str | int | float:
    """Checked to be written digit by digit: the shortest text of a float that is this decimal."""
    if protocol == "odata2":
        return str(value)
    if value == int(value):
        return int(value)
    told = float(value)
    if Decimal(repr(told)) != value:
        raise ValueError(f"{value} has more digits than a JSON number keeps")
    return told


def same(one: object, other: object) -> bool:
    """As numbers where both are: ``10.0`` and ``10.00`` are the same amount."""
    try:
        return Decimal(str(one)) == Decimal(str(other))
    except InvalidOperation:
        return str(one) == str(other)


def read(kind: str, value: object, currency: str) -> Any:
    """A value of theirs as ours; ``None`` stays. Errors: ``ValueError`` where it is of another
    kind."""
    if value is None or value == "":
        return None
    if kind == "minor":
        amount = Decimal(str(value)).scaleb(CURRENCIES[currency])
        if amount != int(amount):
            raise ValueError(f"{value} is no amount of {currency}")
        return int(amount)
    if kind in ("decimal", "negative"):
        return -Decimal(str(value)) if kind == "negative" else Decimal(str(value))
    if kind == "int":
        return int(str(value))
    if kind in ("date", "datetime"):
        return _moment(str(value))
    return str(value)


def _moment(text: str) -> datetime:
    found = _DATE.fullmatch(text)
    if found:
        return datetime.fromtimestamp(int(found[1]) / 1000, UTC)
    if len(text) == 10:
        day = date.fromisoformat(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
