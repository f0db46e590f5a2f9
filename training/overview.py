"""Makes the overview of a model from the cases it was judged on, the same way for every model.

Everything about pushes comes through ``explain``, so it holds for trees, sums and texts alike.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.overview import Bin, Dependence, Overview, Part, Slice, Spread, Weight, Word
from models.protocol import Column, Model
from training import measures
from training.made import Judgement, Made
from training.rows import Example, TextExample
from training.split import drawn_as
from workflow.assessment import Explanation, Row, Value

Array = NDArray[np.float64]

MOST_EXPLAINED = 1000
"""Rows explained, evenly spaced: means of columns are steady long before, words need them."""
MOST_WEIGHTS, MOST_DEPENDENCES, MOST_ANSWERS = 25, 6, 3
MOST_PARTS = 8
"""Ranges of a number, or categories, that a dependence tells apart."""
LEAST_SLICE = 20
LEAST_TEXTS, MOST_WORDS = 3, 6
"""A word is shown when so many texts hold it (a name in one customer's note never is), and so
many words a value."""
WEAK = 0.3
"""Share of the strongest word's push under which a word says little about a value."""
BINS, SCORE_BINS = 10, 20
DIGITS = 5


def overview(made: Made, model: Model, seed: int) -> Overview:
    """Importance, dependence, slices, calibration and confusion or scores of a judged model.

    Words are told from all notes that people settled, learned from or not: what a model leans on
    is no claim of how good it is, and the later notes alone hold most words once.
    """
    judged = made.judged
    text = [column.name for column in made.columns if column.kind == "text"]
    shown = _spaced(made.data if text and judged.rows else judged.rows)
    rows: list[Row] = [{"text": e.text} if isinstance(e, TextExample) else e.row for e in shown]
    told = model.explain(rows)
    weights = [] if text else _weights(told)
    answers = _by_answer(model, rows, told) if weights else []
    columns = {column.name: column for column in made.columns}
    return Overview(
        rows=len(judged.rows),
        explained=sum(why is not None for why in told),
        figure=judged.figure,
        importance=tuple(weights[:MOST_WEIGHTS]),
        words=_words(told) if text else (),
        dependence=tuple(
            _dependence(columns[weight.feature], rows, why, of)
            for of, why in answers
            for weight in weights[:MOST_DEPENDENCES]
        ),
        slices=_slices(judged, seed),
        calibration=_calibration(judged),
        classes=judged.classes,
        confusion=() if judged.confusion is None else tuple(map(tuple, judged.confusion.tolist())),
        **_scores(judged.groups),
    )


def _spaced(questions: Sequence[Example | TextExample]) -> list[Example | TextExample]:
    many = len(questions)
    at = np.linspace(0, many, min(many, MOST_EXPLAINED), endpoint=False).astype(int)
    return [questions[i] for i in at]


def _weights(told: Sequence[Explanation | None]) -> list[Weight]:
    """Columns by mean absolute push, the strongest first."""
    sums: dict[str, float] = defaultdict(float)
    known = [why for why in told if why is not None]
    for why in known:
        for push in why.pushes:
            sums[push.feature] += abs(push.push)
    found = [Weight(name, _round(total / len(known))) for name, total in sums.items()]
    return sorted(found, key=lambda weight: (-weight.mean_push, weight.feature))


def _words(told: Sequence[Explanation | None]) -> tuple[Word, ...]:
    """For every value the words that spoke for it most; weak and rare words left out."""
    heard: dict[tuple[str, str], list[float]] = defaultdict(list)
    for why in told:
        for word, push in _spoken(why).items():
            heard[(_answer(why), word)].append(push)
    by_value: dict[str, list[Word]] = defaultdict(list)
    for (value, word), pushes in heard.items():
        mean = float(np.mean(pushes))
        if len(pushes) >= LEAST_TEXTS and mean > 0:
            by_value[value].append(Word(value, word, _round(mean), len(pushes)))
    kept: list[Word] = []
    for value in sorted(by_value):
        first, *rest = sorted(by_value[value], key=lambda w: (-w.mean_push, w.word))
        strong = [word for word in rest if word.mean_push >= WEAK * first.mean_push]
        kept += [first, *strong][:MOST_WORDS]
    return tuple(kept)


def _spoken(why: Explanation | None) -> dict[str, float]:
    """Words of one text and what they pushed, repeats summed."""
    said: dict[str, float] = defaultdict(float)
    for push in why.pushes if why is not None else ():
        word = str(push.value or "").strip(".,;:!?()\"'“”’").lower()
        if push.start is not None and word.isalpha():
            said[word] += push.push
    return said


def _answer(why: Explanation | None) -> str:
    return "" if why is None else why.output.partition(":")[2]


def _by_answer(
    model: Model, rows: Sequence[Row], told: Sequence[Explanation | None]
) -> list[tuple[str | None, Sequence[Explanation | None]]]:
    """Explanations of the commonest answers, each for all rows; of a lone score, as it is."""
    said = Counter(_answer(why) for why in told if why is not None)
    if len(said) < 2:
        return [(None, told)]
    first = [answer for answer, _ in said.most_common(MOST_ANSWERS)]
    return [(answer, model.explain(rows, None, [answer] * len(rows))) for answer in first]


def _dependence(
    column: Column, rows: Sequence[Row], told: Sequence[Explanation | None], of: str | None
) -> Dependence:
    cells: list[Value] = []
    pushed: list[float] = []
    for row, why in zip(rows, told, strict=True):
        if why is not None:
            cells.append(row.get(column.name))
            pushed.append(sum(p.push for p in why.pushes if p.feature == column.name))
    ranges = _ranges(column, cells)
    at = np.array([_range_of(cell, ranges) for cell in cells], dtype=np.intp)
    parts = [
        _part(ends, np.array(pushed)[at == i]) for i, ends in enumerate(ranges) if (at == i).any()
    ]
    return Dependence(column.name, column.kind, of, tuple(parts))


Range = tuple[Value, Value]


def _ranges(column: Column, cells: Sequence[Value]) -> list[Range]:
    """Where cells are told apart: the commonest categories, or ranges of about as many rows."""
    missing: list[Range] = [(None, None)]
    if column.kind != "number":
        common = Counter(cell for cell in cells if cell is not None).most_common(MOST_PARTS)
        return [(cell, cell) for cell, _ in common] + missing
    known = np.sort([float(cell) for cell in cells if isinstance(cell, (int, float))])
    distinct = np.unique(known)
    if len(distinct) <= MOST_PARTS:
        return [(float(cell), float(cell)) for cell in distinct] + missing
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, MOST_PARTS + 1), method="lower"))
    lows = [cuts[0], *(distinct[np.searchsorted(distinct, cut, "right")] for cut in cuts[1:-1])]
    return [(float(a), float(b)) for a, b in zip(lows, cuts[1:], strict=True)] + missing


def _range_of(cell: Value, ranges: Sequence[Range]) -> int:
    """Which range a cell is in; -1 for a rare category."""
    for i, (low, high) in enumerate(ranges):
        if cell is None or isinstance(low, str) or low is None:
            if cell == low:
                return i
        elif not isinstance(cell, str) and low <= cell <= high:  # type: ignore[operator]
            return i
    return -1


def _part(ends: Range, pushed: Array) -> Part:
    low, high = np.quantile(pushed, [0.1, 0.9])
    mean = float(pushed.mean())
    start, end = (_plain(cell) if isinstance(cell, float) else cell for cell in ends)
    return Part(start, end, len(pushed), _round(mean), _round(float(low)), _round(float(high)))


def _slices(judged: Judgement, seed: int) -> tuple[Slice, ...]:
    """The main figure by business unit, reason and item class, where there are enough rows."""
    if judged.measure is None:
        return ()
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, example in enumerate(judged.rows):
        for by, name in _kinds(example).items():
            found[(by, name)].append(i)
    slices = []
    everything = list(range(len(judged.rows)))
    for (by, name), at in [(("all", "all"), everything), *sorted(found.items())]:
        inside = np.array(at, dtype=np.intp)
        value = judged.measure(inside) if len(at) >= LEAST_SLICE else np.nan
        if np.isfinite(value):
            whole, drawn = _inside(judged, inside), drawn_as(judged.rows[i] for i in at)
            low, high = measures.interval(whole, drawn, seed, judged.figure == "accuracy")
            slices.append(Slice(by, name, len(at), _round(value), _round(low), _round(high)))
    return tuple(slices)


def _inside(judged: Judgement, rows: NDArray[np.intp]) -> Any:
    """The figure as a function of row numbers within a slice."""
    measure = judged.measure
    assert measure is not None
    return lambda at: measure(rows[at])


def _kinds(example: Example | TextExample) -> dict[str, str]:
    kinds = {"business_unit": example.business_unit}
    if isinstance(example, TextExample):
        return kinds | {"reason": example.reason}
    item = example.row.get("line_item_class")
    code = "exception_code" if "exception_code" in example.row else "reason"
    return kinds | {code: example.reason} | ({"item_class": str(item)} if item else {})


def _calibration(judged: Judgement) -> tuple[Bin, ...]:
    """Bins of about as many rows; for shares of a loss the interval is wider than need be."""
    if judged.confidence is None or judged.right is None or not len(judged.right):
        return ()
    order = np.argsort(judged.confidence, kind="stable")
    bins = []
    for part in np.array_split(order, min(BINS, max(1, len(order) // 10))):
        said, was = float(judged.confidence[part].mean()), float(judged.right[part].mean())
        low, high = _wilson(was, len(part))
        bins.append(Bin(_round(said), _round(was), _round(low), _round(high), len(part)))
    return tuple(bins)


def _wilson(share: float, rows: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927): inside [0, 1] also for few rows."""
    middle = share + z * z / (2 * rows)
    half = z * float(np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows)))
    return (middle - half) / (1 + z * z / rows), (middle + half) / (1 + z * z / rows)


def _scores(groups: Mapping[str, Array]) -> dict[str, Any]:
    """Edges and counts; the outermost bins also hold what lies beyond."""
    every = np.concatenate([np.empty(0), *groups.values()])
    if not len(every):
        return {}
    low, high = np.quantile(every, [0.005, 0.995])
    edges = np.linspace(low, max(high, low + 1e-6), SCORE_BINS + 1)
    spreads = tuple(
        Spread(name, tuple(np.histogram(np.clip(own, edges[0], edges[-1]), edges)[0].tolist()))
        for name, own in groups.items()
        if len(own)
    )
    return {"edges": tuple(_round(float(edge)) for edge in edges), "scores": spreads}


def _plain(number: float) -> int | float:
    return int(number) if number.is_integer() else _round(number)


def _round(number: float) -> float:
    """So that another machine's last digits do not change the bundle."""
    return round(float(number), DIGITS)
