"""How sure an answer must be to pass without a person: thresholds with a finite-sample promise.

Evidence is pairs ``(sureness, right)``: how sure a model was, in [0, 1], and whether a person who
judged the case agreed. Standard library only, so that a server recomputes without the training
libraries; tests hold the arithmetic to ``scipy`` and ``mapie``.

Sources: Learn then Test with multi-start fixed-sequence testing (Angelopoulos, Bates, Candès,
Jordan and Lei 2021); exact binomial tests and intervals (Clopper and Pearson 1934); betting
against a broken promise, valid however often one looks (Ville 1939; Ramdas et al. 2023).
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

LEVEL = 0.95
"""How likely a threshold keeps its promise."""
GRID = tuple(round(1 - 0.5 * 0.9**step, 4) for step in range(60))
"""The thresholds that are tried, loosest first: from 0.5, closer and closer to 1. Fixed before
any evidence is seen; an answer less sure than a coin is never let pass."""
STARTS = (1, 2, 4)
"""Testing starts where there are so many times the cases that pass without a single error."""
BROKEN_ODDS = 20.0
"""A promise is broken when the evidence against it reaches 20 to 1: by chance at most once in 20
models that keep theirs, however often one looks."""
_STEPS = 200

Evidence = Sequence[tuple[float, bool]]


@dataclass(frozen=True, slots=True)
class Guaranteed:
    """A threshold and what speaks for it: ``cases`` at least as sure, ``errors`` among them."""

    threshold: float
    cases: int
    errors: int


def guaranteed(evidence: Evidence, tolerated: float, level: float = LEVEL) -> Guaranteed | None:
    """The loosest threshold above which no more than ``tolerated`` (in (0, 1)) is wrong.

    With probability ``level`` over the evidence the true share of wrong answers at least as sure
    as the threshold is ``tolerated`` or less; ``None`` where nothing can be said so surely.
    Thresholds are tested from strict to loose until the first that fails, from several starts
    that share ``1 - level``: a single early error at the very top must not close everything.
    Where to start looks at how many cases there are, never at which are right.
    """
    counted = _counted(evidence)
    share = (1 - level) / len(STARTS)
    least = math.log(share) / math.log(1 - tolerated)
    loosest: Guaranteed | None = None
    for times in STARTS:
        for found in (one for one in counted if one.cases >= times * least):
            if at_most(found.errors, found.cases, tolerated) > share:
                break
            if loosest is None or found.threshold < loosest.threshold:
                loosest = found
    return loosest


def _counted(evidence: Evidence) -> list[Guaranteed]:
    """Cases and errors at every threshold of the grid, the strictest first."""
    ranked = sorted(evidence)
    sures = [sure for sure, _ in ranked]
    wrong_before = list(accumulate((not right for _, right in ranked), initial=0))
    starts = [(threshold, bisect_left(sures, threshold)) for threshold in reversed(GRID)]
    return [
        Guaranteed(threshold, len(ranked) - at, wrong_before[-1] - wrong_before[at])
        for threshold, at in starts
    ]


def at_most(errors: int, cases: int, rate: float) -> float:
    """The chance of ``errors`` or fewer among ``cases`` where each is wrong at ``rate``."""
    if errors >= cases or rate <= 0:
        return 1.0
    if rate >= 1:
        return 0.0
    return min(1.0, math.fsum(_chance(k, cases, rate) for k in range(errors + 1)))


def interval(errors: int, cases: int, level: float = LEVEL) -> tuple[float, float]:
    """The exact (Clopper-Pearson) interval of an error rate; ``(0, 1)`` without cases."""
    half = (1 - level) / 2
    low, high = 0.0, 1.0
    if errors > 0:
        low = _root(lambda rate: 1 - at_most(errors - 1, cases, rate) - half)
    if errors < cases:
        high = _root(lambda rate: half - at_most(errors, cases, rate))
    return low, high


def odds_against(errors: int, cases: int, tolerated: float) -> float:
    """How much more likely the audits are under some rate above ``tolerated`` than at it.

    The mean over rates spread evenly above the tolerated one of the likelihood ratio: while the
    promise holds it is a supermartingale that starts at 1, so it exceeds ``BROKEN_ODDS`` with
    probability ``1 / BROKEN_ODDS`` at most, whenever one looks.
    """
    width = (1 - tolerated) / _STEPS
    logs = []
    for step in range(_STEPS):
        rate = tolerated + (step + 0.5) * width
        logs.append(
            errors * math.log(rate / tolerated)
            + (cases - errors) * math.log((1 - rate) / (1 - tolerated))
        )
    top = max(logs)
    return math.exp(min(top + math.log(math.fsum(math.exp(x - top) for x in logs) / _STEPS), 700))


def _chance(errors: int, cases: int, rate: float) -> float:
    ways = math.lgamma(cases + 1) - math.lgamma(errors + 1) - math.lgamma(cases - errors + 1)
    return math.exp(ways + errors * math.log(rate) + (cases - errors) * math.log1p(-rate))


def _root(rising: Callable[[float], float]) -> float:
    """Where a rising function of [0, 1] crosses zero, to the last digit that matters."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2
