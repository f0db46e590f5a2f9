"""A person decides a task: who may, what the word means at each point, what follows."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from workflow.actor import Actor
from workflow.advance_deciding import (
    amount_to_charge,
    check_let_go,
    chosen_for_goods,
    settle_charge_back,
    settle_goods,
    settle_let_go,
)
from workflow.approvals import check_limit, decider
from workflow.asking import dispositions_left
from workflow.authorising import grant, settle_reason
from workflow.claiming import check_write_off, decide_evidence, settle_write_off
from workflow.codes import ReturnReason
from workflow.commands import DecideTask
from workflow.credit import left_to_credit
from workflow.crediting import approve_credit, deny_credit
from workflow.escalating import pass_on, passes_to
from workflow.events import (
    DispositionPart,
    ReturnRefused,
    SurplusSettled,
    TaskDecided,
    TaskOpened,
)
from workflow.goods_limits import value_of
from workflow.holding import on_hold, release
from workflow.intercompany import charge_back
from workflow.keys import check_option, overrules
from workflow.money import money_text
from workflow.progress import confirm
from workflow.proposing import propose_anew, propose_by_hand
from workflow.refurbishing import report_work, work_by_task
from workflow.refused import Refused
from workflow.run import Run
from workflow.state import ZERO, Credit, Portion, Task
from workflow.workshop_check import check_work

MOST_MINOR = 10**12
DECISIONS = ("approve", "reject", "override", "escalate")


def decide_task(run: Run, command: DecideTask) -> None:
    """Check the decider, record the decision, and do what it means at its point."""
    task = run.born.case.task(command.task_id)
    if task is None:
        run.live("a decision")
        raise Refused("unknown_task", f"{command.task_id} is not an open task.")
    if command.decision not in DECISIONS:
        raise Refused(
            "invalid_decision", f"{command.decision!r} is none of {', '.join(DECISIONS)}."
        )
    # Who was shown no answer, as an audit, overrides nothing: there is no reason to give.
    own_choice = task.opened.blind and task.opened.proposal is None
    if (
        command.decision == "reject" or (command.decision == "override" and not own_choice)
    ) and not (command.reason_code and command.note.strip()):
        article = "An" if command.decision == "override" else "A"
        raise Refused(
            "reason_required", f"{article} {command.decision} needs a reason_code and a note."
        )
    command = replace(command, actor=decider(run.case, task, command.actor, run.policies))
    if command.decision == "escalate":
        _escalate(run, task, command)
        return
    {
        "reason": _decide_reason,
        "authorisation": _decide_authorisation,
        "receipt": _decide_receipt,
        "disposition": _decide_disposition,
        "release": _decide_release,
        "refurbish": _decide_refurbish,
        "refurbish_check": _decide_refurbish_check,
        "credit": _decide_credit,
        "claim": _decide_claim,
        "write_off": _decide_write_off,
        "advance": _decide_advance,
        "charge_back": _decide_charge_back,
        "let_go": _decide_let_go,
    }[task.opened.point](run, task, command)


def _record(run: Run, task: Task, command: DecideTask, final: bool = True) -> None:
    opened = task.opened
    reviewable = final and command.decision != "escalate" and command.draw is not None
    permille = run.policies.review_permille(opened.point) if reviewable else 0
    run.emit(
        TaskDecided(
            return_id=run.case.return_id,
            task_id=opened.task_id,
            point=opened.point,
            decision=command.decision,
            decided_by=command.actor.id,
            role=opened.role,
            decided_at=command.at,
            line=opened.line,
            portion=opened.portion,
            value=command.value,
            reason_code=command.reason_code,
            note=command.note,
            proposal=opened.proposal,
            final=final,
            sequence=opened.sequence,
            for_whom=command.actor.for_whom,
            review_draw=command.draw if permille else None,
            review_permille=permille,
        )
    )


def _first_of_two(
    run: Run, task: Task, command: DecideTask, value: str | None = None, *, differs: bool = False
) -> bool:
    """Under dual control the first yes is recorded and the task stays open; of two keys the first
    one puts the question to the other role, with ``value`` as its answer. Two agree to the same:
    who ``differs`` from what was proposed, or said first, is the first of two."""
    if task.first_key:
        _record(run, task, command)
        _ask_other_key(run, task.opened, value, command.actor)
        return True
    needed = task.opened.approvals_needed
    if needed == 1 or (len(task.approved_by) + 1 >= needed and not differs):
        return False
    _record(run, task, command, final=False)
    return True


def _ask_other_key(run: Run, opened: TaskOpened, value: str | None, by: Actor) -> None:
    """One of two keys is turned: the same question goes to the other role, with its answer. Where
    two people must agree, they are two of that role."""
    if opened.other_role is None:
        raise AssertionError(f"{opened.task_id} has one key")
    needed = opened.approvals_needed
    asked = replace(
        opened,
        proposal=value,
        approvals_needed=needed + 1 if needed > 1 else needed,
        other_role=opened.role,
        approved_by=(by.id,),
        approved_for=(by.for_whom,) if by.for_whom else (),
    )
    pass_on(run, asked, opened.other_role)


def _escalate(run: Run, task: Task, command: DecideTask) -> None:
    opened = task.opened
    role = passes_to(opened)
    if role is None:
        keys = f" but {opened.other_role}, who holds the other key" if opened.other_role else ""
        raise Refused("invalid_decision", f"Nobody stands above {opened.role}{keys}.")
    _record(run, task, command)
    pass_on(run, opened, role)


def _standing(task: Task) -> str | None:
    """What a yes is said to: the proposal, or what the first of two people named instead."""
    return task.opened.proposal if task.said is None else task.said


def _value(task: Task, command: DecideTask) -> str:
    """The value decided: what stands on approval, the caller's on an override."""
    opened = task.opened
    value = command.value if command.decision == "override" else _standing(task)
    if value is None:
        raise Refused(
            "invalid_decision",
            f"{opened.task_id} has no proposal to approve; override it with one of"
            f" {', '.join(opened.allowed)}.",
        )
    if value not in opened.allowed:
        raise Refused("not_allowed_value", f"{value!r} is none of {', '.join(opened.allowed)}.")
    return value


def _decide_reason(run: Run, task: Task, command: DecideTask) -> None:
    if command.decision == "reject":
        raise Refused("invalid_decision", "A reason is approved or overridden, never rejected.")
    value = ReturnReason(_value(task, command))
    line = run.case.line(task.opened.line or 0)
    if line is None:
        raise AssertionError(f"{task.opened.task_id} has no line")
    _record(run, task, command)
    settle_reason(run, line, value, "person", command.actor.id)


def _decide_authorisation(run: Run, task: Task, command: DecideTask) -> None:
    if command.decision == "reject":
        _record(run, task, command)
        run.emit(
            ReturnRefused(
                return_id=run.case.return_id,
                code=command.reason_code or "not_eligible",
                because=command.note,
                refused_by=command.actor.id,
                refused_at=command.at,
                verdict=task.opened.verdict,
            )
        )
        return
    option = _value(task, command)
    check_option(run.case, command.actor, option)
    check_limit(run.case, task, command.actor, run.policies, task.opened.amount_minor)
    differs = option != _standing(task)
    if not _first_of_two(run, task, command, option, differs=differs):
        _record(run, task, command)
        able = overrules(command.actor)
        grant(run, task.opened.verdict, command.actor.id, option, able)


def _decide_receipt(run: Run, task: Task, command: DecideTask) -> None:
    if command.decision == "reject":
        raise Refused("invalid_decision", "Choose what becomes of the goods by an override.")
    opened = task.opened
    option = _value(task, command)
    quantity = opened.quantity or ZERO
    if option == "accept":
        _check_surplus(run, opened.line, quantity)
    _record(run, task, command)
    outcomes = {
        "accept": "accepted",
        "return_to_customer": "sent_back",
        "quarantine": "quarantined",
    }
    run.emit(
        SurplusSettled(
            return_id=run.case.return_id,
            task_id=opened.task_id,
            line=opened.line,
            sku=opened.sku or "",
            quantity=quantity,
            outcome=outcomes[option],
            settled_by=command.actor.id,
            settled_at=command.at,
            lot=opened.lot,
        )
    )
    cause = f"intercompany/{opened.task_id}"
    charge_back(run, opened.line, cause, option, opened.lot, quantity)


def _check_surplus(run: Run, number: int | None, quantity: Decimal) -> None:
    line = run.case.line(number) if number is not None else None
    if line is None:
        raise Refused("not_allowed_value", "Goods nobody announced cannot join a line.")
    facts = line.requested.facts
    room = facts.delivered - facts.returned_before - line.authorised
    if line.requested.source is not None and quantity > room:
        raise Refused(
            "over_return", f"Line {number}: {quantity} more than authorised, {room} returnable."
        )


def _decide_disposition(run: Run, task: Task, command: DecideTask) -> None:
    if command.decision == "reject":
        raise Refused("invalid_decision", "Override with one of the dispositions allowed.")
    portion = run.case.portion(task.opened.portion or "")
    if portion is None:
        raise AssertionError(f"{task.opened.task_id} has no portion")
    proposed = None if task.opened.blind else portion.proposal
    if command.decision == "approve" and proposed is not None:
        parts = proposed.parts
    else:
        parts = (DispositionPart(_value(task, command), portion.inspected.quantity),)
    check_allowed(run, portion, parts, " by now")
    check_limit(run.case, task, command.actor, run.policies, task.opened.amount_minor)
    value = "+".join(part.disposition for part in parts)
    if task.first_key:
        if command.decision == "override":
            propose_by_hand(run, portion, parts, "person", command.actor.id)
        _first_of_two(run, task, command, value)
    elif task.opened.approvals_needed > 1 and (proposed is None or parts != proposed.parts):
        _record(run, task, command)
        propose_anew(run, portion, parts, task.opened, command.actor)
    elif not _first_of_two(run, task, command):
        _record(run, task, command)
        confirm(run, portion, parts, task.opened.verdict, "person", command.actor.id)


def _decide_release(run: Run, task: Task, command: DecideTask) -> None:
    """What becomes of all that is on hold, or a yes to what the first of two people wants; to
    split it, dispose of the portion by hand."""
    portion = on_hold(run, task.opened.portion or "")
    if command.decision == "approve" and portion.asked is not None:
        parts = portion.asked.parts
    elif command.decision == "override" and command.value is not None:
        parts = (DispositionPart(command.value, portion.held),)
    else:
        raise Refused("invalid_decision", "Override with what becomes of the goods on hold.")
    amount = value_of(run, portion, parts)
    check_limit(run.case, task, command.actor, run.policies, amount)
    _record(run, task, command)
    release(run, portion, parts, command.actor, command.note)


def _decide_refurbish(run: Run, task: Task, command: DecideTask) -> None:
    """All that is left of an order is done, and the work cost nothing worth noting."""
    work = work_by_task(run, task, command)
    _record(run, task, command)
    report_work(run, work)


def _decide_refurbish_check(run: Run, task: Task, command: DecideTask) -> None:
    if command.decision != "reject":
        check_limit(run.case, task, command.actor, run.policies, task.opened.amount_minor)
    _record(run, task, command)
    check_work(run, task, command)


def check_allowed(
    run: Run, portion: Portion, parts: Sequence[DispositionPart], since: str = ""
) -> None:
    """Refuse with ``not_allowed_value`` what the rules of this day remove: a date may have passed
    since a question was asked. ``since`` is put after the rule, where that is said."""
    left = dispositions_left(run.case, portion, run.policies, run.at)
    rules = {one.value: one.rule for one in left.masked}
    for part in parts:
        if part.disposition not in left.allowed:
            rule = rules.get(part.disposition, "it is no disposition")
            raise Refused(
                "not_allowed_value",
                f"{str(part.disposition)!r} is removed by {rule}{since};"
                f" allowed: {', '.join(left.allowed)}.",
                rule=rule,
            )


def _decide_credit(run: Run, task: Task, command: DecideTask) -> None:
    opened = task.opened
    line = run.case.line(opened.line or 0)
    credit = (
        next((c for c in line.credits if c.sequence == opened.sequence), None) if line else None
    )
    if line is None or credit is None:
        raise AssertionError(f"{opened.task_id} has no credit")
    denied = command.decision == "reject" or command.value == "deny"
    if denied or (command.decision == "approve" and credit.proposed.decision == "deny"):
        _record(run, task, command)
        because = command.note or credit.proposed.verdict.because
        deny_credit(run, line, credit, opened.verdict, command.actor.id, because)
        return
    agreed = agreed_minor(task, credit)
    amount = agreed
    if command.decision == "override" and task.first_key:
        raise Refused("invalid_decision", "The amount is for who holds the other key.")
    if command.decision == "override":
        if credit.proposed.kind == "advance" and credit.proposed.decision == "replace":
            raise Refused(
                "not_allowed_value", "A replacement is approved or denied, not an amount."
            )
        # Goods without a source have no invoice to cap them: the approver's limit alone binds.
        before = credit.proposed.net_minor
        most = left_to_credit(line) + before if line.requested.source else MOST_MINOR
        amount = _amount(command, most, opened.currency)
    if amount == agreed and opened.approvals_needed > 1:  # who names what stands says yes to it
        command = replace(command, decision="approve", value=None)
    stake = amount + credit.proposed.freight_minor
    if command.decision == "approve" and task.said is None:
        stake = credit.proposed.stake_minor
    check_limit(run.case, task, command.actor, run.policies, stake)
    if _first_of_two(run, task, command, opened.proposal, differs=amount != agreed):
        return
    _record(run, task, command)
    approve_credit(run, line, credit, opened.verdict, command.actor.id, amount)


def agreed_minor(task: Task, credit: Credit) -> int:
    """The net that a yes is said to: what was proposed, or the first of two people named."""
    return int(task.said) if task.said is not None else credit.proposed.net_minor


def _decide_claim(run: Run, task: Task, command: DecideTask) -> None:
    _record(run, task, command)
    decide_evidence(run, task, command)


def _decide_write_off(run: Run, task: Task, command: DecideTask) -> None:
    check_write_off(run, task, command)
    if command.decision == "approve" and _first_of_two(run, task, command):
        return
    _record(run, task, command)
    settle_write_off(run, task, command)


def _decide_advance(run: Run, task: Task, command: DecideTask) -> None:
    choice = chosen_for_goods(task, command)
    _record(run, task, command)
    settle_goods(run, task, choice, command)


def _decide_charge_back(run: Run, task: Task, command: DecideTask) -> None:
    amount = amount_to_charge(run, task, command)
    _record(run, task, command)
    settle_charge_back(run, task, amount, command)


def _decide_let_go(run: Run, task: Task, command: DecideTask) -> None:
    check_let_go(run, task, command)
    if command.decision == "approve" and _first_of_two(run, task, command):
        return
    _record(run, task, command)
    settle_let_go(run, task, command)


def _amount(command: DecideTask, most: int, currency: str) -> int:
    """The net minor units that an override of a credit names, within what is left."""
    text = command.value or ""
    if not text.isdecimal() or len(text) > 12:
        raise Refused(
            "not_allowed_value", "Override a credit with 'deny' or its net amount in minor units."
        )
    if int(text) > most:
        raise Refused(
            "over_credit",
            f"{money_text(int(text), currency)} is more than the"
            f" {money_text(most, currency)} left to credit on the invoice line.",
        )
    return int(text)
