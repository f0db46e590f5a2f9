"""Intervals are drawn by customer; customers nobody recorded are not one customer."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from training.judging import Answers, everything, figure
from training.rows import TextExample
from training.split import UNKNOWN, by_time_and_customer, drawn_as

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def notes(*customers: str) -> list[TextExample]:
    """One note a case, one of each customer after the other."""
    return [
        TextExample(
            subject=f"R-{i}/1", text="leaks", reason="recall", at=DAY + timedelta(days=i),
            position=i, customer=customer, business_unit="industrial",
        )
        for i, customer in enumerate(customers)
    ]  # fmt: skip


def test_unknown_customers_are_drawn_by_case() -> None:
    """A table without customers has an interval as wide as its rows tell, not one of no width."""
    asked = notes(*[UNKNOWN] * 40)
    right = np.arange(40) % 2 == 0
    found = figure(Answers(lambda at: float(right[at].mean())), asked, everything(asked), 7)
    assert (found.value, found.rows) == (0.5, 40)
    assert found.low < 0.4 and found.high > 0.6


def test_known_customers_stay_whole() -> None:
    """Also one who is called as the word for nobody plus a number; two notes of a case stay one."""
    two = notes("C-1", "C-1", UNKNOWN, "case R-2")
    assert drawn_as(two) == ["customer C-1", "customer C-1", "case R-2", "customer case R-2"]


def test_a_house_with_one_customer_is_drawn_by_case() -> None:
    """The only customer could only be drawn again, and any figure would look certain."""
    asked = notes(*["C-1"] * 40)
    right = np.arange(40) % 2 == 0
    found = figure(Answers(lambda at: float(right[at].mean())), asked, everything(asked), 7)
    assert found.low < 0.4 and found.high > 0.6


def test_a_customer_that_is_most_of_the_business_is_not_held_out() -> None:
    """Whatever its name is: a model of a house with one customer, or nearly, learns from it."""
    for number in range(100):
        one = by_time_and_customer(notes(*[f"C-{number}"] * 40), 8123)
        assert (one.held_out, len(one.train)) == (frozenset(), 24)
    many = by_time_and_customer(notes(*(f"C-{i}" for i in range(200))), 8123)
    assert 10 < len(many.held_out) < 30


@pytest.mark.parametrize(("right", "low", "high"), [(1.0, 0.846, 1.0), (0.0, 0.0, 0.154)])
def test_all_right_is_not_certain(right: float, low: float, high: float) -> None:
    """No draw shows an error that did not occur: the exact interval of 22 customers stands. A
    difference that is nought in every draw is nought."""
    asked = notes(*(f"C-{i}" for i in range(22)))
    found = figure(Answers(lambda at: right, share=True), asked, everything(asked), 7)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.001)
    same = figure(Answers(lambda at: 0.0), asked, everything(asked), 7)
    assert (same.low, same.high) == (0.0, 0.0)
