"""Sets of somebody else: read as they are, or refused in a sentence that names the fault."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

pytest.importorskip("sklearn", reason="needs pip install '.[training]'")

from bench.anomaly import scaled
from bench.anomaly_peers import copod, ecod
from bench.anomaly_sets import read

ROWS = np.arange(12.0).reshape(6, 2)
TRUTH = np.array([0, 0, 0, 0, 1, 1])


@pytest.mark.parametrize("truth", [TRUTH, TRUTH.astype(bool), TRUTH.reshape(-1, 1), TRUTH * 1.0])
def test_a_set_is_read_whatever_its_labels_are_kept_as(truth: Any, tmp_path: Path) -> None:
    """Whole or broken numbers, flags, a column: 1 is an anomaly. What is not known stays so."""
    rows = ROWS.copy()
    rows[2, 1] = np.nan
    np.savez(tmp_path / "a.npz", X=rows, y=truth)
    found, labels = read(tmp_path / "a.npz")
    assert np.array_equal(found, rows, equal_nan=True) and labels.tolist() == TRUTH.tolist()


@pytest.mark.parametrize(
    ("arrays", "fault"),
    [
        ({"data": ROWS, "y": TRUTH}, "has no array X or no array y"),
        ({"X": ROWS.astype(str), "y": TRUTH}, "X holds <U32, no numbers"),
        ({"X": ROWS, "y": np.array(["no", "no", "no", "no", "yes", "yes"])}, "y holds <U3, no"),
        ({"X": ROWS, "y": np.array([None] * 6)}, "is no .npz file of plain arrays"),
        ({"X": ROWS[:, 0], "y": TRUTH}, "X has the shape"),
        ({"X": ROWS, "y": TRUTH[:4]}, "X has 6 rows and y has 4 labels"),
        ({"X": np.where(ROWS == 3, np.inf, ROWS), "y": TRUTH}, "row 2, column 2 of X: is infinite"),
        ({"X": ROWS, "y": 1 - 2 * TRUTH}, "row 1: the label 1|row 5: the label -1"),
        ({"X": ROWS, "y": 0 * TRUTH}, "has 0 anomalies and 6 normal rows"),
        ({"X": ROWS[3:], "y": TRUTH[3:]}, "has 2 anomalies and 1 normal rows"),
    ],
)
def test_what_cannot_be_measured_is_said(arrays: Any, fault: str, tmp_path: Path) -> None:
    """The file, the row where there is one, and what is needed; nothing is unpickled."""
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(typer.BadParameter, match=fault) as told:
        read(tmp_path / "a.npz")
    assert "a.npz" in str(told.value)


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    """Text under the name of a set."""
    (tmp_path / "a.npz").write_text("hello")
    with pytest.raises(typer.BadParameter, match=r"is no \.npz file"):
        read(tmp_path / "a.npz")


def test_a_gap_does_not_cost_the_column() -> None:
    """Scaled by the cells that are known; a gap stays one, all others keep their place."""
    train = np.array([[1.0, 5.0], [np.nan, 5.0], [3.0, 5.0]])
    told, _, test, _ = scaled((train, np.zeros(3), np.array([[2.0, np.nan]]), np.zeros(1)))
    assert np.array_equal(told, [[-1.0, 0.0], [np.nan, 0.0], [1.0, 0.0]], equal_nan=True)
    assert np.array_equal(test, [[0.0, np.nan]], equal_nan=True)


def test_the_larger_tail_counts_of_a_column_that_leans_a_little() -> None:
    """As PyOD takes skewness: by its sign alone. The smallest of four is below one in four."""
    column = np.array([[0.0], [1.0], [2.0], [4.0]])
    assert ecod(column[:2], column[2:], 0) == pytest.approx([np.log(2), np.log(4)])
    assert copod(column[2:], column[:2], 0) == pytest.approx([np.log(4) / 2, np.log(8 / 3) / 2])


def test_a_column_without_spread_leaves_the_published_tails_no_answer() -> None:
    """All rows alike, as the table has it for sets with such a column (50.0)."""
    rows = np.array([[0.0, 1.0], [1.0, 1.0], [5.0, 1.0]])
    assert not ecod(rows, rows, 0).any() and not copod(rows, rows, 0).any()
