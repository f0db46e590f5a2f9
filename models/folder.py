"""JSON files inside a bundle's folder: sorted, readable in a diff, never a NaN."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Writes the same bytes for the same data."""
    path.write_text(json.dumps(data, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """What ``write_json`` wrote."""
    data: dict[str, Any] = json.loads(path.read_text())
    return data
