"""The bench of all models plays histories through the house and pools what models said of them."""

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("sklearn", reason="needs pip install '.[training]'")

from bench.models import mean, pooled, run
from training.made import Judgement


def _invoke(*words: str) -> tuple[int, str, str]:
    app = typer.Typer()
    app.command()(run)
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.stdout, done.output


def test_what_all_histories_show_weighs_by_rows() -> None:
    """Confidences are pooled; figures of a history count by the rows it was judged on."""
    sure, doubtful = np.full(30, 0.9), np.full(10, 0.5)
    told = {"test_rows": 30.0, "accuracy": 0.9, "ece": 0.0, "auc": 0.8}
    reports = [
        Judgement(told, confidence=sure, right=np.repeat([1.0, 0.0], [27, 3])),
        Judgement(
            {"test_rows": 10.0, "accuracy": 0.5, "ece": 0.0},
            confidence=doubtful,
            right=np.repeat([1.0, 0.0], 5),
        ),
    ]
    found = pooled(reports)
    assert found["rows"] == 40 and found["ece"] == pytest.approx(0.0)
    assert found["confidence"] == found["came_true"] == pytest.approx(0.8)
    assert mean(reports) == {"test_rows": 25.0, "accuracy": pytest.approx(0.8), "ece": 0.0}


def test_an_order_is_no_probability() -> None:
    """The ranker's scores of loss are not pooled as if they said how sure it is."""
    ranked = Judgement({"test_rows": 9.0, "ndcg_10": 0.7}, confidence=np.ones(9), right=np.ones(9))
    assert pooled([ranked]) == {}


@pytest.mark.parametrize(
    ("words", "says"),
    [(("--models", "oracle"), "oracle"), (("--seeds", "1,x"), "whole number")],
)
def test_what_cannot_be_done_is_said_first(words: tuple[str, ...], says: str) -> None:
    """Before anything is played."""
    code, _, output = _invoke("--days", "60", "--scale", "0.1", *words)
    assert code == 2 and says in output


@pytest.mark.slow
def test_the_last_line_is_one_document() -> None:
    """One short history of a small distributor, one model."""
    small = ("--days", "100", "--scale", "0.4")
    code, printed, output = _invoke("--seeds", "7", *small, "--models", "disposition")
    assert code == 0, output
    document = json.loads(printed.strip().splitlines()[-1])
    found = document["disposition"]
    assert found["7"]["test_rows"] > 50 and found["mean"]["accuracy"] > 0.6
