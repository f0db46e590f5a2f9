"""Files inside a bundle's folder: the same data gives the same bytes; JSON never holds a NaN."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Writes the same bytes for the same data."""
    path.write_text(json.dumps(data, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """What ``write_json`` wrote."""
    data: dict[str, Any] = json.loads(path.read_text())
    return data


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes an ``.npz`` whose bytes depend on the arrays alone, not on the clock."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.save(content, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _FIXED_TIME), content.getvalue())
