"""From TOML text to a ``Policy``, or to every fault in it with what to do about each."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any

from workflow.approvals import apart
from workflow.codes import (
    Channel,
    CreditDecision,
    Disposition,
    Handover,
    Lane,
    Point,
    Release,
    ReturnReason,
    Role,
    Temperature,
)
from workflow.codes import (
    Condition as GoodsCondition,
)
from workflow.policy_condition import KINDS, Condition, DeclaredFact, compile_condition
from workflow.policy_limits import Limit, SecondReview, Stop
from workflow.policy_table import Policy, Rule
from workflow.workdays import read_calendar

_TOP = {
    "name", "version", "effective", "says", "outcomes", "options", "stays",
    "facts", "values", "rule", "limit", "stop", "review", "finds", "yes", "calendar",
}  # fmt: skip
_RULE = {"id", "when", "outcome", "role", "because", "removes", "proposes"}
_FACT = {"type", "unit", "says", "required", "one_of"}
_LIMIT = {
    "id", "role", "principal", "document", "currency", "min_minor", "max_minor", "reasons",
    "item_classes", "approvals", "because",
}  # fmt: skip
_STOP = {"id", "principal", "reasons", "item_classes", "because"}
_REVIEW = {"id", "point", "permille", "because"}
TWO_PEOPLE = ("write_off", "disposition", "release")
"""Documents whose rows may ask for two people."""
PRINCIPALS = ("system", "model")
MOST_REMEMBERED = 64
"""Texts of policies that were read lately and are not read anew."""
VOCABULARIES: dict[str, type[StrEnum]] = {
    "Channel": Channel,
    "Condition": GoodsCondition,
    "CreditDecision": CreditDecision,
    "Disposition": Disposition,
    "Handover": Handover,
    "Lane": Lane,
    "Point": Point,
    "Release": Release,
    "ReturnReason": ReturnReason,
    "Role": Role,
    "Temperature": Temperature,
}
"""Canonical lists that ``one_of`` may name instead of repeating them."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in one file. ``rule`` is empty where it is not about a rule."""

    file: str
    rule: str
    says: str

    def __str__(self) -> str:
        where = f"{self.file}, rule {self.rule}" if self.rule else self.file
        return f"{where}: {self.says}."


def digest_of(table: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the content as canonical JSON; comments and layout do not count."""
    text = json.dumps(
        table, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=date.isoformat
    )
    return hashlib.sha256(text.encode()).hexdigest()


def read_policy(text: str, file: str, unit: str = "") -> tuple[Policy | None, list[Fault]]:
    """The policy of a file's text; ``None`` and every fault found where it has any.

    ``unit`` is the business unit that it is a variant for. Proving its conditions takes some ten
    milliseconds, so a text that was read lately is not proven anew.
    """
    policy, faults = _proven(text, unit)
    return policy, [replace(fault, file=file) for fault in faults]


@lru_cache(maxsize=MOST_REMEMBERED)
def _proven(text: str, unit: str) -> tuple[Policy | None, tuple[Fault, ...]]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, (Fault("", "", f"is not TOML: {error}"),)
    policy, faults = _Reading(table, unit).policy()
    return (replace(policy, text=text) if policy else None), tuple(faults)


class _Reading:
    """Reads one table; faults gather instead of stopping at the first."""

    def __init__(self, table: dict[str, Any], unit: str) -> None:
        self.table = table
        self.unit = unit
        self.faults: list[Fault] = []
        self.facts: dict[str, DeclaredFact] = {}
        self.tried: list[Condition] = []

    def fault(self, says: str, rule: str = "") -> None:
        self.faults.append(Fault("", rule, says))

    def policy(self) -> tuple[Policy | None, list[Fault]]:
        self._head()
        self._read_facts()
        limits, rows = self._limits()
        reviews = self._reviews()
        calendar, wrong = read_calendar(self.table.get("calendar", {}))
        for says in wrong:
            self.fault(f"its calendar has {says}")
        rules = rows + self._rules()
        self._check_set(rules)
        if self.faults:
            return None, self.faults
        policy = Policy(
            name=self.table["name"],
            version=self.table["version"],
            effective=self.table["effective"],
            says=self.table["says"],
            facts=self.facts,
            rules=tuple(rules),
            digest=digest_of(self.table),
            options=tuple(self.table.get("options", ())),
            stays=self.table.get("stays", ""),
            limits=tuple(limits),
            reviews=tuple(reviews),
            outcomes=tuple(self.table.get("outcomes", ())),
            columns=tuple((k, str(c.get("type"))) for k, c in self.table.get("values", {}).items()),
            unit=self.unit,
            finds=self.table.get("finds", ""),
            yes=self.table.get("yes"),
            calendar=calendar,
        )
        return policy, []

    def _head(self) -> None:
        self._keys(self.table, _TOP, "")
        for key, kind in (("name", str), ("version", int), ("effective", date), ("says", str)):
            if type(self.table.get(key)) is not kind:
                self.fault(f"needs {key} = a {kind.__name__}")
        if ("options" in self.table) == ("outcomes" in self.table):
            self.fault("needs either outcomes (a judging policy) or options (a removing one)")
        if not isinstance(self.table.get("finds", ""), str):
            self.fault("finds names the master that the rules check")
        if "finds" in self.table:
            if "options" not in self.table:
                self.fault("finds gaps and needs options = what a gap may block, or []")
        elif "options" in self.table and self.table.get("stays") not in self.table["options"]:
            self.fault("needs stays = the option that is left when the rules removed all")
        if self.table.get("yes", None) not in (None, *self.table.get("outcomes", [])):
            self.fault("yes names none of its outcomes")

    def _read_facts(self) -> None:
        for name, line in self.table.get("facts", {}).items():
            self._keys(line, _FACT, name)
            kind = line.get("type")
            if kind not in KINDS:
                self.fault(f"fact {name} needs type = one of {', '.join(KINDS)}")
                continue
            if name.endswith("_minor") and kind != "int":
                self.fault(f"fact {name} is money: its type is int, never {kind}")
            if kind in ("int", "double") and not line.get("unit"):
                self.fault(f"fact {name} needs a unit")
            if not line.get("says"):
                self.fault(f"fact {name} needs says = a sentence")
            self.facts[name] = DeclaredFact(
                name=name,
                kind=kind,
                says=line.get("says", ""),
                unit=line.get("unit", ""),
                required=line.get("required", False),
                one_of=self._one_of(line, name),
            )
        if not self.facts:
            self.fault("declares no [facts]")

    def _one_of(self, line: Mapping[str, Any], name: str) -> tuple[str, ...]:
        listed = line.get("one_of", [])
        if isinstance(listed, list):
            return tuple(listed)
        if listed not in VOCABULARIES:
            self.fault(f"{name}: one_of must be a list or one of {', '.join(VOCABULARIES)}")
            return ()
        return tuple(VOCABULARIES[listed])

    def _rules(self) -> list[Rule]:
        columns = set(self.table.get("values", {}))
        rules = []
        for number, row in enumerate(self.table.get("rule", []), start=1):
            name = self._identified(row, f"number {number}")
            self._keys(row, _RULE | columns, name)
            self._check_keys(row, name)
            rules.append(
                Rule(
                    id=name,
                    because=row.get("because", ""),
                    when=self._condition(row["when"], name) if "when" in row else None,
                    outcome=self._outcome(row, name),
                    role=self._role(row, name),
                    values=tuple(
                        (key, self._value(key, row[key], name)) for key in row if key in columns
                    ),
                    removes=self._removes(row, name),
                    proposes=self._proposes(row, name),
                )
            )
        return rules

    def _check_keys(self, row: Mapping[str, Any], rule: str) -> None:
        role, other = row.get("role"), row.get("second_role")
        if other is not None and (role is None or not apart(role, other)):
            self.fault(f"second_role {other!r} is no other key than role {role!r}", rule)

    def _identified(self, row: Mapping[str, Any], otherwise: str) -> str:
        name = row.get("id")
        if not isinstance(name, str) or not name:
            self.fault("needs an id", otherwise)
            name = otherwise
        because = row.get("because")
        if not isinstance(because, str) or not because.endswith("."):
            self.fault("needs because = a sentence that ends with a full stop", name)
        return name

    def _condition(self, source: object, rule: str) -> Condition | None:
        if not isinstance(source, str):
            self.fault("when must be text", rule)
            return None
        condition, faults = compile_condition(source, self.facts, self.tried)
        for says in faults:
            self.fault(f"its condition {says}", rule)
        if condition and "outcomes" in self.table:
            self.tried.append(condition)
        return condition

    def _outcome(self, row: Mapping[str, Any], rule: str) -> str:
        if "options" in self.table:
            if "outcome" in row:
                self.fault("removes options and cannot have an outcome", rule)
            return ""
        outcomes = self.table.get("outcomes", [])
        outcome = row.get("outcome", "")
        if outcome not in outcomes:
            self.fault(f"outcome {outcome!r} is none of {', '.join(outcomes)}", rule)
        return str(outcome)

    def _role(self, row: Mapping[str, Any], rule: str) -> str | None:
        role = row.get("role")
        if role is None and "finds" in self.table:
            self.fault("finds a gap and must say whose task it is (role)", rule)
        if role is None and row.get("outcome") == "ask_human":
            self.fault("asks a human and must say which role", rule)
        if role is not None and role not in set(Role):
            self.fault(f"role {role!r} is none of {', '.join(Role)}", rule)
        return role

    def _value(self, column: str, value: object, rule: str) -> str:
        declared = self.table["values"][column]
        fact = DeclaredFact(
            column, declared.get("type", ""), "", one_of=self._one_of(declared, column)
        )
        if fact.kind not in KINDS:
            self.fault(f"value {column} needs type = one of {', '.join(KINDS)}")
        elif fault := fact.fault_of(value):
            self.fault(f"{column} {fault}", rule)
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _removes(self, row: Mapping[str, Any], rule: str) -> tuple[str, ...]:
        removes = row.get("removes", [])
        options = self.table.get("options", [])
        if options and not removes and "finds" not in self.table:
            self.fault("needs removes = the options it removes", rule)
        for option in removes:
            if option not in options:
                self.fault(f"removes {option!r}, which is no option of this policy", rule)
        return tuple(removes)

    def _proposes(self, row: Mapping[str, Any], rule: str) -> str:
        option = row.get("proposes", "")
        if option and ("finds" in self.table or option not in self.table.get("options", [])):
            self.fault(f"proposes {option!r}, which is no option of this policy", rule)
        elif option and option in row.get("removes", []):
            self.fault(f"proposes {option!r} and removes it", rule)
        return str(option)

    def _limits(self) -> tuple[list[Limit], list[Rule]]:
        stops = [stop for row in self.table.get("stop", []) if (stop := self._stop(row))]
        limits = [limit for row in self.table.get("limit", []) if (limit := self._limit(row))]
        for number, limit in enumerate(limits):
            if above := next((other for other in limits[:number] if other.hides(limit)), None):
                self.fault(f"never speaks: {above.id}, above it, reaches as much", limit.id)
        rules = [
            Rule(
                id=limit.id,
                because=limit.because,
                when=self._condition(limit.condition(stops), limit.id),
                outcome="automatic" if limit.principal else "ask_human",
                role=limit.role,
                values=(("approvals", str(limit.approvals)),) if limit.approvals > 1 else (),
            )
            for limit in limits
        ]
        return limits, rules

    def _stop(self, row: dict[str, Any]) -> Stop | None:
        name = self._identified(row, "a [[stop]]")
        self._keys(row, _STOP, name)
        if row.get("principal") not in PRINCIPALS:
            self.fault(f"principal must be one of {', '.join(PRINCIPALS)}", name)
            return None
        return Stop(
            id=name,
            principal=row["principal"],
            because=row.get("because", ""),
            reasons=tuple(row.get("reasons", ())),
            item_classes=tuple(row.get("item_classes", ())),
        )

    def _reviews(self) -> list[SecondReview]:
        found: list[SecondReview] = []
        for row in self.table.get("review", []):
            name = self._identified(row, "a [[review]]")
            self._keys(row, _REVIEW, name)
            point, permille = row.get("point"), row.get("permille")
            if point not in set(Point):
                self.fault(f"point {point!r} is none of {', '.join(Point)}", name)
            elif any(other.point == point for other in found):
                self.fault(f"speaks about {point} a second time", name)
            elif type(permille) is not int or not 0 <= permille <= 1000:
                self.fault("permille is a whole number from 0 to 1000", name)
            else:
                found.append(SecondReview(name, point, permille, row.get("because", "")))
        return found

    def _limit(self, row: dict[str, Any]) -> Limit | None:
        name = self._identified(row, "a [[limit]]")
        self._keys(row, _LIMIT, name)
        before = len(self.faults)
        if ("role" in row) == ("principal" in row):
            self.fault("needs either role or principal", name)
        if row.get("role", Role.AUDITOR) not in set(Role):
            self.fault(f"role {row['role']!r} is none of {', '.join(Role)}", name)
        if row.get("principal", "system") not in PRINCIPALS:
            self.fault(f"principal must be one of {', '.join(PRINCIPALS)}", name)
        for column in ("document", "currency"):
            if not isinstance(row.get(column), str):
                self.fault(f"needs {column}", name)
        for column in ("min_minor", "max_minor"):
            if type(row.get(column, 0)) is not int or row.get(column, 0) < 0:
                self.fault(f"{column} is money: a whole number of minor units, 0 or more", name)
        if row.get("approvals", 1) not in (1, 2):
            self.fault("approvals is 1 or 2", name)
        elif "approvals" in row and row.get("document") not in TWO_PEOPLE:
            documents = ", ".join(TWO_PEOPLE)
            self.fault(f"approvals is for {documents}; others get a second person by lane", name)
        if len(self.faults) > before:
            return None
        lists = {key: tuple(row.get(key, ())) for key in ("reasons", "item_classes")}
        return Limit(**{**row, **lists})

    def _keys(self, row: Mapping[str, Any], known: set[str], rule: str) -> None:
        for key in row:
            if key not in known:
                self.fault(
                    f"has the unknown entry {key!r}; known: {', '.join(sorted(known))}", rule
                )

    def _check_set(self, rules: list[Rule]) -> None:
        """Ids are unique; a judging policy is total, and nothing stands after its last rule."""
        seen: set[str] = set()
        for rule in rules:
            if rule.id in seen:
                self.fault("its id is used twice", rule.id)
            seen.add(rule.id)
        if not rules:
            self.fault("has no [[rule]]")
            return
        if "finds" in self.table:
            for rule in rules:
                if rule.when is None:
                    self.fault("needs when: it would find a gap in every record", rule.id)
        if "options" in self.table:
            return
        rows = self.table.get("rule", [])
        if not rows or "when" in rows[-1]:
            self.fault(
                "the last rule must have no when, so that every case is answered", rules[-1].id
            )
        for row in rows[:-1]:
            if "when" not in row:
                self.fault("has no when, so no rule after it can fire", row.get("id", ""))
