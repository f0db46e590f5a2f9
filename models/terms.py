"""A linear model over what a row says in words and codes, each weight with its exact place.

Terms are words, pairs of neighbours and character n-grams of the text columns, the items of the
category columns, and crosses: two items, or an item and a word. A cross belongs to both of its
parts, half each. Plain arrays in the bundle; fitting lives in ``training.terms``.
"""

import io
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.folder import read_json, write_json
from models.protocol import Column
from models.pushes import says
from models.reason.words import CHAR, WORD, Word, terms_of, words_of
from models.spread import Spread
from models.tabular import BadCell
from workflow.assessment import Push, Row

ITEM, PAIR, SAID = "i", "p", "s"
"""Kinds of terms beside ``WORD`` and ``CHAR``: an item, two items, an item and a word."""
KINDS = (WORD, CHAR, ITEM, PAIR, SAID)
SIZES: Mapping[str, float] = {WORD: 1.0, CHAR: 1.0, ITEM: 1.0, PAIR: 0.7, SAID: 0.7}
"""Length of the part of a row that each kind makes up: a cross is rarer, and oftener luck."""
MOST_CHARACTERS = 20_000
MOST_CROSSED = 12
"""Items of one cell, and words of one text, that take part in crosses."""
WEIGHTS, NAMES = "terms.npz", "terms.json"
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)

Array = NDArray[np.float64]
Place = tuple[str, int, int]
"""Column, start and end in its text; an end of 0 means the cell as a whole."""


@dataclass(frozen=True)
class Reading:
    """Which columns are read, and how: texts as words, categories and lists as items."""

    texts: tuple[str, ...]
    coded: tuple[str, ...]
    spread: Spread

    @classmethod
    def of(cls, columns: Sequence[Column], spread: Spread) -> "Reading":
        return cls(
            tuple(c.name for c in columns if c.kind == "text"),
            tuple(c.name for c in columns if c.kind == "category" or c.name in spread.separators),
            spread,
        )

    def terms(self, row: Row) -> Iterator[tuple[str, tuple[Place, ...]]]:
        """Every occurrence of a term with the places it belongs to. Keys begin with their kind."""
        said: dict[str, list[Place]] = {}
        for name in self.texts:
            words = words_of(text_of(row, name))
            for term in terms_of(words):
                kind, _, form = term.key.partition(":")
                yield f"{kind}:{name}:{form}", tuple(_place(name, words[i]) for i in term.words)
            for word in words:
                said.setdefault(word.form, []).append(_place(name, word))
        found = {name: self._items(row, name) for name in self.coded}
        for name, items in found.items():
            for item in items:
                yield f"{ITEM}:{item}", ((name, 0, 0),)
        for one, other in combinations(self.coded, 2):
            for a in found[one][:MOST_CROSSED]:
                for b in found[other][:MOST_CROSSED]:
                    yield f"{PAIR}:{a}&{b}", ((one, 0, 0), (other, 0, 0))
        crossed = list(said.items())[:MOST_CROSSED]
        for name, items in found.items():
            for item in items[:MOST_CROSSED]:
                for form, places in crossed:
                    yield f"{SAID}:{item}&{form}", ((name, 0, 0), places[0])

    def _items(self, row: Row, name: str) -> list[str]:
        """Items with their column's name; that there is none, or more than one, is said too."""
        items = self.spread.items(row, name)
        told = [f"{name}={item}" for item in items]
        if len(items) != 1:
            told.insert(0, f"{name}#{min(len(items), 3)}")
        return told


@dataclass(frozen=True)
class Terms:
    """``index`` gives a term's row in ``idf`` (terms) and ``weights`` (terms x classes).

    The value of a term: ``(1 + log count) * idf``, each kind scaled to its size in ``SIZES``, so
    that none drowns the others. The margin is ``bias`` plus values times weights.
    """

    reading: Reading
    index: Mapping[str, int]
    idf: Array
    weights: NDArray[np.float32]
    bias: Array

    def margins(self, rows: Sequence[Row]) -> Array:
        """Rows x classes, to the last bit the same for a row alone or among others."""
        out = np.tile(self.bias, (len(rows), 1))
        for i, row in enumerate(rows):
            known = values(self.reading, self.index, self.idf, row)
            if known:
                at = np.fromiter(known, dtype=np.intp, count=len(known))
                held = np.array([value for value, _ in known.values()])
                out[i] += held @ self.weights[at].astype(np.float64)
        return out

    def pushes(self, row: Row, chosen: int) -> dict[Place, float]:
        """What each place pushed the margin of one class by, beyond ``bias[chosen]``."""
        sums: dict[Place, float] = {}
        for at, (value, occurrences) in values(self.reading, self.index, self.idf, row).items():
            each = value * float(self.weights[at, chosen]) / len(occurrences)
            for places in occurrences:
                for place in places:
                    sums[place] = sums.get(place, 0.0) + each / len(places)
        return sums

    def save(self, folder: Path) -> None:
        """Writes ``terms.npz`` (its bytes depend on the content alone) and ``terms.json``."""
        names = sorted(self.index, key=lambda key: self.index[key])
        write_json(folder / NAMES, {"terms": names})
        arrays: dict[str, NDArray[np.generic]] = {
            "idf": self.idf,
            "weights": self.weights,
            "bias": self.bias,
        }
        with zipfile.ZipFile(folder / WEIGHTS, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in arrays.items():
                content = io.BytesIO()
                np.save(content, array, allow_pickle=False)
                archive.writestr(
                    zipfile.ZipInfo(f"{name}.npy", _FIXED_TIME),
                    content.getvalue(),
                    zipfile.ZIP_DEFLATED,
                )


def load(folder: Path, reading: Reading) -> Terms:
    """What ``Terms.save`` wrote; ``ValueError`` where names and weights do not fit together."""
    names = read_json(folder / NAMES)["terms"]
    with np.load(folder / WEIGHTS, allow_pickle=False) as arrays:
        idf, weights, bias = arrays["idf"], arrays["weights"], arrays["bias"]
    index = {name: i for i, name in enumerate(names)}
    if weights.shape != (len(index), len(bias)) or len(idf) != len(index):
        raise ValueError("terms.json and terms.npz disagree about how many terms there are")
    return Terms(reading, index, idf, weights, bias)


def values(
    reading: Reading, index: Mapping[str, int], idf: Array, row: Row
) -> dict[int, tuple[float, list[tuple[Place, ...]]]]:
    """Known terms of a row, in order of their index: value, and the places of each occurrence."""
    found: dict[int, list[tuple[Place, ...]]] = {}
    kinds: dict[int, str] = {}
    for key, places in reading.terms(row):
        at = index.get(key)
        if at is not None:
            found.setdefault(at, []).append(places)
            kinds[at] = key[0]
    raw = {at: (1.0 + math.log(len(o))) * float(idf[at]) for at, o in found.items()}
    squares = dict.fromkeys(KINDS, 0.0)
    for at, value in raw.items():
        squares[kinds[at]] += value * value
    size = {kind: SIZES[kind] / math.sqrt(total) for kind, total in squares.items() if total}
    return {at: (raw[at] * size[kinds[at]], found[at]) for at in sorted(found)}


def spoken(
    sums: Mapping[Place, float], columns: Mapping[str, Column], row: Row
) -> tuple[list[Push], dict[str, float]]:
    """Pushes of the words of a text, and what is to be told of whole cells, by column."""
    words: list[Push] = []
    cells: dict[str, float] = {}
    for (name, start, end), push in sums.items():
        if not end:
            cells[name] = cells.get(name, 0.0) + push
        elif push:
            word = text_of(row, name)[start:end]
            told = says(columns[name], word)
            words.append(Push(name, word, push, None, told, start, end))
    return words, cells


def text_of(row: Row, name: str) -> str:
    """The text that is read: empty for ``None``, cut at ``MOST_CHARACTERS``."""
    text = row.get(name)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise BadCell(f"{name} is text, not {text!r}")
    return text[:MOST_CHARACTERS]


def _place(name: str, word: Word) -> Place:
    return (name, word.start, word.end)
