"""Files of others are read whole or refused by row and column, by every bench that takes tables."""

from pathlib import Path

import pytest
import typer

pytest.importorskip("sklearn", reason="needs pip install '.[training]'")

from bench import csv_file
from bench.credit import run as credit
from bench.disposition import run as disposition
from bench.ranking import read as ranking
from bench.text import run as text

GOOD = "text,label\n" + "".join(f"tea please {i},tea\nmilk please {i},milk\n" for i in range(9))


def told(path: Path, content: bytes | str, *needed: str) -> str:
    """What is said of a file that cannot be read."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(typer.BadParameter) as caught:
        csv_file.columns(path, *needed, filled=needed)
    return str(caught.value).removeprefix(str(path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text,label\nÖl,late\n".encode("latin-1"), ", line 2: byte 0xd6 is no UTF-8; save the"),
        ("", " has no column label, text; it has no headings at all"),
        ("text,lab\na,b\n", " has no column label; it has text, lab"),
        ("text,label\n", " has headings but no rows"),
        ("text,text,label\na,b,c\n", " has the heading 'text' twice: rename one"),
        ('text,label\n"a\nb",c\nd, e,f\n', ", row 2: 3 cells for 2 headings (a comma inside"),
        ("text,label\na,b\nc\n", ", row 2: 1 cells for 2 headings"),
        ("text,label\na,b\n\nc, \n", ", row 2, column label: may not be empty"),
        ('text,label\na,b\n"c,d\n', ", row 2: unexpected end of data"),
    ],
)
def test_what_is_wrong_is_said_by_row_and_column(
    content: bytes | str, said: str, tmp_path: Path
) -> None:
    """Nothing is guessed, left out or read into the neighbouring column."""
    assert told(tmp_path / "a.csv", content, "text", "label").startswith(said)


def test_odd_but_lawful_files_are_read(tmp_path: Path) -> None:
    """A mark before the headings, quoted commas and lines, empty lines, a NUL, words like NA."""
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbftext,label\r\n"a, ""b""\r\nc","x, y"\r\n\r\nd\x00e,NA\r\n')
    rows = csv_file.columns(path, "text", "label", filled=["label"])
    assert [tuple(row.values()) for row in rows] == [('a, "b"\r\nc', "x, y"), ("d\x00e", "NA")]


def test_no_bench_ends_in_a_trace(tmp_path: Path) -> None:
    """Labels that teach nothing, cells that are no number, columns that are not there: said."""
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(GOOD)
    bad.write_text("text,label\na,tea\nb,tea\n")
    with pytest.raises(typer.BadParameter, match="one label only, 'tea': two are needed"):
        text(test=good, train=bad)
    bad.write_text("text,label\na,tea\nb,milk\n")
    with pytest.raises(typer.BadParameter, match="one text of every label: two of one"):
        text(test=good, train=bad)
    with pytest.raises(typer.BadParameter, match="no label is a canonical reason or 'unclear'"):
        text(test=good, champion=True)
    bad.write_text("label,n\na,1\nb,1e400\n")
    with pytest.raises(typer.BadParameter, match="row 2, column n: '1e400' is no number"):
        disposition("label", train=bad, test=bad, numeric_columns="n")
    bad.write_text('label,n\n1,1\n0,na\n0,"12,50"\n')
    with pytest.raises(typer.BadParameter, match="row 3, column n: '12,50' is no number"):
        credit("label", train=bad, test=bad, amount_column="n")
    with pytest.raises(typer.BadParameter, match="has no column m; it has label, n"):
        credit("label", train=bad, test=bad, amount_column="m")


@pytest.mark.parametrize(
    ("lines", "groups", "said"),
    [
        ("1 1:2\nx 1:3\n", "2", "line 2: 'x 1:3' is no label of 0 to 30 with index:value"),
        ("1 1:2\n1 a:b\n", "2", "line 2"),
        ("-1 1:2\n", "1", "line 1"),
        ("1 1:nan\n", "1", "line 1"),
        ("1 1:2\n", "abc", "number 1: 'abc' is no group size"),
        ("1 1:2\n", "3", "names 3 rows"),
        ("", "", "has no rows"),
    ],
)
def test_rankings_name_the_line(lines: str, groups: str, said: str, tmp_path: Path) -> None:
    """Of the rows, or of the group sizes beside them."""
    path = tmp_path / "f.train"
    path.write_text(lines)
    (tmp_path / "f.train.query").write_text(groups)
    with pytest.raises(typer.BadParameter, match=said):
        ranking(path)
