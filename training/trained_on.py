"""``training.json`` in a bundle: which data, features and code made it, and what it never saw."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from models.folder import read_json, write_json
from training.split import Boundary

FILE = "training.json"


def write_trained_on(folder: Path, boundary: Boundary | None, tags: Mapping[str, str]) -> None:
    """Adds the file to a folder that is about to be sealed; ``boundary`` begins the test part."""
    held = None if boundary is None else {"at": boundary.at.isoformat(), "case": boundary.case}
    write_json(folder / FILE, {"held_out_from": held, "tags": dict(tags)})


def trained_on(folder: Path) -> Boundary | None:
    """From where on a version was trained on nothing; ``None`` where its bundle does not say."""
    if not (folder / FILE).is_file():
        return None
    held = read_json(folder / FILE)["held_out_from"]
    return None if held is None else Boundary(datetime.fromisoformat(held["at"]), held["case"])
