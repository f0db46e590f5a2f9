"""Is this note in English? A cheap look at scripts and everyday words, made to decline.

A text is declined when most of its letters are not Latin, or when everyday words and accents
of another language outnumber everyday English words. Names and short codes prove nothing: an
accent counts in a word that is not capitalised, and words of one or two letters only beside a
longer one. Lists are in ``languages.toml``.
"""

import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.reason.words import Word

_LISTS = Path(__file__).with_name("languages.toml")
_SHORT = 2
"""Letters up to which a word (la, po, e) may as well be a code."""
_FOREIGN_LETTERS = 0.3
"""Share of letters outside the Latin script from which a note cannot be English."""


@dataclass(frozen=True)
class Lists:
    """Everyday words of English and of the others; a word in both counts for neither."""

    english: frozenset[str]
    foreign: frozenset[str]
    accents: frozenset[str]


@cache
def lists() -> Lists:
    """The lists that ship, read once."""
    data = tomllib.loads(_LISTS.read_text())
    english = frozenset(data["english"].split())
    foreign = frozenset(w for words in data["foreign"].values() for w in words.split())
    return Lists(english - foreign, foreign - english, frozenset(data["accents"]))


def is_foreign(text: str, words: Sequence[Word]) -> bool:
    """Whether a note is to be declined as not English. Digits and codes speak no language."""
    if _not_latin(text) > _FOREIGN_LETTERS:
        return True
    known = lists()
    english = sum(word.form in known.english for word in words)
    foreign = [word for word in words if _speaks_foreign(text, word, known)]
    return len(foreign) > english and any(len(word.form) > _SHORT for word in foreign)


def _speaks_foreign(text: str, word: Word, known: Lists) -> bool:
    if word.form in known.foreign:
        return True
    named = text[word.start].isupper() and not text[word.start : word.end].isupper()
    if named or word.form in known.english:
        return False
    return not known.accents.isdisjoint(word.form)


def _not_latin(text: str) -> float:
    letters = [c for c in text if c.isalpha()]
    if not letters or text.isascii():
        return 0.0
    return sum(not unicodedata.name(c, "").startswith("LATIN") for c in letters) / len(letters)
