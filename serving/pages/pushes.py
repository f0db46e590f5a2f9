"""Why a model said it: pushes as sentences with units for people, and as bars drawn to scale.

A feature's own sentence (``Credit of {value}``) is filled here by its unit: minor units as money
of the case's currency, thousandths as quantities, permille as per cent.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from features.catalogue import FEATURES
from features.comparisons import DERIVED
from features.fold import Feature
from features.sets import Derived
from models.pushes import per_cent
from serving.pages.sentences import count, money, words

Json = Mapping[str, Any]
SMALLEST = 1e-9
MOST_NAMED = 4
HALF = 100.0
"""Width of half a bar's drawing; the strongest push fills it."""

_UNITS = re.compile(r"_(minor|permille|milli)$")
_WINDOW = re.compile(r"_(\d+)d(?=_|$)")


@dataclass(frozen=True, slots=True)
class Bar:
    """One push, ready to draw: ``start`` and ``width`` in a drawing ``2 x HALF`` wide."""

    says: str
    push: float
    start: float
    width: float

    @property
    def sign(self) -> str:
        return "for" if self.push > 0 else "against"


def bars(explanation: Json, currency: str = "") -> list[Bar]:
    """Every push worth drawing, in the explanation's order, the strongest as long as possible."""
    pushes = [p for p in explanation["pushes"] if abs(p["push"]) > SMALLEST]
    most = max((abs(p["push"]) for p in pushes), default=1.0)
    drawn = []
    for push in pushes:
        width = HALF * abs(push["push"]) / most
        start = HALF if push["push"] > 0 else HALF - width
        drawn.append(Bar(says(push, currency), push["push"], round(start, 1), round(width, 1)))
    return drawn


def says(push: Json, currency: str = "") -> str:
    """The sentence of a push with its value as a person would write it."""
    sentence, unit = _declared().get(push["feature"], ("", ""))
    value = push["value"]
    if not sentence:
        return str(push.get("says") or words(push["feature"]).capitalize())
    if value is None:
        return f"Not known: {named(push['feature'])}"
    return _filled(sentence, told(value, unit, currency))


def not_ruled_out(said: Json) -> str:
    """What a model's set holds beside its answer: ``scrap or restock``, the likeliest first and of
    many only some by name. Empty where there is nothing else, and where nothing is promised."""
    if said["abstained"] == "out_of_scope":
        return ""
    others = [words(code) for code in said["set"] if code != said["value"]]
    if len(others) > MOST_NAMED + 1:
        others = [*others[:MOST_NAMED], f"{len(others) - MOST_NAMED} others"]
    return " or ".join(others)


def in_general(feature: str) -> str:
    """A feature's sentence without a value: ``… days since delivery``, ``Temperature kept``."""
    sentence, unit = _declared().get(feature, ("", ""))
    if not sentence:
        return words(feature).capitalize()
    value = "… %" if unit == "permille" else "…"
    return _filled(sentence, value).removesuffix(f": {value}")


def unit_of(feature: str) -> str:
    """The unit a feature is declared in; empty for one of another version."""
    return _declared().get(feature, ("", ""))[1]


def named(feature: str) -> str:
    """A feature's name in words: ``lot_returns_90d`` -> ``lot returns in 90 days``."""
    name = _UNITS.sub("", feature)
    return words(_WINDOW.sub(r" in \1 days", name))


def told(value: object, unit: str, currency: str = "") -> str:
    """A value in its unit, for people: ``140600``, ``minor`` -> ``USD 1,406.00``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return words(value)
    number = float(str(value))
    if unit == "minor":
        return money(round(number), currency).strip()
    if unit == "milli-units":
        return f"{number / 1000:,.3f}".rstrip("0").rstrip(".")
    if unit == "permille":
        return per_cent(number)
    return f"{number:,.0f}" if number == int(number) else count(f"{number:,.2f}")


def _filled(sentence: str, value: str) -> str:
    return sentence.format(value=value, percent=value)


@lru_cache(maxsize=1)
def _declared() -> Mapping[str, tuple[str, str]]:
    """Sentence and unit by feature name."""
    columns: list[Feature | Derived] = [*FEATURES.values(), *DERIVED.values()]
    return {column.name: (column.says, column.unit) for column in columns}


def marked(text: str, said: Json | None) -> list[tuple[str, str]]:
    """The text in pieces ``(piece, mark)``; the mark is ``for``, ``against`` or nothing.

    Spans come from the pushes of the model that read the text; those that overlap an earlier
    one, or lie outside the text, are left out.
    """
    explanation = (said or {}).get("explanation")
    spans = _spans(explanation["pushes"] if explanation else (), len(text))
    pieces, at = [], 0
    for start, end, push in spans:
        if start < at:
            continue
        if start > at:
            pieces.append((text[at:start], ""))
        pieces.append((text[start:end], "for" if push > 0 else "against"))
        at = end
    return [*pieces, (text[at:], "")] if at < len(text) else pieces


def _spans(pushes: Sequence[Json], length: int) -> list[tuple[int, int, float]]:
    """Spans worth a mark: at least a tenth of the strongest, in reading order."""
    found = [
        (p["start"], p["end"], p["push"])
        for p in pushes
        if p.get("start") is not None and 0 <= p["start"] < p["end"] <= length
    ]
    most = max((abs(push) for _, _, push in found), default=0.0)
    return sorted(span for span in found if abs(span[2]) >= most / 10 and span[2] != 0)
