"""Writes a world to files: what a system would be told, and apart from it the truth.

``facts.jsonl`` and ``intents.jsonl`` are one JSON document a line in time order; ``truth.jsonl``
holds what only the simulator knows (causes, expert distributions, abuse, ledger errors);
``summary.json`` the arguments and counts. The same world gives the same bytes.
"""

import dataclasses
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from simulation.intents import (
    CancelIntent,
    FactsHappening,
    InspectionIntent,
    ReceiptIntent,
    RequestIntent,
)
from simulation.world import World

_NAMES: dict[type, str] = {
    RequestIntent: "request",
    CancelIntent: "cancel",
    ReceiptIntent: "receive",
    InspectionIntent: "inspect",
}
_HIDDEN = ("truth", "kind")
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE


def write_out(world: World, folder: Path) -> tuple[Path, ...]:
    """Write the four files into ``folder`` (made where missing); answers their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    streams = {"facts.jsonl": _facts, "intents.jsonl": _intents, "truth.jsonl": _truth}
    paths = []
    for name, lines in streams.items():
        path = folder / name
        with path.open("wb") as out:
            out.writelines(_line(row) for row in lines(world))
        paths.append(path)
    head = {"seed": world.seed, "days": world.days, "scale": world.scale, "start": world.start}
    summary = folder / "summary.json"
    summary.write_bytes(_line(head | dataclasses.asdict(world.summary())))
    return (*paths, summary)


def _line(row: Any) -> bytes:
    return orjson.dumps(row, default=_plain, option=_OPTIONS)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"cannot write a {type(value).__name__} as JSON")


def _facts(world: World) -> Iterator[dict[str, object]]:
    for happening in world.happenings():
        if isinstance(happening, FactsHappening):
            for fact in happening.facts:
                yield {"at": happening.at, "type": type(fact).__name__, "payload": fact}


def _intents(world: World) -> Iterator[dict[str, object]]:
    for happening in world.happenings():
        name = _NAMES.get(type(happening))
        if name is None or isinstance(happening, FactsHappening):
            continue
        shown = [f.name for f in dataclasses.fields(happening) if f.name not in _HIDDEN]
        yield {"intent": name} | {field: getattr(happening, field) for field in shown}


def _truth(world: World) -> Iterator[dict[str, object]]:
    for planned in world.returns:
        yield {
            "truth": "return",
            "return_id": planned.request.return_id,
            "request": planned.request.truth,
            "receipts": {receipt.receipt_id: receipt.kind for receipt in planned.receipts},
            "inspections": {found.portion: found.truth for found in planned.inspections},
        }
    for error in world.ledger_errors:
        yield {"truth": "ledger_error", "error": error}
    for note in world.notes.truths:
        yield {"truth": "credit_note", "note": note}
