"""The policies in force: TOML tables in, verdicts with a trace out.

``load(folder)`` is the only function here that reads files. Start at ``Policies``; a table's
own logic is ``policy_table.py``, its text ``policy_reading.py``, its conditions
``policy_condition.py``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from workflow.assessment import Masked
from workflow.events import Verdict
from workflow.policy_examples import check_examples
from workflow.policy_reading import Fault, read_policy
from workflow.policy_table import Policy, Rule, WrongFacts

__all__ = [
    "Change", "Fault", "Mismatch", "Policies", "Policy", "Replay", "Rule", "WrongFacts",
    "check", "diff", "load", "replay",
]  # fmt: skip

NOT_A_POLICY = frozenset({"crosswalk.toml"})
"""Data beside the policies that is no decision table."""


class Mismatch(Exception):
    """Policies that must not be used: the service refuses to start. ``faults`` lists all."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("The policies have faults:\n" + "\n".join(map(str, self.faults)))


@dataclass(frozen=True, slots=True)
class Policies:
    """Policies by name, every version that was loaded.

    Asking by name asks the version with the latest effective date in this set, so narrow the
    set first: ``load(folder).at(today)`` is what was in force today.
    """

    versions: tuple[Policy, ...]

    def __getitem__(self, name: str) -> Policy:
        found = [policy for policy in self.versions if policy.name == name]
        if not found:
            known = ", ".join(sorted({policy.name for policy in self.versions})) or "none"
            raise KeyError(f"No policy {name!r} is in force; there are: {known}.")
        return max(found, key=lambda policy: (policy.effective, policy.version))

    def at(self, day: date) -> "Policies":
        """The version of each policy in force on a day; a later one is left out."""
        names = sorted({policy.name for policy in self.versions})
        begun = Policies(tuple(p for p in self.versions if p.effective <= day))
        present = {policy.name for policy in begun.versions}
        return Policies(tuple(begun[name] for name in names if name in present))

    def judge(self, name: str, facts: Mapping[str, object]) -> Verdict:
        """See ``Policy.judge``."""
        return self[name].judge(facts)

    def masks(
        self, name: str, facts: Mapping[str, object]
    ) -> tuple[tuple[str, ...], tuple[Masked, ...]]:
        """See ``Policy.masks``."""
        return self[name].masks(facts)

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

    def review_permille(self, point: str) -> int:
        """Of the tasks people decide at a point, how many per mille are reviewed by a second."""
        rows = self["approval_limits"].reviews
        return next((row.permille for row in rows if row.point == point), 0)

    def declared(self, name: str) -> frozenset[str]:
        """The names of the facts a policy is asked with."""
        return self[name].declared


def read_all(folder: Path) -> tuple[Policies, list[Fault]]:
    """Every policy of a folder that can be read, and every fault of those that cannot."""
    faults: list[Fault] = []
    found: list[Policy] = []
    files = sorted(path for path in folder.glob("*.toml") if path.name not in NOT_A_POLICY)
    if not files:
        return Policies(()), [Fault(str(folder), "", "holds no policy (*.toml)")]
    taken: dict[tuple[str, object], str] = {}
    for path in files:
        policy, wrong = read_policy(path.read_text(encoding="utf-8"), path.name)
        faults += wrong
        if policy is None:
            continue
        found.append(policy)
        for mark in (policy.version, policy.effective):
            other = taken.setdefault((policy.name, mark), path.name)
            if other != path.name:
                says = f"{policy.name} {mark} is in {other} already; raise version and effective"
                faults.append(Fault(path.name, "", says))
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
    for name in sorted({policy.name for policy in policies.versions}):
        golden = folder / "golden" / f"{name}.toml"
        if golden.exists():
            faults += check_examples(policies[name], golden)
        else:
            faults.append(Fault(f"golden/{name}.toml", "", f"is missing: {name} has no examples"))
    return faults


@dataclass(frozen=True, slots=True)
class Change:
    """How one rule differs: ``added``, ``removed``, ``changed`` or ``moved``; ``fields`` holds
    ``(column, before, after)`` of a changed one."""

    rule: str
    kind: str
    fields: tuple[tuple[str, object, object], ...] = ()

    def __str__(self) -> str:
        what = "; ".join(f"{name}: {old!r} -> {new!r}" for name, old, new in self.fields)
        return f"{self.kind} {self.rule}" + (f": {what}" if what else "")


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
        fields = tuple((key, was[key], now[key]) for key in now if was[key] != now[key])
        if fields or name in moved:
            changes.append(Change(name, "changed" if fields else "moved", fields))
    return changes + [Change(name, "removed") for name in old if name not in new]


@dataclass(frozen=True, slots=True)
class Replay:
    """What another version would have said. ``changed`` lists ``(index of the case, verdict
    before, verdict after)``; ``amount_minor`` is the money of the changed cases, by currency."""

    cases: int
    changed: tuple[tuple[int, Verdict, Verdict], ...]
    amount_minor: Mapping[str, int]


def replay(
    before: Policy,
    after: Policy,
    cases: Iterable[Mapping[str, object]],
    amount: str | None = None,
) -> Replay:
    """Judge the same facts by both policies and keep the verdicts whose outcome, role or
    values differ.

    ``amount`` names the fact that holds the money of a case; facts one of the versions does
    not declare are left out for that version.
    """
    changed, money, count = [], dict[str, int](), 0
    for index, facts in enumerate(cases):
        count += 1
        was, now = _ask(before, facts), _ask(after, facts)
        if (was.outcome, was.role, was.values) == (now.outcome, now.role, now.values):
            continue
        changed.append((index, was, now))
        value = facts.get(amount) if amount else None
        if isinstance(value, int):
            currency = str(facts.get("currency") or "")
            money[currency] = money.get(currency, 0) + value
    return Replay(count, tuple(changed), money)


def _ask(policy: Policy, facts: Mapping[str, object]) -> Verdict:
    """The verdict; for a policy that removes options, what it left stands as the outcome."""
    known = {name: facts[name] for name in policy.facts if name in facts}
    if not policy.options:
        return policy.judge(known)
    allowed, masked = policy.masks(known)
    removed = tuple((m.value, m.rule) for m in masked)
    return Verdict(policy.ref, "+".join(allowed), "", "What the rules left.", values=removed)
