"""An X12 interchange as text -> groups of transaction sets, with what is wrong with the envelope.

The text is read by pyx12, which splits it and checks every count and control number of ISA, GS and
ST against its trailer; what the sets say is ours to read.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from pyx12.errors import X12Error
from pyx12.segment import Segment as Raw
from pyx12.x12file import X12Reader

MOST_SETS = 1000
MOST_SEGMENTS = 100_000


class Unreadable(Exception):
    """The text is no X12 interchange whose sets could be told apart."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: ``segment`` and ``position`` count in the set from 1 (ST is 1),
    ``element`` from 1 (0: the segment itself). ``code`` is of elements 720 and 723 of a 997."""

    segment: str
    position: int
    element: int
    code: str
    says: str
    value: str = ""

    @property
    def at(self) -> str:
        """As people write it: ``BLI03`` of the fourth segment is ``BLI03 (segment 4)``."""
        name = f"{self.segment}{self.element:02}" if self.element else self.segment
        return f"{name} (segment {self.position})" if self.position else name


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; ``position`` counts in its set, ST being 1."""

    id: str
    position: int
    elements: tuple[str, ...]

    def get(self, number: int) -> str:
        """An element by its number from 1; empty where it was left out."""
        return self.elements[number - 1] if number <= len(self.elements) else ""


@dataclass(slots=True)
class TransactionSet:
    """One set between ST and SE, both left out of ``segments``; ``codes`` are of element 718."""

    kind: str
    control: str
    segments: list[Segment] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """One functional group; ``codes`` are of element 716, what is wrong with its trailer or with
    where its sets end: of such a group nothing is taken. ``stated`` is what GE01 counts."""

    functional_id: str
    sender: str
    receiver: str
    control: str
    version: str
    sets: list[TransactionSet] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    stated: str = ""


@dataclass(slots=True)
class Interchange:
    """Who sends what to whom; ``faults`` are sentences about ISA and IEA, ``codes`` the same as
    element I18 of a TA1 has them."""

    sender: tuple[str, str]
    receiver: tuple[str, str]
    control: str
    version: str
    usage: str
    groups: list[Group] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)


def read(text: str) -> Interchange:
    """The one interchange of a text.

    Errors: ``Unreadable`` where it does not begin with an ISA of 106 characters in version 00401 or
    00501, holds several interchanges, too much, or segments outside a set.
    """
    try:
        reader = X12Reader(io.StringIO(text.lstrip("\ufeff \r\n")))
        return _walk(reader)
    except X12Error as error:
        raise Unreadable(str(error)) from error
    except IndexError as error:  # a trailer without its header
        raise Unreadable("A trailer (SE, GE or IEA) stands without its header.") from error


def _walk(reader: X12Reader) -> Interchange:
    found: Interchange | None = None
    for number, raw in enumerate(reader, start=1):
        if number > MOST_SEGMENTS:
            raise Unreadable(f"An interchange has at most {MOST_SEGMENTS} segments.")
        name = raw.get_seg_id() or ""
        if name == "ISA":
            if found is not None:
                raise Unreadable("Send one interchange at a time.")
            found = _interchange(raw)
        elif found is None:
            raise Unreadable("The text does not begin with ISA.")
        else:
            _place(found, name, raw)
        _note(found, reader)
    if found is None:
        raise Unreadable("The text holds no segment.")
    reader.cleanup()
    _note(found, reader)
    return found


def _interchange(raw: Raw) -> Interchange:
    values = _elements(raw)
    if len(values) != 16:
        raise Unreadable("ISA has 16 elements.")
    return Interchange(
        sender=(values[4], values[5].strip()),
        receiver=(values[6], values[7].strip()),
        control=values[12].strip(),
        version=values[11],
        usage=values[14],
    )


def _place(found: Interchange, name: str, raw: Raw) -> None:
    values = _elements(raw)
    if name == "GS":
        padded = (*values, *[""] * 8)
        found.groups.append(Group(padded[0], padded[1], padded[2], padded[5], padded[7]))
        return
    if name == "IEA":
        return
    if not found.groups:
        raise Unreadable(f"{name} stands outside a functional group.")
    if name == "GE":
        found.groups[-1].stated = values[0] if values else ""
        return
    sets = found.groups[-1].sets
    if name == "ST":
        if sum(len(group.sets) for group in found.groups) >= MOST_SETS:
            raise Unreadable(f"An interchange has at most {MOST_SETS} transaction sets.")
        padded = (*values, "", "")
        sets.append(TransactionSet(padded[0], padded[1]))
    elif not sets:
        raise Unreadable(f"{name} stands outside a transaction set.")
    elif name != "SE":
        one = sets[-1]
        one.segments.append(Segment(name, len(one.segments) + 2, values))


def _elements(raw: Raw) -> tuple[str, ...]:
    return tuple(str(element.format()) for element in raw.elements)


def _note(found: Interchange, reader: X12Reader) -> None:
    """What the reader found wrong so far, with the part of the envelope it is about."""
    for kind, code, says, *_ in reader.pop_errors():
        group = found.groups[-1] if found.groups else None
        if kind == "isa" or group is None:
            found.faults.append(says)
            found.codes.append(code if kind == "isa" else "024")
        elif kind == "gs":
            group.codes.append(code)
        elif group.sets:
            one = group.sets[-1]
            if kind == "st":
                one.codes.append(code)
            else:
                last = one.segments[-1] if one.segments else Segment("ST", 1, ())
                one.faults.append(Fault(last.id, last.position, 0, "8", says))


def sets_of(interchange: Interchange) -> Iterator[tuple[Group, TransactionSet]]:
    """Every set with its group, in order."""
    for group in interchange.groups:
        for one in group.sets:
            yield group, one
