"""Pushes become an explanation that adds up, with sentences a person can read."""

from collections.abc import Iterable, Mapping, Sequence

from models.protocol import Column
from workflow.assessment import Explanation, Push, Row, Value

_UNIT_WORDS = ("minor", "permille", "milli")
OTHERS = "others"
"""Name of the push that gathers what ``top`` left out."""


def grouped(
    columns: Mapping[str, Column], row: Row, contributions: Iterable[tuple[str, float]]
) -> list[Push]:
    """One push a source column: the signed sum of what its parts contributed, zeros left out."""
    sums: dict[str, float] = {}
    for name, push in contributions:
        sums[name] = sums.get(name, 0.0) + push
    return [
        Push(name, row.get(name), push, columns[name].unit, says(columns[name], row.get(name)))
        for name, push in sums.items()
        if push != 0.0
    ]


def explanation(
    method: str, output: str, base: float, total: float, pushes: Sequence[Push], top: int | None
) -> Explanation:
    """Strongest push first; the residual is what base and pushes do not add up to.

    ``top`` keeps so many pushes and gathers the rest into one named ``others``.
    """
    ordered = sorted(pushes, key=lambda push: (-abs(push.push), push.feature))
    residual = total - base - sum(push.push for push in ordered)
    if top is not None and len(ordered) > top:
        kept, rest = ordered[: max(top, 0)], ordered[max(top, 0) :]
        gathered = sum(push.push for push in rest)
        ordered = [*kept, Push(OTHERS, None, gathered, None, f"{len(rest)} weaker facts together")]
    return Explanation(method, output, base, total, residual, tuple(ordered))


def says(column: Column, value: Value) -> str:
    """The column's sentence with its value as people write it.

    ``{value}`` is ``minor`` in major units with two decimals, ``milli-units`` as units, flags as
    yes or no, codes with spaces; ``{percent}`` is ``permille`` in per cent. A missing value is
    said to be missing.
    """
    if value is None:
        words = [word for word in column.name.split("_") if word not in _UNIT_WORDS]
        return f"{' '.join(words).capitalize()}: not known"
    percent = "" if isinstance(value, str) else per_cent(value)
    return column.says.format(value=_told(column, value), percent=percent)


def per_cent(permille: float) -> str:
    """Thousandths as people write them: ``125`` -> ``12.5 %``."""
    return f"{permille / 10:,.1f}".removesuffix(".0") + " %"


def _told(column: Column, value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value.replace("_", " ")
    assert value is not None
    if column.unit == "minor":
        return f"{value / 100:,.2f}"
    if column.unit == "milli-units":
        return f"{value / 1000:g}"
    return f"{value:g}" if isinstance(value, float) else f"{value:d}"
