"""What a model as a whole leans on, where it is good, and how far to believe it: plain data.

Made when a model is trained, from cases it never saw; sealed into its bundle as
``overview.json``, so that a server can show it and nobody can change it afterwards.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.folder import read_json
from workflow.assessment import Value

FILE = "overview.json"


@dataclass(frozen=True, slots=True)
class Weight:
    """One column and the mean size of its push, whichever way it pushed."""

    feature: str
    mean_push: float


@dataclass(frozen=True, slots=True)
class Word:
    """A word, the value it spoke for most, its mean push there, and in how many texts."""

    value: str
    word: str
    mean_push: float
    texts: int


@dataclass(frozen=True, slots=True)
class Part:
    """Rows whose cell lies from ``low`` to ``high`` (both the cell itself for a category or a
    flag, both ``None`` where it is missing): how many, their mean push, and its middle 80 %."""

    low: Value
    high: Value
    rows: int
    mean: float
    p10: float
    p90: float


@dataclass(frozen=True, slots=True)
class Dependence:
    """How the push of one column depends on its cell, for the answer ``of`` where there are
    several. Parts rise with the cell; numbers first, the missing ones last."""

    feature: str
    kind: str
    of: str | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """The main figure among the rows of one kind, with its 95 % interval."""

    by: str
    name: str
    rows: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows that were said to be about equally likely: ``said`` and what ``was``, with the 95 %
    interval of the latter."""

    said: float
    was: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How the scores of one group of rows lie: counts between the overview's ``edges``."""

    name: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """``rows`` were judged; ``explained`` of them, or of all notes where ``words`` are told, were
    explained. ``figure`` names what slices hold;
    ``confusion`` counts truths (down) against answers (across), both in the order of
    ``classes``."""

    rows: int
    explained: int
    figure: str
    importance: tuple[Weight, ...] = ()
    words: tuple[Word, ...] = ()
    dependence: tuple[Dependence, ...] = ()
    slices: tuple[Slice, ...] = ()
    calibration: tuple[Bin, ...] = ()
    classes: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    edges: tuple[float, ...] = ()
    scores: tuple[Spread, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Overview":
        """What ``to_json`` wrote."""
        return cls(
            data["rows"],
            data["explained"],
            data["figure"],
            tuple(Weight(**w) for w in data["importance"]),
            tuple(Word(**w) for w in data["words"]),
            tuple(
                Dependence(**{**d, "parts": tuple(Part(**p) for p in d["parts"])})
                for d in data["dependence"]
            ),
            tuple(Slice(**s) for s in data["slices"]),
            tuple(Bin(**b) for b in data["calibration"]),
            tuple(data["classes"]),
            tuple(tuple(row) for row in data["confusion"]),
            tuple(data["edges"]),
            tuple(Spread(s["name"], tuple(s["counts"])) for s in data["scores"]),
        )


def read(folder: Path) -> Overview | None:
    """The overview in a bundle; ``None`` where it was made before there were any.

    Errors: ``ValueError``, ``KeyError`` or ``TypeError`` for a file that is no overview.
    """
    path = folder / FILE
    return Overview.from_json(read_json(path)) if path.is_file() else None
