"""Credit or goods before the goods are back: given by policy, settled against what came.

One line has one advance at most. It is a credit like any other, approved through the same limits,
only earlier. When all its goods are judged or given up, what they earn is compared with it once:
more is credited as the rest, less is charged back after a person's word, or let go.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from workflow.advance import REPLACEMENT, Advance
from workflow.approvals import require_any_role, senior
from workflow.asking import advance_facts, limit_facts
from workflow.codes import Point
from workflow.commands import AskForGoods
from workflow.credit import goods_value, left_to_credit, proposal, tax_of
from workflow.effects import HELD
from workflow.events import (
    AdvanceJudged,
    AdvanceLetGo,
    AdvanceSettled,
    CreditProposed,
    CreditWithdrawn,
    SettledPart,
    TaskWithdrawn,
    Verdict,
)
from workflow.money import money_text, percent_of
from workflow.run import Run
from workflow.state import Authorised, Credit, Line
from workflow.tasks import open_task

GOODS_DAYS = "14"
"""Days until the goods of an advance are due, unless its rule says ``goods_days``."""


# -- given -------------------------------------------------------------------------------------


def judge_advances(run: Run) -> None:
    """Ask the advance policy about each line that wants one, as soon as it may come back; goods
    that are there first end the wait for it."""
    for line in run.case.lines:
        wanted = line.requested.advance
        if wanted and line.goods and line.authorised > 0 and line.advance_verdict is None:
            _judge(run, line, wanted)
        elif line.received > 0:
            _overtaken(run, line)
        if line.outstanding <= 0:
            withdraw(run, line, Point.ADVANCE, "nothing is awaited any more")


def _judge(run: Run, line: Line, wanted: str) -> None:
    value = min(goods_value(line, line.authorised), left_to_credit(line))
    verdict = run.policies.judge("advance", advance_facts(run.case, line, value))
    case = run.case.return_id
    run.emit(AdvanceJudged(case, line.number, wanted, value, verdict, run.at))
    if verdict.outcome == "refuse":
        return
    percent = int(dict(verdict.values).get("percent", "100"))
    instead = wanted == REPLACEMENT
    net = 0 if instead else percent_of(value, percent)
    run.emit(
        CreditProposed(
            return_id=case,
            line=line.number,
            portion=f"{line.number}.advance",
            sequence=len(line.credits) + 1,
            quantity=line.authorised,
            decision="replace" if instead else "full" if percent == 100 else "partial",
            release="on_approval",
            percent=0 if instead else percent,
            fee_minor=0,
            net_minor=net,
            tax_minor=tax_of(line, net),
            proposed_at=run.at,
            verdict=verdict,
            customer_id=run.case.requested.customer_id,
            sku=line.requested.sku,
            kind="advance",
            value_minor=value if instead else net,
        )
    )


def goods_due(proposed: CreditProposed, at: datetime) -> datetime | None:
    """Until when the goods are to be back if the credit is approved now; ``None`` for one that is
    no advance."""
    if proposed.kind != "advance":
        return None
    return at + timedelta(days=int(dict(proposed.verdict.values).get("goods_days", GOODS_DAYS)))


def _overtaken(run: Run, line: Line) -> None:
    for credit in line.credits:
        if credit.proposed.kind == "advance" and credit.status == "proposed":
            why = "the goods came before it was decided"
            run.emit(CreditWithdrawn(run.case.return_id, line.number, credit.sequence, why))
            withdraw(run, line, Point.CREDIT, why, credit.sequence)


# -- settled -----------------------------------------------------------------------------------


def settle_advances(run: Run) -> None:
    """Compare each advance with what came back, once nothing of its line is awaited or unjudged."""
    for line in run.case.lines:
        advance = line.advance
        if advance is None or advance.settled is not None:
            continue
        if line.outstanding <= 0 and line.disposed == line.received:
            _settle(run, line, advance)


def _settle(run: Run, line: Line, advance: Advance) -> None:
    earned = _earned(run, line)
    parts = tuple(
        SettledPart(
            one.portion,
            one.part,
            one.disposition or "",
            one.quantity,
            one.net_minor,
            one.verdict.rule,
        )
        for one in earned
    )
    entitled = sum(part.net_minor for part in parts)
    run.emit(
        AdvanceSettled(
            return_id=run.case.return_id,
            line=line.number,
            sequence=advance.sequence,
            given_minor=advance.value_minor,
            entitled_minor=entitled,
            parts=parts,
            settled_at=run.at,
        )
    )
    if entitled > advance.value_minor or any(one.freight_minor for one in earned):
        _propose_rest(run, line, advance, earned, entitled)
    if entitled < advance.value_minor:
        _ask_about_the_undeserved(run, line.number)


def _earned(run: Run, line: Line) -> list[CreditProposed]:
    """What each disposed part would be credited if nothing had been given before. A replaced part
    is worth its goods."""
    kept = tuple(c for c in line.credits if c.proposed.kind == "goods")
    bare, found = replace(line, advance=None, credits=kept), list[CreditProposed]()
    for portion in line.portions:
        for part in range(1, len(portion.parts) + 1):
            one = proposal(run.policies, run.case, bare, portion, part, run.at)
            if one.decision == "replace":
                goods = goods_value(bare, one.quantity)
                one = replace(one, net_minor=min(goods, left_to_credit(bare)))
            bare = replace(bare, credits=(*bare.credits, Credit(one)))
            found.append(one)
    return found


def _propose_rest(
    run: Run, line: Line, advance: Advance, earned: list[CreditProposed], entitled: int
) -> None:
    """The part that earned last speaks for the rest, and one that must wait holds it back. Freight
    goes with it, as far as the rest can bear what the way back costs."""
    paying = [one for one in earned if one.net_minor or one.freight_minor]
    last = paying[-1]
    waits = next((one.release for one in paying if one.release in HELD), None)
    net = max(0, entitled - advance.value_minor)
    freight = sum(one.freight_minor for one in earned)
    back = sum(one.return_freight_minor for one in earned)
    run.emit(
        replace(
            last,
            portion=f"{line.number}.rest",
            sequence=len(line.credits) + 1,
            part=1,
            quantity=last.quantity * 0,
            kind="rest",
            decision="partial",
            release=waits or last.release,
            percent=100,
            fee_minor=0,
            net_minor=net,
            tax_minor=tax_of(line, entitled) - advance.tax_minor if net else 0,
            freight_minor=freight,
            freight_tax_minor=sum(one.freight_tax_minor for one in earned),
            return_freight_minor=min(back, net + freight),
        )
    )


def _ask_about_the_undeserved(run: Run, number: int) -> None:
    line, advance = advance_of(run, number)
    given_up = advance.given_up
    if given_up is not None and given_up.then == "let_go":
        ask_to_let_go(run, number, advance.undeserved_minor, given_up.because, given_up.decided_by)
    else:
        ask_to_charge_back(run, line.number)


def ask_to_charge_back(run: Run, number: int) -> None:
    """A person confirms that the customer owes again what the goods did not earn."""
    line, advance = advance_of(run, number)
    amount, currency = advance.undeserved_minor, run.case.requested.currency
    asked = limit_facts(run.case, line, "credit_memo", amount, "person")
    limit = run.policies.judge("approval_limits", asked)
    role = dict(line.advance_verdict.values).get("charge_role") if line.advance_verdict else None
    earned = advance.settled.entitled_minor if advance.settled else 0
    because = (
        f"{money_text(advance.value_minor, currency)} was given in advance and the goods earn"
        f" {money_text(earned, currency)}: {money_text(amount, currency)} is to be charged back."
    )
    open_task(
        run,
        Point.CHARGE_BACK,
        senior(role, limit.role),
        Verdict(limit.policy, "ask_human", limit.rule, because, limit.role),
        amount,
        line=number,
        sequence=advance.sequence,
        proposal="charge_back",
        allowed=("charge_back", "let_go"),
    )


def ask_to_let_go(run: Run, number: int, amount: int, note: str, by: str) -> None:
    """Let the customer keep it: at once within the system's limit of write-offs, else another
    person says yes."""
    line, advance = advance_of(run, number)
    asked = limit_facts(run.case, line, "write_off", amount, "system")
    limit = run.policies.judge("approval_limits", asked)
    if limit.outcome == "automatic":
        let_go(run, number, amount, note, by, "system", limit)
        return
    open_task(
        run,
        Point.LET_GO,
        limit.role or "finance_lead",
        limit,
        amount,
        line=number,
        sequence=advance.sequence,
        proposal="let_go",
        allowed=("let_go",),
        approvals_needed=int(dict(limit.values).get("approvals", "1")),
        asked_by=by,
        note=f"{money_text(amount, run.case.requested.currency)} of an advance: {note}",
    )


def let_go(
    run: Run, number: int, amount: int, note: str, asked_by: str, by: str, verdict: Verdict
) -> None:
    """The customer keeps the amount; nothing is posted."""
    case = run.case
    currency = case.requested.currency
    run.emit(
        AdvanceLetGo(case.return_id, number, amount, currency, asked_by, by, run.at, note, verdict)
    )


# -- the day by which goods are due --------------------------------------------------------------


def ask_for_goods(run: Run, command: AskForGoods) -> None:
    """A task for customer service about each advance whose goods are past their day.

    Refused: ``wrong_role`` for anybody but our own system.
    """
    require_any_role(command.actor, (), "Asking for goods by the clock")
    if not isinstance(run.state, Authorised):
        return
    for line in run.case.lines:
        advance = line.advance
        late = advance is not None and advance.goods_due < run.at and advance.settled is None
        if advance is not None and late and line.outstanding > 0:
            _ask_for_goods(run, line, advance)


def _ask_for_goods(run: Run, line: Line, advance: Advance) -> None:
    most = (
        int(dict(line.advance_verdict.values).get("extensions", "2"))
        if (line.advance_verdict)
        else 0
    )
    options = ("extend", "charge_back", "let_go")
    missing = f"{line.outstanding.normalize():f} of {line.requested.sku}"
    because = f"{missing} was due on {advance.goods_due:%Y-%m-%d} for an advance and is not here."
    open_task(
        run,
        Point.ADVANCE,
        "customer_service",
        Verdict("workflow", "ask_human", "goods-not-sent-back", because, "customer_service"),
        advance.value_minor,
        line=line.number,
        sequence=advance.sequence,
        quantity=line.outstanding,
        sku=line.requested.sku,
        allowed=options if advance.extended < most else options[1:],
    )


# -- looking up ----------------------------------------------------------------------------------


def advance_of(run: Run, number: int) -> tuple[Line, Advance]:
    """The line as it is now, and its advance."""
    line = run.case.line(number)
    if line is None or line.advance is None:
        raise AssertionError(f"{run.case.return_id}/{number} has no advance")
    return line, line.advance


def withdraw(run: Run, line: Line, point: str, why: str, sequence: int | None = None) -> None:
    """Withdraw the open tasks of a line at a point; of one credit where ``sequence`` is given."""
    for task in run.case.tasks:
        opened = task.opened
        same = sequence is None or opened.sequence == sequence
        if (opened.point, opened.line) == (point, line.number) and same:
            run.emit(TaskWithdrawn(run.case.return_id, opened.task_id, why))
