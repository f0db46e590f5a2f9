"""The bench of the exception ranker ranks what is later by what was known before."""

import json
from functools import cache

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from bench.exception_history import History, drawn
from bench.exceptions import ORDERS, later_parts, ranked, run
from training import measures

pytestmark = pytest.mark.slow


@cache
def history() -> History:
    return drawn(7, 180, 0.5)


def test_nothing_is_learned_from_what_was_closed_later() -> None:
    """A part is ranked by exceptions that were closed before its first was raised."""
    parts = list(later_parts(history()))
    assert len(parts) == 3
    for past, later in parts:
        begins = min(example.at for example in later)
        assert max(history().closed_at[example.subject] for example in past) < begins
        assert not {e.subject for e in past} & {e.subject for e in later}
    assert sum(len(later) for _, later in parts) > 0.55 * len(history().examples)


def test_every_order_is_measured_on_the_same_rows() -> None:
    """Nothing finds more than hindsight, and nothing is expected to find more than the world's
    own expectation."""
    found = ranked(history(), seed=1)
    assert set(found.scores) == set(ORDERS)
    best = measures.captured(found.losses, found.scores["oracle"], 0.1)
    meant = measures.captured(found.expected, found.scores["best_reachable"], 0.1)
    for name in ORDERS:
        assert len(found.scores[name]) == len(found.losses)
        assert measures.captured(found.losses, found.scores[name], 0.1) <= best
        assert measures.captured(found.expected, found.scores[name], 0.1) <= meant
    assert (found.came <= 1).all() and (found.stated > 0).all()


def test_the_last_line_is_one_document() -> None:
    """With every order, both ratios, and the error of the loss that the model states."""
    asked = ["--seeds", "1", "--scale", "0.5", "--first", "7", "--jobs", "1"]
    app = typer.Typer()
    app.command()(run)
    answer = CliRunner().invoke(app, asked)
    assert answer.exit_code == 0, answer.output
    document = json.loads(answer.output.strip().splitlines()[-1])
    assert set(document["orders"]) == set(ORDERS)
    assert 0 < document["model_of_oracle"] <= document["model_of_best_reachable"]
    assert np.isfinite(document["expected_loss_error"])
