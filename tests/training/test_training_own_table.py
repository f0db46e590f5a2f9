"""A user's own table: mapped by a file, faults named by row and column, trained like the rest."""

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from models.folder import read_json
from tests.training.small_world import SmallWorld
from training.csv_file import BadTable
from training.enough import TooLittle
from training.own_table import Headings, columns_for, read_headings, read_rows
from training.rows import gather
from training.split import case_of
from training.train import train
from training.trained_on import trained_on


def table(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_headings_and_codes_are_translated(tmp_path: Path) -> None:
    """A table in the user's own words becomes texts in ours, in the order of time."""
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        '[columns]\ntext = "Customer remarks"\nreason = "Code"\nat = "Created"\n'
        '[codes.reason]\nDOA = "defective_on_arrival"\n'
    )
    path = table(
        tmp_path / "own.csv",
        [
            {"Customer remarks": "dead", "Code": "DOA", "Created": "2026-03-02T10:00:00+02:00"},
            {"Customer remarks": "late", "Code": "late_delivery", "Created": "2026-03-01"},
        ],
    )
    rows = read_rows("reason", path, read_headings(mapping))
    assert [(t.text, t.reason, t.at.isoformat()) for t in rows.texts] == [
        ("late", "late_delivery", "2026-03-01T00:00:00+00:00"),
        ("dead", "defective_on_arrival", "2026-03-02T08:00:00+00:00"),
    ]


def test_every_fault_is_named_by_row_and_column(tmp_path: Path) -> None:
    """All faults at once, each with its row, the user's own heading, the cell and what is wrong."""
    path = table(
        tmp_path / "own.csv",
        [
            {"id": "1", "Remarks": "dead", "reason": "defective_on_arrival", "at": "2026-03-02"},
            {"id": "1", "Remarks": "", "reason": "broken", "at": "31/02/2026"},
        ],
    )
    with pytest.raises(BadTable) as caught:
        read_rows("reason", path, Headings({"text": "Remarks"}))
    lines = str(caught.value).split("\n")
    assert lines[0] == "The table has 4 faults:"
    assert "  row 2, column Remarks: '' may not be empty" in lines
    assert "  row 2, column at: '31/02/2026' is not a date and time (ISO 8601)" in lines
    assert "  row 2, column id: '1' stands there twice" in lines
    assert any(
        line.startswith("  row 2, column reason: 'broken' is no known code;") for line in lines
    )


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"line_condition": "sealed", "disposition": "restock", "line_unit_cost_minor": "12 EUR"},
         "row 1, column line_unit_cost_minor: '12 EUR' is not a number"),
        ({"line_condition": "sealed", "disposition": "restock", "line_recall_open": "perhaps"},
         "row 1, column line_recall_open: 'perhaps' is not true or false"),
        ({"line_condition": "sealed", "disposition": "bin"},
         "row 1, column disposition: 'bin' is no known code; there are restock, quarantine"),
    ],
)  # fmt: skip
def test_facts_are_checked_by_kind(cells: dict[str, str], said: str, tmp_path: Path) -> None:
    """Numbers, flags and codes are what their column declares."""
    with pytest.raises(BadTable, match=said):
        read_rows("disposition", table(tmp_path / "own.csv", [cells]), Headings())


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("12.50", "'12.50' is not a whole number of minor units, 0 or more"),
        ("-5", "'-5' is not a whole number of minor units, 0 or more"),
        ("", "'' may not be empty"),
    ],
)
def test_the_money_at_stake_is_whole_and_there(amount: str, said: str, tmp_path: Path) -> None:
    """A credit in euros instead of cents, or without an amount, is a fault: no row drops unsaid."""
    rows = [
        {"credit_amount_minor": cell, "credit_quantity_milli": "1000"} for cell in ("7", amount)
    ]
    with pytest.raises(BadTable) as caught:
        read_rows("credit_anomaly", table(tmp_path / "own.csv", rows), Headings())
    assert f"  row 2, column credit_amount_minor: {said}" in str(caught.value).split("\n")


@pytest.mark.parametrize(
    ("headings", "said"),
    [
        (Headings(), r"The table lacks text \(what the customer wrote\)"),
        (Headings({"text": "Note"}), "The mapping names 'Note'; the table has a, reason."),
        (Headings({"colour": "a"}), "The mapping names 'colour', which this model does not take."),
    ],
)
def test_headings_that_do_not_fit(headings: Headings, said: str, tmp_path: Path) -> None:
    """A missing column and a mapping to nothing are said before any cell is read."""
    with pytest.raises(BadTable, match=said):
        read_rows("reason", table(tmp_path / "own.csv", [{"a": "x", "reason": "y"}]), headings)


def test_files_that_are_no_tables(tmp_path: Path) -> None:
    """A missing file and a mapping that is no TOML get a sentence, not a traceback."""
    with pytest.raises(BadTable, match="There is no file"):
        read_rows("reason", tmp_path / "none.csv", Headings())
    broken = tmp_path / "mapping.toml"
    broken.write_text("[columns\n")
    with pytest.raises(BadTable, match="is not a column mapping"):
        read_headings(broken)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text,reason\nÖl,wrong_item\n".encode("latin-1"), "line 2: byte 0xd6 is no UTF-8; save"),
        (b"text,reason\na,wrong_item,extra\n", "row 1: 3 cells for 2 headings"),
        (b"text,reason\nok,wrong_item\na, oil,wrong_item\n", "row 2: 3 cells for 2 headings"),
        (b"text,text,reason\na,b,wrong_item\n", "has the heading 'text' twice"),
        (b'text,reason\n"a,wrong_item\n', "row 1: unexpected end of data"),
        (b"text;reason\na;b\n", "it has text;reason: its cells seem to stand between semicolons"),
        (b"", "it has no headings: rename it"),
    ],
)
def test_files_that_are_no_clean_csv(content: bytes, said: str, tmp_path: Path) -> None:
    """No cell slips into another column and no byte is guessed: the place and the way out."""
    path = tmp_path / "own.csv"
    path.write_bytes(content)
    with pytest.raises(BadTable, match=said):
        read_rows("reason", path, Headings())


@pytest.mark.parametrize(
    ("model", "headings", "cells", "said"),
    [
        ("reason", Headings(codes={"reason": {"DOA": "dead"}}), {},
         "The mapping turns 'DOA' of reason into 'dead', which is no known code; there are dam"),
        ("reason", Headings({"text": "a", "reason": "a"}), {},
         "The mapping takes 'a' for text and for reason"),
        ("disposition", Headings(), {"line_condition": "openedd", "disposition": "restock"},
         "The table has 1 fault:\n  row 1, column line_condition: 'openedd' is no known code"),
    ],
)  # fmt: skip
def test_codes_are_ours_or_refused(
    model: str, headings: Headings, cells: dict[str, str], said: str, tmp_path: Path
) -> None:
    """Also where no row has them yet, and in the facts whose codes are ours."""
    path = table(tmp_path / "own.csv", [cells or {"a": "x", "b": "wrong_item"}])
    with pytest.raises(BadTable, match=said):
        read_rows(model, path, headings)


def test_columns_that_are_not_taken_are_named(tmp_path: Path) -> None:
    """A fact that is spelt otherwise would be unknown in every row, in silence."""
    path = table(tmp_path / "own.csv", [{"text": "x", "reason": "recall", "custmer": "C-1"}])
    assert read_rows("reason", path, Headings()).unread == ("custmer",)


@pytest.mark.slow
def test_a_table_trains_as_the_journal_does(tmp_path: Path) -> None:
    """The journal's own rows, written as a table and read back, give the model the same rows."""
    examples = [e for e in gather(SmallWorld(3).facts(400)).of("disposition") if e.label]
    path = table(
        tmp_path / "own.csv",
        [
            {
                "id": str(i), "case": e.case, "at": e.at.isoformat(), "customer": e.customer,
                "business_unit": e.business_unit, "reason": e.reason, "disposition": e.label,
                **{name: "" if value is None else value for name, value in e.row.items()},
            }
            for i, e in enumerate(examples)
        ],
    )  # fmt: skip
    rows = read_rows("disposition", path, Headings({"reason": "reason"}))
    assert [e.row for e in rows.of("disposition")] == [e.row for e in examples]
    assert [e.label for e in rows.of("disposition")] == [e.label for e in examples]
    made = train("disposition", rows, out=tmp_path / "drawer")
    assert made.version == "1"
    tags = read_json(made.bundle / "training.json")["tags"]
    assert tags["table"] == "own.csv" and "journal_position" not in tags
    assert made.metrics["accuracy"] > made.metrics["majority_accuracy"]


def test_every_model_says_what_it_takes() -> None:
    """Each column that a model takes has a sentence, and its label and time are among them."""
    for model in ("reason", "disposition", "credit_anomaly", "exception_rank"):
        taken = {t.name: t for t in columns_for(model)}
        assert {"at", "customer", "id"} <= taken.keys()
        assert all(t.says for t in taken.values())


def test_days_that_no_clock_can_tell_are_faults(tmp_path: Path) -> None:
    """The first and the last day there is, with an offset beyond them, are named by row too."""
    rows = [
        {"text": "dead", "reason": "recall", "at": at}
        for at in ("0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "2026-01-05")
    ]
    with pytest.raises(BadTable) as caught:
        read_rows("reason", table(tmp_path / "own.csv", rows), Headings())
    assert str(caught.value).split("\n") == [
        "The table has 2 faults:",
        "  row 1, column at: '0001-01-01T00:00:00+05:00' is not a date and time (ISO 8601)",
        "  row 2, column at: '9999-12-31T23:59:59-05:00' is not a date and time (ISO 8601)",
    ]


def test_a_table_without_rows_is_said_so(tmp_path: Path) -> None:
    """Headings alone are a sentence, not a stack trace."""
    path = tmp_path / "own.csv"
    path.write_text("text,reason\n")
    with pytest.raises(BadTable, match="has headings, and no row below them"):
        read_rows("reason", path, Headings())


def test_blanks_around_a_heading_are_no_part_of_it(tmp_path: Path) -> None:
    """As around a cell; two headings that differ by blanks only stand there twice."""
    path = tmp_path / "own.csv"
    path.write_text(" text ,reason\n dead , recall\n")
    assert [(t.text, t.reason) for t in read_rows("reason", path, Headings()).texts] == [
        ("dead", "recall")
    ]
    path.write_text("text,text ,reason\ndead,dead,recall\n")
    with pytest.raises(BadTable, match="the heading 'text' twice"):
        read_rows("reason", path, Headings())


def test_which_codes_there_are_is_said_once_and_long_cells_are_cut(tmp_path: Path) -> None:
    """Twenty faults stay readable."""
    path = table(tmp_path / "own.csv", [{"text": "dead", "reason": "x" * 500}] * 3)
    with pytest.raises(BadTable) as caught:
        read_rows("reason", path, Headings())
    told = str(caught.value)
    assert told.count("there are damaged_in_transit") == 1
    assert told.count("is no known code") == 3
    assert "x" * 81 not in told


def test_cases_whose_numbers_hold_a_slash_stay_apart(tmp_path: Path) -> None:
    """``2026/17`` and ``2026/18`` are two cases; a split may tear them apart from each other."""
    path = table(
        tmp_path / "own.csv",
        [{"text": "dead", "reason": "recall", "case": f"2026/{i}"} for i in (17, 17, 18)],
    )
    cases = [case_of(example) for example in read_rows("reason", path, Headings()).texts]
    assert cases[0] == cases[1] != cases[2]


@pytest.mark.parametrize("model", ["disposition", "credit_anomaly", "exception_rank"])
def test_rows_that_are_all_one_case_are_too_little(model: str, tmp_path: Path) -> None:
    """A constant where the case should stand is told, not answered with a stack trace."""
    cells = {
        "disposition": {"disposition": "scrap", "line_condition": "sealed"},
        "credit_anomaly": {"credit_amount_minor": "900", "credit_quantity_milli": "1000"},
        "exception_rank": {
            "loss_minor": "5", "exception_code": "R1", "exception_exposure_minor": "900",
        },
    }[model]  # fmt: skip
    path = table(tmp_path / "own.csv", [cells | {"case": "K"}] * 200)
    with pytest.raises(TooLittle, match="1 cases, and at least 20 are needed"):
        train(model, read_rows(model, path, Headings()), out=tmp_path / "mlruns")


def test_what_lies_in_the_future_is_a_fault(tmp_path: Path) -> None:
    """A slip in a year would make a version that no question of the journal could ever judge."""
    rows = [{"text": "dead", "reason": "recall", "at": at} for at in ("2026-01-05", "2062-01-05")]
    path = table(tmp_path / "own.csv", rows)
    latest = datetime(2026, 11, 2, tzinfo=UTC)
    with pytest.raises(BadTable) as caught:
        read_rows("reason", path, Headings(), latest)
    assert str(caught.value).split("\n") == [
        "The table has 1 fault:",
        "  row 2, column at: '2062-01-05' lies in the future",
    ]


@pytest.mark.slow
def test_a_table_without_times_says_of_no_question_that_it_is_unseen(tmp_path: Path) -> None:
    """It may hold the journal's own answers: a gate must not praise what was known by heart."""
    made = {}
    for name, cells in (("timed", {"at": "2026-01-05"}), ("untimed", {})):
        rows = [
            {
                "disposition": ("scrap", "restock")[i % 2],
                "line_condition": ("used", "sealed")[i % 2],
            }
            for i in range(200)
        ]
        path = table(tmp_path / f"{name}.csv", [row | cells for row in rows])
        read = read_rows("disposition", path, Headings())
        made[name] = train("disposition", read, out=tmp_path / "mlruns")
    assert trained_on(made["timed"].bundle) is not None
    assert trained_on(made["untimed"].bundle) is None
    assert made["untimed"].metrics["accuracy"] == 1.0


def test_a_heading_is_not_taken_twice_by_its_own_name(tmp_path: Path) -> None:
    """A slip that would give the label to the model as its text is told."""
    path = table(tmp_path / "own.csv", [{"reason": "recall", "Code": "recall"}])
    with pytest.raises(BadTable, match="takes 'reason' for text and for reason, which is called"):
        read_rows("reason", path, Headings({"text": "reason"}))
    rows = read_rows("reason", path, Headings({"text": "reason", "reason": "Code"}))
    assert rows.texts[0].reason == "recall"


def test_files_as_other_programs_name_and_save_them(tmp_path: Path) -> None:
    """Endings in capitals, ``.pq``, and a mapping that begins with the mark of some editors."""
    frame = pd.DataFrame({"Remarks": ["dead"], "reason": ["recall"]})
    mapping = tmp_path / "mapping.toml"
    mapping.write_bytes(b'\xef\xbb\xbf[columns]\ntext = "Remarks"\n')
    for name in ("own.PARQUET", "own.pq"):
        frame.to_parquet(tmp_path / name)
        (read,) = read_rows("reason", tmp_path / name, read_headings(mapping)).texts
        assert (read.text, read.reason) == ("dead", "recall")
    mapping.write_text("columns = [1]")
    with pytest.raises(
        BadTable, match=r"is not a column mapping: \[columns\] and \[codes.NAME\] are"
    ):
        read_headings(mapping)
