"""A model's overview as drawings: plain geometry for inline SVG, with every figure beside it.

No script and no style of its own: a drawing is numbers in the units of its view box, and the
desk's style sheet gives colours by class. Whatever is drawn is also told in words or a table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.overview import Bin, Dependence, Overview, Part, Slice
from serving.pages import pushes, sentences
from workflow.assessment import Value
from workflow.codes import UNCLEAR, ExceptionCode

SHOWN = 12
"""Columns listed by importance before the rest is folded away."""
LEFT, RIGHT, TOP, BOTTOM = 42.0, 312.0, 12.0, 132.0
"""The plot inside a dependence's view box of 320 x 160."""
SIDE, EDGE = 300.0, 34.0
"""The reliability diagram: a square of ``SIDE`` with axes ``EDGE`` from the left and bottom."""
WIDE, HIGH = 360.0, 130.0
"""The plot inside the view box of scores."""
MOST_CONFUSED = 8


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of a list: its name, a share of the longest bar or of 1, and the figure."""

    name: str
    width: float
    shown: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a curve and what it says."""

    x: float
    y: float
    says: str


@dataclass(frozen=True, slots=True)
class Curve:
    """One answer's line over a column's values; ``band`` is the middle 80 % as an outline."""

    of: str
    line: str
    band: str
    dots: tuple[Dot, ...]
    missing: Dot | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One bar around a middle line at 50, in a view box 100 wide."""

    start: float
    width: float
    sign: str
    shown: str


@dataclass(frozen=True, slots=True)
class Line:
    """The values in words, how many rows, and the mean push toward each answer."""

    says: str
    rows: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """How one column pushes: ``curves`` for a number, always ``lines``; ``answers`` head them."""

    title: str
    answers: tuple[str, ...]
    lines: tuple[Line, ...]
    curves: tuple[Curve, ...]
    zero: float
    most: str
    least: str
    ticks: tuple[tuple[float, str, str], ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """A slice: where its interval starts, how wide it is and where the figure lies, 0 to 100."""

    name: str
    rows: int
    start: float
    width: float
    at: float
    shown: str
    interval: str


@dataclass(frozen=True, slots=True)
class Point:
    """A bin of the reliability diagram, and its interval from ``top`` to ``bottom``."""

    x: float
    y: float
    radius: float
    top: float
    bottom: float
    said: str
    was: str
    rows: int


@dataclass(frozen=True, slots=True)
class Heat:
    """A row of the confusion table: the truth, how many, the share right, and counts by shade."""

    name: str
    rows: int
    right: str
    cells: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Hill:
    """Scores of one group as an outline over the view box, and its counts in words."""

    name: str
    rows: int
    outline: str


def leans_on(seen: Overview) -> list[Measure]:
    """Every column by the mean size of its push, the longest bar as long as possible."""
    most = max((weight.mean_push for weight in seen.importance), default=1.0) or 1.0
    return [
        Measure(
            pushes.in_general(weight.feature),
            round(100 * weight.mean_push / most, 1),
            f"{weight.mean_push:.2f}",
        )
        for weight in seen.importance
    ]


def panels(seen: Overview) -> list[Panel]:
    """One for each column that matters most, all its answers together."""
    by_feature: dict[str, list[Dependence]] = {}
    for one in seen.dependence:
        by_feature.setdefault(one.feature, []).append(one)
    return [_panel(feature, ones) for feature, ones in by_feature.items()]


def _panel(feature: str, ones: Sequence[Dependence]) -> Panel:
    parts = [part for one in ones for part in one.parts]
    alone = len(ones) == 1
    ends = [end for p in parts for end in ((p.p10, p.p90) if alone else (p.mean,))]
    low, high = min(0.0, *ends), max(0.0, *ends)
    reach = max(abs(part.mean) for part in parts) or 1.0
    known = [part for part in ones[0].parts if part.low is not None]
    numeric = ones[0].kind == "number" and len(known) > 2
    return Panel(
        pushes.in_general(feature),
        tuple(sentences.capital(one.of) if one.of else "" for one in ones),
        tuple(_line(feature, same, reach) for same in zip(*(o.parts for o in ones), strict=True)),
        tuple(_curve(feature, one, low, high, alone) for one in ones) if numeric else (),
        _height(0.0, low, high),
        f"{high:+.1f}",
        f"{low:+.1f}",
        _ticks(feature, known) if numeric else (),
    )


def _line(feature: str, same: Sequence[Part], reach: float) -> Line:
    cells = []
    for part in same:
        width = 50 * abs(part.mean) / reach
        start = 50.0 if part.mean > 0 else 50 - width
        sign = "for" if part.mean > 0 else "against"
        cells.append(Cell(round(start, 1), round(width, 1), sign, f"{part.mean:+.2f}"))
    return Line(_range(feature, same[0]), same[0].rows, tuple(cells))


def _curve(feature: str, one: Dependence, low: float, high: float, alone: bool) -> Curve:
    known = [part for part in one.parts if part.low is not None]
    gone = [part for part in one.parts if part.low is None]
    step = (RIGHT - LEFT - 40) / max(len(known) - 1, 1)
    xs = [round(LEFT + 12 + i * step, 1) for i in range(len(known))]

    def dot(x: float, part: Part) -> Dot:
        says = f"{_range(feature, part)}: {part.mean:+.2f}"
        return Dot(x, _height(part.mean, low, high), says)

    dots = tuple(dot(x, part) for x, part in zip(xs, known, strict=True))
    upper = [(x, _height(part.p90, low, high)) for x, part in zip(xs, known, strict=True)]
    lower = [(x, _height(part.p10, low, high)) for x, part in zip(xs, known, strict=True)]
    return Curve(
        one.of or "",
        _path((d.x, d.y) for d in dots),
        _path([*upper, *reversed(lower)]) if alone else "",
        dots,
        dot(RIGHT - 6, gone[0]) if gone else None,
    )


def _ticks(feature: str, known: Sequence[Part]) -> tuple[tuple[float, str, str], ...]:
    """The first, middle and last value below the axis: place, where it is anchored, words."""
    step = (RIGHT - LEFT - 40) / max(len(known) - 1, 1)
    middle = len(known) // 2
    first, last = LEFT + 12, LEFT + 12 + (len(known) - 1) * step
    return (
        (round(first, 1), "start", _cell(feature, known[0].low)),
        (round(first + middle * step, 1), "middle", _cell(feature, known[middle].low)),
        (round(last, 1), "end", _cell(feature, known[-1].high)),
    )


def _height(push: float, low: float, high: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * (push - low) / ((high - low) or 1.0), 1)


def _path(points: object) -> str:
    return " ".join(f"{x},{y}" for x, y in points)  # type: ignore[attr-defined]


def _range(feature: str, part: Part) -> str:
    if part.low is None:
        return "Not known"
    low, high = _cell(feature, part.low), _cell(feature, part.high)
    return sentences.capital(low) if low == high else f"{low} to {high}"


def _cell(feature: str, value: Value) -> str:
    if feature == "exception_code":
        return kind_of(str(value))
    return pushes.told(value, pushes.unit_of(feature))


def kind_of(code: str) -> str:
    """A reconciliation exception by name: ``R11`` -> ``Credit variance``."""
    known = {member.value: member.name for member in ExceptionCode}
    return sentences.capital(known.get(code, code).lower() if code in known else code)


def reaches(slices: Sequence[Slice], figure: str) -> Mapping[str, list[Reach]]:
    """Slices by what they are sliced by, the whole first, then the weakest of each kind."""
    found: dict[str, list[Reach]] = {}
    # An area under a curve is no share of anything: it is not told in per cent.
    told = "{:.2f}" if figure == "auc" else "{:.0%}"
    for one in sorted(slices, key=lambda one: (one.value, one.name)):
        low, high = min(one.low, one.value), max(one.high, one.value)
        name = "All cases" if one.by == "all" else sentences.capital(one.name)
        found.setdefault(sentences.capital(one.by), []).append(
            Reach(
                kind_of(one.name) if one.by == "exception_code" else name,
                one.rows,
                round(100 * low, 1),
                round(100 * (high - low), 1),
                round(100 * one.value, 1),
                told.format(one.value).replace("%", " %"),
                f"{told.format(low).rstrip('%')} to {told.format(high).replace('%', ' %')}",
            )
        )
    return {"All": found.pop("All"), **found} if "All" in found else found


def reliability(bins: Sequence[Bin]) -> list[Point]:
    """Bins in a square whose diagonal is "as often as said"; the area of a point is its rows."""
    most = max((one.rows for one in bins), default=1)
    return [
        Point(
            round(EDGE + (SIDE - EDGE - 8) * one.said, 1),
            _up(one.was),
            round(3 + 5 * (one.rows / most) ** 0.5, 1),
            _up(one.high),
            _up(one.low),
            f"{100 * one.said:.0f} %",
            f"{100 * one.was:.0f} %",
            one.rows,
        )
        for one in bins
    ]


def _up(share: float) -> float:
    return round(SIDE - EDGE - (SIDE - EDGE - 8) * share, 1)


def confusion(seen: Overview) -> list[Heat]:
    """Truths down, answers across; a cell is shaded 0 to 9 by its share of the row."""
    rows = []
    for i, counts in enumerate(seen.confusion):
        total = sum(counts)
        if total:
            shades = tuple((count, min(9, -(-9 * count // total))) for count in counts)
            right = f"{100 * counts[i] / total:.0f} %"
            rows.append(Heat(sentences.capital(seen.classes[i]), total, right, shades))
    return rows


def confused(seen: Overview) -> list[Measure]:
    """The commonest mistakes in words."""
    found = [
        (count, sum(row), seen.classes[i], seen.classes[j])
        for i, row in enumerate(seen.confusion)
        for j, count in enumerate(row)
        if i != j and count
    ]
    found.sort(key=lambda one: (-one[0], one[2:]))
    return [
        Measure(
            f"{sentences.capital(was)} {_instead(said)}",
            round(100 * count / total, 1),
            f"{count} of {total}",
        )
        for count, total, was, said in found[:MOST_CONFUSED]
    ]


def _instead(said: str) -> str:
    return "left unread" if said == UNCLEAR else f"taken for {sentences.words(said)}"


def hills(seen: Overview) -> list[Hill]:
    """Scores of each group as shares of itself: a small group is seen beside a large one."""
    shares = {
        one.name: [count / max(sum(one.counts), 1) for count in one.counts] for one in seen.scores
    }
    most = max((max(own) for own in shares.values()), default=1.0) or 1.0
    found = []
    for one in seen.scores:
        step = WIDE / len(one.counts)
        tops: list[tuple[float, float]] = []
        for i, share in enumerate(shares[one.name]):
            y = round(HIGH - (HIGH - 10) * share / most, 1)
            tops += [(round(i * step, 1), y), (round((i + 1) * step, 1), y)]
        outline = _path([(0.0, HIGH), *tops, (WIDE, HIGH)])
        found.append(Hill(sentences.capital(one.name), sum(one.counts), outline))
    return found


def words_by_value(seen: Overview) -> Mapping[str, list[tuple[str, str, int]]]:
    """For every answer the words that speak for it most: word, push, texts."""
    found: dict[str, list[tuple[str, str, int]]] = {}
    for one in seen.words:
        told = (one.word, f"{one.mean_push:+.1f}", one.texts)
        found.setdefault(sentences.capital(one.value), []).append(told)
    return found
