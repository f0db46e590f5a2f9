"""The credit benchmark reads any table, and nothing that was known only later."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import typer
from typer import Typer
from typer.testing import CliRunner

from bench.credit import run
from bench.credit_events import Log
from bench.credit_memory import Outcomes, by_stretch, lately, remembered
from bench.credit_table import Table, facts_of, kind_of, labels_of, read

HOUR = 3600.0


def table(rows: int = 600, seed: int = 1) -> list[dict[str, str]]:
    """Requests an hour apart; large amounts of one budget are refused, two days later."""
    chance = np.random.default_rng(seed)
    out = []
    for i in range(rows):
        budget, amount = f"budget {chance.integers(0, 6)}", chance.lognormal(4.0, 1.0)
        bad = (budget == "budget 3" and amount > 40.0) or chance.random() < 0.05
        out.append(
            {
                "id": f"request {1000 + i}", "amount": f"{amount:.2f}", "budget": budget,
                "start": f"2026-03-{1 + i // 24:02d}T{i % 24:02d}:00:00+01:00",
                "end": f"2026-03-{3 + i // 24:02d}T{i % 24:02d}:00:00+01:00",
                "note": "please pay soon" if i % 2 else "paid by card in the shop",
                "refused": "2" if bad else "0",
            }
        )  # fmt: skip
    return out


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def said_by(*arguments: str) -> dict[str, object]:
    app = Typer()
    app.command()(run)
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    document: dict[str, object] = json.loads(result.output.splitlines()[-1])
    return document


def test_kinds_are_found_from_the_cells() -> None:
    """Numbers, times, words that repeat, words that do not; names of rows say nothing."""
    assert kind_of(["1", "2.5", "", "7"]) == "number"
    assert kind_of([str(i) for i in range(30)]) == "identifier"
    assert kind_of([f"request {i}" for i in range(30)]) == "identifier"
    assert kind_of(["2026-03-01 10:00", "2026-03-02T11:00:00+01:00"]) == "time"
    assert kind_of(["13/03/2026", "01/02/2026"]) == "time"
    assert kind_of(["a", "b", "a", "b", "a", "b", "b", "a", "b", "a", "b"]) == "category"
    assert kind_of(["the pump leaks oil", "too many were sent", "a carton was crushed"]) == "text"
    assert kind_of(["", "n/a", "x"]) == "constant"


def test_labels_are_counts_or_one_of_two_words() -> None:
    """Anything else is refused by name."""
    assert labels_of(["0", "2", "1"]).tolist() == [0.0, 1.0, 1.0]
    assert labels_of(["no", "Yes"]).tolist() == [0.0, 1.0]
    assert labels_of(["paid", "refused", "paid"]).tolist() == [0.0, 1.0, 0.0]
    with pytest.raises(ValueError, match="one of two words"):
        labels_of(["a", "b", "c"])


def test_a_line_of_another_length_is_named(tmp_path: Path) -> None:
    """With its number below the headings."""
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3\n")
    with pytest.raises(typer.BadParameter, match=r"t\.csv, row 2: 1 cells for 2 headings"):
        read(path)


def test_an_outcome_counts_only_once_it_is_known() -> None:
    """The second request does not see what became of the first; the third does."""
    outcomes = Outcomes(
        np.array([0.0, 10.0, 30.0]), np.array([20.0, math.inf, math.inf]),
        np.array([1.0, 1.0, 0.0]), timed=True, fresh=True,
    )  # fmt: skip
    told = remembered(outcomes, {"budget": ["a", "a", "a"]})
    assert told["budget_seen"].tolist() == [0.0, 1.0, 2.0]
    assert told["budget_known"].tolist() == [0.0, 0.0, 1.0]
    assert np.isnan(told["budget_rate"][:2]).all()
    assert told["budget_rate"][2] == 1.0


def test_later_labels_never_change_earlier_rows() -> None:
    """Turning round every label that is known after a row leaves its history as it is."""
    chance = np.random.default_rng(3)
    asked = np.cumsum(chance.random(80)) * HOUR
    known = asked + chance.random(80) * 10 * HOUR
    found = (chance.random(80) < 0.4).astype(float)
    keys = {"k": [str(v) for v in chance.integers(0, 3, 80)]}
    cut = 50
    turned = np.where(known < asked[cut], found, 1.0 - found)
    one, other = (
        {**remembered(o, keys), **lately(o)}
        for o in (Outcomes(asked, known, f, timed=True, fresh=True) for f in (found, turned))
    )
    for name in one:
        np.testing.assert_array_equal(one[name][: cut + 1], other[name][: cut + 1])


def test_without_times_labels_of_test_rows_are_never_used() -> None:
    """And a training row does not know the labels of its own stretch."""
    train = np.array([True] * 6 + [False] * 4)
    stretch = np.array([0, 0, 0, 1, 1, 1, 0, 0, 0, 0])
    outcomes = by_stretch(None, stretch, train, np.ones(10))
    told = remembered(outcomes, {"k": ["a"] * 10})["k_known"]
    assert told.tolist() == [0, 0, 0, 3, 3, 3, 6, 6, 6, 6]


def test_events_after_the_question_are_not_counted() -> None:
    """Nor is the event that asks it."""
    events = Table(
        3,
        {
            "case": ["c", "c", "c"],
            "what": ["planned", "asked", "refused"],
            "when": ["2026-03-01", "2026-03-03", "2026-03-04"],
        },
    )
    log = Log.of_table(events, "case", "what", "when")
    at, _ = log.first(["c"], ["asked"])
    told = log.until(["c"], at, np.array([True]))
    assert told["planned_times"].tolist() == [1.0]
    assert told["planned_days_ago"].tolist() == [2.0]
    assert not any("asked" in name or "refused" in name for name in told)
    assert log.first(["c"], ["refused", "paid"])[1] == ["refused"]


def test_the_shape_of_a_column_is_learned_from_training_rows() -> None:
    """A word in a test cell does not turn a number into a category: it is missing."""
    cells = {"x": ["1", "2", "3", "4", "word"]}
    facts = facts_of(Table(5, cells), np.array([True] * 4 + [False]), ())
    assert math.isnan(facts.numbers["x"][4])


def test_two_files_are_learned_and_judged(tmp_path: Path) -> None:
    """The contract's figures and the baselines; the explanation of every row adds up."""
    rows = table()
    train, test = written(tmp_path / "a.csv", rows[:420]), written(tmp_path / "b.csv", rows[420:])
    told = said_by(
        "--train", str(train), "--test", str(test), "--label-column", "refused",
        "--amount-column", "amount", "--exclude", "end", "--seeds", "1",
    )  # fmt: skip
    assert {"auc", "average_precision", "amount_captured_at_10pct", "ece"} <= set(told)
    assert float(str(told["auc"])) > 0.6
    assert float(str(told["largest_residual"])) < 1e-6
    assert told["test_rows"] == 180
    assert told["too_good_to_be_known"] == []


def test_one_file_is_cut_by_time_and_a_leak_is_named(tmp_path: Path) -> None:
    """The last 30 % are the test, whatever the order of lines; a column that knows is listed."""
    rows = [{**row, "outcome": row["refused"]} for row in table()]
    told = said_by(
        "--data", str(written(tmp_path / "a.csv", rows[::-1])), "--time-column", "start",
        "--decided-column", "end", "--label-column", "refused", "--seeds", "1",
    )  # fmt: skip
    assert (told["train_rows"], told["test_rows"]) == (420, 180)
    assert told["too_good_to_be_known"] == ["outcome"]
    assert "rate_of_last_50" in list(map(str, told["columns"]))  # type: ignore[call-overload]
