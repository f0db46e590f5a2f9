"""Our rooms are top-level packages, so nobody else may own their names (decision 0001)."""

import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def rooms() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed: list[str] = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return listed


def test_no_distribution_owns_a_name_of_ours() -> None:
    """No installed distribution brings a package called like one of our rooms."""
    owners = packages_distributions()
    for room in rooms():
        others = set(owners.get(room, ())) - {"returns-triage"}
        assert not others, f"{room} is also a package of {', '.join(sorted(others))}"


def test_every_room_is_shipped() -> None:
    """A folder with a signpost at the top of the checkout is listed for the wheel."""
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert folders <= set(rooms())
