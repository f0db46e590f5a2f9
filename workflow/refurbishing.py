"""Goods in the workshop: an order, what came of it piece by piece, and who looks at it.

The case waits until the workshop has reported on everything it was given. What it made as good as
new is judged by the disposition rules of that day: a recall or a date may have come in between.
The policy of the order holds to its end: who works, until when, who checks, where the cost goes.
"""

from dataclasses import replace
from datetime import timedelta

from workflow.approvals import require_any_role
from workflow.asking import refurbish_facts
from workflow.codes import Condition, Disposition, Point
from workflow.commands import DecideTask, ReportRefurbishment
from workflow.counting import check_counted
from workflow.events import (
    RefurbishOrdered,
    RefurbishReported,
)
from workflow.refused import Refused
from workflow.run import Run
from workflow.state import QUARANTINE, REFURBISH, Order, Portion, Task
from workflow.tasks import DUE, open_task
from workflow.workshop_check import (
    WAYS_OUT,
    ask_to_check,
    at_cost,
    portion_of,
    settle,
    withdraw_work,
)

AS_NEW, FAILED, STOPPED = "as_new", "failed", "stopped"
OUTCOMES = (AS_NEW, FAILED, STOPPED)
"""As good as new; not to be made good; given back as it is, to be decided about anew."""

NEW_CONDITIONS: tuple[str, ...] = (Condition.OPENED, Condition.SEALED)
"""What goods that are as good as new may be: the first unless something else is said."""

MOST_COST_MINOR = 10**12


# -- what follows by itself ------------------------------------------------------------------


def follow_orders(run: Run) -> None:
    """Order the work on everything that goes to the workshop, and ask for what is left of it."""
    for line in run.case.lines:
        for portion in line.portions:
            ordered = {x.ordered.part for x in run.case.orders_of(portion.id)}
            for number, part in enumerate(portion.moved, start=1):
                if part.disposition == REFURBISH and number not in ordered:
                    _order(run, portion, number)
    for order in run.case.orders:
        if order.left > 0:
            _ask_workshop(run, order)


def _order(run: Run, portion: Portion, part: int) -> None:
    verdict = run.policies.judge("refurbish", refurbish_facts(run.case, portion, part))
    values = dict(verdict.values)
    hours = values.get("due_hours")
    run.emit(
        RefurbishOrdered(
            return_id=run.case.return_id,
            line=portion.line,
            portion=portion.id,
            part=part,
            sku=portion.inspected.sku,
            lot=portion.inspected.lot,
            quantity=portion.moved[part - 1].quantity,
            role=verdict.role or "warehouse",
            costing=values.get("costing", "expensed"),
            due_at=run.at + (timedelta(hours=int(hours)) if hours else DUE),
            ordered_at=run.at,
            verdict=verdict,
            check_role=values.get("check_role"),
            check_from_minor=int(values.get("check_from_minor", "0")),
        )
    )


def _ask_workshop(run: Run, order: Order) -> None:
    ordered = order.ordered
    open_task(
        run,
        Point.REFURBISH,
        ordered.role,
        ordered.verdict,
        at_cost(run, order, order.left),
        line=ordered.line,
        portion=ordered.portion,
        sequence=ordered.part,
        quantity=order.left,
        sku=ordered.sku,
        lot=ordered.lot,
        allowed=(AS_NEW, *WAYS_OUT, STOPPED),
        due_at=max(ordered.due_at, run.at + timedelta(days=1)),
    )


# -- what the workshop says ------------------------------------------------------------------


def report_work(run: Run, command: ReportRefurbishment) -> None:
    """Note what came of goods; they leave the workshop at once unless somebody must look first.

    Refused: ``wrong_state``, ``unknown_order``, ``wrong_role``, ``over_order``,
    ``invalid_quantity``, ``not_allowed_value``, ``reason_required`` (why it failed or was stopped).
    """
    run.authorised("work on goods")
    order = _open_order(run, command)
    ordered = order.ordered
    require_any_role(command.actor, (ordered.role, "returns_manager"), "Work on these goods")
    _check(command, order)
    check_counted(run.case.line(ordered.line), command.quantity)
    before = sum(len(x.work) for x in run.case.orders_of(ordered.portion))
    reported = RefurbishReported(
        return_id=run.case.return_id,
        line=ordered.line,
        portion=ordered.portion,
        part=ordered.part,
        sequence=before + 1,
        quantity=command.quantity,
        outcome=command.outcome,
        disposition=_wanted(command),
        condition=_condition(run, command),
        cost_minor=command.cost_minor,
        currency=run.case.requested.currency,
        reported_by=command.actor.id,
        reported_at=command.at,
        note=command.note,
        evidence=command.evidence,
    )
    withdraw_work(run, order, "there is a report")
    run.emit(reported)
    stake = at_cost(run, order, command.quantity) + command.cost_minor
    if ordered.check_role is not None and stake >= ordered.check_from_minor:
        ask_to_check(run, order, reported, stake)
    else:
        settle(run, order, reported, command.actor.id)


def _open_order(run: Run, command: ReportRefurbishment) -> Order:
    found = [x for x in run.case.orders_of(command.portion) if x.left > 0]
    if command.part is not None:
        found = [x for x in found if x.ordered.part == command.part]
    if not found:
        raise Refused(
            "unknown_order", f"Nothing of portion {command.portion} waits in the workshop."
        )
    if len(found) > 1:
        parts = ", ".join(str(x.ordered.part) for x in found)
        raise Refused(
            "unknown_order",
            f"Portion {command.portion} has several orders; name the part: {parts}.",
        )
    return found[0]


def _check(command: ReportRefurbishment, order: Order) -> None:
    if command.outcome not in OUTCOMES:
        raise Refused(
            "not_allowed_value", f"{command.outcome!r} is no outcome: {', '.join(OUTCOMES)}."
        )
    if not command.quantity.is_finite() or command.quantity <= 0:
        raise Refused("invalid_quantity", f"The quantity {command.quantity} is not positive.")
    if command.quantity > order.left:
        raise Refused(
            "over_order",
            f"{order.left} of portion {command.portion} is left in the workshop,"
            f" not {command.quantity}.",
        )
    if not 0 <= command.cost_minor <= MOST_COST_MINOR:
        raise Refused("not_allowed_value", "The cost of the work is zero or more minor units.")
    if command.outcome != AS_NEW and not command.note.strip():
        raise Refused("reason_required", "Say in a note why the goods are not as good as new.")


def _wanted(command: ReportRefurbishment) -> str:
    """Where the goods shall go. A disposition is named for what failed, and only for that."""
    fixed = {AS_NEW: str(Disposition.RESTOCK), STOPPED: QUARANTINE}.get(command.outcome)
    if fixed is None and command.disposition in WAYS_OUT:
        return str(command.disposition)
    if fixed is not None and command.disposition in (None, fixed):
        return fixed
    raise Refused(
        "not_allowed_value",
        f"{command.disposition!r} does not go with {command.outcome}: what failed goes to"
        f" {' or '.join(WAYS_OUT)}, what is as new to stock, what was stopped on hold.",
    )


def _condition(run: Run, command: ReportRefurbishment) -> str:
    portion = portion_of(run, command.portion)
    new = command.outcome == AS_NEW
    found = command.condition or (NEW_CONDITIONS[0] if new else portion.inspected.condition)
    allowed = NEW_CONDITIONS if new else tuple(Condition)
    if found not in allowed:
        raise Refused(
            "not_allowed_value",
            f"Goods that are {command.outcome.replace('_', ' ')} are {' or '.join(allowed)},"
            f" not {found!r}.",
        )
    return found


def work_by_task(run: Run, task: Task, command: DecideTask) -> ReportRefurbishment:
    """A decided task of the workshop as a report on all that is left, without a cost.

    Refused: ``invalid_decision``, ``not_allowed_value``.
    """
    opened, value = task.opened, command.value
    if command.decision != "override" or value is None:
        raise Refused("invalid_decision", "Override with what came of the work on the goods.")
    if value not in opened.allowed:
        raise Refused("not_allowed_value", f"{value!r} is none of {', '.join(opened.allowed)}.")
    order = next(
        x for x in run.case.orders_of(opened.portion or "") if x.ordered.part == opened.sequence
    )
    failed = value in WAYS_OUT
    return ReportRefurbishment(
        portion=opened.portion or "",
        quantity=order.left,
        outcome=FAILED if failed else value,
        actor=replace(command.actor, roles=command.actor.roles | {opened.role}),
        at=command.at,
        part=opened.sequence,
        disposition=value if failed else None,
        note=command.note,
    )
