"""What the real ERP itself does and leaves to us: one test for each thing the adapter relies on.

They speak to it past the adapter. Where it accepts what it should not, the docstring says who
checks instead.
"""

from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from integrations.erp.tryton.mapping import load_map
from integrations.erp.tryton.masters import Masters
from integrations.erp.tryton.rpc import Misspoken, NotAllowed, Overtaken, Rpc
from simulation.erp_lab import lab
from tests.real_erp import press, session_of

pytestmark = [pytest.mark.tryton, pytest.mark.slow]
_references = count(1)


def only(rows: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(rows) == 1
    return rows[0]


def search(rpc: Rpc, model: str, wanted: list[Any], fields: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rpc.read(
        f"model.{model}.search_read", wanted, 0, None, [["id", "ASC"]], fields
    )
    return found


def read(rpc: Rpc, model: str, record: int, *fields: str) -> dict[str, Any]:
    return only(rpc.read(f"model.{model}.read", [record], list(fields)))


def complaint(rpc: Rpc, quantity: float, reference: str = "") -> int:
    """The system's own return: a complaint about the first order's first line, saved."""
    sale = only(search(rpc, "sale.sale", [["reference", "=", "SO-1"]], ["party", "lines"]))
    kind = only(search(rpc, "sale.complaint.type", [["name", "=", "sale.sale"]], ["id"]))
    line = {"line": min(sale["lines"]), "quantity": quantity}
    action = {"action": "sale_return", "sale_lines": [["create", [line]]]}
    made: list[int] = rpc.write(
        "model.sale.complaint.create",
        [{"reference": reference or f"T-{next(_references)}", "customer": sale["party"],
          "company": Masters(rpc, load_map()).company().id, "type": kind["id"],
          "origin": f"sale.sale,{sale['id']}", "actions": [["create", [action]]]}],
    )  # fmt: skip
    return made[0]


def return_shipment(rpc: Rpc, sku: str, lot: str | None, quantity: float, place: str) -> int:
    """A draft return of goods from the first customer into a place of W1."""
    masters = Masters(rpc, load_map())
    party, item = masters.party("C-1"), masters.item(sku)
    move = {
        "product": item.id, "unit": item.unit, "quantity": quantity,
        "company": masters.company().id, "from_location": party.customer_place,
        "to_location": masters.place(place, "W1"), "unit_price": Decimal(1),
        "currency": masters.company().currency_id,
        "lot": masters.lot(sku, lot) if lot else None,
    }  # fmt: skip
    made: list[int] = rpc.write(
        "model.stock.shipment.out.return.create",
        [{"reference": f"T-{next(_references)}", "company": masters.company().id,
          "customer": party.id, "warehouse": masters.warehouse("W1").id,
          "warehouse_input": masters.place(place, "W1"),
          "warehouse_storage": masters.place(place, "W1"),
          "incoming_moves": [["create", [move]]]}],
    )  # fmt: skip
    return made[0]


def test_over_return_is_accepted(clerk: Rpc, approver: Rpc) -> None:
    """99 of a line that sold 10 become a return order: the workflow refuses that before
    (``over_return``), the ERP does not."""
    made = complaint(clerk, 99.0)
    press(clerk, "sale.complaint", made, "wait")
    press(approver, "sale.complaint", made, "approve")
    row = read(clerk, "sale.complaint", made, "state", "actions.result")
    assert row["state"] == "done" and row["actions."][0]["result"].startswith("sale.sale,")


def test_lot_never_sold_is_accepted(clerk: Rpc) -> None:
    """A lot that never left for this customer is received all the same: reconciliation finds it."""
    made = return_shipment(clerk, "SKU-1", "NEVER-SOLD", 1.0, "returns")
    press(clerk, "stock.shipment.out.return", made, "receive")
    assert read(clerk, "stock.shipment.out.return", made, "state")["state"] == "done"


def test_lot_is_required_where_the_item_says_so(clerk: Rpc) -> None:
    """Goods that are followed by lot are not received without one, and the shipment stays a
    draft."""
    made = return_shipment(clerk, "PMP-1001", None, 1.0, "returns")
    with pytest.raises(NotAllowed, match="lot"):
        press(clerk, "stock.shipment.out.return", made, "receive")
    assert read(clerk, "stock.shipment.out.return", made, "state")["state"] == "draft"


def test_same_reference_twice_is_two(clerk: Rpc) -> None:
    """A reference is no key: the same create twice makes two records."""
    first, second = complaint(clerk, 1.0, "TWICE"), complaint(clerk, 1.0, "TWICE")
    assert first != second
    assert len(search(clerk, "sale.complaint", [["reference", "=", "TWICE"]], ["id"])) == 2


def test_clerk_may_not_approve(clerk: Rpc) -> None:
    """Approval is a right of its own; without it the state stays."""
    made = complaint(clerk, 1.0)
    press(clerk, "sale.complaint", made, "wait")
    with pytest.raises(NotAllowed):
        press(clerk, "sale.complaint", made, "approve")
    assert read(clerk, "sale.complaint", made, "state")["state"] == "waiting"


def test_approval_is_done_within_the_call(clerk: Rpc, approver: Rpc) -> None:
    """Without a queue the state is final when the call answers; with one it would not be, which
    is why every step is read afterwards."""
    made = complaint(clerk, 1.0)
    press(clerk, "sale.complaint", made, "wait")
    press(approver, "sale.complaint", made, "approve")
    assert read(clerk, "sale.complaint", made, "state")["state"] == "done"


def test_stamp_stops_the_second_writer(clerk: Rpc) -> None:
    """A write under a stamp that is no longer true is refused as overtaken."""
    made = complaint(clerk, 1.0)
    stamp = read(clerk, "sale.complaint", made, "_timestamp")["_timestamp"]
    guard = {"_timestamp": {f"sale.complaint,{made}": stamp}}
    clerk.write("model.sale.complaint.write", [made], {"reference": "A"}, context=guard)
    with pytest.raises(Overtaken):
        clerk.write("model.sale.complaint.write", [made], {"reference": "B"}, context=guard)
    assert read(clerk, "sale.complaint", made, "reference")["reference"] == "A"


def test_a_step_behind_cannot_be_taken_again(clerk: Rpc) -> None:
    """A finished step is refused in a translated text: only the state says that it was taken."""
    made = return_shipment(clerk, "SKU-1", "L7", 1.0, "returns")
    press(clerk, "stock.shipment.out.return", made, "receive")
    with pytest.raises(NotAllowed):
        clerk.write("model.stock.shipment.out.return.receive", [made])


def test_moved_place_breaks_the_next_write(clerk: Rpc) -> None:
    """Writing another place onto a movement of a shipment is taken, or refused, by the movement's
    shipment only: the adapter names the place when it makes the shipment."""
    made = return_shipment(clerk, "SKU-1", "L7", 1.0, "returns")
    move = read(clerk, "stock.shipment.out.return", made, "incoming_moves")["incoming_moves"][0]
    blocked = Masters(clerk, load_map()).place("blocked", "W1")
    with pytest.raises(NotAllowed):
        clerk.write("model.stock.move.write", [move], {"to_location": blocked})
        press(clerk, "stock.shipment.out.return", made, "receive")


def test_returned_goods_are_not_for_sale(clerk: Rpc) -> None:
    """What lies in the place for returns is outside what a delivery can be assigned from."""
    made = return_shipment(clerk, "SEA-1001", None, 5.0, "returns")
    press(clerk, "stock.shipment.out.return", made, "receive")
    masters = Masters(clerk, load_map())
    item, places = masters.item("SEA-1001"), [masters.place("unrestricted", "W1")]
    told = {"locations": places, "with_childs": True, "stock_date_end": masters.today()}
    row = only(clerk.read("model.product.product.read", [item.id], ["quantity"], context=told))
    assert row["quantity"] == 0
    told["locations"] = [masters.place("returns", "W1")]
    row = only(clerk.read("model.product.product.read", [item.id], ["quantity"], context=told))
    assert row["quantity"] >= 5


def test_short_receipt_leaves_the_rest_open(clerk: Rpc, approver: Rpc) -> None:
    """Of the system's own return, two of three received leave a second shipment for the third: our
    receipts are shipments of their own and leave nothing open."""
    made = complaint(clerk, 3.0)
    press(clerk, "sale.complaint", made, "wait")
    press(approver, "sale.complaint", made, "approve")
    result = read(clerk, "sale.complaint", made, "actions.result")["actions."][0]["result"]
    order = int(result.partition(",")[2])
    press(clerk, "sale.sale", order, "quote")
    press(clerk, "sale.sale", order, "confirm")
    (first,) = read(clerk, "sale.sale", order, "shipment_returns")["shipment_returns"]
    (move,) = read(clerk, "stock.shipment.out.return", first, "incoming_moves")["incoming_moves"]
    clerk.write("model.stock.move.write", [move], {"quantity": 2.0})
    press(clerk, "stock.shipment.out.return", first, "receive")
    press(clerk, "stock.shipment.out.return", first, "do")
    assert len(read(clerk, "sale.sale", order, "shipment_returns")["shipment_returns"]) == 2


def test_nothing_is_filled_in(clerk: Rpc) -> None:
    """Over the wire no field follows from another: an order line without its unit is refused."""
    masters = Masters(clerk, load_map())
    party = masters.party("C-1")
    line = {"type": "line", "product": masters.item("SKU-1").id, "quantity": 1.0}
    order = {"party": party.id, "company": masters.company().id, "lines": [["create", [line]]]}
    with pytest.raises(NotAllowed):
        made = clerk.write("model.sale.sale.create", [order])
        press(clerk, "sale.sale", made[0], "quote")


def test_wrong_word_is_a_fault_of_ours(clerk: Rpc) -> None:
    """A field that does not exist is told apart from a business no."""
    with pytest.raises(Misspoken):
        clerk.read("model.sale.sale.read", [1], ["nosuch"])


def test_session_that_ended_is_opened_again(real_erp: lab.Running) -> None:
    """A session whose token no longer holds logs in again within the call."""
    rpc = session_of(real_erp)
    rpc.read("model.ir.date.today")
    rpc._token = "bm9ib2R5OjE6eA=="
    assert rpc.read("model.ir.date.today")
    rpc.close()
