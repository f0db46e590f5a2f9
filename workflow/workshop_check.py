"""What the workshop reported is looked at where the order says so, and goods leave the workshop.

Where they may go is judged by the disposition rules of that moment.
"""

from dataclasses import replace
from decimal import Decimal

from workflow.asking import dispositions_left
from workflow.codes import Disposition, Point
from workflow.commands import DecideTask
from workflow.events import (
    DispositionPart,
    RefurbishReported,
    RefurbishSentBack,
    RefurbishSettled,
    TaskWithdrawn,
    Verdict,
)
from workflow.intercompany import charge_parts_back
from workflow.refused import Refused
from workflow.run import Run
from workflow.seen import made_good
from workflow.state import QUARANTINE, Order, Portion, Task
from workflow.tasks import open_task

WAYS_OUT: tuple[str, ...] = (Disposition.SCRAP, Disposition.RETURN_TO_VENDOR)
"""Where goods go that could not be made good."""


def ask_to_check(run: Run, order: Order, reported: RefurbishReported, stake: int) -> None:
    ordered, said = order.ordered, order.ordered.verdict
    role = ordered.check_role or "quality"
    open_task(
        run,
        Point.REFURBISH_CHECK,
        role,
        Verdict(said.policy, said.outcome, said.rule, said.because, role),
        stake,
        line=ordered.line,
        portion=ordered.portion,
        sequence=reported.sequence,
        quantity=reported.quantity,
        sku=ordered.sku,
        lot=ordered.lot,
        proposal=reported.disposition,
        allowed=(str(Disposition.RESTOCK), *WAYS_OUT, QUARANTINE),
        asked_by=reported.reported_by,
        note=reported.note or f"Reported as {reported.outcome.replace('_', ' ')}.",
    )


def check_work(run: Run, task: Task, command: DecideTask) -> None:
    """Accept a report, accept it with another way for the goods, or send the goods back to work.

    Refused: ``not_allowed_value`` for a way that the rules of now do not leave.
    """
    portion_id, sequence = task.opened.portion or "", task.opened.sequence
    order, work = next(
        (order, work)
        for order in run.case.orders_of(portion_id)
        for work in order.work
        if work.reported.sequence == sequence
    )
    reported = work.reported
    if command.decision == "reject":
        withdraw_work(run, order, "there is more to do")
        run.emit(
            RefurbishSentBack(
                return_id=run.case.return_id,
                line=reported.line,
                portion=reported.portion,
                part=reported.part,
                sequence=reported.sequence,
                sent_back_by=command.actor.id,
                sent_back_at=command.at,
                because=command.note,
            )
        )
        return
    if command.decision == "override":
        if command.value not in task.opened.allowed:
            allowed = ", ".join(task.opened.allowed)
            raise Refused("not_allowed_value", f"{command.value!r} is none of {allowed}.")
        reported = replace(reported, disposition=str(command.value))
    settle(run, order, reported, command.actor.id)


def settle(run: Run, order: Order, reported: RefurbishReported, by: str) -> None:
    portion = portion_of(run, reported.portion)
    disposition, rule = _way_out(run, portion, reported)
    stocked = disposition == Disposition.RESTOCK
    run.emit(
        RefurbishSettled(
            return_id=run.case.return_id,
            line=reported.line,
            portion=reported.portion,
            part=reported.part,
            sequence=reported.sequence,
            quantity=reported.quantity,
            outcome=reported.outcome,
            disposition=disposition,
            cost_minor=reported.cost_minor,
            currency=reported.currency,
            costing=order.ordered.costing if stocked else "expensed",
            settled_by=by,
            settled_at=run.at,
            sku=order.ordered.sku,
            rule=rule,
        )
    )
    part = DispositionPart(disposition, reported.quantity)
    charge_parts_back(run, portion, [part], len(portion.moved))


def _way_out(run: Run, portion: Portion, reported: RefurbishReported) -> tuple[str, str | None]:
    """Where the rules of this moment let the goods go. What may not go back to stock is put on
    hold, with the rule that says so; any other way that they do not leave is refused."""
    found = replace(portion.inspected, condition=reported.condition, quantity=reported.quantity)
    if reported.outcome == "as_new":
        found = replace(found, seen=made_good(found.seen))
    left = dispositions_left(run.case, replace(portion, inspected=found), run.policies, run.at)
    wanted = reported.disposition
    if wanted in left.allowed or wanted == QUARANTINE:
        return wanted, None
    rule = next((one.rule for one in left.masked if one.value == wanted), "not allowed")
    if wanted == Disposition.RESTOCK:
        return QUARANTINE, rule
    raise Refused(
        "not_allowed_value",
        f"{str(wanted)!r} is removed by {rule}; allowed: {', '.join(left.allowed)}.",
        rule=rule,
    )


def portion_of(run: Run, portion_id: str) -> Portion:
    portion = run.case.portion(portion_id)
    if portion is None:
        raise AssertionError(f"{run.case.return_id} has an order for no portion {portion_id}")
    return portion


def at_cost(run: Run, order: Order, quantity: Decimal) -> int:
    line = run.case.line(order.ordered.line)
    return int(quantity * line.requested.facts.unit_cost_minor) if line else 0


def withdraw_work(run: Run, order: Order, why: str) -> None:
    """The open question to the workshop is not needed as it stands."""
    about = (Point.REFURBISH, order.ordered.portion, order.ordered.part)
    for task in run.case.tasks:
        opened = task.opened
        if (opened.point, opened.portion, opened.sequence) == about:
            run.emit(TaskWithdrawn(run.case.return_id, opened.task_id, why))
