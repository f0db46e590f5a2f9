"""``/v1/events``: facts that were told to us, those that wait, and the journal's public feed."""

from typing import Any, Literal

from serving.answers.findings import CodeMeaning
from serving.answers.form import Answer, Json, Time


class Outcome(Answer):
    """What became of something told; which fields there are depends on it."""

    return_id: str | None = None
    """Only of a return that was wanted."""
    position: int | None = None
    """In the journal; only of what was recorded."""
    codes: list[CodeMeaning] | None = None
    """Codes of another system, and what they mean; only where there are any."""
    parked_id: str | None = None
    """Only of what is parked, as the three below."""
    reason: str | None = None
    says: str | None = None
    waits_for: list[str] | None = None


class Told(Outcome):
    """What became of one event. ``recorded``; ``requested``: a return that is wanted; ``repeated``:
    known already; ``late``: older than what is known, and kept beside it; ``parked``: kept until it
    can be recorded. Which fields there are depends on it."""

    status: Literal["recorded", "requested", "repeated", "late", "parked"]


class ToldItem(Outcome):
    """What became of one event, or ``problem`` beside its ``id`` alone."""

    id: str
    status: Literal["recorded", "requested", "repeated", "late", "parked"] | None = None
    problem: Json | None = None
    """A problem document (RFC 9457)."""


class ToldList(Answer):
    """An answer an event, in the order they were told; 202 where one is parked."""

    items: list[ToldItem]
    recorded: int
    parked: int


class FeedEvent(Answer):
    """An entry of the journal as a CloudEvent; ``data`` by type, or that it is withheld."""

    specversion: Literal["1.0"]
    id: str
    """The position as text."""
    source: str
    type: str
    subject: str
    """The stream."""
    time: Time
    sequence: int
    """The version of the stream."""
    actor: str
    data: dict[str, Any]


class Feed(Answer):
    items: list[FeedEvent]
    next_after: int
    """What ``after`` is to be next."""


class FactForm(Answer):
    type: str
    versions: list[int]
    dataschema: str
    """Where the form of its ``data`` is served."""


class FactForms(Answer):
    items: list[FactForm]


class ParkedFact(Answer):
    """A fact that could not be recorded when it was told."""

    parked_id: str
    source: str
    event_id: str
    event_type: str
    reason: str
    says: str
    waits_for: list[str]
    event: str
    """As it was told, JSON."""
    told_by: str
    received_at: Time
    status: Literal["waiting", "taken", "abandoned"]
    taken_at: Time | None
    position: int | None
    """In the journal, once it was taken."""
    abandoned_by: str | None
    abandoned_at: Time | None
    because: str | None


class ParkedList(Answer):
    items: list[ParkedFact]
    waiting: dict[str, int]
    """How many wait, by reason."""
    next: str | None
    """What ``after`` is to be next, null at the end."""


class EdiFault(Answer):
    at: str
    says: str
    value: str | None = None
    """What was there; left out of faults of the envelope."""


class EdiSet(Outcome):
    """What became of one set: as of an event, or ``rejected``, or ``tested`` and not taken."""

    kind: str
    control: str
    status: Literal["recorded", "requested", "repeated", "late", "parked", "rejected", "tested"]
    faults: list[EdiFault] | None = None
    """Only of a set that is rejected."""
    lost: list[str] | None = None
    """What the standard lets a partner say and we do not keep."""


class EdiReport(Answer):
    """What became of an interchange; ``acknowledgement`` is the 997 to send back."""

    sender: str
    receiver: str
    control: str
    test: bool | None = None
    """Left out of a repetition."""
    repeated: bool
    sets: list[EdiSet]
    acknowledgement: str
