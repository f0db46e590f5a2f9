"""The disposition benchmark runs on any table, and says plainly what it cannot do."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.training.test_disposition_texts import CLASSES, rows

pytest.importorskip("sklearn", reason="needs pip install '.[training]'")
import typer

from bench.disposition import Table, _read, run

COLUMNS = ["--text-columns", "note", "--categorical-columns", "sent_to,kind"]
APP = typer.Typer()
APP.command()(run)


def table(path: Path, count: int = 240) -> Path:
    """Decided cases in a file, newest first."""
    made, labels = rows(count, 7)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["at", "decision", *made[0]])
        writer.writeheader()
        for i in reversed(range(count)):
            when = f"2026-01-{1 + i // 20:02d}T{i % 20:02d}:00"
            writer.writerow({"at": when, "decision": CLASSES[labels[i]], **made[i]})
    return path


@pytest.mark.slow
def test_one_file_is_split_by_time(tmp_path: Path) -> None:
    """The last line is one JSON document with the contract's figures, beside the floors."""
    path = table(tmp_path / "cases.csv")
    split = ["--data", str(path), "--time-column", "at", "--cut", "2026-01-10"]
    more = ["--label-column", "decision", "--numeric-columns", "weight", "--group-columns", "kind"]
    said = CliRunner().invoke(APP, [*split, *more, *COLUMNS])
    assert said.exit_code == 0, said.output
    figures = json.loads(said.output.splitlines()[-1])
    assert (figures["train_rows"], figures["test_rows"]) == (180, 60)
    for name in ("accuracy", "macro_f1", "ece", "ece_by_chance", "set_coverage", "set_size"):
        assert figures[name] >= 0
    assert figures["accuracy"] > figures["majority_accuracy"] + 0.2
    assert figures["tfidf_macro_f1"] > figures["majority_macro_f1"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--label-column", "decision", *COLUMNS], "give --train and --test"),
        (["--label-column", "decision"], "name at least one"),
        (["--label-column", "verdict", *COLUMNS, "--time-column", "at"], "no column verdict"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, options: list[str], says: str) -> None:
    """In one sentence, and nothing is trained."""
    path = table(tmp_path / "cases.csv", 20)
    files = [] if "give" in says else ["--data", str(path)]
    said = CliRunner().invoke(APP, [*options, *files], env={"COLUMNS": "200"})
    assert said.exit_code == 2
    assert says in said.output


def test_rows_without_a_label_are_left_out_aloud(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody decided about them yet; how many is said, beside the document on the other channel."""
    path = tmp_path / "mine.csv"
    path.write_text("note,decision\nleaks,scrap\nsealed,\nwet,scrap\n")
    assert len(_read(path, Table("decision", ("note",), (), ()), "")) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"{path}: 1 of 3 rows have no decision: left out\n")
