"""Receipts: exact, short, over, blind, wrong lot; what differs is named and put to a person."""

from decimal import Decimal

from workflow.approvals import require_any_role
from workflow.commands import ReceiptLine, ReceiveGoods
from workflow.counting import check_counted
from workflow.events import GoodsReceived, ReceivedLine, TaskOpened
from workflow.intercompany import charge_receipt
from workflow.refused import Refused
from workflow.run import Run
from workflow.state import ZERO
from workflow.tasks import DUE, no_rule

SURPLUS_OPTIONS = ("accept", "return_to_customer", "quarantine")


def receive(run: Run, command: ReceiveGoods) -> None:
    """Record a receipt; a surplus or unannounced goods open a task for the returns manager."""
    state = run.authorised("a receipt")
    require_any_role(command.actor, ("warehouse",), "Receiving goods")
    if not state.authority.goods_required:
        raise Refused("wrong_state", f"{run.case.return_id} was authorised without goods.")
    if command.receipt_id in run.case.receipts:
        raise Refused(
            "already_decided",
            f"Receipt {command.receipt_id} is recorded already, as it was told first; what else"
            " came goes into a receipt with a number of its own.",
        )
    late = not run.case.receipts and command.at > state.authority.expires_at
    if late and not run.case.advance_open:
        raise Refused(
            "expired", f"The authorisation ended on {state.authority.expires_at:%Y-%m-%d}."
        )
    if not command.lines and not command.final:
        raise Refused("invalid_quantity", "A receipt needs lines, or says that it is final.")
    surplus: list[tuple[ReceivedLine, Decimal]] = []
    lines = tuple(_received(run, line, command.final, surplus) for line in command.lines)
    _check_once(lines)
    received = GoodsReceived(
        return_id=run.case.return_id,
        receipt_id=command.receipt_id,
        warehouse=command.warehouse,
        received_by=command.actor.id,
        received_at=command.at,
        lines=lines,
        final=command.final,
        unit=command.unit,
        freight_minor=command.freight_minor,
    )
    run.emit(received)
    charge_receipt(run, received)
    for line, quantity in surplus:
        _ask_about(run, line, quantity)


def _check_once(lines: tuple[ReceivedLine, ...]) -> None:
    numbers = [line.line for line in lines if line.line is not None]
    twice = {n for n in numbers if numbers.count(n) > 1}
    if twice:
        raise Refused(
            "invalid_quantity",
            f"Line {min(twice)} stands twice in one receipt; add it up, or send a receipt a lot.",
        )


def _received(
    run: Run, got: ReceiptLine, final: bool, surplus: list[tuple[ReceivedLine, Decimal]]
) -> ReceivedLine:
    """What came, with what differs from what was authorised."""
    if got.quantity <= 0:
        raise Refused("invalid_quantity", f"{got.sku}: quantity {got.quantity} is not positive.")
    if got.line is None:
        line = ReceivedLine(None, got.sku, got.quantity, got.lot, ("blind",))
        surplus.append((line, got.quantity))
        return line
    known = run.case.line(got.line)
    if known is None or known.authorised == 0 or not known.goods:
        raise Refused(
            "unknown_line",
            f"{run.case.return_id} has no line {got.line} that goods may come back for.",
        )
    if got.sku != known.requested.sku:
        line = ReceivedLine(None, got.sku, got.quantity, got.lot, ("blind", "wrong_item"))
        surplus.append((line, got.quantity))
        return line
    check_counted(known, got.quantity)
    expected_lot = known.requested.lot or known.requested.facts.shipped_lot
    differs = []
    if got.quantity > known.outstanding:
        differs.append("over")
    if final and got.quantity < known.outstanding:
        differs.append("short")
    if got.lot and expected_lot and got.lot != expected_lot:
        differs.append("wrong_lot")
    line = ReceivedLine(got.line, got.sku, got.quantity, got.lot, tuple(differs))
    if got.quantity > known.outstanding:
        surplus.append((line, got.quantity - max(known.outstanding, ZERO)))
    return line


def _ask_about(run: Run, line: ReceivedLine, quantity: Decimal) -> None:
    case = run.case
    known = case.line(line.line) if line.line is not None else None
    cost = known.requested.facts.unit_cost_minor if known else 0
    options = SURPLUS_OPTIONS if line.line is not None else SURPLUS_OPTIONS[1:]
    what = "more than was authorised" if line.line is not None else "goods nobody announced"
    run.emit(
        TaskOpened(
            return_id=case.return_id,
            task_id=run.next_task_id(),
            point="receipt",
            role="returns_manager",
            verdict=no_rule("surplus-goods", f"{quantity} of {line.sku}: {what}."),
            amount_minor=int(quantity * cost),
            currency=case.requested.currency,
            opened_at=run.at,
            due_at=run.at + DUE,
            line=line.line,
            proposal="return_to_customer",
            allowed=options,
            sku=line.sku,
            lot=line.lot,
            quantity=quantity,
        )
    )
