"""A text as words and n-grams that know where they stand, so that every weight has a span."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_DIGIT = re.compile(r"\d")
CHARS = (3, 4, 5)
"""Lengths of character n-grams, taken inside a word framed by blanks: robust to typos."""
WORD, CHAR = "w", "c"
"""Kinds of terms: words and pairs of neighbours, and character n-grams."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Word:
    """``form`` is lower case with every digit as 0: an order number is no reason to return."""

    start: int
    end: int
    form: str


@dataclass(frozen=True, slots=True)
class Term:
    """One n-gram of a text. ``words`` are the indexes of the words it covers, one or two."""

    key: str
    words: tuple[int, ...]


def words_of(text: str) -> list[Word]:
    """Runs of letters and digits, in order, with character offsets (end exclusive)."""
    return [
        Word(m.start(), m.end(), _DIGIT.sub("0", m.group().lower().replace("’", "'")))
        for m in _WORD.finditer(text)
    ]


def terms_of(words: Sequence[Word]) -> Iterator[Term]:
    """Every n-gram occurrence, repeats included. Keys begin with their kind."""
    for i, word in enumerate(words):
        yield Term(f"{WORD}:{word.form}", (i,))
        if i:
            yield Term(f"{WORD}:{words[i - 1].form} {word.form}", (i - 1, i))
        framed = f" {word.form} "
        for length in CHARS:
            for at in range(len(framed) - length + 1):
                yield Term(f"{CHAR}:{framed[at : at + length]}", (i,))


@dataclass(frozen=True)
class Vocabulary:
    """Terms that training kept, with their inverse document frequency.

    The row of a text: ``(1 + log count) * idf`` of every known term, each kind scaled to
    length 1 on its own, so that neither drowns the other.
    """

    index: Mapping[str, int]
    idf: Array

    def __len__(self) -> int:
        return len(self.idf)

    def weights(self, words: Sequence[Word]) -> dict[int, tuple[float, list[tuple[int, ...]]]]:
        """Term index -> (value in the row, the words of each occurrence)."""
        found: dict[int, list[tuple[int, ...]]] = {}
        kinds: dict[int, str] = {}
        for term in terms_of(words):
            at = self.index.get(term.key)
            if at is not None:
                found.setdefault(at, []).append(term.words)
                kinds[at] = term.key[0]
        raw = {at: (1.0 + math.log(len(o))) * float(self.idf[at]) for at, o in found.items()}
        squares = dict.fromkeys((WORD, CHAR), 0.0)
        for at, value in raw.items():
            squares[kinds[at]] += value * value
        return {at: (raw[at] / math.sqrt(squares[kinds[at]]), found[at]) for at in sorted(found)}
