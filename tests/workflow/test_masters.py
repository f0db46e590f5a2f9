"""What is asked of a master record: derived facts, and that policies declare exactly them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.story import Story
from workflow.facts import CustomerRegistered, LotRegistered, ProductListed, SupplierRegistered
from workflow.masters import (
    customer_facts,
    density,
    described_alike,
    lot_facts,
    product_facts,
    supplier_facts,
    vat_country,
)
from workflow.policy import load

POLICIES = load(Path(__file__).parents[2] / "policies")
MASTERS = Story().masters()
(PUMP, SEAL) = [fact for fact in MASTERS if isinstance(fact, ProductListed)]
NORTHGATE = next(fact for fact in MASTERS if isinstance(fact, CustomerRegistered))
LOT = next(fact for fact in MASTERS if isinstance(fact, LotRegistered))
MAKER = next(fact for fact in MASTERS if isinstance(fact, SupplierRegistered))


def rules(name: str, facts: dict[str, object]) -> list[str]:
    return [rule.id for rule in POLICIES[name].found(facts)]


def of_pump(**other: object) -> list[str]:
    pump = replace(PUMP, **other)  # type: ignore[arg-type]
    known = None if pump.supplier_id is None else pump.supplier_id == PUMP.supplier_id
    return rules("master_product", product_facts(pump, known, 0, 0))


def test_every_fact_asked_is_declared_and_every_declared_fact_is_asked() -> None:
    """Neither side knows a fact that the other does not; the masters of R-1001 have no gap."""
    for name, facts in (
        ("master_product", product_facts(PUMP, True, 0, 0)),
        ("master_lot", lot_facts(LOT, PUMP)),
        ("master_customer", customer_facts(NORTHGATE)),
        ("master_supplier", supplier_facts(MAKER, 2)),
    ):
        assert set(facts) == POLICIES.declared(name)
        assert rules(name, facts) == []


@pytest.mark.parametrize(
    ("other", "rule"),
    [
        ({"regulated": "food"}, "lot-controlled-without-life"),
        ({"supplier_id": None}, "without-supplier"),
        ({"supplier_id": "S-9"}, "unknown-supplier"),
        ({"unit_cost_minor": 0}, "stocked-without-cost"),
        ({"uom_scale": 3}, "pieces-with-decimals"),
        ({"pack_quantity": 0}, "pack-impossible"),
        ({"length_mm": 0}, "size-not-positive"),
        ({"length_mm": -3}, "size-not-positive"),
        ({"width_mm": 20_000}, "larger-than-a-truck"),
        (
            {"length_mm": 100, "width_mm": 100, "height_mm": 100, "weight_g": 23_000},
            "density-impossible",
        ),
        ({"description": "  "}, "without-description"),
    ],
)
def test_a_gap_of_an_item_is_found(other: dict[str, object], rule: str) -> None:
    """Told of the pump of R-1001, each gap breaks its own rule and no other."""
    assert of_pump(**other) == [rule]


def test_density_needs_every_measure() -> None:
    """A litre of water is 1000 g/l; with one measure missing or zero nobody can say."""
    litre = replace(PUMP, length_mm=100, width_mm=100, height_mm=100, weight_g=1000)
    assert density(litre) == 1000
    for name in ("length_mm", "width_mm", "height_mm", "weight_g"):
        for unknown in (None, 0, -1):
            other: dict[str, Any] = {name: unknown}
            assert density(replace(litre, **other)) is None


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 10**6))
def test_density_does_not_depend_on_how_it_stands(a: int, b: int, c: int, weight: int) -> None:
    """Turned on its side an item is as dense as before."""
    stood = replace(PUMP, length_mm=a, width_mm=b, height_mm=c, weight_g=weight)
    laid = replace(PUMP, length_mm=c, width_mm=a, height_mm=b, weight_g=weight)
    assert density(stood) == density(laid)


def test_prefixes_of_vat_numbers() -> None:
    """Greece and Northern Ireland have prefixes of their own; a number without one says nothing."""
    told = {"DE811907980": "DE", "el123456789": "GR", "XI9": "GB", "811907980": None, "": None}
    assert {number: vat_country(number) for number in told} == told
    assert vat_country(None) is None


def test_the_same_words_of_the_same_supplier() -> None:
    """Case, spaces and signs make no other item; another supplier does."""
    again = replace(PUMP, sku="PMP-2", description="GEAR  pump GP-22; 12 cc (shaft seal: NBR)")
    assert described_alike(again) == described_alike(PUMP)
    assert described_alike(replace(again, supplier_id="S-9")) != described_alike(PUMP)
    assert described_alike(SEAL) != described_alike(PUMP)
