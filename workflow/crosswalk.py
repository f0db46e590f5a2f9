"""What our own codes are called in X12, GS1 CBV, EDIFACT and the ERPs, or that they have no name.

The data is ``policies/crosswalk.toml``. Every code has an answer for every system of its
vocabulary: the same (``exact``), the closest (``near``, with what differs) or none, with why.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from workflow.codes import Condition, CreditDecision, Disposition, ExceptionCode, Release
from workflow.codes import ReturnReason as Reason
from workflow.effects import STOCK_STATUS_OF

OWN_CODES: dict[str, tuple[str, ...]] = {
    "return_reason": tuple(map(str, Reason)),
    "disposition": tuple(map(str, Disposition)),
    "credit_decision": tuple(map(str, CreditDecision)),
    "release": tuple(map(str, Release)),
    "condition": tuple(map(str, Condition)),
    "stock_status": ("returns", *dict.fromkeys(STOCK_STATUS_OF.values())),
    "exception": tuple(map(str, ExceptionCode)),
}
"""The vocabularies that have a crosswalk, and every code each must cover."""

MATCHES = ("exact", "near", "none")


class Incomplete(Exception):
    """The crosswalk leaves a code or a system open; ``faults`` lists where."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("The crosswalk has faults:\n" + "\n".join(faults))


@dataclass(frozen=True, slots=True)
class Equivalent:
    """One system's name for one of our codes.

    ``match`` is ``exact``, ``near`` or ``none``; ``code`` is ``None`` exactly for ``none``.
    ``note`` says what differs, or why there is none.
    """

    system: str
    title: str
    match: str
    code: str | None
    says: str
    note: str

    def __str__(self) -> str:
        if self.code is None:
            return f"no exact equivalent ({self.note.rstrip('.')})"
        return f"{self.code} {self.says}" + (
            f" (near: {self.note})" if self.match == "near" else ""
        )


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """``table[vocabulary][code]`` holds one ``Equivalent`` a system, in the file's order."""

    table: Mapping[str, Mapping[str, tuple[Equivalent, ...]]]

    def of(self, vocabulary: str, code: str) -> tuple[Equivalent, ...]:
        """Every system's name for a code; ``KeyError`` for a code or vocabulary not ours."""
        return self.table[vocabulary][code]

    def to(self, vocabulary: str, code: str, system: str) -> Equivalent:
        """One system's name for a code."""
        found = next((e for e in self.of(vocabulary, code) if e.system == system), None)
        if found is None:
            raise KeyError(f"{vocabulary} has no crosswalk to {system!r}")
        return found

    def back(self, vocabulary: str, system: str, foreign: str) -> tuple[str, ...]:
        """Our codes that a foreign code may mean: exact ones alone where there are any.

        Several, or none, is an answer too: a caller must not pick the first.
        """
        found: dict[str, list[str]] = {"exact": [], "near": []}
        for code in self.table[vocabulary]:
            equivalent = self.to(vocabulary, code, system)
            if equivalent.code == foreign:
                found[equivalent.match].append(code)
        return tuple(found["exact"] or found["near"])


def load(path: Path) -> Crosswalk:
    """The crosswalk of a file; raises ``Incomplete`` with every gap."""
    return _of_text(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=4)
def _of_text(text: str) -> Crosswalk:
    return read(tomllib.loads(text))


def read(data: Mapping[str, Any]) -> Crosswalk:
    """The crosswalk of a parsed file; raises ``Incomplete`` with every gap."""
    faults = [f"unknown vocabulary {name!r}" for name in data if name not in OWN_CODES]
    table = {}
    for vocabulary, codes in OWN_CODES.items():
        given = data.get(vocabulary, {})
        systems, every = given.get("systems", {}), given.get("every", {})
        rows = given.get("codes", {})
        faults += [f"{vocabulary}.{code} is no code of ours" for code in rows if code not in codes]
        if not systems:
            faults.append(f"{vocabulary} names no systems")
        table[vocabulary] = {
            code: tuple(
                _equivalent(f"{vocabulary}.{code}", system, title, row, faults)
                for row in [{**every, **rows.get(code, {})}]
                for system, title in systems.items()
            )
            for code in codes
        }
        for code, row in rows.items():
            strange = [system for system in row if system not in systems]
            faults += [f"{vocabulary}.{code} names the unknown system {s!r}" for s in strange]
    if faults:
        raise Incomplete(faults)
    return Crosswalk(table)


def _equivalent(
    where: str, system: str, title: str, row: Mapping[str, Any], faults: list[str]
) -> Equivalent:
    entry = row.get(system, {})
    matches = [match for match in MATCHES if match in entry]
    if len(matches) != 1 or not set(entry) <= {*MATCHES, "says", "note"}:
        faults.append(f"{where} needs one of exact, near or none for {system}")
        return Equivalent(system, title, "none", None, "", "")
    match = matches[0]
    if not entry[match] or (match != "none" and not entry.get("says")):
        faults.append(f"{where}: {system} needs a code and says, or why there is none")
    if match == "near" and not entry.get("note"):
        faults.append(f"{where}: {system} is near and must note what differs")
    if match == "none":
        return Equivalent(system, title, match, None, "", entry["none"])
    return Equivalent(
        system, title, match, entry[match], entry.get("says", ""), entry.get("note", "")
    )
