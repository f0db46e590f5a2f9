"""What goes into the journal, what comes out, and the two ways it can say no."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from journal.codec import decode
from workflow.actor import Actor
from workflow.effects import Effect

GENESIS = bytes(32)
"""The previous hash of a stream's first event."""

Memory = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fact:
    """A recorded event as folds see it. ``payload`` is the event's JSON form."""

    position: int
    recorded_at: datetime
    type: str
    payload: Mapping[str, Any]


class Fold(Protocol):
    """What the journal must know of a feature's fold; ``features.fold.Fold`` is one."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def listens(self) -> frozenset[str]: ...
    def keys(self, fact: Any, /) -> Iterable[str]: ...
    def learn(self, memory: Memory, key: str, fact: Any, /) -> Memory: ...


@dataclass(frozen=True, slots=True)
class Append:
    """Events to add to one stream, with the effects they ask for.

    ``expected_version`` is the stream version the decision was made on (0: the stream must be
    new); ``None`` appends whatever the version is. ``recorded_at`` is aware.
    """

    stream: str
    events: tuple[object, ...]
    actor: Actor
    recorded_at: datetime
    expected_version: int | None = None
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """One journal entry. ``version`` counts the stream's events from 1."""

    position: int
    stream: str
    version: int
    recorded_at: datetime
    actor: str
    type: str
    payload: dict[str, Any]
    previous_hash: bytes
    hash: bytes
    actor_kind: str = "person"

    @property
    def event(self) -> Any:
        """The event itself, decoded afresh at every call."""
        return decode(self.type, self.payload)

    def fact(self) -> Fact:
        return Fact(self.position, self.recorded_at, self.type, self.payload)


Defer = Callable[[Connection, Effect], None]
"""Queues one effect in the caller's transaction; ``journal.outbox.defer_effect`` is one."""


class Conflict(Exception):
    """Somebody appended to the stream first; read it again and decide again."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(
            f"{stream} is at version {actual}, not {expected}: read it again and repeat."
        )
        self.stream = stream
        self.expected = expected
        self.actual = actual


class LedgerViolation(Exception):
    """A ledger would not hold: nothing of the transaction may be kept.

    ``code`` is ``over_return``, ``over_credit`` or ``unknown_invoice_line``.
    """

    def __init__(self, code: str, message: str, invoice_id: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.invoice_id = invoice_id
        self.line = line


def time_text(moment: datetime) -> str:
    """An aware time as the hash sees it: UTC, always six decimals, ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def chain_hash(
    previous: bytes,
    stream: str,
    version: int,
    recorded_at: datetime,
    actor: str,
    actor_kind: str,
    type_name: str,
    payload_text: str,
) -> bytes:
    """SHA-256 over the previous hash and every field, each with its length before it.

    The position is left out on purpose: it is drawn later, and the checkpoints bind it.
    """
    digest = hashlib.sha256(previous)
    fields = (
        stream, str(version), time_text(recorded_at), actor, actor_kind, type_name, payload_text
    )  # fmt: skip
    for field in fields:
        data = field.encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()
