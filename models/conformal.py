"""Sets of answers that hold the truth as often as the card says, whatever the model.

Split conformal prediction: the promise is about exchangeable data and holds for finitely many
calibration rows (Vovk et al. 2005). ``lac`` gives the smallest sets (Sadinle et al. 2019);
``aps`` fills hard rows more evenly (Romano et al. 2020, without randomisation: its sets are a
little larger than needed, never smaller).

A promise that holds on average may be kept for easy cases and broken for hard ones. ``by_class``
keeps it for every true class (Vovk 2012), ``Grouped`` for every group of rows, as far as
calibration rows reach.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from workflow.assessment import Row

Array = NDArray[np.float64]
Score = Literal["lac", "aps"]
_SLACK = 1e-9
"""Keeps a value on the threshold inside its set, whatever the rounding of another machine."""


@dataclass(frozen=True)
class Conformal:
    """``threshold`` is the largest score that still belongs to a set; infinity admits all.

    ``by_class``, where given, holds a threshold for every class instead.
    """

    score: Score
    level: float
    threshold: float
    calibrated_on: int
    by_class: tuple[float, ...] = ()

    def sets(self, probabilities: Array) -> NDArray[np.bool_]:
        """Rows x classes, true where a class belongs; the likeliest class always does."""
        limit = np.array(self.by_class) if self.by_class else np.array(self.threshold)
        return _within(probabilities, self.score, limit)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; an infinite threshold is ``null``."""
        return {
            "score": self.score,
            "level": self.level,
            "threshold": _finite(self.threshold),
            "calibrated_on": self.calibrated_on,
            "by_class": [_finite(limit) for limit in self.by_class],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Conformal":
        """What ``to_json`` wrote."""
        return cls(
            data["score"],
            data["level"],
            _limit(data["threshold"]),
            data["calibrated_on"],
            tuple(_limit(limit) for limit in data.get("by_class", ())),
        )


@dataclass(frozen=True)
class Grouped:
    """A threshold for every combination of groups, such as of business unit and reason.

    ``columns`` are the cells of a row that name its groups; ``groups`` the names, by column, that
    had rows enough. ``thresholds`` has one axis a column, with one place a group and a last one
    for every other row. Without columns it is ``marginal``. Fitted by ``training.coverage``.
    """

    marginal: Conformal
    columns: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    thresholds: Array

    @classmethod
    def plain(cls, marginal: Conformal) -> "Grouped":
        """The same threshold for everybody."""
        return cls(marginal, (), (), np.array(marginal.threshold))

    def sets(self, probabilities: Array, rows: Sequence[Row]) -> NDArray[np.bool_]:
        """Rows x classes, true where a class belongs; the likeliest class always does."""
        limits = np.array([self.threshold(row) for row in rows]).reshape(-1, 1)
        return _within(probabilities, self.marginal.score, limits)

    def threshold(self, row: Row) -> float:
        """The largest score that still belongs to the set of such a row."""
        return float(self.thresholds[place_of(row, self.columns, self.groups)])

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; an infinite threshold is ``null``."""
        flat = [_finite(limit) for limit in self.thresholds.ravel().tolist()]
        return {
            **self.marginal.to_json(),
            "columns": list(self.columns),
            "groups": [list(names) for names in self.groups],
            "thresholds": flat,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Grouped":
        """What ``to_json`` wrote."""
        groups = tuple(tuple(names) for names in data["groups"])
        flat = np.array([_limit(limit) for limit in data["thresholds"]])
        shape = tuple(len(names) + 1 for names in groups)
        return cls(Conformal.from_json(data), tuple(data["columns"]), groups, flat.reshape(shape))


def place_of(row: Row, columns: Sequence[str], groups: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Which group of each column a row belongs to; one past the last for any other."""
    return tuple(
        names.index(cell) if (cell := row.get(column)) in names else len(names)
        for column, names in zip(columns, groups, strict=True)
    )


def scores(probabilities: Array, score: Score) -> Array:
    """How strange each class of each row would be as its truth; larger is stranger.

    ``lac``: one minus its probability. ``aps``: the probability of all classes down to and
    including it, from the likeliest.
    """
    if score == "lac":
        return 1.0 - probabilities
    order = np.argsort(-probabilities, axis=1, kind="stable")
    sums = np.take_along_axis(probabilities, order, axis=1).cumsum(axis=1)
    out = np.empty_like(sums)
    np.put_along_axis(out, order, sums, axis=1)
    return out


def fit_conformal(
    probabilities: Array,
    truth: NDArray[np.intp],
    level: float = 0.95,
    score: Score = "lac",
    least_a_class: int | None = None,
) -> Conformal:
    """The threshold with the finite-sample correction, from rows that nothing else was fitted on.

    ``truth`` holds the index of the right class. With fewer than ``level / (1 - level)`` rows
    no finite threshold can promise the level, and sets hold every class. ``least_a_class`` gives
    every class with so many rows a threshold of its own; the others share the common one.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    strange = scores(probabilities, score)[np.arange(len(truth)), truth]
    common = quantile(strange, level)
    limits: list[float] = []
    if least_a_class is not None:
        for k in range(probabilities.shape[1]):
            own = strange[truth == k]
            limits.append(quantile(own, level) if len(own) >= least_a_class else common)
    return Conformal(score, level, common, len(truth), tuple(limits))


def quantile(strange: Array, level: float) -> float:
    """The smallest score that, with one more row to come, so large a share will not exceed.

    Infinite where there are too few rows for any to be promised.
    """
    rank = ceil((len(strange) + 1) * level - _SLACK)
    return inf if rank > len(strange) else float(np.sort(strange)[rank - 1])


def coverage(sets: NDArray[np.bool_], truth: NDArray[np.intp]) -> tuple[float, float]:
    """Share of sets that hold their truth, and their mean size; NaN without rows."""
    if len(truth) == 0:
        return float("nan"), float("nan")
    held = sets[np.arange(len(truth)), truth]
    return float(held.mean()), float(sets.sum(axis=1).mean())


def _within(probabilities: Array, score: Score, limit: Array) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = scores(probabilities, score) <= limit + _SLACK
    if len(inside):
        inside[np.arange(len(inside)), probabilities.argmax(axis=1)] = True
    return inside


def _finite(limit: float) -> float | None:
    return float(limit) if np.isfinite(limit) else None


def _limit(value: float | None) -> float:
    return inf if value is None else float(value)
