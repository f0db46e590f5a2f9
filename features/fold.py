"""A feature is a fold over the journal, the same live and in training.

``learn`` when a fact is recorded, ``answer`` when a question is asked; the clock is the
journal position: "as of" means recorded before. Memories are plain JSON (integers, strings,
lists, dicts), bounded, and never fitted; a division happens only in ``answer``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

Value = str | int | float | bool | None
Memory = dict[str, Any]
"""What a fold remembers for one key: JSON only, bounded in size."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One journal entry as folds see it. ``payload`` is the event's JSON form."""

    position: int
    recorded_at: datetime
    type: str
    payload: Mapping[str, Any]


class Fold(Protocol):
    """One memory per key of one entity (``customer``, ``product``, ``lot``, ``case_line`` ...).

    ``version`` is part of the fingerprint: raise it when ``learn`` changes.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def entity(self) -> str: ...
    @property
    def listens(self) -> frozenset[str]: ...
    def keys(self, fact: Fact) -> Iterable[str]:
        """Which keys of the entity learn from this fact. No lookups: the fact alone tells."""
        ...

    def learn(self, memory: Memory, key: str, fact: Fact) -> Memory:
        """The next memory; may change and return the one given. ``{}`` is the first one."""
        ...


@dataclass(frozen=True, slots=True)
class Feature:
    """One declared column: who, what, window and unit are in the name."""

    name: str
    fold: str
    unit: str
    says: str
    """Sentence for an explanation, such as ``Returned {value} days after delivery``; a share in
    permille is told as ``{percent}``."""
    answer: Callable[[Memory, datetime], Value]
    kind: str = "number"
    """``number``, ``category``, ``flag`` or ``text``."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a row is asked about: the keys of every entity involved, and when.

    ``keys`` maps entity to key, e.g. ``{"customer": "C-1", "case_line": "R-1001/1"}``;
    an entity that is not involved is absent and its features answer ``None``.
    """

    keys: Mapping[str, str]
    at: datetime
