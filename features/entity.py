"""One fold an entity: which facts teach it, whom they teach, and what they teach."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from features.fold import Fact, Memory

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one type of fact teaches: the keys it names, and the change to each memory."""

    keys: Callable[[Fact], Iterable[str]]
    learn: Callable[[Memory, str, Fact], None]


@dataclass(frozen=True, slots=True)
class EntityFold:
    """A ``Fold`` made of lessons, one a fact type. Keeps one compact memory a key.

    Raise ``version`` whenever a lesson, or an answer over this memory, changes.
    """

    name: str
    version: int
    lessons: Mapping[str, Lesson]

    @property
    def entity(self) -> str:
        """The entity has the name of its only fold."""
        return self.name

    @property
    def listens(self) -> frozenset[str]:
        return frozenset(self.lessons)

    def keys(self, fact: Fact) -> Iterable[str]:
        """Each key once, in the fact's order; none for a type this fold does not listen to."""
        lesson = self.lessons.get(fact.type)
        return () if lesson is None else dict.fromkeys(lesson.keys(fact))

    def learn(self, memory: Memory, key: str, fact: Fact) -> Memory:
        """Changes and returns the memory given; it is never empty once a fact named the key."""
        self.lessons[fact.type].learn(memory, key, fact)
        if not memory:
            memory["named"] = True
        return memory


def named(field: str) -> Callable[[Fact], Iterable[str]]:
    """The key is a field of the fact; no key where it is empty or not known."""

    def keys(fact: Fact) -> Iterable[str]:
        key = fact.payload.get(field)
        return (key,) if key else ()

    return keys


class LinesByKey:
    """The lines of a fact, grouped by key once and not again for each key.

    An invoice may have a thousand lines; without this its folds would read a million. It
    remembers only the fact it saw last, in one reference, so threads cannot mix two facts.
    """

    __slots__ = ("_key", "_last")

    def __init__(self, key: Callable[[Payload], str | None]) -> None:
        self._key = key
        self._last: tuple[Fact | None, dict[str, list[Payload]]] = (None, {})

    def groups(self, fact: Fact) -> dict[str, list[Payload]]:
        """Lines by key, in the fact's order; lines without a key are left out."""
        last, groups = self._last
        if last is not fact:
            groups = {}
            for line in fact.payload["lines"]:
                key = self._key(line)
                if key:
                    groups.setdefault(key, []).append(line)
            self._last = (fact, groups)
        return groups

    def of(self, fact: Fact, key: str) -> list[Payload]:
        """The lines of one key."""
        return self.groups(fact)[key]
