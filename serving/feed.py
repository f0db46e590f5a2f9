"""An entry of the journal as a CloudEvent of the public feed, wherever it goes."""

from typing import Any

from journal.entries import Recorded
from serving.present import time

PREFIX = "returns-triage."
"""Of every type of event, where it is told to others or by them."""


def event_of(entry: Recorded, data: object) -> dict[str, Any]:
    """The event of an entry; ``data`` is its payload, or what of it may be seen."""
    return {
        "specversion": "1.0",
        "id": str(entry.position),
        "source": "/returns-triage",
        "type": PREFIX + entry.type,
        "subject": entry.stream,
        "time": time(entry.recorded_at),
        "sequence": entry.version,
        "actor": entry.actor,
        "data": data,
    }
