"""Intervals are drawn by customer; customers nobody recorded are not one customer."""

from datetime import UTC, datetime, timedelta

import numpy as np

from training.judging import Answers, everything, figure
from training.rows import TextExample
from training.split import UNKNOWN, drawn_as

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
