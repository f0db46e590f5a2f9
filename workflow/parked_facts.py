"""What happens at the edge to facts that cannot be recorded yet, or came too late to count.

Nothing that another system told us is dropped: a fact that waits is kept whole, taken later or
given up by a person who says why; a fact that is older than what is known is kept beside it.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FactParked:
    """Stream ``parked/{parked_id}``: a CloudEvent is kept until it can be recorded.

    ``reason`` is a code (``waits`` while what it refers to is unknown, ``unknown_event_type``,
    ``unknown_code``, or that of a refusal); ``waits_for`` are references such as
    ``customer/C-1001``; ``event`` is the whole CloudEvent as JSON. Parked again, the reason is
    another one.
    """

    parked_id: str
    source: str
    event_id: str
    event_type: str
    reason: str
    says: str
    waits_for: tuple[str, ...]
    event: str
    told_by: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class ParkedFactTaken:
    """Stream ``parked/{parked_id}``: it is recorded now, at ``position``; ``None``: it was known,
    or older than what is known."""

    parked_id: str
    taken_at: datetime
    position: int | None


@dataclass(frozen=True, slots=True)
class ParkedFactAbandoned:
    """Stream ``parked/{parked_id}``: a person says that it will never be recorded, and why."""

    parked_id: str
    abandoned_by: str
    abandoned_at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class FactCameLate:
    """Stream ``late/{stream}``: told after something newer of the same ``stream``, which stands.

    ``fact`` is what was told, as JSON; ``happened_at`` is its own time, earlier than what is known.
    """

    stream: str
    source: str
    event_id: str
    fact_type: str
    happened_at: datetime
    fact: str


ParkingFact = FactParked | ParkedFactTaken | ParkedFactAbandoned | FactCameLate
