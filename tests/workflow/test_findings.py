"""A finding: given what its stream holds, when somebody looks again or accepts it, then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.actor import SYSTEM, Actor
from workflow.facts import FindingOpened
from workflow.findings import (
    FindingFact,
    Found,
    accepted,
    closed,
    named,
    opened,
    status_of,
    stream_of,
)
from workflow.refused import Refused

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
QUINN = Actor("quinn", frozenset({"quality"}))
GAP = Found(
    "product.lot-controlled-without-life", "MLK-1", ("MLK-1",), "high", "quality",
    "Food tracked by lot needs a shelf life.", ("restock",), "master_product@1#0",
)  # fmt: skip


def after(steps: str) -> list[FindingFact]:
    """A history: ``f`` found, ``g`` gone, ``a`` accepted; what changes nothing leaves no fact."""
    history: list[FindingFact] = []
    for number, step in enumerate(steps):
        at = NOON + timedelta(hours=number)
        if step == "f":
            fact: FindingFact | None = opened(history, GAP, at)
        elif step == "g":
            fact = closed(history, GAP.finding_id, at, "corrected")
        elif status_of(history) == "open":
            fact = accepted(history, GAP.finding_id, QUINN, at, "Sold out, delisted next week.")
        else:
            continue
        history += [fact] if fact is not None else []
    return history


@pytest.mark.parametrize(
    ("steps", "status", "facts"),
    [
        ("", "closed", 0), ("f", "open", 1), ("ff", "open", 1), ("fg", "closed", 2),
        ("fgg", "closed", 2), ("fgf", "open", 3), ("fa", "accepted", 2), ("faf", "accepted", 2),
        ("fag", "closed", 3), ("fagf", "open", 4),
    ],
)  # fmt: skip
def test_found_gone_accepted(steps: str, status: str, facts: int) -> None:
    """Found again is not a new task; accepted stays so until it is gone; back it is open again."""
    assert (status_of(after(steps)), len(after(steps))) == (status, facts)


@given(st.text("fga", max_size=30))
def test_looking_twice_changes_nothing(steps: str) -> None:
    """After any history: a second look at the same record records nothing more."""
    for look in "fg":
        assert after(steps + look) == after(steps + look + look)
    numbers = {fact.finding_id for fact in after(steps)}
    assert len(numbers) <= 1


def test_what_becomes_worse_is_told_again() -> None:
    """A person accepted that nothing waits for it: that restock waits now is another question."""
    mild = replace(GAP, blocks=())
    history: list[FindingFact] = []
    first = opened(history, mild, NOON)
    assert isinstance(first, FindingOpened)
    history += [first, accepted([first], GAP.finding_id, QUINN, NOON, "no matter")]
    assert opened(history, replace(mild, says="In other words."), NOON) is None
    assert opened(history, GAP, NOON) is not None


@pytest.mark.parametrize(
    ("steps", "actor", "note", "code"),
    [
        ("", QUINN, "x", "unknown_finding"),
        ("fa", QUINN, "x", "already_decided"),
        ("fg", QUINN, "x", "already_decided"),
        ("f", SYSTEM, "x", "wrong_role"),
        ("f", Actor("walt", frozenset({"warehouse"})), "x", "wrong_role"),
        ("f", QUINN, " ", "reason_required"),
    ],
)
def test_who_may_not_accept(steps: str, actor: Actor, note: str, code: str) -> None:
    """Only a person of its role, once, with a word."""
    with pytest.raises(Refused) as no:
        accepted(after(steps), GAP.finding_id, actor, NOON, note)
    assert no.value.code == code


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_code_has_a_name_of_its_own(one: str, other: str) -> None:
    """Whatever another system calls something, it is a part of a stream's name, and no two are."""
    try:
        name = named(one)
        assert stream_of(f"code.unknown:return_reason:sap:{name}").endswith(name)
        assert (named(one) == named(other)) == (one == other)
    except UnicodeEncodeError:
        pass  # a lone surrogate, which no request can carry


def test_no_number_reaches_into_another_stream() -> None:
    """Slashes, spaces and missing parts are no number of a finding."""
    for wrong in ("x", "product.gap:", "product.gap:a/b", "a.b:c d", "A.b:c"):
        with pytest.raises(Refused, match="no finding"):
            stream_of(wrong)
