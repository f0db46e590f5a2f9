"""A broker's message -> CloudEvents: structured, a batch, or binary by the headers of the bindings.

NATS carries attributes in headers ``ce-id``, percent-encoded; AMQP 0-9-1 in headers
``cloudEvents:id`` (or ``cloudEvents_id``), as the protocol bindings of CloudEvents 1.0 say.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import orjson

FACTS = "triage.facts"
"""Subject (NATS) or queue (RabbitMQ) where facts come in."""
FEED = "triage.feed"
"""Prefix of the subjects, or name of the topic exchange, where the public feed goes out."""
MOST_UNDER_WAY = 16
"""Messages that RabbitMQ hands a program before it has acknowledged some; the others are there for
other programs. JetStream is asked for one at a time."""
MOST_EVENTS = 1000
MOST_BYTES = 2_000_000
_PREFIXES = ("ce-", "ce_", "cloudevents:", "cloudevents_")


class Unreadable(Exception):
    """The message is no CloudEvent and no list of them."""


def events_of(body: bytes, headers: Mapping[str, str]) -> list[dict[str, Any]]:
    """The events of a message, at least one. Errors: ``Unreadable``."""
    if len(body) > MOST_BYTES:
        raise Unreadable(f"A message has at most {MOST_BYTES} bytes.")
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"The message is no JSON: {error}.") from error
    head = _attributes(headers)
    if "id" in head and "type" in head:
        return [{**head, "data": data}]
    events = data if isinstance(data, list) else [data]
    if not 1 <= len(events) <= MOST_EVENTS or not all(isinstance(e, dict) for e in events):
        raise Unreadable(f"A message is one CloudEvent, or a list of 1 to {MOST_EVENTS}.")
    return events


def _attributes(headers: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in headers.items():
        lower = name.lower()
        for prefix in _PREFIXES:
            if lower.startswith(prefix):
                plain = unquote(str(value)) if prefix == "ce-" else str(value)
                found[lower.removeprefix(prefix)] = plain
    return found


def subject_of(type_name: str) -> str:
    """Where an event of the feed is published: ``triage.feed.invoice_recorded``."""
    return f"{FEED}.{type_name.rpartition('.')[2]}"
