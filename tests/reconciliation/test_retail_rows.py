"""Every row of a file is a fact or is counted by kind, whatever stands in it."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciliation.errors import UnreadableFile
from reconciliation.retail_rows import is_product_code, read_rows
from tests.reconciliation.retail_files import HEADER, NOW, STORY, write

GOOD = "536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom"


def _with(column: int, value: str) -> str:
    fields = GOOD.split(",")
    fields[column] = value
    return ",".join(fields)


def test_every_row_has_one_name_and_the_names_add_up(tmp_path: Path) -> None:
    """Sales, credits, write-offs and what is kept aside; 16 rows in all."""
    reading = read_rows(write(tmp_path / "story.csv"), NOW)
    assert reading.counts() == {
        "credit": 4,
        "free_of_charge": 1,
        "missing_customer": 2,
        "negative_price": 1,
        "non_product_code": 2,
        "sale": 4,
        "write_off": 1,
        "zero_price": 1,
    }
    assert sum(reading.counts().values()) == reading.lines == 16
    aside = reading.set_aside()
    assert aside["zero_price"] == [8] and aside["negative_price"] == [11]
    assert aside["missing_customer"] == [7, 15] and aside["non_product_code"] == [4, 16]


def test_a_gzipped_file_is_the_same_file(tmp_path: Path) -> None:
    """The digest is of what the file holds, not of how it is packed."""
    plain = read_rows(write(tmp_path / "a.csv"), NOW)
    packed = read_rows(write(tmp_path / "a.csv.gz"), NOW)
    assert plain.digest == packed.digest and plain.rows == packed.rows


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (GOOD + ",more", "wrong_column_count"),
        ("536365,85123A", "wrong_column_count"),
        (_with(3, "six"), "bad_quantity"),
        (_with(3, "6.5"), "bad_quantity"),
        (_with(3, "1_000"), "bad_quantity"),
        (_with(3, "0"), "zero_quantity"),
        (_with(4, "2010-13-01 08:26:00"), "bad_date"),
        (_with(4, "01.12.2010"), "bad_date"),
        (_with(4, "2036-12-01 08:26:00"), "future_date"),
        (_with(5, "2,55"), "wrong_column_count"),
        (_with(5, "NaN"), "bad_price"),
        (_with(5, "1e3"), "bad_price"),
        (_with(0, ""), "bad_code"),
        (_with(1, "a/b"), "bad_code"),
        (_with(6, "\x00"), "bad_code"),
        (_with(2, "a\x00b"), "control_character"),
        (_with(2, '"open'), "stray_quote"),
        ("   ", "blank_line"),
        (_with(0, "C1"), "positive_credit"),
    ],
)
def test_a_damaged_row_is_counted_and_damages_nothing_else(
    tmp_path: Path, line: str, kind: str
) -> None:
    """Its kind and line number are told; the rows around it are facts."""
    reading = read_rows(write(tmp_path / "bad.csv", f"{GOOD}\n{line}\n{GOOD}\n"), NOW)
    assert reading.refused == {kind: [3]}
    assert [row.source_line for row in reading.rows] == [2, 4]
    assert reading.lines == 3


def test_bytes_of_another_encoding_and_endless_lines_are_counted(tmp_path: Path) -> None:
    """Latin-1 text and a line of 100 KB cost one row each."""
    path = tmp_path / "bytes.csv"
    long = _with(2, "x" * 100_000)
    path.write_bytes(
        f"{HEADER}\n{_with(2, 'café')}\n".encode("latin-1") + f"{long}\n{GOOD}\n".encode()
    )
    reading = read_rows(path, NOW)
    assert reading.refused == {"bad_encoding": [2], "line_too_long": [3]}
    assert [row.source_line for row in reading.rows] == [4]


def test_a_quoted_value_over_two_lines_is_one_row_set_aside(tmp_path: Path) -> None:
    """The following row is read as itself, with its own line number."""
    broken = _with(2, '"HOLDER\nWHITE"')
    reading = read_rows(write(tmp_path / "q.csv", f"{broken}\n{GOOD}\n"), NOW)
    assert reading.refused == {"quoted_newline": [2]}
    assert [row.source_line for row in reading.rows] == [4] and reading.lines == 2


def test_customer_numbers_written_as_decimals_are_the_same_customers(tmp_path: Path) -> None:
    """A data frame writes 17850.0 for a number column with gaps."""
    (row,) = read_rows(write(tmp_path / "f.csv", _with(6, "17850.0") + "\n"), NOW).rows
    assert row.customer_id == "17850"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "lacks the column"),
        (b"InvoiceNo,StockCode\n1,2\n", "Description, Quantity"),
        (b"\x1f\x8b\x08rubbish", "cut off or not gzip"),
    ],
)
def test_a_file_of_another_form_is_refused_as_a_whole(
    tmp_path: Path, content: bytes, says: str
) -> None:
    """The message names what is missing."""
    path = tmp_path / "no.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=says):
        read_rows(path, NOW)


def test_a_gzip_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    """Half a file is not a shorter file."""
    whole = write(tmp_path / "a.csv.gz", STORY * 50).read_bytes()
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile, match="cut off"):
        read_rows(path, NOW)


def test_columns_may_stand_in_another_order_and_be_more(tmp_path: Path) -> None:
    """They are found by name."""
    header = "Extra," + ",".join(reversed(HEADER.split(",")))
    line = "x," + ",".join(reversed(GOOD.split(",")))
    (row,) = read_rows(write(tmp_path / "o.csv", line + "\n", header), NOW).rows
    assert (row.invoice_no, row.quantity, row.customer_id) == ("536365", 6, "17850")


def test_money_is_rounded_half_to_even(tmp_path: Path) -> None:
    """Ten at 1.855 are 18.55; one at 0.125 is 12 pence, one at 0.135 is 14."""
    lines = "".join(
        f"{_with(3, quantity).replace('2.55', price)}\n"
        for quantity, price in (("10", "1.855"), ("1", "0.125"), ("1", "0.135"))
    )
    rows = read_rows(write(tmp_path / "m.csv", lines), NOW).rows
    assert [row.net_minor for row in rows] == [1855, 12, 14]


@pytest.mark.parametrize("sku", ["85123A", "22632", "15056BL", "DCGS0003", "DCGSSBOY"])
def test_goods_have_product_codes(sku: str) -> None:
    """Five or six digits with a short variant, or a DCGS number."""
    assert is_product_code(sku)


@pytest.mark.parametrize(
    "sku",
    ["POST", "DOT", "M", "m", "D", "C2", "S", "B", "AMAZONFEE", "BANK CHARGES", "CRUK", "PADS",
     "gift_0001_20", "TEST001", "ADJUST2"],
)  # fmt: skip
def test_services_and_adjustments_have_none(sku: str) -> None:
    """By rule, so that a code never seen before is understood too."""
    assert not is_product_code(sku)


_FIELD = st.one_of(
    st.text(alphabet='abC56,"\n\r\x00é/ .-', max_size=6),
    st.sampled_from(["6", "-6", "2.55", "2010-12-01 08:26:00", "C1", "17850", ""]),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.just(GOOD), st.lists(_FIELD, max_size=9).map(",".join)), max_size=8))
def test_no_text_crashes_the_reader_or_escapes_the_count(tmp_path: Path, lines: list[str]) -> None:
    """Rows and refusals add up to the lines read, and no line number is told twice."""
    reading = read_rows(write(tmp_path / "any.csv", "\n".join(lines)), NOW)
    assert sum(reading.counts().values()) == reading.lines
    numbers = Counter(row.source_line for row in reading.rows)
    numbers.update(number for found in reading.refused.values() for number in found)
    assert all(count == 1 for count in numbers.values())
    assert len(numbers) == reading.lines
