"""Golden tables: example facts and what a policy must say about them, kept beside it.

A file ``golden/NAME.toml`` holds ``[usual]`` facts and cases that differ from them in
``facts`` (or leave some out: ``missing``). ``policy check`` runs every case, so that whoever
edits a rule sees which examples it changes, and names the rules that no example reaches.
"""

import tomllib
from collections.abc import Mapping
from typing import Any

from workflow.policy_reading import Fault
from workflow.policy_table import Policy, WrongFacts

_CASE = {
    "says",
    "facts",
    "missing",
    "outcome",
    "role",
    "rule",
    "values",
    "allowed",
    "removed",
    "proposed",
    "finds",
}
_COVERS = {"says", "role", "document", "currency", "amount_minor", "reason", "covers"}


def check_examples(policy: Policy, text: str, file: str) -> list[Fault]:
    """Every case of a golden table's text that the policy answers otherwise, as faults of ``file``.

    Every rule needs a case, except approval limits (they are rows of one shape) and a last
    rule, which may be out of reach: it is there for what nobody foresaw.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return [Fault(file, "", f"is not TOML: {error}")]
    usual = table.get("usual", {})
    faults = []
    reached: set[str] = set()
    for number, case in enumerate(table.get("case", []), start=1):
        name = str(case.get("says") or f"number {number}")
        says = _unknown(case, _CASE) or _answer(policy, usual, case, reached)
        faults += [Fault(file, "", f"case {name!r}: {fault}") for fault in says]
    for case in table.get("covers", []):
        says = _unknown(case, _COVERS) or _coverage(policy, case)
        faults += [Fault(file, "", f"covers {case.get('says')!r}: {fault}") for fault in says]
    exempt = {limit.id for limit in policy.limits}
    if not policy.options and not policy.finds:
        exempt.add(policy.rules[-1].id)
    faults += [
        Fault(file, rule.id, "no case reaches it; add one")
        for rule in policy.rules
        if rule.id not in reached | exempt
    ]
    return faults


def _unknown(case: Mapping[str, Any], known: set[str]) -> list[str]:
    return [f"unknown entry {key!r}" for key in case if key not in known]


def facts_of(usual: Mapping[str, object], case: Mapping[str, Any]) -> dict[str, object]:
    """The usual facts with a case's own laid over them and its missing ones taken out."""
    facts = {**usual, **case.get("facts", {})}
    return {name: value for name, value in facts.items() if name not in case.get("missing", [])}


def _answer(
    policy: Policy, usual: Mapping[str, object], case: Mapping[str, Any], reached: set[str]
) -> list[str]:
    """How the policy's answer differs from the expected one; notes the rules that fired."""
    facts = facts_of(usual, case)
    got: dict[str, object]
    try:
        if policy.finds:
            broken = [rule.id for rule in policy.found(facts)]
            got = {"finds": broken}
            reached |= set(broken)
        elif policy.options:
            left = policy.masks(facts)
            got = {
                "allowed": list(left.allowed),
                "removed": {m.value: m.rule for m in left.masked},
                "proposed": left.asking.id if left.asking else None,
            }
            reached |= {m.rule for m in left.masked} | ({left.asking.id} if left.asking else set())
        else:
            verdict = policy.judge(facts)
            got = {
                "outcome": verdict.outcome,
                "role": verdict.role,
                "rule": verdict.rule,
                "values": dict(verdict.values),
            }
            reached.add(verdict.rule)
    except WrongFacts as error:
        return [str(error)]
    return _differences(got, case)


def _differences(got: Mapping[str, object], case: Mapping[str, Any]) -> list[str]:
    """``values`` and ``removed`` are compared where the case names them; the rest in full."""
    faults = []
    for key, found in got.items():
        if isinstance(found, dict):
            wanted = {name: str(value) for name, value in case.get(key, {}).items()}
            found = {name: found.get(name) for name in wanted}
            expected: object = wanted
        else:
            expected = case.get(key)
        if found != expected:
            faults.append(f"{key} is {found!r}, expected {expected!r}")
    return faults


def _coverage(policy: Policy, case: Mapping[str, Any]) -> list[str]:
    covered = any(
        limit.covers(
            case["role"], case["document"], case["currency"], case["amount_minor"],
            case.get("reason"),
        )
        for limit in policy.limits
    )  # fmt: skip
    return [] if covered == case["covers"] else [f"is {covered}, expected {case['covers']}"]
