"""Tasks about advances: what a person may say of late goods, a charge-back, a write-off."""

from datetime import timedelta

from workflow.advance import Advance
from workflow.advancing import advance_of, ask_to_charge_back, ask_to_let_go, let_go
from workflow.approvals import check_limit
from workflow.commands import DecideTask
from workflow.credit import tax_of
from workflow.events import AdvanceChargedBack, GoodsAwaited, GoodsGivenUp
from workflow.money import money_text
from workflow.refused import Refused
from workflow.run import Run
from workflow.state import Line, Task

EXTEND_DAYS = "7"
"""How long goods that are late are waited for again, unless the rule says ``extend_days``."""


def chosen_for_goods(task: Task, command: DecideTask) -> str:
    """Refused: ``invalid_decision``, ``not_allowed_value``."""
    allowed = task.opened.allowed
    if command.decision != "override" or command.value is None:
        raise Refused("invalid_decision", f"Override with one of {', '.join(allowed)}.")
    if command.value not in allowed:
        raise Refused("not_allowed_value", f"{command.value!r} is none of {', '.join(allowed)}.")
    return command.value


def settle_goods(run: Run, task: Task, choice: str, command: DecideTask) -> None:
    """Wait longer, or give the outstanding goods up: what is undeserved is then asked about."""
    number = task.opened.line or 0
    line, _ = advance_of(run, number)
    case, by, why = run.case.return_id, command.actor.id, command.note
    if choice == "extend":
        values = dict(line.advance_verdict.values) if line.advance_verdict else {}
        due = run.at + timedelta(days=int(values.get("extend_days", EXTEND_DAYS)))
        run.emit(GoodsAwaited(case, number, due, by, run.at, why))
        return
    run.emit(GoodsGivenUp(case, number, line.outstanding, choice, by, run.at, why))


def amount_to_charge(run: Run, task: Task, command: DecideTask) -> int:
    """The net minor units that a decision charges back: all of it, or what an override names.

    Refused: ``invalid_decision``, ``not_allowed_value``, ``over_credit`` (more than is undeserved),
    ``over_limit``.
    """
    _, advance = advance_of(run, task.opened.line or 0)
    most = advance.undeserved_minor
    if command.decision == "reject":
        raise Refused("invalid_decision", "Override with let_go, or with the amount to charge.")
    amount = most if command.decision == "approve" else _named(command.value, most, task)
    check_limit(run.case, task, command.actor, run.policies, amount)
    return amount


def _named(value: str | None, most: int, task: Task) -> int:
    if value == "let_go":
        return 0
    if value == "charge_back":
        return most
    if value is None or not value.isdecimal() or len(value) > 12:
        raise Refused(
            "not_allowed_value",
            "Override a charge-back with let_go or with its net amount in minor units.",
        )
    if int(value) > most:
        currency = task.opened.currency
        raise Refused(
            "over_credit",
            f"{money_text(int(value), currency)} is more than the {money_text(most, currency)}"
            " that was given and not earned.",
        )
    return int(value)


def settle_charge_back(run: Run, task: Task, amount: int, command: DecideTask) -> None:
    """Charge the amount; what is left of the difference is asked to be let go, by another."""
    number = task.opened.line or 0
    if amount > 0:
        line, advance = advance_of(run, number)
        _charge(run, line, advance, amount, command, task)
    _, after = advance_of(run, number)
    if after.undeserved_minor > 0:
        ask_to_let_go(run, number, after.undeserved_minor, command.note, command.actor.id)


def _charge(
    run: Run, line: Line, advance: Advance, amount: int, command: DecideTask, task: Task
) -> None:
    """Tax goes back so that all charges together are the advance's own, to the minor unit."""
    before = sum(charge.tax_minor for charge in advance.charges)
    kept = tax_of(line, advance.kept_minor - amount)
    run.emit(
        AdvanceChargedBack(
            return_id=run.case.return_id,
            line=line.number,
            sequence=len(advance.charges) + 1,
            net_minor=amount,
            tax_minor=advance.tax_minor - before - kept,
            currency=run.case.requested.currency,
            given=advance.kind,
            approved_by=command.actor.id,
            approved_at=run.at,
            verdict=task.opened.verdict,
            customer_id=run.case.requested.customer_id,
            sku=line.requested.sku,
        )
    )


def check_let_go(run: Run, task: Task, command: DecideTask) -> None:
    """Refused: ``invalid_decision``, ``over_limit``."""
    if command.decision == "override":
        raise Refused("invalid_decision", "It is approved or rejected as it is asked.")
    if command.decision == "approve":
        check_limit(run.case, task, command.actor, run.policies, task.opened.amount_minor)


def settle_let_go(run: Run, task: Task, command: DecideTask) -> None:
    """The last yes lets the amount go; a no asks again for the charge-back."""
    opened = task.opened
    number = opened.line or 0
    if command.decision != "approve":
        ask_to_charge_back(run, number)
        return
    amount, asked_by = opened.amount_minor, opened.asked_by or ""
    let_go(run, number, amount, opened.note, asked_by, command.actor.id, opened.verdict)
