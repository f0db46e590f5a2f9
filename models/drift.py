"""How far rows and answers have moved since training: a summary kept with the bundle, compared.

The reference is a summary (quantiles of numbers, shares of categories), never the rows, so that
a bundle carries no customer's data. Needs nothing but NumPy: it runs where models serve.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.protocol import Column
from workflow.assessment import Row

Array = NDArray[np.float64]
FILE = "drift_reference.json"
THRESHOLDS = Path(__file__).with_name("drift.toml")
LEVELS = np.linspace(0.0, 1.0, 101)
"""Quantiles kept of a number: the distance between two such lists is Wasserstein's, to 1 %."""
MOST_CATEGORIES, MOST_WORDS = 200, 2000
DRAWS = 60
LEAST_DEVIATION = 0.1
"""On the log scale: a column that hardly varied has not moved far when it changes by a tenth."""
ANSWER, CONFIDENCE = "answer", "confidence"
MISSING, UNSEEN = "(missing)", "(never seen)"
ABSTAINED = "abstained: "
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer as it was recorded: what was read, what was said, how sure."""

    row: Row
    value: str | None
    confidence: float | None
    abstained: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """How one column, the scores or the values moved. ``chance`` is the effect that 19 of 20
    samples of this size show without any drift; ``shift`` is a number's distance in natural
    logarithms; ``missing`` and ``unseen`` are shares now, ``missing_before`` the share in the
    reference."""

    name: str
    kind: str
    effect: float
    chance: float
    shift: float = 0.0
    missing: float = 0.0
    missing_before: float = 0.0
    unseen: float = 0.0

    def beyond(self, effect: float) -> bool:
        """Whether the effect has this size, and is no chance."""
        return self.effect >= effect and self.effect > self.chance


def thresholds(path: Path = THRESHOLDS) -> dict[str, Any]:
    """The thresholds in a file, as tables of numbers."""
    return tomllib.loads(path.read_text())


def summarise(columns: Sequence[Column], answers: Sequence[Answered]) -> dict[str, Any]:
    """The reference of a bundle, as JSON. Columns in the order of the card."""
    words = _words(columns, answers)
    series = _series(columns, answers, words)
    return {
        "rows": len(answers),
        "words": sorted(words),
        "columns": {name: _summary(kind, values) for name, kind, values in series},
    }


def compare(
    reference: Mapping[str, Any], columns: Sequence[Column], answers: Sequence[Answered], seed: int
) -> list[Moved]:
    """Every column, then ``answer`` (shares of values) and ``confidence``, against the reference.

    Columns that the reference does not know are left out.
    """
    chance = np.random.default_rng(seed)
    known: Mapping[str, Any] = reference["columns"]
    series = _series(columns, answers, frozenset(reference["words"]))
    return [
        _moved(name, known[name], kind, values, reference["rows"], chance)
        for name, kind, values in series
        if name in known
    ]


def findings(moved: Sequence[Moved], limits: Mapping[str, Any]) -> tuple[list[str], bool]:
    """Sentences about what moved beyond its threshold, and whether somebody must look.

    How many columns moved comes first, then what the model says, then columns, the furthest first.
    """
    told, alarming, count = list[str](), False, 0
    inputs = [m for m in moved if m.name not in (ANSWER, CONFIDENCE)]
    for m in sorted(inputs, key=lambda m: -m.effect):
        missing = abs(m.missing - m.missing_before)
        says = list(_input_says(m, missing, limits["inputs"]))
        count += bool(says)
        told += says
        alarming |= (
            m.shift >= limits["inputs"]["alarm_shift"]
            or (m.kind == "category" and m.beyond(limits["inputs"]["alarm_divergence"]))
            or missing >= limits["inputs"]["alarm_missing"]
            or m.unseen >= limits["inputs"]["alarm_unseen"]
        )
    first = [
        f"What the model says has moved ({m.name}): effect {m.effect:.2f}."
        for m in moved
        if m.name in (ANSWER, CONFIDENCE) and m.beyond(limits["scores"]["alarm_effect"])
    ]
    if inputs and count > limits["inputs"]["alarm_share"] * len(inputs):
        first.insert(0, f"{count} of {len(inputs)} columns have moved.")
    return [*first, *told], alarming or bool(first)


def _input_says(m: Moved, missing: float, limits: Mapping[str, Any]) -> Iterator[str]:
    if m.beyond(limits["effect"]):
        yield f"{m.name} has moved: effect {m.effect:.2f}."
    if missing >= limits["missing"]:
        yield f"{m.name} is missing in {m.missing:.0%} of rows, {m.missing_before:.0%} in training."
    if m.unseen >= limits["unseen"]:
        yield f"{m.name} holds values never seen in training in {m.unseen:.0%} of rows."


def _series(
    columns: Sequence[Column], answers: Sequence[Answered], words: frozenset[str]
) -> Iterator[tuple[str, str, list[Any]]]:
    """Name, kind (``number`` or ``category``) and values of everything that is watched."""
    for column in columns:
        values = [answer.row.get(column.name) for answer in answers]
        if column.kind == "text":
            texts = [str(value or "") for value in values]
            yield f"{column.name}: characters", "number", [len(text) for text in texts]
            yield f"{column.name}: unusual words", "number", [_unusual(t, words) for t in texts]
        elif column.kind == "number":
            yield column.name, "number", values
        else:
            told = [None if value is None else str(value) for value in values]
            yield column.name, "category", told
    yield ANSWER, "category", [a.value or f"{ABSTAINED}{a.abstained}" for a in answers]
    yield CONFIDENCE, "number", [a.confidence for a in answers]


def _words(columns: Sequence[Column], answers: Sequence[Answered]) -> frozenset[str]:
    """The commonest words of all texts, of those that occur in two texts or more."""
    texts = [c.name for c in columns if c.kind == "text"]
    seen = Counter(
        word for a in answers for name in texts for word in set(_split(str(a.row.get(name) or "")))
    )
    return frozenset(word for word, count in seen.most_common(MOST_WORDS) if count > 1)


def _split(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _unusual(text: str, words: frozenset[str]) -> float | None:
    """Percentage of words that training hardly knew; ``None`` for a text without words."""
    said = _split(text)
    return 100 * sum(word not in words for word in said) / len(said) if said else None


def _scaled(values: Iterable[Any]) -> Array:
    """Numbers that are known, on a log scale on both sides of zero: twice as much is as far for
    a day as for a fortune."""
    known = np.array([float(value) for value in values if value is not None])
    return np.asarray(np.sign(known) * np.log1p(np.abs(known)))


def _summary(kind: str, values: Sequence[Any]) -> dict[str, Any]:
    missing = sum(value is None for value in values) / max(len(values), 1)
    if kind == "number":
        known = _scaled(values)
        quantiles = np.quantile(known, LEVELS).tolist() if len(known) else []
        return {
            "kind": kind,
            "missing": missing,
            "quantiles": [round(q, 6) for q in quantiles],
            "deviation": round(float(known.std()), 6) if len(known) else 0.0,
        }
    counts = Counter(value for value in values if value is not None)
    shares = {name: n / len(values) for name, n in counts.most_common(MOST_CATEGORIES)}
    return {"kind": kind, "missing": missing, "shares": shares}


def _moved(
    name: str,
    before: Mapping[str, Any],
    kind: str,
    values: Sequence[Any],
    rows_before: int,
    chance: np.random.Generator,
) -> Moved:
    missing = sum(value is None for value in values) / max(len(values), 1)
    if kind == "number":
        effect, by_chance, shift = _number(before, _scaled(values), rows_before, chance)
        return Moved(name, kind, effect, by_chance, shift, missing, before["missing"])
    effect, by_chance, unseen = _category(before, values, rows_before, chance)
    return Moved(name, kind, effect, by_chance, 0.0, missing, before["missing"], unseen)


def _number(
    before: Mapping[str, Any], now: Array, rows_before: int, chance: np.random.Generator
) -> tuple[float, float, float]:
    """Wasserstein's distance in deviations of the reference, what chance makes of it, and the
    distance itself."""
    old = np.array(before["quantiles"])
    if not len(old) or not len(now):
        return 0.0, 0.0, 0.0  # all missing, then or now: the share that is missing says so
    scale = max(before["deviation"], LEAST_DEVIATION)

    def distance(sample: Array) -> float:
        return float(np.abs(np.quantile(sample, LEVELS) - old).mean())

    size = _effective(len(now), rows_before * (1 - before["missing"]))
    drawn = [distance(np.interp(chance.random(size), LEVELS, old)) for _ in range(DRAWS)]
    shift = distance(now)
    return shift / scale, float(np.quantile(drawn, 0.95)) / scale, shift


def _category(
    before: Mapping[str, Any],
    values: Sequence[Any],
    rows_before: int,
    chance: np.random.Generator,
) -> tuple[float, float, float]:
    """Jensen-Shannon's distance, what chance makes of it, and the share never seen before.

    Shares of the reference that were too rare to be kept count as ``(never seen)`` then too.
    """
    shares: Mapping[str, float] = before["shares"]
    names = [*shares, MISSING, UNSEEN]
    kept = [*shares.values(), before["missing"]]
    old = np.array([*kept, max(0.0, 1.0 - sum(kept))])
    counts = Counter(
        MISSING if value is None else value if value in shares else UNSEEN for value in values
    )
    now = np.array([counts[name] for name in names]) / max(len(values), 1)
    size = _effective(len(values), rows_before)
    drawn = chance.multinomial(size, old / old.sum(), DRAWS) / size
    by_chance = float(np.quantile([_jensen_shannon(old, draw) for draw in drawn], 0.95))
    return _jensen_shannon(old, now), by_chance, float(now[-1])


def _effective(now: float, before: float) -> int:
    """Rows of one sample that is as noisy as the difference of two."""
    return max(1, int(now * before / max(now + before, 1.0)))


def _jensen_shannon(p: Array, q: Array) -> float:
    """Square root of the divergence in bits (Endres & Schindelin 2003), in [0, 1]."""
    middle = (p + q) / 2

    def divergence(of: Array) -> float:
        used = of > 0
        return float((of[used] * np.log2(of[used] / middle[used])).sum())

    return float(np.sqrt(max(0.0, (divergence(p) + divergence(q)) / 2)))
