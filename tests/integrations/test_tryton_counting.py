"""A stock count in the real ERP, and what reconciliation makes of it."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from integrations.erp.documents import LedgerLine, OnHand
from integrations.erp.tryton.adapter import TrytonErp
from integrations.erp.tryton.rpc import Rpc
from reconciliation.shelves import differing
from tests.integrations.erp_requests import AT, receipt

CASE = "R-counted"


def here(erp: TrytonErp) -> tuple[list[OnHand], list[LedgerLine]]:
    """Shelves and documents of the lot that this test counts; the ERP is shared."""
    lines = [line for line in erp.changes("", 1_000_000).lines if line.return_id == CASE]
    return [one for one in erp.on_hand() if one.lot == CASE], lines


@pytest.mark.tryton
@pytest.mark.slow
def test_count_is_a_difference(engine: Engine, clerk: Rpc) -> None:
    """Three came back and a clerk there counts two: the shelf is named with both figures. Before
    the count nothing differs."""
    erp = TrytonErp(engine, clerk)
    told = receipt(CASE)
    erp.receive(f"{CASE}/r", replace(told, lines=(replace(told.lines[0], lot=CASE),)), AT)
    shelves, lines = here(erp)
    assert [one.quantity for one in shelves] == [Decimal(3)]
    assert differing(shelves, lines, shelves) == []
    _count(erp, Decimal(2))
    shelves, lines = here(erp)
    (found,) = differing(shelves, lines, shelves)
    assert found.place == ("W1", "returns", "SKU-1", CASE)
    assert (found.documents, found.counted, found.unit_cost_minor) == (Decimal(3), Decimal(2), 6_00)


def _count(erp: TrytonErp, quantity: Decimal) -> None:
    """What a clerk does there: an inventory of the place, confirmed."""
    masters, company = erp.masters, erp.masters.company().id
    line = {
        "product": masters.item("SKU-1").id,
        "lot": masters.lot("SKU-1", CASE),
        "quantity": float(quantity),
    }
    made = erp.rpc.write(
        "model.stock.inventory.create",
        [{"company": company, "location": masters.place("returns", "W1"), "date": masters.today(),
          "empty_quantity": "keep", "lines": [["create", [line]]]}],
    )  # fmt: skip
    erp.rpc.write("model.stock.inventory.confirm", made, context={"company": company})
