"""The journal with its hashes, one event a line of JSON, for auditors and their own tools."""

from collections.abc import Iterable, Iterator

import orjson

from journal.entries import Recorded


def lines(entries: Iterable[Recorded]) -> Iterator[bytes]:
    """Each entry as a line; ``hash`` can be recomputed from the others and the one before it."""
    for entry in entries:
        record = {
            "position": entry.position,
            "stream": entry.stream,
            "version": entry.version,
            "recorded_at": entry.recorded_at,
            "actor": entry.actor,
            "actor_kind": entry.actor_kind,
            "type": entry.type,
            "payload": entry.payload,
            "previous_hash": entry.previous_hash.hex(),
            "hash": entry.hash.hex(),
        }
        yield orjson.dumps(record) + b"\n"
