"""Goods back to a supplier in the real ERP: purchase return, shipment and credit note."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from integrations.erp.booking import Standing, book
from integrations.erp.port import Rejected
from integrations.erp.tryton.adapter import TrytonErp
from integrations.erp.tryton.rpc import Rpc
from integrations.erp.tryton.stepping import Stepper
from integrations.erp.tryton.supplier_returns import credited
from tests.integrations.erp_requests import AT, claim, move, receipt, settlement


def at_supplier(erp: TrytonErp, case: str) -> None:
    """Three pieces that came back stand at the supplier."""
    erp.receive(f"{case}/r", receipt(case), AT)
    erp.move_stock(f"{case}/m", move(case, to="at_supplier"), AT)


def held(clerk: Rpc, model: str, case: str, *fields: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = clerk.read(
        f"model.{model}.search_read", [["reference", "like", f"{case}/%"]], 0, None,
        [["id", "ASC"]], ["state", *fields],
    )  # fmt: skip
    return rows


def balance(erp: TrytonErp, case: str, *accounts: str) -> list[int]:
    return [erp.balances(account).get(case, 0) for account in accounts]


@pytest.mark.tryton
@pytest.mark.slow
def test_bought_back(engine: Engine, clerk: Rpc) -> None:
    """A claim of 18.00 is a purchase return whose shipment took the lot to the supplier. Of it the
    supplier pays 10.00 and later 3.00: two posted credit notes of just these amounts that belong
    to the purchase return, and what is open stays in the books."""
    erp, case = TrytonErp(engine, clerk), "R-bought"
    at_supplier(erp, case)
    assert erp.create_supplier_claim(f"{case}/c", claim(case), AT).number.startswith("SC-PR-")
    for number, paid in enumerate((10_00, 3_00)):
        asked = settlement(case, paid)
        assert erp.settle_claim(f"{case}/s/{number}", asked, AT).number.startswith("CS-CN-")
    (bought,) = held(
        clerk, "purchase.purchase", case, "untaxed_amount", "shipment_state",
        "shipment_returns.state", "shipment_returns.moves",
    )  # fmt: skip
    assert (bought["untaxed_amount"], bought["shipment_state"]) == (Decimal("-18.00"), "received")
    (shipment,) = bought["shipment_returns."]
    (sent,) = clerk.read(
        "model.stock.move.read", shipment["moves"], ["quantity", "lot.number", "state"]
    )
    assert (sent["quantity"], sent["lot."]["number"], sent["state"]) == (3.0, "L7", "done")
    notes = held(clerk, "account.invoice", case, "type", "total_amount", "purchases")
    assert [(note["type"], note["state"], note["purchases"]) for note in notes] == [
        ("in", "posted", [bought["id"]])
    ] * 2
    assert [note["total_amount"] for note in notes] == [Decimal("-10.00"), Decimal("-3.00")]
    assert balance(
        erp, case, "supplier_claims_receivable", "accounts_payable", "goods_at_supplier"
    ) == [5_00, 13_00, 0]


@pytest.mark.tryton
@pytest.mark.slow
def test_paid_without_a_claim(engine: Engine, clerk: Rpc) -> None:
    """What a supplier pays for goods that nobody claimed clears the goods at the supplier, an
    account that the ERP admits on no supplier's invoice, and what it pays beyond them takes back
    what was written off."""
    erp, case = TrytonErp(engine, clerk), "R-unclaimed"
    at_supplier(erp, case)
    asked = replace(settlement(case, 20_00), claimed=False, settles_minor=18_00)
    erp.settle_claim(f"{case}/s", asked, AT)
    (note,) = held(clerk, "account.invoice", case, "total_amount")
    assert (note["state"], note["total_amount"]) == ("posted", Decimal("-20.00"))
    assert balance(
        erp, case, "accounts_payable", "goods_at_supplier", "claims_written_off"
    ) == [20_00, 0, -2_00]  # fmt: skip


@pytest.mark.tryton
@pytest.mark.slow
def test_late_twin(engine: Engine, clerk: Rpc) -> None:
    """A second draft of a supplier's credit note that turns up late, and that the ERP warns of, is
    dropped; the first is posted."""
    erp, case = TrytonErp(engine, clerk), "R-twin"
    asked, company = settlement(case), TrytonErp(engine, clerk).masters.company().id
    paper = credited(erp.masters, asked, book(asked, Standing()).gl, None).note
    told = {"company": company, "reference": f"{case}/s", **paper.values}
    twins = iter([[], [told]])  # none before the paper is made, one before it is posted

    def twin() -> None:
        for values in next(twins, []):
            clerk.write("model.account.invoice.create", [values], context={"company": company})

    taken = Stepper(clerk, company, twin)
    written = taken.write(paper, f"{case}/s")
    assert [(row["id"], row["state"]) for row in held(clerk, "account.invoice", case)] == [
        (written.id, "posted")
    ]


@pytest.mark.tryton
@pytest.mark.slow
def test_sent_from_elsewhere(engine: Engine, clerk: Rpc) -> None:
    """Where the ERP would send goods from another place than they stand at, the claim is refused
    with what to set there, and nothing is written."""
    erp, case = TrytonErp(engine, clerk), "R-elsewhere"
    at_supplier(erp, case)
    warehouse = erp.masters.warehouse("W1")
    erp.masters._known["warehouse", "W1"] = warehouse._replace(supplier_returns=None)
    with pytest.raises(Rejected, match="location for supplier returns") as no:
        erp.create_supplier_claim(f"{case}/c", claim(case), AT)
    assert no.value.code == "unknown_master"
    assert held(clerk, "purchase.purchase", case) == []
