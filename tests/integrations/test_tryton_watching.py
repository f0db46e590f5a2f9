"""What the real ERP says is read back: lines invoiced, our documents, and those of its clerks."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine

from integrations.erp.booking import fingerprint
from integrations.erp.documents import Document, LedgerLine
from integrations.erp.ledger import Head, ledger_lines_of
from integrations.erp.port import Rejected, send
from integrations.erp.tryton.adapter import TrytonErp
from integrations.erp.tryton.keys import locked
from integrations.erp.tryton.mapping import load_map
from integrations.erp.tryton.masters import Masters
from integrations.erp.tryton.readback import READERS
from integrations.erp.tryton.rpc import Misspoken, Rpc
from tests.integrations.erp_database import engine_of_a_copy
from tests.integrations.erp_requests import AT, claim, memo, move, receipt, rma
from tests.real_erp import press

pytestmark = [pytest.mark.tryton, pytest.mark.slow]
_cases = count(1)


@pytest.fixture(scope="module")
def engine(server_url: str, template_database: str) -> Iterator[Engine]:
    with engine_of_a_copy(server_url, template_database) as made:
        yield made


@pytest.fixture(scope="module")
def erp(engine: Engine, clerk: Rpc) -> TrytonErp:
    return TrytonErp(engine, clerk)


@pytest.fixture
def case() -> str:
    return f"RW-{next(_cases)}"


def new_lines(erp: TrytonErp, cursor: str) -> list[LedgerLine]:
    return list(erp.changes(cursor).lines)


def credit_by_hand(erp: TrytonErp, reference: str) -> int:
    """A credit note of 12.00 that a clerk posts in the ERP past us."""
    masters = erp.masters
    party, item, company = masters.party("C-1"), masters.item("SKU-2"), masters.company()
    line = {
        "type": "line", "product": item.id, "unit": item.unit, "quantity": -1.0,
        "unit_price": Decimal("12.00"), "account": masters.account("sales_returns"),
    }  # fmt: skip
    made: list[int] = erp.rpc.write(
        "model.account.invoice.create",
        [{"type": "out", "company": company.id, "party": party.id, "reference": reference,
          "invoice_address": party.address, "currency": company.currency_id,
          "journal": masters.journal("customers"),
          "account": masters.account("accounts_receivable"), "lines": [["create", [line]]]}],
        context={"company": company.id},
    )  # fmt: skip
    press(erp.rpc, "account.invoice", made[0], "post")
    return made[0]


def test_invoiced_lines(erp: TrytonErp) -> None:
    """Invoiced lines carry customer, item, lot, quantity, net and tax in our words."""
    first, second = erp.find_invoice_lines(invoice_id="INV-1001")
    assert (first.customer_id, first.sku, first.lot, first.line) == (
        "C-1001", "PMP-1001", "L2217", 1,
    )  # fmt: skip
    assert (first.quantity, first.net_minor, first.tax_minor) == (Decimal(10), 1_406_00, 112_48)
    assert (second.sku, second.lot, second.net_minor) == ("SEA-1001", None, 29_00)
    found = erp.find_invoice_lines(customer_id="C-1001", sku="SEA-1001")
    assert second in found and {line.invoice_id for line in found} == {"INV-1001", "INV-1002"}
    assert erp.find_invoice_lines(invoice_id="INV-0") == []


def test_credit_past_us_is_seen(erp: TrytonErp) -> None:
    """A credit note that a clerk posts in the ERP shows with its money, without key and case."""
    cursor = erp.changes().cursor
    credit_by_hand(erp, "by hand")
    (line,) = new_lines(erp, cursor)
    assert (line.kind, line.key, line.return_id) == ("credit_memo", None, None)
    assert (line.customer_id, line.sku, line.amount_minor) == ("C-1", "SKU-2", 12_00)
    assert erp.changes(erp.changes(cursor).cursor).lines == ()


def test_what_is_being_written_is_nobodys(erp: TrytonErp, engine: Engine, case: str) -> None:
    """A paper under a key that is not finished is not taken for a clerk's; finished, it is ours."""
    key, asked = f"{case}/1/credit/1", memo(case)
    cursor = erp.changes().cursor
    with locked(engine, case) as keys:
        begun = keys.begin(Document("", key, "credit_memo", case, AT), fingerprint(asked))
        assert begun is not None
        keys.answered(key, begun)
    credit_by_hand(erp, key)
    assert new_lines(erp, cursor) == []
    number = erp.post_credit_memo(key, asked, AT).number
    seen = {line.document: line for line in new_lines(erp, cursor)}
    assert seen[number].key == key
    # The ERP has 12.00 without tax under our key, and that is what is shown, not what was asked.
    assert (seen[number].amount_minor, seen[number].tax_minor) == (12_00, 0)


class _Cancelled:
    """An ERP in which every order was cancelled and changed to two pieces."""

    def read(self, method: str, *params: Any, context: Any = None) -> Any:
        line = {"id": 5, "quantity": 2.0, "product.": {"code": "SKU-2"}}
        return [
            {"id": one, "state": "cancelled", "party.": {"code": "C-2"}, "lines.": [line]}
            for one in params[0]
        ]


def test_changed_there_is_changed_here(case: str) -> None:
    """A document of ours that was changed and cancelled in the ERP reads as it stands there."""
    head = Head("RO-1", f"{case}/1/replacement/2", "replacement", case, AT)
    asked = ledger_lines_of(head, {"replacement_order": ({"line": 1, "sku": "SKU-1",
                                                          "quantity": Decimal(3)},)})  # fmt: skip
    masters: Any = Masters(_Cancelled(), load_map())  # type: ignore[arg-type]
    ((record, (line,)),) = READERS["sale.sale"](masters, {7: asked})
    assert (record, line.document, line.key) == (7, "RO-1", f"{case}/1/replacement/2")
    assert (line.voided, line.sku, line.quantity) == (True, "SKU-2", Decimal(2))


@pytest.mark.parametrize(
    "asked",
    [
        lambda case: replace(rma(case), customer_id="C-0"),
        lambda case: replace(rma(case), lines=(replace(rma(case).lines[0], invoice_line=9),)),
        lambda case: replace(receipt(case), warehouse="W0"),
        lambda case: replace(memo(case), sku="SKU-0"),
        lambda case: replace(memo(case), invoice_id="INV-0"),
    ],
)
def test_unknown_master_leaves_nothing(erp: TrytonErp, case: str, asked: Any) -> None:
    """A code that the ERP does not know is rejected before anything is written there."""
    with pytest.raises(Rejected) as rejected:
        send(erp, f"{case}/asked", asked(case), AT)
    assert rejected.value.code == "unknown_master"
    assert erp.document(f"{case}/asked") is None
    assert erp.post_credit_memo(f"{case}/asked", memo(case), AT).number  # the key is free


class _Valuing:
    """An ERP whose fiscal year says how stock is valued, where it knows the word."""

    def __init__(self, method: str | None, *, installed: bool) -> None:
        self.method, self.installed = method, installed

    def read(self, method: str, *params: Any, context: Any = None) -> Any:
        match method:
            case "model.res.user.get_preferences":
                return {"company": 1}
            case "model.company.company.read":
                return [{"id": 1, "currency": 1, "currency.": {"code": "USD", "digits": 2}}]
        if not self.installed:
            raise Misspoken("'account_stock_method'")
        return [{"account_stock_method": self.method}]


@pytest.mark.parametrize(("method", "installed"), [(None, True), (None, False)])
def test_periodic_valuation_is_fine(method: str | None, installed: bool) -> None:
    """Books without perpetual valuation, or without the module for it, are taken."""
    rpc: Any = _Valuing(method, installed=installed)
    assert Masters(rpc, load_map()).company().currency == "USD"


def test_perpetual_valuation_is_refused() -> None:
    """Books in which the ERP would count the same goods again are refused before any write."""
    rpc: Any = _Valuing("anglo_saxon", installed=True)
    with pytest.raises(Rejected, match="count twice"):
        Masters(rpc, load_map()).company()


def test_freight_is_posted_and_read_back(erp: TrytonErp, case: str) -> None:
    """Freight given back and freight of the way back are lines of the note, on accounts of their
    own, and what is read back is what was asked."""
    asked = replace(
        memo(case), freight_minor=9_00, freight_tax_minor=1_80, return_freight_minor=4_00
    )
    number = erp.post_credit_memo(f"{case}/1/credit/1", asked, AT).number
    booked = {
        entry.account: entry.debit_minor - entry.credit_minor for entry in erp.entries(number)
    }
    assert booked == {
        "sales_returns": 30_00,
        "freight_refunded": 9_00,
        "freight_charged": -4_00,
        "tax_payable": 7_80,
        "accounts_receivable": -42_80,
    }
    (line,) = [one for one in erp.changes().lines if one.document == number]
    assert (line.amount_minor, line.tax_minor, line.freight_minor) == (30_00, 6_00, 9_00)


def test_claimed_goods_leave_for_the_supplier(erp: TrytonErp, case: str, clerk: Rpc) -> None:
    """A claim on goods that stand at the supplier ships them out of our stock, in their lot; a
    claim on goods that do not stands in the ledger alone."""
    erp.receive(f"{case}/r", receipt(case), AT)
    erp.move_stock(f"{case}/m", move(case, to="at_supplier"), AT)
    number = erp.create_supplier_claim(f"{case}/claim", claim(case), AT).number
    assert number.startswith("SC-PR-")
    (row,) = clerk.read(
        "model.stock.shipment.in.return.search_read", [["reference", "=", f"{case}/claim"]],
        0, None, None, ["state", "supplier.code", "moves.lot.number", "moves.quantity"],
    )  # fmt: skip
    assert (row["state"], row["supplier."]["code"]) == ("done", "S-1")
    assert [(one["lot."]["number"], one["quantity"]) for one in row["moves."]] == [("L7", 3.0)]
    alone = erp.create_supplier_claim(f"{case}-b/claim", claim(f"{case}-b"), AT).number
    assert not alone.startswith("SC-PR-")
