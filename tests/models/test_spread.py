"""Lists in a cell are found, and nothing else is taken for one."""

import pytest

from models.protocol import Column
from models.spread import Spread
from models.tabular import BadCell

COLUMNS = (
    Column("sent_to", "category", "", "Sent to {value}"),
    Column("goods", "category", "", "{value}"),
    Column("hazards", "text", "", "{value}"),
    Column("note", "text", "", "{value}"),
    Column("weight", "number", "kg", "{value} kg"),
)
COUNTRIES = ("Poland", "Germany", "France", "Spain", "Italy")
GOODS = ("nuts, seeds and products", "fish", "meat, other than poultry")


def rows(count: int = 120) -> list[dict[str, str | float | None]]:
    return [
        {
            "sent_to": ",".join(COUNTRIES[(i * k) % 5] for k in range(1, 2 + i % 3)),
            "goods": GOODS[i % 3],
            "hazards": ("lead; cadmium", "lead", "mercury; lead", "cadmium")[i % 4],
            "note": f"number {i}, found on arrival",
            "weight": float(i),
        }
        for i in range(count)
    ]


def test_lists_are_found_by_what_repeats() -> None:
    """Countries and hazards are lists; a comma inside a name or a sentence makes none."""
    spread = Spread.fit(COLUMNS, rows())
    assert spread.separators == {"sent_to": ",", "hazards": ";"}
    assert set(spread.flags["sent_to"]) == {name.casefold() for name in COUNTRIES}


def test_a_list_becomes_its_count_and_its_items() -> None:
    """Beside the cell itself for a category, instead of it for a text; prose is left out."""
    spread = Spread.fit(COLUMNS, rows())
    columns = spread.columns(COLUMNS)
    assert len(columns) == len(spread.sources(COLUMNS))
    assert set(spread.sources(COLUMNS)) == {"sent_to", "goods", "hazards", "weight"}
    (wide,) = spread.rows([{"sent_to": " Spain,POLAND", "hazards": None}])
    assert wide["sent_to#"] == 2
    assert wide["sent_to=poland"] is True
    assert wide["sent_to=france"] is False
    assert wide["hazards#"] == 0


def test_it_travels_as_data() -> None:
    """And without lists rows are passed on as they are."""
    spread = Spread.fit(COLUMNS, rows())
    assert Spread.from_json(spread.to_json()) == spread
    plain = Spread.fit(COLUMNS[1:2], rows())
    some = rows(3)
    assert plain.rows(some) is some


def test_a_number_is_no_list() -> None:
    """It is refused by name."""
    with pytest.raises(BadCell, match="sent_to needs text, not 7"):
        Spread.fit(COLUMNS, rows()).rows([{"sent_to": 7}])
