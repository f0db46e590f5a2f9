"""A CloudEvent 1.0 as it comes in: its envelope is read first, the fact inside it after."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from journal.codec import EVENT_CLASSES
from serving.errors import Invalid
from serving.event_schemas import FORMS, check_version, split
from serving.facts_in import CLOCK_SKEW, read_fact
from serving.feed import PREFIX
from serving.reading import check_text
from serving.wanting import TYPE, read_wanted

MOST = {"id": 128, "source": 200, "type": 128}


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who says so under which id; ``name`` is the fact's type without prefix and version. ``at`` is
    when it happened, by the teller's clock."""

    id: str
    source: str
    type: str
    name: str
    at: datetime | None
    event: Mapping[str, Any]
    digest: bytes

    @property
    def known(self) -> bool:
        """Whether a fact of this type is understood by this version of the program."""
        return self.name in FORMS

    def text(self) -> str:
        """The whole event as it is kept."""
        return _json_of(dict(self.event)).decode()


@dataclass(frozen=True, slots=True)
class Told:
    """A CloudEvent that was read to its fact, or to the return that is wanted."""

    id: str
    source: str
    at: datetime | None
    fact: object


def read_envelope(event: Mapping[str, Any], now: datetime) -> Envelope:
    """The envelope of an event whose fact may still be anything.

    Errors: ``Invalid`` (``invalid_event``, ``invalid_text``, ``future_date``,
    ``unknown_schema_version``; ``unknown_event_type`` for events that only we may tell).
    """
    for name, most in MOST.items():
        value = event.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= most:
            raise Invalid(
                "invalid_event", f"A CloudEvent needs {name}: a text of 1 to {most} characters."
            )
    check_text(dict(event))
    if event.get("specversion") != "1.0":
        raise Invalid("invalid_event", "Only CloudEvents specversion 1.0 is understood.")
    name, version = split(event["type"].removeprefix(PREFIX))
    if name in EVENT_CLASSES and name not in FORMS:
        known = ", ".join(sorted(FORMS))
        raise Invalid(
            "unknown_event_type", f"{event['type']!r} is ours to tell; others tell {known}."
        )
    if not isinstance(event.get("data"), dict):
        raise Invalid("invalid_event", "data is a JSON object.")
    if name in FORMS:
        check_version(name, version, event.get("dataschema"))
    _json_of(dict(event))
    digest = hashlib.sha256(_json_of([name, event["data"]])).digest()
    at = _time_of(event.get("time"), now)
    return Envelope(event["id"], event["source"], event["type"], name, at, event, digest)


def _json_of(value: object) -> bytes:
    """As it is kept and compared: what is nested too deeply, or half a character, is neither."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise Invalid("invalid_event", f"The event cannot be kept as JSON: {error}.") from error


def _time_of(given: object, now: datetime) -> datetime | None:
    if given is None:
        return None
    try:
        at = datetime.fromisoformat(str(given))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid("invalid_event", "time is an RFC 3339 time with its offset, such as Z.")
    if at > now + CLOCK_SKEW:
        raise Invalid("future_date", f"time: {given} is in the future.")
    return at


def read_told(envelope: Envelope, now: datetime) -> Told:
    """The fact of a known type, or the request. Errors: as ``serving.facts_in.read_fact``."""
    data = envelope.event["data"]
    fact = read_wanted(data) if envelope.name == TYPE else read_fact(envelope.name, data, now)
    return Told(envelope.id, envelope.source, envelope.at, fact)
