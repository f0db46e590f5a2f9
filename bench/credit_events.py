"""An event log beside a table of cases: what had happened when the question arose, and when the
first decision fell. Names of columns are those of the XES standard unless said otherwise.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.credit_table import Table, moments

Array = NDArray[np.float64]

LEAST_SHARE, MOST_NAMES = 0.01, 40
"""Events that fewer training cases have had by then are not counted; so many kinds at most."""


@dataclass(frozen=True)
class Log:
    """Events of each case in time order: seconds since 1970, and the name of what happened."""

    of: dict[str, list[tuple[float, str]]]

    @classmethod
    def of_table(cls, table: Table, case: str, name: str, time: str) -> "Log":
        """Errors: ``KeyError`` for a column that is not there, ``ValueError`` for bad times."""
        whens = moments(table.cells[time])
        if whens is None or None in whens:
            raise ValueError(f"column {time!r} of the events holds what is no time")
        of: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
        for key, when, what in zip(table.cells[case], whens, table.cells[name], strict=True):
            if when is not None:
                of[key].append((when.timestamp(), what))
        return cls({key: sorted(events) for key, events in of.items()})

    def first(self, cases: Sequence[str], names: Sequence[str]) -> tuple[Array, list[str | None]]:
        """When the first of the events named befell each case (NaN: never), and which it was."""
        found = [next((e for e in self.of.get(c, ()) if e[1] in names), None) for c in cases]
        times = np.array([math.nan if event is None else event[0] for event in found])
        return times, [None if event is None else event[1] for event in found]

    def until(
        self, cases: Sequence[str], asked_at: Array, train: NDArray[np.bool_]
    ) -> dict[str, Array]:
        """How often each event had happened before a case was asked about, and how long ago.

        Which events are counted is decided by the cases marked ``train``.
        """
        before = [
            [event for event in self.of.get(case, ()) if event[0] < at]
            for case, at in zip(cases, asked_at.tolist(), strict=True)
        ]
        common = Counter(
            name for i in np.flatnonzero(train) for name in {event[1] for event in before[i]}
        )
        out: dict[str, Array] = {"events_before": np.array([float(len(b)) for b in before])}
        for name, cases_with in common.most_common(MOST_NAMES):
            if cases_with < LEAST_SHARE * train.sum():
                break
            last = np.array([max((t for t, n in b if n == name), default=math.nan) for b in before])
            out[f"{name}_times"] = np.array([float(sum(n == name for _, n in b)) for b in before])
            out[f"{name}_days_ago"] = (asked_at - last) / 86_400
        return out if common else {}
