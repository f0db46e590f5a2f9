"""A set of somebody else for ``bench.anomaly``: what is wrong with it ends the command in a
sentence that names the file and what to do."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import typer
from numpy.typing import NDArray

Array = NDArray[np.float64]


def read(path: Path) -> tuple[Array, Array]:
    """``X``, rows x columns with ``nan`` where nothing is known, and ``y``, 1 for an anomaly.

    Errors: ``typer.BadParameter`` for what is no such file, a cell that is no finite number,
    a row without a label, labels other than 0 and 1, and too few of either to tell anything.
    """
    rows, labels = _columns(path)
    if rows.ndim != 2 or not rows.shape[1]:
        raise typer.BadParameter(f"{path}: X has the shape {rows.shape}; rows x columns are needed")
    if len(labels) != len(rows):
        raise typer.BadParameter(
            f"{path}: X has {len(rows)} rows and y has {len(labels)} labels; give one a row"
        )
    endless = np.argwhere(np.isinf(rows))
    if len(endless):
        row, column = (endless[0] + 1).tolist()
        raise typer.BadParameter(
            f"{path}, row {row}, column {column} of X: is infinite; write nan for what is not known"
        )
    strange = np.flatnonzero((labels != 0) & (labels != 1))
    if len(strange):
        raise typer.BadParameter(
            f"{path}, row {strange[0] + 1}: the label {labels[strange[0]]:g} in y is neither 0"
            " (normal) nor 1 (an anomaly)"
        )
    found = int(labels.sum())
    if found < 1 or len(labels) - found < 2:
        raise typer.BadParameter(
            f"{path} has {found} anomalies and {len(labels) - found} normal rows; at least 1 and 2"
            " are needed to measure anything"
        )
    return rows, labels


def _columns(path: Path) -> tuple[Array, Array]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return _numbers(path, "X", file["X"]), _numbers(path, "y", file["y"]).ravel()
    except KeyError as error:
        raise typer.BadParameter(f"{path} has no array X or no array y: {error.args[0]}") from error
    except (OSError, BadZipFile, ValueError, TypeError, AttributeError) as error:
        raise typer.BadParameter(f"{path} is no .npz file of plain arrays X and y") from error


def _numbers(path: Path, name: str, cells: NDArray[np.generic]) -> Array:
    if cells.dtype.kind not in "biuf":
        raise typer.BadParameter(f"{path}: {name} holds {cells.dtype}, no numbers")
    return cells.astype(np.float64)
