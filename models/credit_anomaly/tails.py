"""How rare a cell is in its own column: the additive half of the detector.

Every column gets a surprise, the negative logarithm of the share of training credits at least
as extreme (the idea of ECOD, Li et al. 2022, with one decision a column instead of one a row, so
that the sum stays exactly additive). Beyond the training range it keeps growing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.tabular import Matrix, log_scale

Direction = Literal["both", "high", "low"]
MOST_KNOTS = 256
"""Points at which a number's two tails are remembered; between them they are interpolated."""
TENTHS = 10
BEYOND_MOST = 3.0
"""How much surprise a value beyond everything ever seen may add."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class NumberTail:
    """Surprise of a number at ``knots`` (on a signed log scale), and of its absence."""

    knots: Array
    surprise: Array
    missing: float
    beyond: float
    """Width on the log scale that adds about ln 2 beyond the range."""

    def __call__(self, values: Array) -> Array:
        if len(self.knots) == 0:
            # Never known in training: being known at all is the surprise.
            known = math.log(2) + BEYOND_MOST
            return np.where(np.isnan(values), self.missing, known)
        scaled = log_scale(np.nan_to_num(values))
        inside = np.interp(scaled, self.knots, self.surprise)
        over = np.maximum(scaled - self.knots[-1], self.knots[0] - scaled)
        extra = np.minimum(np.log1p(np.maximum(over, 0.0) / self.beyond), BEYOND_MOST)
        edges = np.where(scaled > self.knots[-1], self.surprise[-1], self.surprise[0])
        extra = np.where(edges > self.surprise.min(), extra, 0.0)
        return np.where(np.isnan(values), self.missing, inside + extra)


@dataclass(frozen=True)
class CodeTail:
    """Surprise of a category code or flag; the last entry is for codes never seen."""

    surprise: Array
    missing: float

    def __call__(self, values: Array) -> Array:
        codes = np.nan_to_num(values).astype(int)
        codes = np.where(codes < len(self.surprise), codes, len(self.surprise) - 1)
        return np.where(np.isnan(values), self.missing, self.surprise[codes])


Tail = NumberTail | CodeTail


def fit_number(values: Array, direction: Direction) -> NumberTail:
    """``direction``: ``high`` means that only large values are suspicious, ``low`` only small."""
    n = len(values)
    known = np.sort(log_scale(values[~np.isnan(values)]))
    missing = _log_share(n - len(known), n)
    if len(known) == 0:
        return NumberTail(np.empty(0), np.empty(0), missing, 1.0)
    distinct = np.unique(known)
    if len(distinct) > MOST_KNOTS:
        spread = np.linspace(0, len(distinct) - 1, MOST_KNOTS).round().astype(int)
        distinct = distinct[np.unique(spread)]
    at_most = np.searchsorted(known, distinct, side="right")
    at_least = len(known) - np.searchsorted(known, distinct, side="left")
    high, low = -np.log((at_least + 0.5) / (n + 1)), -np.log((at_most + 0.5) / (n + 1))
    surprise = {"high": high, "low": low, "both": np.maximum(high, low)}[direction]
    return NumberTail(distinct, surprise, missing, _width(known))


def fit_density(values: Array) -> NumberTail:
    """By the share of rows in the same tenth of the range, so that a gap is as rare as an end
    (the histograms of HBOS, Goldstein and Dengel 2012)."""
    n = len(values)
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return fit_number(values, "both")
    counts, edges = np.histogram(known, TENTHS)
    # Up to half a tenth beyond the ends is still inside, and what comes then is empty.
    half = (edges[1] - edges[0]) / 2
    inner = [edges[0] - half, *edges[1:-1], edges[-1] + half]
    counts, at = np.pad(counts, 1), log_scale(np.array([inner[0] - half, *inner, inner[-1] + half]))
    # Each tenth is as rare at its one end as at the other: a knot at both.
    knots = np.column_stack([at[:-1], np.nextafter(at[1:], -np.inf)]).ravel()
    surprise = np.repeat(-np.log((counts + 0.5) / (n + 1)), 2)
    return NumberTail(knots, surprise, _log_share(n - len(known), n), _width(log_scale(known)))


def fit_codes(values: Array, codes: int) -> CodeTail:
    """``codes`` is how many codes have a name; one more stands for all others."""
    n = len(values)
    known = values[~np.isnan(values)].astype(int)
    counts = np.bincount(np.minimum(known, codes), minlength=codes + 1)
    surprise = np.array([_log_share(int(count), n) for count in counts])
    return CodeTail(surprise, _log_share(n - len(known), n))


def surprises(matrix: Matrix, tails: Sequence[Tail]) -> Matrix:
    """Rows x columns: how rare each cell is, in nats."""
    out = np.empty(matrix.shape)
    for j, tail in enumerate(tails):
        out[:, j] = tail(matrix[:, j])
    return out


def to_json(tail: Tail) -> dict[str, Any]:
    """Plain lists, so that the bundle is data."""
    if isinstance(tail, CodeTail):
        return {"kind": "code", "surprise": tail.surprise.tolist(), "missing": tail.missing}
    return {
        "kind": "number",
        "knots": tail.knots.tolist(),
        "surprise": tail.surprise.tolist(),
        "missing": tail.missing,
        "beyond": tail.beyond,
    }


def from_json(data: Mapping[str, Any]) -> Tail:
    """The tail that ``to_json`` wrote."""
    if data["kind"] == "code":
        return CodeTail(np.array(data["surprise"]), float(data["missing"]))
    return NumberTail(
        np.array(data["knots"], dtype=np.float64),
        np.array(data["surprise"], dtype=np.float64),
        float(data["missing"]),
        float(data["beyond"]),
    )


def _width(scaled: Array) -> float:
    """Where most values lie, on the log scale; never next to nothing."""
    return max(float(np.subtract(*np.quantile(scaled, [0.9, 0.1]))), 0.5)


def _log_share(count: int, n: int) -> float:
    return -math.log((count + 0.5) / (n + 1))
