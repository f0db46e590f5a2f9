"""What suppliers pay of claims: shares from past answers, and money that adds up by currency."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.recovery import AGES, PRIOR_CLAIMS, WAITING, Shares, recovery

STANDINGS = ("open", "answered", "denied", "paid_short", "paid", "closed")


def past(supplier: str, reason: str | None, answers: int, shares: float) -> dict[str, Any]:
    return {"supplier_id": supplier, "reason": reason, "answers": answers, "shares": shares}


def test_without_answers_the_policy_is_believed() -> None:
    """And without a policy's word what is usual."""
    shares = Shares([])
    assert shares.of("S-1", "recall", 95).share == pytest.approx(0.95)
    assert shares.of("S-1", "recall").share == pytest.approx(0.60)
    assert shares.of("S-1", None).answers == 0


def test_answers_of_the_supplier_move_what_is_expected() -> None:
    """For the same reason most, for another reason less, of another supplier not at all."""
    shares = Shares([past("S-1", "defective_on_arrival", 20, 18.0)])
    same = shares.of("S-1", "defective_on_arrival", 60)
    other = shares.of("S-1", "recall", 60)
    assert 0.9 > same.share > other.share > 0.6
    assert (same.answers, other.answers, other.supplier_answers) == (20, 0, 20)
    assert shares.of("S-2", "recall", 60).share == pytest.approx(0.6)


def test_a_claim_says_nothing_about_itself() -> None:
    """With its own share left out, the only claim of a supplier is expected by the policy."""
    shares = Shares([past("S-1", "recall", 1, 0.0)])
    alone = shares.of("S-1", "recall", 60, own=0.0)
    assert alone.share == pytest.approx(0.6)
    assert (alone.answers, alone.supplier_answers) == (0, 0)


@given(
    many=st.integers(0, 500),
    mean=st.floats(0, 1),
    percent=st.integers(0, 100),
    claimed=st.integers(0, 10**9),
    recovered=st.integers(0, 10**9),
    status=st.sampled_from(STANDINGS),
)
def test_what_is_expected_stays_within_the_claim(
    many: int, mean: float, percent: int, claimed: int, recovered: int, status: str
) -> None:
    """Between what was known before and what the answers say; nothing of a claim that is over."""
    said = Shares([past("S-1", None, many, many * mean)]).of("S-1", None, percent)
    low, high = sorted((mean if many else percent / 100, percent / 100))
    assert low - 1e-9 <= said.share <= high + 1e-9
    more = said.more_minor(claimed, recovered, status)
    assert 0 <= more <= claimed
    assert status in WAITING or more == 0
    if many > 1000 * PRIOR_CLAIMS:
        assert said.share == pytest.approx(mean, abs=0.01)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "currency": st.sampled_from(["USD", "EUR"]),
            "supplier_id": st.sampled_from(["S-1", "S-2"]),
            "reason": st.sampled_from(["recall", None]),
            "status": st.sampled_from(STANDINGS),
            "cause": st.sampled_from(["SUB", "NOP", None]),
            "percent": st.sampled_from([60, None]),
            "age": st.sampled_from([name for _, name in AGES]),
            "claims": st.integers(1, 9),
            "claimed_minor": st.integers(0, 10**6),
            "recovered_minor": st.integers(0, 10**6),
            "refused_minor": st.integers(0, 10**6),
            "lost_minor": st.integers(0, 10**6),
        }
    ),
    max_size=12,
)


@given(ROWS)
def test_every_split_adds_up(rows: list[dict[str, Any]]) -> None:
    """By supplier and by reason to the whole, losses by cause to what was lost, ages to what
    waits; and no currency is added to another."""
    found = recovery(rows, Shares([]))
    assert [item["currency"] for item in found] == sorted({row["currency"] for row in rows})
    for item in found:
        mine = [row for row in rows if row["currency"] == item["currency"]]
        shown: Any = item
        for name in ("claims", "claimed_minor", "recovered_minor", "lost_minor"):
            total = sum(row[name] for row in mine)
            assert shown[name] == total
            assert sum(group[name] for group in shown["by_supplier"]) == total
            assert sum(group[name] for group in shown["by_reason"]) == total
        assert sum(group["lost_minor"] for group in shown["lost_by_cause"]) == shown["lost_minor"]
        waiting = sum(row["claimed_minor"] for row in mine if row["status"] in WAITING)
        assert sum(age["claimed_minor"] for age in shown["ageing"]) == waiting
