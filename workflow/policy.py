"""The policies in force: TOML tables in, verdicts with a trace out.

``read_all(folder)`` and ``check(folder)`` are the only functions here that read files. Start at
``Policies``; a table's own logic is ``policy_table.py``, its text ``policy_reading.py``, its
conditions ``policy_condition.py``. Who lets a policy decide is ``policy_ledger.py``; which one a
case is judged by ``policy_choice.py``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from workflow.events import Verdict
from workflow.policy_examples import check_examples
from workflow.policy_reading import Fault, read_policy
from workflow.policy_table import Left, Policy, Rule, WrongFacts
from workflow.workdays import Calendar

__all__ = [
    "Change", "Fault", "Mismatch", "Policies", "Policy", "Rule", "WrongFacts",
    "check", "diff", "load",
]  # fmt: skip

NOT_A_POLICY = frozenset({"crosswalk.toml", "pack.toml"})
"""Data beside the policies that is no decision table."""

KEPT = frozenset({"eligibility", "authorisation", "disposition", "credit", "advance", "freight"})
"""What was promised when a return was authorised: a case keeps these. Who may approve how much,
and how far machines are trusted, is always as of now, so that a stop holds at once."""


class Mismatch(Exception):
    """Policies that must not be used: the service refuses to start. ``faults`` lists all."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("The policies have faults:\n" + "\n".join(map(str, self.faults)))


@dataclass(frozen=True, slots=True)
class Policies:
    """Policies by name, every version and every variant for a business unit that is known.

    Asking by name asks the version with the latest effective date in this set, a general one
    where there is any; so narrow the set first: ``load(folder).at(now).of("food")`` is what
    is in force now for that unit. ``kept`` are texts of the past that nothing is judged by any
    more but what noted them: they are found by their string (``by_ref``) and never by name.
    """

    versions: tuple[Policy, ...]
    kept: tuple[Policy, ...] = ()

    def __getitem__(self, name: str) -> Policy:
        found = [policy for policy in self.versions if policy.name == name]
        if not found:
            known = ", ".join(sorted({policy.name for policy in self.versions})) or "none"
            raise KeyError(f"No policy {name!r} is in force; there are: {known}.")
        return _latest([policy for policy in found if not policy.unit] or found)

    def at(self, moment: datetime) -> "Policies":
        """The version in force at a moment of each policy, and of each variant for a unit."""
        begun: dict[tuple[str, str], list[Policy]] = {}
        for policy in self.versions:
            if policy.begun(moment):
                begun.setdefault((policy.name, policy.unit), []).append(policy)
        return Policies(tuple(_latest(begun[key]) for key in sorted(begun)))

    def of(self, unit: str) -> "Policies":
        """What holds for a business unit: its own variant of a policy, else the general one."""
        chosen: dict[str, list[Policy]] = {}
        for policy in self.versions:
            if policy.unit in ("", unit):
                chosen.setdefault(policy.name, []).append(policy)
        own = {name: [p for p in found if p.unit] or found for name, found in chosen.items()}
        return Policies(tuple(_latest(own[name]) for name in sorted(own)))

    def by_ref(self, ref: str) -> Policy | None:
        """The policy that a verdict's string names (``credit@7#ab12cdef``), however old; ``None``
        where nobody kept its text."""
        return next((p for p in (*self.versions, *self.kept) if p.ref == ref), None)

    def refs(self) -> tuple[str, ...]:
        """The strings of the policies that a case keeps once it is authorised (``KEPT``)."""
        return tuple(policy.ref for policy in self.versions if policy.name in KEPT)

    def judge(self, name: str, facts: Mapping[str, object]) -> Verdict:
        """See ``Policy.judge``; facts that the policy does not declare are left out."""
        policy = self[name]
        return policy.judge(policy.reads(facts))

    def masks(self, name: str, facts: Mapping[str, object]) -> Left:
        """See ``Policy.masks``; facts that the policy does not declare are left out."""
        policy = self[name]
        return policy.masks(policy.reads(facts))

    def calendar(self, name: str) -> Calendar:
        """The calendar that a policy's days are counted in."""
        return self[name].calendar

    def covers(
        self,
        role: str,
        document: str,
        currency: str,
        amount_minor: int,
        reason: str | None,
        item_class: str | None = None,
    ) -> bool:
        """Whether a row of the approval limits lets this role approve this amount.

        Principals that are not people (``system``, ``model``) are judged, never covered.
        """
        return any(
            limit.covers(role, document, currency, amount_minor, reason, item_class)
            for limit in self["approval_limits"].limits
        )

    def limits_on(self, document: str) -> bool:
        """Whether the approval limits speak of a document."""
        return document in self["approval_limits"].facts["document"].one_of

    def review_permille(self, point: str) -> int:
        """Of the tasks people decide at a point, how many per mille are reviewed by a second."""
        rows = self["approval_limits"].reviews
        return next((row.permille for row in rows if row.point == point), 0)

    def declared(self, name: str) -> frozenset[str]:
        """The names of the facts a policy is asked with."""
        return self[name].declared


def _latest(policies: Iterable[Policy]) -> Policy:
    return max(policies, key=lambda policy: (policy.effective, policy.version))


def unit_of(path: Path) -> str:
    """The business unit that a file is a variant for, by its place: ``units/{unit}/NAME.toml``."""
    return path.parent.name if path.parent.parent.name == "units" else ""


def files_of(folder: Path) -> list[Path]:
    """The policies of a folder: general ones, then the variants of each business unit."""
    found = [*sorted(folder.glob("*.toml")), *sorted(folder.glob("units/*/*.toml"))]
    return [path for path in found if path.name not in NOT_A_POLICY]


def read_all(folder: Path) -> tuple[Policies, list[Fault]]:
    """Every policy of a folder that can be read, and every fault of those that cannot."""
    faults: list[Fault] = []
    found: list[Policy] = []
    files = files_of(folder)
    if not files:
        return Policies(()), [Fault(str(folder), "", "holds no policy (*.toml)")]
    taken: dict[tuple[str, str, object], str] = {}
    for path in files:
        file = path.relative_to(folder).as_posix()
        policy, wrong = read_policy(path.read_text(encoding="utf-8"), file, unit_of(path))
        faults += wrong
        if policy is None:
            continue
        found.append(policy)
        for mark in (policy.version, policy.effective):
            other = taken.setdefault((policy.name, policy.unit, mark), file)
            if other != file:
                says = f"{policy.name} {mark} is in {other} already; raise version and effective"
                faults.append(Fault(file, "", says))
    return Policies(tuple(found)), faults


def load(folder: Path) -> Policies:
    """Every version of every policy in a folder; raises ``Mismatch`` with all faults."""
    policies, faults = read_all(folder)
    if faults:
        raise Mismatch(faults)
    return policies


def check(folder: Path) -> list[Fault]:
    """Every fault of a folder: of its policies, and of their golden tables in ``golden/``.

    Empty means: loads, is total, answers every example as written, and every rule that is no
    approval limit has an example.
    """
    policies, faults = read_all(folder)
    for name, unit in sorted({(policy.name, policy.unit) for policy in policies.versions}):
        place = folder / "units" / unit if unit else folder
        golden = place / "golden" / f"{name}.toml"
        file = golden.relative_to(folder).as_posix()
        if golden.exists():
            text = golden.read_text(encoding="utf-8")
            faults += check_examples(policies.of(unit)[name], text, file)
        else:
            faults.append(Fault(file, "", f"is missing: {name} has no examples"))
    return faults


@dataclass(frozen=True, slots=True)
class Change:
    """How one rule differs: ``added``, ``removed``, ``changed`` or ``moved``; ``fields`` holds
    ``(column, before, after)`` of a changed one, each further value as a column of its own."""

    rule: str
    kind: str
    fields: tuple[tuple[str, object, object], ...] = ()

    def __str__(self) -> str:
        what = "; ".join(f"{name}: {old!r} -> {new!r}" for name, old, new in self.fields)
        return f"{self.kind} {self.rule}" + (f": {what}" if what else "")


def _fields(
    was: dict[str, object], now: dict[str, object]
) -> tuple[tuple[str, object, object], ...]:
    old, new = _flat(was), _flat(now)
    names = dict.fromkeys((*new, *old))
    return tuple((n, old.get(n), new.get(n)) for n in names if old.get(n) != new.get(n))


def _flat(columns: dict[str, object]) -> dict[str, object]:
    values = columns["values"]
    plain = {name: value for name, value in columns.items() if name != "values"}
    return plain | (values if isinstance(values, dict) else {})


def diff(before: Policy, after: Policy) -> list[Change]:
    """Every rule that differs, in the order of ``after``, removed rules last."""
    old = {rule.id: rule for rule in before.rules}
    new = {rule.id: rule for rule in after.rules}
    kept_before = [name for name in old if name in new]
    kept_after = [name for name in new if name in old]
    moved = {b for a, b in zip(kept_before, kept_after, strict=True) if a != b}
    changes = []
    for name, rule in new.items():
        if name not in old:
            changes.append(Change(name, "added"))
            continue
        was, now = old[name].columns(), rule.columns()
        fields = _fields(was, now)
        if fields or name in moved:
            changes.append(Change(name, "changed" if fields else "moved", fields))
    return changes + [Change(name, "removed") for name in old if name not in new]
