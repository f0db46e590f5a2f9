"""What is remembered of earlier requests when a new one comes: never what was known only later.

A request's outcome counts from the moment in ``known_at``; whoever asks before it does not see it.
"""

import math
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DAY = 86_400.0
RECENT = (50, 200)
"""How many of the latest outcomes make a recent rate."""
PRIOR = 5.0
"""Outcomes' worth of doubt: the rate of a value seldom met is drawn to the rate of all."""
WINDOWS = {"1h": DAY / 24, "1d": DAY, "7d": 7 * DAY, "30d": 30 * DAY}


@dataclass(frozen=True)
class Outcomes:
    """When rows came (``asked_at``, never falling), when their outcome was known, and what it was.

    ``known_at`` is infinite for outcomes never to be used; ``found`` is 1 or 0. ``timed`` says
    that these are times in seconds, not mere places in the order; ``fresh`` that outcomes become
    known one by one.
    """

    asked_at: Array
    known_at: Array
    found: Array
    timed: bool
    fresh: bool


def by_stretch(
    asked_at: Array | None, stretch: NDArray[np.intp], train: NDArray[np.bool_], found: Array
) -> Outcomes:
    """Without times of decisions: an outcome is known once its stretch is over, and that of a
    test row never. So a training row knows as little of its own days as a test row does.
    """
    places = np.arange(len(train), dtype=np.float64)
    at = places if asked_at is None else asked_at
    known_at = np.full(len(train), math.inf)
    for one in np.unique(stretch[train]):
        mine = train & (stretch == one)
        known_at[mine] = at[mine].max()
    return Outcomes(at, known_at, found, timed=asked_at is not None, fresh=False)


def remembered(outcomes: Outcomes, keys: Mapping[str, Sequence[str | None]]) -> dict[str, Array]:
    """For each column of ``keys``: how often its value came before, and what became of it.

    ``X_seen`` counts earlier rows, ``X_rate`` is the share found among those whose outcome was
    known by then, drawn to the share of all; ``X_known`` is how many those are.
    """
    out: dict[str, Array] = {}
    for name, values in keys.items():
        seen, known, rate = (np.full(len(values), math.nan) for _ in range(3))
        came: defaultdict[str, int] = defaultdict(int)
        told: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        everyone = [0.0, 0.0]
        later = _by_known(outcomes)
        for i, value in enumerate(values):
            for j in _known_by(later, outcomes, i):
                other = values[j]
                for counts in (everyone, told[other]) if other is not None else (everyone,):
                    counts[0] += 1.0
                    counts[1] += float(outcomes.found[j])
            if value is None:
                continue
            usual = everyone[1] / everyone[0] if everyone[0] else 0.0
            n, bad = told[value]
            seen[i], known[i] = came[value], n
            if n:
                rate[i] = (bad + PRIOR * usual) / (n + PRIOR)
            came[value] += 1
        out |= {f"{name}_seen": seen, f"{name}_known": known, f"{name}_rate": rate}
    return out


def lately(outcomes: Outcomes) -> dict[str, Array]:
    """How much comes in, how much waits, and the share found among the latest outcomes.

    Only what times tell: an order alone does not say when a row learns of others.
    """
    if not outcomes.timed:
        return {}
    size, at = len(outcomes.found), outcomes.asked_at
    out = {"hours_since_last": np.diff(at, prepend=math.nan) / (DAY / 24)}
    for name, width in WINDOWS.items():
        out[f"came_in_{name}"] = (np.arange(size) - np.searchsorted(at, at - width)).astype(float)
    if not outcomes.fresh:
        return out
    rates = {count: np.full(size, math.nan) for count in RECENT}
    latest: deque[float] = deque(maxlen=max(RECENT))
    waiting, known = np.empty(size), 0
    later = _by_known(outcomes)
    for i in range(size):
        for j in _known_by(later, outcomes, i):
            latest.append(float(outcomes.found[j]))
            known += 1
        waiting[i] = i - known
        for count, rate in rates.items():
            if len(latest) >= min(RECENT):
                rate[i] = np.mean(list(latest)[-count:])
    return out | {"waiting": waiting} | {f"rate_of_last_{n}": r for n, r in rates.items()}


def _by_known(outcomes: Outcomes) -> deque[int]:
    order = np.argsort(outcomes.known_at, kind="stable")
    return deque(order[np.isfinite(outcomes.known_at[order])].tolist())


def _known_by(later: deque[int], outcomes: Outcomes, i: int) -> list[int]:
    """Takes from ``later`` the rows whose outcome was known before row ``i`` was asked."""
    found: list[int] = []
    while later and outcomes.known_at[later[0]] < outcomes.asked_at[i]:
        found.append(later.popleft())
    return found
