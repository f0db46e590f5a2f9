"""Train, calibration and test parts: by time and by entity, never by row.

Time comes first: a model is always judged on what happened after everything it learned from.
No case lies in two parts. And a share of the customers is held out of training altogether, so
that the report can say how the model does on customers it never met.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

UNKNOWN = "unknown"
"""Stands for every customer nobody recorded; it is no customer and is never held out."""
TRAIN_SHARE, CALIBRATION_SHARE = 0.6, 0.2
HELD_OUT_SHARE = 0.1
"""Share of customers that training never sees."""
MOST_HELD_OUT = 0.5
"""Share of the rows that customers held out may be: beyond it there is too little to learn from."""


class Timed(Protocol):
    """What can be split: something with a time and the entities it belongs to."""

    @property
    def subject(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def customer(self) -> str: ...


T = TypeVar("T", bound=Timed)


@dataclass(frozen=True, slots=True, order=True)
class Boundary:
    """Where the test part begins: the first test case and when its first question arose."""

    at: datetime
    case: str


@dataclass(frozen=True, slots=True)
class Split(Generic[T]):
    """Disjoint parts in time order; ``held_out`` are the customers absent from ``train``."""

    train: list[T]
    calibration: list[T]
    test: list[T]
    held_out: frozenset[str]

    @property
    def unseen(self) -> list[T]:
        """Test rows of customers that training never saw."""
        seen = {item.customer for item in self.train}
        return [item for item in self.test if item.customer not in seen]


def by_time_and_customer(items: Sequence[T], seed: int) -> Split[T]:
    """60 / 20 / 20 by the time a case's first question arose; deterministic for a seed.

    Rows of a held-out customer that fall into the time of training are given to nobody.
    """
    born = _first_asked(items)
    ordered = sorted(items, key=lambda item: (born[case_of(item)], case_of(item), item.subject))
    cases = list(dict.fromkeys(case_of(item) for item in ordered))
    place = {case: i / max(len(cases), 1) for i, case in enumerate(cases)}
    held = _held_out(items, seed)
    parts: tuple[list[T], list[T], list[T]] = ([], [], [])
    for item in ordered:
        where = place[case_of(item)]
        if where < TRAIN_SHARE:
            if item.customer not in held:
                parts[0].append(item)
        elif where < TRAIN_SHARE + CALIBRATION_SHARE:
            parts[1].append(item)
        else:
            parts[2].append(item)
    return Split(*parts, held)


def _held_out(items: Sequence[Timed], seed: int) -> frozenset[str]:
    """One customer in ten, but none that is most of the business: a house with one customer
    learns from it."""
    rows = Counter(item.customer for item in items)
    chances = {name: _chance(name, seed) for name in rows if name != UNKNOWN}
    held, taken = set(), 0
    for name in sorted(chances, key=lambda name: (chances[name], name)):
        if chances[name] >= HELD_OUT_SHARE:
            break
        if taken + rows[name] <= MOST_HELD_OUT * len(items):
            held.add(name)
            taken += rows[name]
    return frozenset(held)


def boundary_of(items: Sequence[T], test: Sequence[T]) -> Boundary | None:
    """Where ``test`` begins among all the items that were split; ``None`` for an empty part."""
    born = _first_asked(items)
    return min((Boundary(born[case_of(x)], case_of(x)) for x in test), default=None)


def since(items: Sequence[T], boundary: Boundary) -> list[T]:
    """Items of cases from the boundary on: whoever was trained on what came before knows none."""
    born = _first_asked(items)
    return [x for x in items if Boundary(born[case_of(x)], case_of(x)) >= boundary]


def case_of(item: Timed) -> str:
    """The case, credit note or exception a subject is part of: what stands before the ``/``."""
    return item.subject.partition("/")[0]


def drawn_as(items: Iterable[Timed]) -> list[str]:
    """What a bootstrap draws whole: an item's customer or, where nobody recorded one, its case.

    All who are unknown are no one customer, and one who is the only customer can only be drawn
    again: either would make a figure look certain.
    """
    drawn = list(items)
    alone = len({item.customer for item in drawn}) == 1
    return [
        f"case {case_of(item)}"
        if alone or item.customer == UNKNOWN
        else f"customer {item.customer}"
        for item in drawn
    ]


def _first_asked(items: Sequence[T]) -> dict[str, datetime]:
    first: dict[str, datetime] = {}
    for item in items:
        case = case_of(item)
        first[case] = min(first.get(case, item.at), item.at)
    return first


def _chance(customer: str, seed: int) -> float:
    digest = hashlib.sha256(f"{seed}/{customer}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
