"""Credits proposed for what was disposed of, and approved where no person must say so."""

from workflow.advancing import goods_due
from workflow.approvals import senior
from workflow.codes import Lane
from workflow.credit import proposal, tax_again, tax_of
from workflow.events import CreditApproved, CreditDenied, Verdict
from workflow.lanes import answered_credit, choose_lane
from workflow.money import money_text
from workflow.run import Run
from workflow.state import Credit, Line, Portion
from workflow.tasks import no_rule, open_task


def propose_credits(run: Run) -> None:
    """A credit for every disposed part, or for the line itself where nothing comes back; while an
    advance covers the parts, none."""
    for number in [line.number for line in run.case.lines if line.authorised > 0]:
        line = run.case.line(number)
        if line is None or (line.advance is not None and line.advance.settled is None):
            continue
        if not line.goods:
            if not line.credits:
                run.emit(proposal(run.policies, run.case, line, None, 1, run.at))
            continue
        for portion in line.portions:
            for part in range(1, len(portion.parts) + 1):
                _propose_credit(run, number, portion, part)


def _propose_credit(run: Run, number: int, portion: Portion, part: int) -> None:
    """Once a part."""
    line = run.case.line(number)
    if line is None:
        raise AssertionError(f"no line {number}")
    done = {(c.proposed.portion, c.proposed.part) for c in line.credits}
    if line.advance is not None and line.advance.settled is not None:
        done |= {(one.portion, one.part) for one in line.advance.settled.parts}
    if (portion.id, part) not in done:
        run.emit(proposal(run.policies, run.case, line, portion, part, run.at))


def approve_credits(run: Run) -> None:
    """Each that a model answered about; the others wait for its answer."""
    for line in run.case.lines:
        for credit in line.credits:
            if credit.status == "proposed" and credit.assessment is not None:
                _approve_credit(run, line, credit)


def _approve_credit(run: Run, line: Line, credit: Credit) -> None:
    """Straight through only where the rollout, the anomaly score and the limits all say so."""
    if any(
        t.opened.point == "credit"
        and (t.opened.line, t.opened.sequence) == (line.number, credit.sequence)
        for t in run.case.tasks
    ):
        return
    proposed = credit.proposed
    chosen = choose_lane(run, line, answered_credit(credit))
    limit = chosen.limit
    if limit is None:
        raise AssertionError(f"credit {credit.sequence} of line {line.number} has no limit")
    overtaken = credit.left_minor is not None and credit.left_minor < proposed.net_minor
    if chosen.passes and not overtaken:
        if proposed.decision == "deny":
            deny_credit(run, line, credit, limit, "system", proposed.verdict.because)
        else:
            approve_credit(run, line, credit, limit, "system", proposed.net_minor)
        return
    asked = proposed.kind == "advance" and proposed.verdict.outcome == "ask_human"
    role = senior(chosen.role, limit.role)
    verdict = proposed.verdict if asked else chosen.verdict
    open_task(
        run,
        "credit",
        senior(proposed.verdict.role, role) if asked else role or "finance_clerk",
        _less_left(run, credit) if overtaken else verdict,
        chosen.amount_minor,
        line=line.number,
        portion=proposed.portion,
        sequence=credit.sequence,
        proposal=proposed.decision,
        allowed=("approve", "deny"),
        approvals_needed=2 if chosen.lane == Lane.DUAL_CONTROL else 1,
        blind=chosen.blind,
    )


def _less_left(run: Run, credit: Credit) -> Verdict:
    """Other returns of the line were credited since this one was asked for."""
    left = money_text(credit.left_minor or 0, run.case.requested.currency)
    asked = money_text(credit.proposed.net_minor, run.case.requested.currency)
    because = (
        f"Other returns took of the invoice line meanwhile: {left} is left, this credit asks for"
        f" {asked}. Override it with what is left, or deny it."
    )
    return no_rule("less-left", because)


def approve_credit(
    run: Run, line: Line, credit: Credit, verdict: Verdict, by: str, net_minor: int
) -> None:
    """Of an advance the day is set by which its goods are to be back."""
    proposed = credit.proposed
    same = net_minor == proposed.net_minor
    due = goods_due(proposed, run.at)
    value = max(net_minor, proposed.value_minor if proposed.decision == "replace" else 0)
    run.emit(
        CreditApproved(
            return_id=run.case.return_id,
            line=line.number,
            portion=proposed.portion,
            sequence=credit.sequence,
            decision=proposed.decision,
            release=proposed.release,
            net_minor=net_minor,
            tax_minor=proposed.tax_minor if same else tax_again(line, credit, net_minor),
            currency=run.case.requested.currency,
            approved_by=by,
            approved_at=run.at,
            verdict=verdict,
            customer_id=run.case.requested.customer_id,
            sku=line.requested.sku,
            freight_minor=proposed.freight_minor,
            freight_tax_minor=proposed.freight_tax_minor,
            return_freight_minor=min(
                proposed.return_freight_minor, net_minor + proposed.freight_minor
            ),
            goods_due=due,
            value_minor=value if due else 0,
            value_tax_minor=tax_of(line, value) if due else 0,
        )
    )


def deny_credit(
    run: Run, line: Line, credit: Credit, verdict: Verdict, by: str, because: str
) -> None:
    """No money for what the credit is about, and why."""
    run.emit(
        CreditDenied(
            return_id=run.case.return_id,
            line=line.number,
            portion=credit.proposed.portion,
            sequence=credit.sequence,
            denied_by=by,
            denied_at=run.at,
            because=because,
            verdict=verdict,
            customer_id=run.case.requested.customer_id,
            sku=line.requested.sku,
        )
    )
