"""CSV files in a folder: checked by row and column, taken once, moved with a report."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from serving.chores import recurring
from serving.csv_rows import KINDS, columns_of, needed_columns, read_sheet
from serving.drops import take_drops
from tests.serving.house import STORY, House, build, open_house, request_body

Json = dict[str, Any]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "drop-files.md"
SUPPLIERS = (
    "supplier_id,name,claim_window_days,accepts_returns,credit_percent\n"
    "S-77,Seals & Sons,30,yes,80\n"
)
RECEIPTS = (
    "return_id;receipt_id;warehouse;sku;quantity;line;lot;final\n"
    "R-1001;RC-1;WH-1;PMP-1001;4;1;L2217;true\n"
)


def drop(folder: Path, name: str, text: str) -> None:
    part = folder / f"{name}.part"
    part.write_text(text, encoding="utf-8")
    part.rename(folder / name)


def report(folder: Path, where: str) -> Json:
    (found,) = (folder / where).glob("*.report.json")
    read: Json = orjson.loads(found.read_bytes())
    return read


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "drop"
    made.mkdir()
    return made


def test_files_are_taken_once_and_moved(house: House, folder: Path) -> None:
    """A master and a receipt; a half file stays; the same content again changes nothing."""
    house.services.settings.drop_dir = folder
    assert house.post("/v1/returns", request_body()).status_code == 201
    drop(folder, "suppliers-1.csv", SUPPLIERS)
    drop(folder, "receipts_1.csv", RECEIPTS)
    (folder / "lots.csv.part").write_text("sku")
    assert [one.counts for one in take_drops(house.services)] == [{"recorded": 1}, {"received": 1}]
    assert house.case()["lines"][0]["quantities"]["received"] in (4, "4")
    assert house.rows("SELECT name FROM supplier WHERE supplier_id = 'S-77'") == [("Seals & Sons",)]
    assert sorted(path.name for path in folder.iterdir()) == ["done", "lots.csv.part"]
    before = house.footprint()
    drop(folder, "suppliers-2.csv", SUPPLIERS)
    drop(folder, "receipts-2.csv", RECEIPTS.replace("\n", "\r\n"))
    assert [one.counts for one in take_drops(house.services)] == [{"repeated": 1}, {"repeated": 1}]
    assert house.footprint() == before
    assert "take_drops" in [job.name for job in recurring(house.services)]
    assert house.differences() == []


def test_a_dropped_receipt_says_what_the_door_saw(house: House, folder: Path) -> None:
    """Condition and damage code of each row, as by HTTP; a code nobody knows is refused by name."""
    head, row = RECEIPTS.splitlines()
    text = f"{head};condition;damage_code\n{row};damaged;WC\n"
    assert house.post("/v1/returns", request_body()).status_code == 201
    house.services.settings.drop_dir = folder
    drop(folder, "receipts.csv", text.replace(";WC", ";ZZZ"))
    (refused,) = take_drops(house.services)
    assert "ZZZ" in str(refused.rows[0]["says"])
    drop(folder, "receipts.csv", text)
    assert [one.counts for one in take_drops(house.services)] == [{"received": 1}]
    (told,) = [e for e in house.case()["timeline"] if e["type"] == "goods_received"]
    (line,) = told["data"]["lines"]
    assert (line["condition"], line["damage_code"]) == ("damaged", "WC")


def test_faults_name_row_and_column_and_nothing_is_taken(house: House, folder: Path) -> None:
    """A file with one bad row is rejected whole; a refused receipt is named in the report."""
    house.services.settings.drop_dir = folder
    drop(folder, "suppliers.csv", SUPPLIERS + "S-78,Good,thirty,yes,80\n")
    before = house.footprint()
    (rejected,) = take_drops(house.services)
    assert rejected.faults == ["row 3, column claim_window_days: 'thirty' is no whole number"]
    assert house.footprint() == before
    assert report(folder, "rejected")["faults"] == rejected.faults
    drop(folder, "receipts.csv", RECEIPTS.replace("R-1001", "R-9"))
    drop(folder, "prices.csv", "a,b\n1,2\n")
    refused, unknown = take_drops(house.services)
    assert (refused.status, refused.rows[0]["code"]) == ("rejected", "unknown_return")
    assert unknown.faults[0].startswith("The name begins with one of customers")


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("lots", "sku,lot\nA,L1,2\n", "row 2, column (all): has 3 cells, the header 2"),
        ("lots", "sku\nA\n", "row 1, column lot: the column is missing"),
        ("lots", "sku,lot,supplier_id\nA,,\n", "row 2, column lot: is"),
        ("carriers", "carrier_id,name\nC 1,x\n", "row 2, column carrier_id: a number has"),
        ("carriers", "carrier_id,name,name\nC,x,y\n", "row 1, column name: known, once"),
        ("receipts", RECEIPTS.replace(";4;", ";-4;"), "row 2, column quantity: "),
        ("receipts", RECEIPTS.replace("true", "maybe"), "row 2, column final: 'maybe'"),
        (
            "receipts",
            RECEIPTS.replace("final\n", "condition\n").replace("true", "wet"),
            "row 2, column condition: ",
        ),
    ],
)
def test_every_fault_has_its_place(kind: str, text: str, says: str) -> None:
    """Too many cells, missing and doubled columns, empty and unfit cells."""
    sheet = read_sheet(kind, text.encode(), STORY.requested_at)
    assert str(sheet.faults[0]).startswith(says), sheet.faults
    assert not sheet.facts and not sheet.receipts


def test_the_page_names_every_column() -> None:
    """What is documented is what is read, needed ones and others."""
    text = PAGE.read_text(encoding="utf-8")
    for kind in KINDS:
        found = re.search(rf"^\| `{kind}` \| (.*) \| (.*) \|$", text, re.MULTILINE)
        assert found is not None, kind
        needed, others = (set(re.findall(r"`(\w+)`", cell)) for cell in found.groups())
        assert needed == needed_columns(kind)
        assert needed | others == set(columns_of(kind))


def test_no_folder_no_drops(database_url: str, tmp_path: Path) -> None:
    """Off unless a folder is set."""
    with (house := open_house(build(database_url, tmp_path))).client:
        assert take_drops(house.services) == []
