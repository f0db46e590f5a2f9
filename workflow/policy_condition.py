"""One condition of a rule: CEL text, compiled once, proven to answer before it is trusted.

Conditions are expressions of the Common Expression Language (github.com/google/cel-spec):
no loops, no I/O, no state. Two liberties for people who read amounts: digits may be grouped
(``200_00``), and nothing else. A missing fact is ``null``; ``==``, ``!=`` and ``in`` may meet
it, an order (``<``) or a sum may not and must be guarded (``days != null && days > 30``).
``prove`` tries every kind of value, ``null`` included, so an unguarded one refuses to load.
"""

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cel

MOST_COMBINATIONS = 20_000
"""Bound on the values tried for one condition; a wider rule is asked to be split."""

KINDS: dict[str, type] = {"int": int, "string": str, "bool": bool, "double": float}
"""The types a fact may declare."""

_OPERATORS = ("_&&_", "_||_", "!_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in")
_ARITHMETIC = ("_+_", "_-_", "_*_", "-_", "_?_:_")
_FUNCTIONS = frozenset((*_OPERATORS, *_ARITHMETIC, "size", "startsWith", "endsWith", "contains"))
_STRING = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_LITERAL = rf"(?:{_STRING}|-?\d+(?:\.\d+)?|true\b|false\b|null\b)"
_ORDER = r"(?:==|!=|<=|>=|<|>)"
_NAME = r"[A-Za-z_]\w*"
_COMPARED = re.compile(rf"\b({_NAME})\s*{_ORDER}\s*({_LITERAL})")
_COMPARED_BACK = re.compile(rf"({_LITERAL})\s*{_ORDER}\s*({_NAME})\b")
_LISTED = re.compile(rf"\b({_NAME})\s+in\s+\[([^\]]*)\]")
_GROUPED = re.compile(r"(?<![\w.])\d+(?:_\d+)+(?!\w)")


@dataclass(frozen=True, slots=True)
class DeclaredFact:
    """A line of a ``[facts]`` table. ``required`` facts are never missing; all others may be."""

    name: str
    kind: str
    says: str
    unit: str = ""
    required: bool = False
    one_of: tuple[str, ...] = ()

    def fault_of(self, value: object) -> str | None:
        """What is wrong with a value for this fact, or ``None`` where it fits."""
        if value is None:
            return "is required" if self.required else None
        fits = type(value) is bool if self.kind == "bool" else self._fits(value)
        if not fits:
            return f"must be {self.kind}, not {value!r}"
        if self.one_of and value not in self.one_of:
            return f"must be one of {', '.join(self.one_of)}, not {value!r}"
        return None

    def _fits(self, value: object) -> bool:
        if isinstance(value, bool):
            return False
        if self.kind == "int":
            return isinstance(value, int) and -(2**63) <= value < 2**63
        if self.kind == "double":
            return isinstance(value, int | float) and math.isfinite(value)
        return isinstance(value, str)


@dataclass(frozen=True, slots=True)
class Condition:
    """``source`` as written, ``reads`` the facts it names."""

    source: str
    reads: frozenset[str]
    _program: Any = field(repr=False, compare=False)

    def holds(self, context: Any) -> bool:
        """Whether the condition is met; raises ``CannotTell`` where it has no answer."""
        try:
            answer = self._program.execute(context)
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise CannotTell(str(error).split(". ")[0]) from error
        if not isinstance(answer, bool):
            raise CannotTell(f"the condition gives {answer!r}, not true or false")
        return answer


class CannotTell(Exception):
    """A condition could not be evaluated with these facts."""


def context_of(facts: Mapping[str, object]) -> Any:
    """The facts in the form that conditions read; built once a judgement, not once a rule."""
    return cel.Context(variables=dict(facts))


def compile_condition(
    source: str, declared: Mapping[str, DeclaredFact], earlier: Sequence[Condition] = ()
) -> tuple[Condition | None, list[str]]:
    """The condition, or the faults that keep it from being one.

    ``earlier`` are the conditions that did not hold when this one is tried: a table where the
    first match wins deals with a missing fact once and may rely on that further down.
    """
    plain = _ungrouped(source)
    try:
        program = cel.compile(plain)
    except ValueError as error:
        what = str(error).split("ERROR: ")[-1].split("\n")[0]
        return None, [f"is not CEL: {what}"]
    faults = [
        f"names the unknown fact {name!r}; declare it under [facts] or correct it"
        for name in program.variables()
        if name not in declared
    ]
    faults += [
        f"uses {name.strip('_@')!r}, which conditions may not; compare facts with ==, <, in"
        for name in program.functions()
        if name not in _FUNCTIONS
    ]
    condition = Condition(source, frozenset(program.variables()), program)
    if not faults:
        faults = _mistyped(plain, declared) or _unguarded(condition, plain, declared, earlier)
    return (None, faults) if faults else (condition, [])


def _ungrouped(source: str) -> str:
    """``200_00`` -> ``20000`` outside of string literals."""
    pieces = re.split(f"({_STRING})", source)
    return "".join(
        piece if index % 2 else _GROUPED.sub(lambda m: m[0].replace("_", ""), piece)
        for index, piece in enumerate(pieces)
    )


def _literal(text: str) -> object:
    if text[0] in "'\"":
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    if text == "null":
        return None
    return float(text) if "." in text else int(text)


def _comparisons(plain: str) -> dict[str, list[object]]:
    """The literals that each fact is directly compared with."""
    found: dict[str, list[object]] = {}
    for match in _COMPARED.finditer(plain):
        found.setdefault(match[1], []).append(_literal(match[2]))
    for match in _COMPARED_BACK.finditer(plain):
        found.setdefault(match[2], []).append(_literal(match[1]))
    for match in _LISTED.finditer(plain):
        listed = [_literal(text) for text in re.findall(_LITERAL, match[2])]
        found.setdefault(match[1], []).extend(listed)
    return found


def _mistyped(plain: str, declared: Mapping[str, DeclaredFact]) -> list[str]:
    """Comparisons that CEL would answer with a silent ``false``."""
    faults = []
    for name, literals in _comparisons(plain).items():
        fact = declared.get(name)
        for literal in literals:
            if fact is None or literal is None:
                continue
            if fault := fact.fault_of(literal):
                faults.append(f"compares {name} with {literal!r}: {name} {fault}")
    return faults


def _unguarded(
    condition: Condition,
    plain: str,
    declared: Mapping[str, DeclaredFact],
    earlier: Sequence[Condition],
) -> list[str]:
    """Try every kind of value of every fact read; the first that has no answer is the fault."""
    compared = _comparisons(plain)
    settled = [other for other in earlier if other.reads <= condition.reads]
    names = sorted(condition.reads)
    grids = [_samples(declared[name], compared.get(name, [])) for name in names]
    if math.prod(len(grid) for grid in grids) > MOST_COMBINATIONS:
        return ["reads too many facts at once to be proven; split it into several rules"]
    for values in itertools.product(*grids):
        facts = dict(zip(names, values, strict=True))
        context = context_of(facts)
        try:
            condition.holds(context)
        except CannotTell as error:
            if any(other.holds(context) for other in settled):
                continue
            missing = [name for name, value in facts.items() if value is None]
            if missing:
                guards = " && ".join(f"{name} != null" for name in missing)
                return [f"has no answer where {', '.join(missing)} is missing; guard: {guards}"]
            return [f"has no answer for {facts}: {error}"]
    return []


def _samples(fact: DeclaredFact, literals: list[object]) -> list[object]:
    """One value of every kind that the condition can tell apart (lists: first and last)."""
    missing: list[object] = [] if fact.required else [None]
    if fact.kind == "bool":
        return [*missing, True, False]
    known = [value for value in literals if value is not None]
    if fact.kind == "string":
        ends = known if len(known) <= 2 else [known[0], known[-1]]
        return [*missing, *dict.fromkeys(ends), "\0other"]
    numbers = sorted({v for v in known if isinstance(v, int | float)}) or [0]
    step: float = 1 if fact.kind == "int" else 0.5
    return [*missing, numbers[0] - step, *numbers, numbers[-1] + step]
