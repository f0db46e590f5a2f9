"""The import's benchmark: its errors are what it says, its last line is one JSON document."""

import json
from pathlib import Path

import pytest

from bench.online_retail import main
from bench.retail_errors import inject, places_of
from reconciliation.retail_rows import read_rows
from tests.reconciliation.retail_files import NOW, write


def _lines(first: str, many: int, month: int, sign: str = "") -> str:
    return "".join(
        f"{first}{n:04},{10000 + n % 6},THING,{sign}{1 + n % 3},"
        f"2011-0{month}-{1 + n % 9:02} 09:00:00,2.50,{1 + n % 5},UK\n"
        for n in range(many)
    )


SALES = _lines("50", 120, 1) + _lines("51", 120, 1)
CREDITS = _lines("C60", 60, 2, "-")


def test_injected_errors_stand_where_they_are_said_to(tmp_path: Path) -> None:
    """Of every kind; the same seed makes the same file."""
    source = write(tmp_path / "a.csv", SALES + CREDITS)
    made = inject(source, tmp_path / "b.csv", 3, NOW)
    again = inject(source, tmp_path / "c.csv", 3, NOW)
    assert made == again
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "c.csv").read_bytes()
    rows = read_rows(tmp_path / "b.csv", NOW).rows
    at = {place: rows[i] for i, place in places_of(rows).items()}
    assert {one.kind for one in made} >= {"duplicate_credit", "inflated_price"}
    assert all(at[one.place].kind == "credit" for one in made)
    assert all(0 < one.exposure_minor <= at[one.place].net_minor for one in made)


def test_the_last_line_is_one_json_document(
    tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the contract's names, through the product's own import."""
    main(["--data", str(write(tmp_path / "a.csv")), "--database", database_url])
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert document["lines"] == 16 and document["credit_lines_unmatched"] == 2
    assert document["unmatched_value"] == 32.60 and document["write_off_lines"] == 1
    assert {"value_found", "lines_per_s", "peak_memory_mb"} <= set(document)
