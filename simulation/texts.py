"""What customers write: templates with slots, wrapped, abbreviated, mistyped, or left empty.

Two banks of templates (``phrases/train.toml``, ``phrases/evaluation.toml``) share no template.
A text is composed from a template of the line's cause, and perhaps a second one, an opening, a
closing and a signature of the same bank; then roughened.
"""

import random
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from simulation.streams import one

BANKS = ("train", "evaluation")
LANGUAGES = {"DE": "de", "AT": "de", "ES": "es", "FR": "fr", "BE": "fr", "NL": "nl"}
"""Language of a country where customers there do not always write English."""

_FOLDER = Path(__file__).parent / "phrases"
_ABBREVIATIONS = (
    ("please", "pls"), ("advise", "adv"), ("quantity", "qty"), ("received", "rcvd"),
    ("invoice", "inv"), ("customer", "cust"), ("replacement", "repl"), ("delivery", "dlvy"),
    ("without", "w/o"), ("with", "w/"), ("return", "rtn"), ("damaged", "dmgd"), ("and", "&"),
    ("because", "b/c"), ("package", "pkg"), ("warranty", "wty"), ("temperature", "temp"),
)  # fmt: skip
_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj",
    "i": "uo", "j": "hk", "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o",
    "q": "wa", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc",
    "y": "tu", "z": "x",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """A composed note. ``template`` names the main template (empty for an empty note);
    ``says`` is the reason the text tells, or ``unclear``; ``second`` one merely mentioned."""

    text: str
    says: str
    template: str
    language: str
    second: str | None = None


@cache
def bank(name: str) -> Mapping[str, Any]:
    """One bank of templates as its file has it. ``name`` is one of ``BANKS``."""
    if name not in BANKS:
        raise ValueError(f"unknown bank {name!r}; use one of {BANKS}")
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def templates(name: str, reason: str, side: str) -> tuple[str, ...]:
    """English templates of a bank for a reason; ``side`` is ``industrial`` or ``food``."""
    groups = bank(name)["reasons"][reason]
    return (*groups.get("any", ()), *groups.get(side, ()))


def every_template(name: str) -> list[str]:
    """Each template, opening, closing and signature of a bank, for tests and counts."""
    said = bank(name)
    groups = [*said["reasons"].values(), *said["languages"].values(), said["unclear"]]
    found = [text for group in groups for texts in group.values() for text in texts]
    return [*found, *said["openings"], *said["closings"], *said["signatures"]]


def blanked(template: str) -> str:
    """A template without its slots, punctuation and case: what two banks must not share."""
    return re.sub(r"[^\w]+", " ", re.sub(r"\{\w+\}", " ", template)).strip().lower()


def compose(
    stream: random.Random,
    *,
    bank_name: str,
    reason: str,
    side: str,
    country: str,
    slots: Mapping[str, str],
) -> Text:
    """One note for a line that comes back for ``reason``.

    About 3 % are empty, 3 % do not tell the reason, 12 % mention a second reason after the
    first; customers of non-English countries write their own language in a third of notes.
    """
    said = bank(bank_name)
    chance = stream.random()
    if chance < 0.03:
        return Text(one(stream, said["empties"]), "unclear", "", "en")
    if chance < 0.06:
        template = one(stream, said["unclear"]["any"])
        return Text(_finish(stream, said, template, slots), "unclear", template, "en")
    language = LANGUAGES.get(country, "en")
    if language != "en" and stream.random() < 0.33:
        template = one(stream, said["languages"][language][reason])
        return Text(_roughen(stream, _fill(template, slots)), reason, template, language)
    template = one(stream, templates(bank_name, reason, side))
    second = _second(stream, bank_name, reason, side) if stream.random() < 0.12 else None
    joined = template
    if second is not None:
        joined = template + one(stream, said["joiners"]) + _uncapitalised(second[1])
    text = _finish(stream, said, joined, slots)
    return Text(text, reason, template, "en", second[0] if second else None)


def _second(stream: random.Random, bank_name: str, reason: str, side: str) -> tuple[str, str]:
    others = [name for name in bank(bank_name)["reasons"] if name not in (reason, "recall")]
    other = one(stream, others)
    return other, one(stream, templates(bank_name, other, side))


def _uncapitalised(text: str) -> str:
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def _fill(template: str, slots: Mapping[str, str]) -> str:
    return template.format_map(slots)


def _finish(
    stream: random.Random, said: Mapping[str, Any], template: str, slots: Mapping[str, str]
) -> str:
    parts = [template]
    if stream.random() < 0.35:
        parts.insert(0, one(stream, said["openings"]))
    if stream.random() < 0.35:
        parts.append(one(stream, said["closings"]))
    text = _fill(" ".join(parts), slots)
    if stream.random() < 0.2:
        text += "\n" + _fill(one(stream, said["signatures"]), slots)
    return _roughen(stream, text)


def _roughen(stream: random.Random, text: str) -> str:
    if stream.random() < 0.25:
        for long, short in _ABBREVIATIONS:
            if stream.random() < 0.6:
                text = re.sub(rf"\b{long}\b", short, text, flags=re.IGNORECASE)
    if stream.random() < 0.3:
        text = _mistype(stream, text)
    style = stream.random()
    if style < 0.05:
        return text.upper()
    if style < 0.18:
        return re.sub(r"[.,!]", "", text.lower())
    return text


def _mistype(stream: random.Random, text: str) -> str:
    letters = list(text)
    for _ in range(max(1, len(letters) // 45)):
        at = stream.randrange(len(letters))
        letter, kind = letters[at], stream.random()
        if not letter.isalpha():
            continue
        if kind < 0.35:
            letters[at] = ""
        elif kind < 0.6 and letter.lower() in _NEIGHBOURS:
            letters[at] = one(stream, _NEIGHBOURS[letter.lower()])
        elif kind < 0.8:
            letters[at] = letter * 2
        elif at + 1 < len(letters):
            letters[at], letters[at + 1] = letters[at + 1], letter
    return "".join(letters)
