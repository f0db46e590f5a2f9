"""Tables of requests that cannot be judged are refused by file, row and column."""

from pathlib import Path

import numpy as np
import pytest
import typer

from bench.credit_checks import check_found, checked, checked_log, times_of
from bench.credit_table import read

BASE = "at,amount,bad\n2026-01-01,10,0\n2026-01-02,,1\n2026-01-03,12.5,0\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.csv"
    path.write_text(text)
    return path


def test_a_table_that_can_be_used_is_read(tmp_path: Path) -> None:
    """An amount may be unknown; a label may not."""
    table = checked(written(tmp_path, BASE), "bad", "amount", ["at"])
    assert table.size == 3
    assert np.diff(times_of(table, "at")).tolist() == [86_400.0, 86_400.0]


@pytest.mark.parametrize(
    ("was", "now", "fault"),
    [
        ("bad\n", "worse\n", r"mine\.csv has no column bad; it has at, amount, worse"),
        ("10,0", "10,", r"mine\.csv, row 1, column bad: may not be empty"),
        ("12.5,0", "12.5,maybe", r"mine\.csv, row 3, column bad: 'maybe' is one of 3 labels;"),
        ("12.5,0", "about 12,0", r"mine\.csv, row 3, column amount: 'about 12' is no number"),
    ],
)
def test_a_cell_that_cannot_be_used_is_named(
    was: str, now: str, fault: str, tmp_path: Path
) -> None:
    """By row, 1 for the first below the headings, and by the user's own heading."""
    with pytest.raises(typer.BadParameter, match=fault):
        checked(written(tmp_path, BASE.replace(was, now)), "bad", "amount", ["at"])


def test_a_time_that_is_none_is_named(tmp_path: Path) -> None:
    """Its row where the others are times; the first cell where none is."""
    rows = "".join(f"2026-01-{1 + i % 28:02d}\n" for i in range(60))
    one = read(written(tmp_path, f"at\n{rows}soon\n"))
    with pytest.raises(typer.BadParameter, match="row 61, column at: 'soon' is no time"):
        times_of(one, "at")
    none = read(written(tmp_path, "at\nsoon\nlater\n"))
    with pytest.raises(typer.BadParameter, match="column 'at' holds no times, 'soon' for one"):
        times_of(none, "at")


def test_a_log_without_its_columns_is_named(tmp_path: Path) -> None:
    """Instead of an error of the program."""
    with pytest.raises(typer.BadParameter, match="has no column case, what; it has at, amount"):
        checked_log(written(tmp_path, BASE), "case", "what", "at")


@pytest.mark.parametrize(("marks", "part"), [("0001", "learn from"), ("0100", "judge on"),
                                             ("1101", "learn from")])  # fmt: skip
def test_nothing_to_find_is_said(marks: str, part: str) -> None:
    """In either part, before anything is trained: figures of nothing are none."""
    labels = np.array([float(mark) for mark in marks])
    with pytest.raises(typer.BadParameter, match=f"rows to {part} are marked"):
        check_found(labels, np.array([True, True, False, False]), "bad")
