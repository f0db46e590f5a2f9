"""What the simulated distributor sells and where: item classes, words, places.

The classes and the words are data (``catalogue.toml``); places, countries and carriers stand
here. ``fragile`` and ``faulty`` multiply the chance of transport damage and of defects.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ItemClass:
    """One class of items. ``life_days`` is the range of shelf lives, ``None``: no date."""

    name: str
    code: str
    business_unit: str
    weight: float
    nouns: tuple[str, ...]
    qualities: tuple[str, ...]
    cost_minor: tuple[int, int]
    quantities: tuple[int, ...]
    uom: str = "EA"
    uom_scale: int = 0
    fragile: float = 1.0
    faulty: float = 1.0
    lot_controlled: bool = False
    life_days: tuple[int, int] | None = None
    date_kind: str = "none"
    regulated: str = "none"
    refurbishable: bool = False
    cold_chain: bool = False
    parts: tuple[str, ...] = ()
    never: float = 0.0
    """Share of items that are never returnable."""
    by_authorisation: float = 0.08
    pack: int = 1


IND, FB = "industrial", "food_beverage"


def _item_class(row: Mapping[str, Any]) -> ItemClass:
    lists = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
    return ItemClass(**(dict(row) | lists))


_DATA = tomllib.loads(Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8"))
CLASSES = tuple(_item_class(row) for row in _DATA["class"])
CUSTOMER_STEMS: tuple[str, ...] = tuple(_DATA["customer_stems"])
SUPPLIER_STEMS: tuple[str, ...] = tuple(_DATA["supplier_stems"])
PEOPLE_NAMES: tuple[str, ...] = tuple(_DATA["people"])
CUSTOMER_KINDS: dict[str, tuple[str, ...]] = {
    k: tuple(v) for k, v in _DATA["customer_kinds"].items()
}
SUPPLIER_KINDS: dict[str, tuple[str, ...]] = {
    k: tuple(v) for k, v in _DATA["supplier_kinds"].items()
}

COUNTRIES = {
    IND: {"US": 0.55, "GB": 0.12, "DE": 0.12, "NL": 0.07, "ES": 0.07, "FR": 0.07},
    FB: {"DE": 0.22, "FR": 0.18, "ES": 0.16, "NL": 0.12, "GB": 0.16, "US": 0.16},
}
CHANNELS = {
    "branch": 0.2, "e_commerce": 0.22, "portal": 0.2, "service_desk": 0.16, "key_account": 0.12,
    "edi": 0.1,
}  # fmt: skip
WAREHOUSES = {IND: ("W-IND-1", "W-IND-2"), FB: ("W-FB-1", "W-FB-2")}
WAREHOUSE_ERROR = {"W-IND-1": 0.7, "W-IND-2": 1.5, "W-FB-1": 0.9, "W-FB-2": 1.2}
"""How often a warehouse picks wrongly, relative to the average."""

CARRIERS = (
    ("Redline Freight", 1.0, 1.0), ("Blue Anchor Logistics", 0.6, 0.7), ("Swift Parcel", 1.8, 1.6),
    ("Kuhn Spedition", 0.5, 0.4), ("Trans-Iberia", 1.3, 2.2), ("CityVan Couriers", 2.6, 1.8),
    ("Polar Line", 0.7, 0.25), ("Own fleet", 0.4, 0.5),
)  # fmt: skip
"""Name, relative damage rate, relative rate of temperature failures."""
