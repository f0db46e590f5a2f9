"""Example packs: the published terms of real distributors as policies that a unit can adopt.

A pack is a folder ``packs/{name}``: ``pack.toml`` (title, what was published, how we read it), the
tables it replaces, and their examples in ``golden/``. A pack is adopted by proposing its tables as
a business unit's own; nothing of it is in force before somebody publishes them.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow.policy import NOT_A_POLICY, Policies, Policy
from workflow.policy_ledger import Draft, read_draft
from workflow.policy_reading import Fault

ABOUT = "pack.toml"
_VERSION = re.compile(r"^version = \d+$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pack:
    """``published`` and ``reading`` are sentences; ``policies`` are read and without fault."""

    name: str
    title: str
    published: tuple[str, ...]
    reading: tuple[str, ...]
    policies: tuple[Policy, ...]


def names_of(folder: Path) -> list[str]:
    """The packs of a folder of policies."""
    return sorted(path.parent.name for path in folder.glob(f"packs/*/{ABOUT}"))


def read_pack(folder: Path, name: str, known: Policies) -> tuple[Pack | None, list[Fault]]:
    """A pack, or every fault of it: of its tables, of their examples, and of how they fit the
    program that would ask them."""
    place = folder / "packs" / name
    about, faults = _about(place)
    policies = []
    for path in _tables(place):
        where = path.relative_to(folder).as_posix()
        if path.stem not in {policy.name for policy in known.versions}:
            faults.append(Fault(where, "", "replaces no policy that there is"))
            continue
        policy, wrong = read_draft(_draft(path, "", known), known)
        faults += [Fault(f"{where} ({one.file})", one.rule, one.says) for one in wrong]
        if policy is not None:
            policies.append(policy)
    if faults:
        return None, faults
    sentences = (tuple(about["published"]), tuple(about["reading"]))
    return Pack(name, about["title"], *sentences, tuple(policies)), []


def _about(place: Path) -> tuple[dict[str, Any], list[Fault]]:
    file = f"packs/{place.name}/{ABOUT}"
    try:
        about = tomllib.loads((place / ABOUT).read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        return {}, [Fault(file, "", f"is not TOML: {error}")]
    needed = ("title", "published", "reading")
    return about, [Fault(file, "", f"needs {key}") for key in needed if not about.get(key)]


def check_packs(folder: Path, known: Policies) -> list[Fault]:
    """Every fault of every pack of a folder; ``known`` are the policies that they would replace."""
    return [fault for name in names_of(folder) for fault in read_pack(folder, name, known)[1]]


def drafts(folder: Path, name: str, unit: str, known: Policies) -> list[Draft]:
    """The tables of a pack as drafts for a business unit, each the unit's next version."""
    return [_draft(path, unit, known) for path in _tables(folder / "packs" / name)]


def _tables(place: Path) -> list[Path]:
    return [path for path in sorted(place.glob("*.toml")) if path.name not in NOT_A_POLICY]


def _draft(path: Path, unit: str, known: Policies) -> Draft:
    golden = path.parent / "golden" / path.name
    examples = golden.read_text(encoding="utf-8") if golden.exists() else ""
    same = [p.version for p in known.versions if (p.name, p.unit) == (path.stem, unit)]
    version = f"version = {max(same, default=0) + 1}"
    text = _VERSION.sub(version, path.read_text(encoding="utf-8"), count=1)
    return Draft(text, examples, unit)
