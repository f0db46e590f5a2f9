"""Receipts: exact, short, over, blind, wrong lot; what differs is named and put to a person."""

from decimal import Decimal

from workflow.approvals import require_any_role
from workflow.commands import ReceiptLine, ReceiveGoods
from workflow.counting import check_counted
from workflow.damage import check_damage
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
    lines = tuple(_received(run, command, place, surplus) for place in range(len(command.lines)))
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
    """A line stands once a lot."""
    told = [(line.line, line.lot) for line in lines if line.line is not None]
    for number, lot in told:
        if told.count((number, lot)) > 1:
            of = f" of lot {lot}" if lot else ""
            raise Refused(
                "invalid_quantity", f"Line {number}{of} stands twice in one receipt; add it up."
            )


def _received(
    run: Run, command: ReceiveGoods, place: int, surplus: list[tuple[ReceivedLine, Decimal]]
) -> ReceivedLine:
    """What came, with what differs from what was authorised; other lots of a line in the same
    receipt come before or after it."""
    got = command.lines[place]
    if got.quantity <= 0:
        raise Refused("invalid_quantity", f"{got.sku}: quantity {got.quantity} is not positive.")
    check_damage(got.damage_code)
    if got.line is None:
        line = _as_seen(got, None, ["blind"])
        surplus.append((line, got.quantity))
        return line
    known = run.case.line(got.line)
    if known is None or known.authorised == 0 or not known.goods:
        raise Refused(
            "unknown_line",
            f"{run.case.return_id} has no line {got.line} that goods may come back for.",
        )
    if got.sku != known.requested.sku:
        line = _as_seen(got, None, ["blind", "wrong_item"])
        surplus.append((line, got.quantity))
        return line
    check_counted(known, got.quantity)
    expected_lot = known.requested.lot or known.requested.facts.shipped_lot
    before, after = (
        sum((x.quantity for x in others if (x.line, x.sku) == (got.line, got.sku)), ZERO)
        for others in (command.lines[:place], command.lines[place + 1 :])
    )
    room, differs = max(known.outstanding - before, ZERO), []
    if got.quantity > room:
        differs.append("over")
    if command.final and before + got.quantity + after < known.outstanding:
        differs.append("short")
    if got.lot and expected_lot and got.lot != expected_lot:
        differs.append("wrong_lot")
    line = _as_seen(got, got.line, differs)
    if got.quantity > room:
        surplus.append((line, got.quantity - room))
    return line


def _as_seen(got: ReceiptLine, number: int | None, differs: list[str]) -> ReceivedLine:
    """What came as what it is: of line ``number``, or of none."""
    if not got.known:
        differs.append("unknown_item")
    return ReceivedLine(
        number, got.sku, got.quantity, got.lot, tuple(differs), got.condition, got.damage_code
    )


def _ask_about(run: Run, line: ReceivedLine, quantity: Decimal) -> None:
    case = run.case
    known = case.line(line.line) if line.line is not None else None
    cost = known.requested.facts.unit_cost_minor if known else 0
    options = SURPLUS_OPTIONS if line.line is not None else SURPLUS_OPTIONS[1:]
    what = "more than was authorised" if line.line is not None else "goods nobody announced"
    if "unknown_item" in line.discrepancies:
        what += ", of an item that no master lists"
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
