"""Writes ``docs/reference/features.md`` from the declarations: ``python -m features.reference``."""

from collections.abc import Iterable
from pathlib import Path

from features.catalogue import FEATURES, FOLDS, SETS
from features.comparisons import DERIVED

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "features.md"

_HEAD = """\
# Features

Written from the declarations by `python -m features.reference`; a test keeps it current.

A feature is a fold over the journal. It learns when a fact is recorded and answers when a
question is asked, from a memory that is a table row live and a dictionary in training.

- `_90d` covers the 90 days before the day of the question, that day excluded; `_today` covers
  the day itself, the thing asked about included. Days are UTC days of the event, at most the
  day it was recorded.
- `None` means not known: nobody has told us of this key, or the question lies so far behind
  the newest fact that part of its window is no longer remembered. `0` means known to be none.
- `minor` is minor units of the currency, `milli-units` thousandths of the product's unit,
  `permille` thousandths rounded half up. Amounts of one key are summed as they come: a
  customer, product or supplier is taken to trade in one currency.
- A sentence says `{value}` where the value stands, and `{percent}` where thousandths stand as
  per cent.
"""


def markdown() -> str:
    """The whole page, ending in a newline."""
    parts = [_HEAD, *_folds(), *_features(), *_derived(), *_sets()]
    return "\n".join(parts) + "\n"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def _folds() -> list[str]:
    rows = (
        (f"`{fold.name}`", str(fold.version), ", ".join(f"`{t}`" for t in sorted(fold.listens)))
        for fold in FOLDS
    )
    return ["## Folds", "", *_table(("entity", "version", "learns from"), rows)]


def _used_by(name: str) -> str:
    return ", ".join(f"`{s.name}`" for s in SETS.values() if name in s.names) or "-"


def _features() -> list[str]:
    lines: list[str] = []
    heads = ("name", "kind", "unit", "sentence", "read by")
    for fold in FOLDS:
        rows = (
            (f"`{f.name}`", f.kind, f.unit, f.says, _used_by(f.name))
            for f in FEATURES.values()
            if f.fold == fold.name
        )
        lines += [f"## Of a `{fold.name}`", "", *_table(heads, rows)]
    return lines


def _derived() -> list[str]:
    rows = (
        (f"`{d.name}`", d.unit, d.says, ", ".join(f"`{p.name}`" for p in d.of), _used_by(d.name))
        for d in DERIVED.values()
    )
    heads = ("name", "unit", "sentence", "of", "read by")
    return ["## Comparisons", "", *_table(heads, rows)]


def _sets() -> list[str]:
    rows = ((f"`{s.name}`", str(len(s.names)), f"`{s.fingerprint}`") for s in SETS.values())
    return ["## Sets", "", *_table(("model", "columns", "fingerprint"), rows)]


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(markdown(), encoding="utf-8")
    print(f"Wrote {len(FEATURES) + len(DERIVED)} features to {PAGE}")
