"""The journal as an object-centric event log, OCEL 2.0 in JSON, for tools of process mining.

Objects are returns, their lines, portions, credits and tasks, and the customers, products,
suppliers, invoices and exceptions they meet. Events are the journal's, with the scalars of their
payload; free text is left out, for it may hold what belongs to persons. One pass, and memory only
for the objects.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from journal.entries import Recorded

TEXTS = frozenset({"note", "reason_text", "because", "says", "description", "text", "name"})
"""Fields that people write freely."""
_IDS = {
    "customer_id": "customer",
    "supplier_id": "supplier",
    "carrier_id": "carrier",
    "sku": "product",
    "task_id": "task",
    "exception_id": "exception",
    "claim_id": "claim",
    "invoice_id": "invoice",
    "credit_note_id": "credit_note",
    "recall_id": "recall",
}
"""Fields that name an object of their own, and its type."""
_INNER = {"line": "line", "portion": "portion", "sequence": "credit"}
"""Fields that name a part of a return; a credit is counted within its line."""

Object = tuple[str, str]
"""Type and id."""


def chunks(entries: Iterable[Recorded]) -> Iterator[bytes]:
    """The document in pieces, in order: events as they come, then objects and types."""
    objects: dict[Object, set[Object]] = {}
    attributes: dict[str, dict[str, str]] = {}
    yield b'{"events":['
    for number, entry in enumerate(entries):
        met = _met(entry.payload)
        for one in met:
            objects.setdefault(one, set()).update(_whole(one, met))
        told = attributes.setdefault(entry.type, {})
        scalars = _scalars(entry)
        told.update({name: kind_of(value) for name, value in scalars.items()})
        yield b"," * bool(number) + orjson.dumps(_event(entry, scalars, met))
    yield b'],"objects":['
    for number, (one, whole) in enumerate(objects.items()):
        yield b"," * bool(number) + orjson.dumps(_object(one, whole))
    yield b'],"objectTypes":' + orjson.dumps(
        [{"name": kind, "attributes": []} for kind in sorted({kind for kind, _ in objects})]
    )
    yield b',"eventTypes":' + orjson.dumps(
        [
            {"name": name, "attributes": [{"name": a, "type": t} for a, t in sorted(found.items())]}
            for name, found in sorted(attributes.items())
        ]
    )
    yield b"}"


def _event(
    entry: Recorded, scalars: Mapping[str, Any], met: Mapping[Object, None]
) -> dict[str, Any]:
    return {
        "id": str(entry.position),
        "type": entry.type,
        "time": entry.recorded_at.isoformat(),
        "attributes": [{"name": name, "value": value} for name, value in scalars.items()],
        "relationships": [{"objectId": _id(one), "qualifier": one[0]} for one in met],
    }


def _object(one: Object, whole: Iterable[Object]) -> dict[str, Any]:
    related = [{"objectId": _id(other), "qualifier": "part of"} for other in sorted(whole)]
    return {"id": _id(one), "type": one[0], "attributes": [], "relationships": related}


def _id(one: Object) -> str:
    return f"{one[0]}:{one[1]}"


def _met(payload: Mapping[str, Any]) -> dict[Object, None]:
    """Objects that an event is about, in the order of its fields, each once."""
    met: dict[Object, None] = {}
    return_id = payload.get("return_id")
    if return_id:
        met["return", return_id] = None
    for name, kind in _IDS.items():
        if isinstance(payload.get(name), str) and payload[name]:
            met[kind, payload[name]] = None
    if return_id:
        for name, kind in _INNER.items():
            if payload.get(name) is not None and (name != "sequence" or payload.get("line")):
                met[kind, _inner(return_id, name, payload)] = None
    lines = payload.get("lines")  # of a document; of an imported file only how many
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, dict):
            met |= _met({"return_id": return_id, **line} if return_id else line)
            if isinstance(line.get("source"), dict):
                met |= _met(line["source"] | {"line": None})
    return met


def _inner(return_id: str, name: str, payload: Mapping[str, Any]) -> str:
    if name == "sequence":
        return f"{return_id}/{payload['line']}/credit/{payload['sequence']}"
    return f"{return_id}/{payload[name]}"


def _whole(one: Object, met: Mapping[Object, None]) -> Iterator[Object]:
    """The return that a line, portion, credit or task belongs to."""
    if one[0] in ("line", "portion", "credit", "task"):
        yield from (other for other in met if other[0] == "return")


def _scalars(entry: Recorded) -> dict[str, Any]:
    """Actor, and the payload's own plain values; of a verdict its policy, outcome and rule."""
    found: dict[str, Any] = {"actor": entry.actor, "actor_kind": entry.actor_kind}
    left_out = TEXTS | _IDS.keys() | _INNER.keys() | {"return_id"}
    for name, value in entry.payload.items():
        if isinstance(value, (str, int, bool)) and name not in left_out:
            found[name] = value
    verdict = entry.payload.get("verdict")
    if isinstance(verdict, dict):
        found |= {f"verdict_{key}": verdict[key] for key in ("policy", "outcome", "rule")}
    return found


_KINDS: tuple[tuple[type, str], ...] = ((bool, "boolean"), (int, "integer"), (str, "string"))


def kind_of(value: object) -> str:
    """The name that OCEL has for the type of a value."""
    return next(name for kind, name in _KINDS if isinstance(value, kind))
