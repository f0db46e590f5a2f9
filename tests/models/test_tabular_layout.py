"""Rows to matrices: by name, typed, stable, and honest about what was never seen."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.protocol import Column
from models.tabular import BadCell, Layout, all_missing
from workflow.assessment import Row

COLUMNS = (
    Column("amount_minor", "number", "minor", "{value}"),
    Column("condition", "category", "code", "{value}"),
    Column("cold", "flag", "yes/no", "{value}"),
)
ROWS: list[Row] = [
    {"amount_minor": 5, "condition": "sealed", "cold": True},
    {"amount_minor": 7, "condition": "sealed", "cold": False},
    {"amount_minor": 9, "condition": "damaged", "cold": None},
] * 3


def test_rows_become_numbers_by_name() -> None:
    """Categories get sorted codes, flags 0 or 1, numbers themselves."""
    matrix = Layout.fit(COLUMNS, ROWS).matrix(ROWS[:3])
    assert matrix[:, :2].tolist() == [[5, 1], [7, 1], [9, 0]]
    assert matrix[:2, 2].tolist() == [1, 0]
    assert math.isnan(matrix[2, 2])


def test_the_order_of_a_rows_columns_does_not_matter() -> None:
    """A row is read by name; columns the model does not read are ignored."""
    layout = Layout.fit(COLUMNS, ROWS)
    other: Row = dict(reversed(list(ROWS[0].items()))) | {"unrelated": "x"}
    assert layout.matrix([other]).tolist() == layout.matrix([ROWS[0]]).tolist()


def test_an_unseen_category_has_a_code_of_its_own_and_is_counted() -> None:
    """ "Other" is neither missing nor any category that training saw."""
    layout = Layout.fit(COLUMNS, ROWS)
    row: Row = {"amount_minor": 1, "condition": "melted", "cold": True}
    assert layout.matrix([row])[0, 1] == 2
    assert layout.unseen([row, row, ROWS[0]]) == {"condition": 2}


def test_a_rare_category_is_treated_as_unseen() -> None:
    """What training saw once or twice cannot be learned from."""
    rows: list[Row] = [*ROWS, {"amount_minor": 1, "condition": "spoiled", "cold": True}]
    assert Layout.fit(COLUMNS, rows).categories["condition"] == ("damaged", "sealed")


def test_a_missing_number_that_training_always_saw_becomes_the_usual_one() -> None:
    """Trees that met no missing value would read it as zero; unknown is not none."""
    layout = Layout.fit(COLUMNS, ROWS)
    assert layout.matrix([{}])[0, 0] == 7
    assert math.isnan(layout.matrix([{}])[0, 2])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"amount_minor": "5"}, "amount_minor needs a number, not '5'"),
        ({"amount_minor": math.inf}, "amount_minor must be a finite number or null, not inf"),
        ({"condition": 3}, "condition is a category and needs text, not 3"),
        ({"cold": "yes"}, "cold needs true or false, not 'yes'"),
    ],
)
def test_a_cell_of_the_wrong_type_is_named(row: Row, message: str) -> None:
    """The error says which column and which value."""
    with pytest.raises(BadCell, match=message):
        Layout.fit(COLUMNS, ROWS).matrix([row])


def test_text_is_no_tabular_column() -> None:
    """A text column is refused when the layout is made, not when it is used."""
    with pytest.raises(BadCell, match="'note' is of kind 'text'"):
        Layout.fit([Column("note", "text", "text", "{value}")], ROWS)


cells = st.fixed_dictionaries(
    {
        "amount_minor": st.none() | st.integers(-(10**9), 10**9),
        "condition": st.none() | st.sampled_from(["sealed", "damaged", "odd", ""]),
        "cold": st.none() | st.booleans(),
    }
)


@given(st.lists(cells, max_size=8))
def test_a_batch_is_its_rows_and_a_saved_layout_is_the_same_layout(
    rows: list[Row],
) -> None:
    """One by one equals all at once, before and after a round trip through JSON."""
    layout = Layout.fit(COLUMNS, ROWS)
    again = Layout.from_json(layout.to_json(), tuple(reversed(COLUMNS)))
    whole = again.matrix(rows)
    for i, row in enumerate(rows):
        np.testing.assert_array_equal(whole[i], layout.matrix([row])[0])


def test_a_layout_of_other_columns_is_refused() -> None:
    """A card and a layout that disagree name the difference."""
    with pytest.raises(BadCell, match="disagree about columns: cold"):
        Layout.from_json(Layout.fit(COLUMNS, ROWS).to_json(), COLUMNS[:2])


def test_all_missing_needs_names() -> None:
    """A model that requires nothing never misses anything."""
    assert all_missing({"a": None}, ["a", "b"])
    assert not all_missing({"a": 0}, ["a", "b"])
    assert not all_missing({}, [])
