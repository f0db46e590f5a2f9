"""How quickly the exact pushes of one margin are there, beside ``shap`` and its like.

``shap.TreeExplainer`` on a LightGBM model calls ``pred_contrib`` and explains every class. A peer
that holds one booster a class and asks the predicted one alone answers the same small question
as we do; the fastest such peer for a single row is LightGBM's single-row C interface.
"""

import ctypes
import re
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.tabular import Matrix
from models.tree_explain import Trees

Array = NDArray[np.float64]
Ints = NDArray[np.intp]
Spent = Mapping[str, list[float]]
Explain = Callable[[Ints], object]
"""Explains the rows of these numbers."""

CALLS = {1: 40, 32: 2, 1000: 1}
"""Rows at once, and how often a round calls each way with so many."""
CATEGORICAL, CODES, MISSING = 4, 12, 0.03
"""Of the made-up rows: columns that are categories, their codes, and the share of gaps."""
_CONTRIBUTIONS, _DOUBLE = 3, 1
_LIB = lgb.basic._LIB  # type: ignore[attr-defined]  # the C interface has no other door


@dataclass(frozen=True)
class Size:
    """Of the made-up model; ``rounds`` times ``classes`` trees are grown."""

    features: int = 40
    classes: int = 5
    rounds: int = 200
    leaves: int = 31


def compared(size: Size, rounds: int, seed: int) -> dict[str, Any]:
    """Ratios of time by batch size, medians over interleaved rounds, and the largest difference.

    ``x_shap`` above 1 means that we are quicker than ``shap``, and so on for each peer;
    ``cpu_x_`` is the same of processor seconds of all threads, which other work on the machine
    disturbs less.
    """
    booster = _grown(size, seed)
    trees, shap_all = Trees(booster.model_to_string()), _shap(booster)
    asked = _rows(size, seed + 1, 2_000)
    chosen = trees.margins(asked).argmax(axis=1)
    singles = [_single(booster, k, size.classes) for k in range(size.classes)]
    fast = [SingleRow(one, size.features) for one in singles]
    found: dict[str, Any] = {
        "trees": size.rounds * size.classes,
        "shap_max_abs_diff": _difference(trees, shap_all, asked[:200]),
    }
    for batch in CALLS:
        ways: dict[str, Explain] = {
            "ours": lambda at: trees.pushes(asked[at], chosen[at].tolist()),
            "shap": lambda at: shap_all(asked[at]),
            "class_boosters": lambda at: _by_class(singles, asked[at], chosen[at]),
        }
        if batch == 1:
            ways["class_boosters_c_api"] = lambda at: fast[chosen[at[0]]](asked[at[0]])
        wall, cpu = interleaved(ways, len(asked), batch, rounds)
        found[f"rows_{batch}"] = {
            "ours_ms": 1000 * float(np.median(wall["ours"])),
            **{f"x_{name}": _ratio(wall, name) for name in ways if name != "ours"},
            **{f"cpu_x_{name}": _ratio(cpu, name) for name in ways if name != "ours"},
        }
    return found


def interleaved(
    ways: Mapping[str, Explain], rows: int, batch: int, rounds: int
) -> tuple[Spent, Spent]:
    """Seconds a call by way, one entry a round, on the wall and of the processor.

    Every other round the ways take turns backwards; each call gets other rows, because tables
    still warm from the same row would flatter.
    """
    wall: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    calls = CALLS[batch]
    for explain in ways.values():
        explain(np.arange(batch))
    for number in range(rounds):
        firsts = [(number * calls + call) * batch for call in range(calls)]
        parts = [np.arange(first, first + batch) % rows for first in firsts]
        for name in list(ways)[:: 1 if number % 2 else -1]:
            started, worked = time.perf_counter(), time.process_time()
            for part in parts:
                ways[name](part)
            wall[name].append((time.perf_counter() - started) / calls)
            cpu[name].append((time.process_time() - worked) / calls)
    return wall, cpu


def _ratio(spent: Spent, name: str) -> float:
    return float(np.median(np.array(spent[name]) / np.array(spent["ours"])))


class SingleRow:
    """LightGBM's quickest way to the contributions of one row: prepared once, then one call."""

    def __init__(self, booster: lgb.Booster, width: int) -> None:
        self._booster = booster  # it owns what the handle points to
        self._row, self._out = np.zeros(width), np.zeros(width + 1)
        self._length, self._handle = ctypes.c_int64(), ctypes.c_void_p()
        lgb.basic._safe_call(
            _LIB.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster._handle, ctypes.c_int(_CONTRIBUTIONS), ctypes.c_int(0), ctypes.c_int(-1),
                ctypes.c_int(_DOUBLE), ctypes.c_int32(width), lgb.basic._c_str("num_threads=1"),
                ctypes.byref(self._handle),
            )
        )  # fmt: skip

    def __call__(self, row: Array) -> Array:
        self._row[:] = row
        lgb.basic._safe_call(
            _LIB.LGBM_BoosterPredictForMatSingleRowFast(
                self._handle,
                self._row.ctypes.data_as(ctypes.c_void_p),
                ctypes.byref(self._length),
                self._out.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
            )
        )
        return self._out


def one_class(text: str, k: int, classes: int) -> str:
    """Model text of the trees of class ``k`` alone; their sum is that class's raw margin."""
    head, _, rest = text.partition("\nTree=0\n")
    trees = re.split(r"\nTree=\d+\n", rest.partition("\nend of trees")[0])[k::classes]
    kept = [line for line in head.split("\n") if not line.startswith(("objective=", "tree_sizes="))]
    one = [re.sub(r"^(num_class|num_tree_per_iteration)=.*", r"\1=1", line) for line in kept]
    parts = [f"Tree={i}\n{tree.strip()}\n" for i, tree in enumerate(trees)]
    return "\n".join(one).rstrip() + "\n\n" + "\n\n".join(parts) + "\n\nend of trees\n"


def _single(booster: lgb.Booster, k: int, classes: int) -> lgb.Booster:
    return lgb.Booster(model_str=one_class(booster.model_to_string(), k, classes))


def _by_class(singles: list[lgb.Booster], rows: Matrix, chosen: Ints) -> Matrix:
    """The peer given our trick: rows by predicted class, each to its own booster, one thread."""
    out = np.empty((len(rows), rows.shape[1] + 1))
    for k in np.unique(chosen):
        mine = chosen == k
        out[mine] = singles[k].predict(rows[mine], pred_contrib=True, num_threads=1)
    return out


def _shap(booster: lgb.Booster) -> Callable[[Matrix], Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # shap colours its plots on import and warns about it
        import shap

    return shap.TreeExplainer(booster).shap_values  # type: ignore[no-any-return]


def _difference(trees: Trees, shap_all: Callable[[Matrix], Any], rows: Matrix) -> float:
    """The largest absolute difference of any push of any class."""
    expected = np.asarray(shap_all(rows))
    ours = [trees.pushes(rows, [k] * len(rows))[0] for k in range(trees.classes)]
    return float(np.abs(np.stack(ours, axis=-1) - expected).max())


def _rows(size: Size, seed: int, count: int) -> Matrix:
    chance = np.random.default_rng(seed)
    rows = chance.normal(size=(count, size.features))
    rows[:, -CATEGORICAL:] = chance.integers(0, CODES, (count, CATEGORICAL))
    rows[chance.random(rows.shape) < MISSING] = np.nan
    return rows


def _grown(size: Size, seed: int) -> lgb.Booster:
    """Classes that depend on sums, products and categories, so that trees grow deep."""
    rows = _rows(size, seed, 20_000)
    known = np.nan_to_num(rows)
    at = np.arange(size.classes)
    pull = known[:, at] + 0.7 * known[:, at + 5] * known[:, at + 10] + (known[:, [-1]] % 5 == at)
    labels = (pull + np.random.default_rng(seed).normal(size=pull.shape)).argmax(axis=1)
    names = list(range(size.features - CATEGORICAL, size.features))
    quiet = {"verbosity": -1}
    data = lgb.Dataset(rows, labels, categorical_feature=names, params=quiet)
    settings = {"objective": "multiclass", "num_class": size.classes, "num_leaves": size.leaves}
    return lgb.train(quiet | settings | {"num_threads": 1, "seed": seed}, data, size.rounds)
