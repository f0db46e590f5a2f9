"""Conditions: what may be written, and the proof that what was written has an answer."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.policy_condition import CannotTell, DeclaredFact, compile_condition, context_of

FACTS = {
    fact.name: fact
    for fact in (
        DeclaredFact("days", "int", "Days.", "days"),
        DeclaredFact("window", "int", "Window.", "days"),
        DeclaredFact("amount_minor", "int", "Amount.", "minor units", required=True),
        DeclaredFact("reason", "string", "Reason.", one_of=("damaged", "recall")),
        DeclaredFact("hold", "bool", "Hold."),
        DeclaredFact("confidence", "double", "Confidence.", "probability"),
        DeclaredFact("a1_2", "int", "A name with digits.", "days", required=True),
    )
}


def holds(source: str, **facts: object) -> bool:
    condition, faults = compile_condition(source, FACTS)
    assert condition is not None, faults
    return condition.holds(context_of({name: facts.get(name) for name in FACTS}))


def faults(source: str) -> str:
    condition, found = compile_condition(source, FACTS)
    assert condition is None
    return "; ".join(found)


def test_digits_of_an_amount_may_be_grouped() -> None:
    """``200_00`` is 20000; names and texts with underscores between digits stay as they are."""
    assert holds("amount_minor >= 200_00", amount_minor=20000)
    assert not holds("amount_minor >= 1_000_00", amount_minor=99999)
    assert holds("a1_2 == 3", a1_2=3)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("days >", "is not CEL"),
        ("dayz == 3", "unknown fact 'dayz'"),
        ("days > 30", "guard: days != null"),
        ("days != null && days > window", "guard: window != null"),
        ("hold", "guard: hold != null"),
        ("!hold", "guard: hold != null"),
        ("reason == 'damged'", "must be one of damaged, recall"),
        ("reason in ['recall', 'recal']", "must be one of damaged, recall"),
        ("'recal' == reason", "must be one of damaged, recall"),
        ("amount_minor >= 2.5", "must be int, not 2.5"),
        ("reason == 3", "must be string, not 3"),
        ("amount_minor", "not true or false"),
        ("amount_minor + 1", "not true or false"),
        ("[1, 2].exists(x, x == amount_minor)", "unknown fact 'x'"),
        ("matches(reason, 'a')", "conditions may not"),
        ("evil(amount_minor) == 1", "'evil'"),
        ("amount_minor + 'a' == 1", "has no answer for"),
    ],
)
def test_a_condition_that_could_go_wrong_does_not_compile(source: str, says: str) -> None:
    """Each fault names what is wrong and, where a guard is missing, the guard."""
    assert says in faults(source)


def test_the_fault_names_every_guard_that_is_missing() -> None:
    """The first combination without an answer is told in full."""
    assert "days" in faults("days - window > 3")


@pytest.mark.parametrize(
    "source",
    [
        "days != null && days > 30",
        "days > 30 && days != null",
        "days == null || days > 30",
        "reason == 'recall' || hold == true",
        "days != null && window != null && days <= window",
        "hold != true",
        "confidence != null && confidence >= 0.8",
    ],
)
def test_a_guarded_condition_answers_for_every_missing_fact(source: str) -> None:
    """What compiled has an answer for every combination of missing and present facts."""
    condition, _ = compile_condition(source, FACTS)
    assert condition is not None
    values: dict[str, list[object]] = {
        "days": [None, -5, 30, 31],
        "window": [None, 0, 40],
        "reason": [None, "recall", "damaged"],
        "hold": [None, True, False],
        "confidence": [None, 0.0, 0.8, 1],
    }
    for row in product(*values.values()):
        facts = dict(zip(values, row, strict=True)) | {"amount_minor": 1, "a1_2": 1}
        assert condition.holds(context_of(facts)) in (True, False)


def test_a_rule_above_may_deal_with_the_missing_fact() -> None:
    """``days == null`` decided above lets rules below order ``days``; another guard does not."""
    dealt, _ = compile_condition("days == null", FACTS)
    other, _ = compile_condition("window == null", FACTS)
    assert dealt is not None
    assert other is not None
    condition, found = compile_condition("days > 30", FACTS, [dealt])
    assert condition is not None, found
    condition, found = compile_condition("days > 30", FACTS, [other])
    assert condition is None


def test_a_condition_over_too_many_facts_asks_to_be_split() -> None:
    """The proof is bounded; what exceeds the bound does not load unproven."""
    many = {f"f{n}": DeclaredFact(f"f{n}", "int", "N.", "days") for n in range(9)}
    source = " && ".join(f"{name} != null && {name} > 3" for name in many)
    condition, found = compile_condition(source, many)
    assert condition is None
    assert "split" in found[0]


@given(days=st.integers(-(2**62), 2**62), window=st.one_of(st.none(), st.integers(-400, 400)))
def test_conditions_agree_with_python(days: int, window: int | None) -> None:
    """A guarded comparison means what it reads like."""
    source = "days != null && window != null && days <= window"
    assert holds(source, days=days, window=window) == (window is not None and days <= window)


def test_an_overflow_is_told_and_never_an_answer() -> None:
    """Arithmetic beyond 64 bits raises ``CannotTell``, not a wrong boolean."""
    with pytest.raises(CannotTell):
        holds("amount_minor + a1_2 > 0", amount_minor=2**63 - 1, a1_2=1)


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("amount_minor", 1.0, "must be int"),
        ("amount_minor", True, "must be int"),
        ("amount_minor", None, "is required"),
        ("amount_minor", 2**63, "must be int"),
        ("days", None, None),
        ("days", "3", "must be int"),
        ("hold", 1, "must be bool"),
        ("confidence", 1, None),
        ("confidence", float("nan"), "must be double"),
        ("confidence", float("inf"), "must be double"),
        ("reason", "other", "must be one of"),
        ("reason", "recall", None),
    ],
)
def test_a_fact_of_the_wrong_type_is_named(name: str, value: object, fault: str | None) -> None:
    """Money is never a float, a flag never a number, a probability always a finite number."""
    found = FACTS[name].fault_of(value)
    assert (found is None) == (fault is None)
    assert fault is None or fault in str(found)
