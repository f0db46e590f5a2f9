"""What follows by itself: every step that the rules allow without another person's word.

``progress`` runs after each command. The steps stand in the order a return walks; each looks
only at the state, so running them again changes nothing.
"""

from datetime import timedelta

from workflow.advancing import goods_due, judge_advances, settle_advances
from workflow.approvals import senior
from workflow.asking import authorisation_facts, eligibility_facts, needs_no_goods
from workflow.claiming import follow_claims
from workflow.codes import Lane, ReturnReason
from workflow.credit import proposal, tax_again, tax_of
from workflow.events import (
    AuthorisedLine,
    CreditApproved,
    CreditDenied,
    DispositionConfirmed,
    DispositionPart,
    EligibilityJudged,
    ReasonSettled,
    ReturnAuthorised,
    ReturnClosed,
    ReturnRefused,
    Verdict,
)
from workflow.holding import ask_for_release
from workflow.intercompany import charge_parts_back
from workflow.keys import keys, refused_by
from workflow.lanes import Answered, answered_credit, answered_disposition, choose_lane
from workflow.money import money_text
from workflow.proposing import open_disposition_task, proposal_of
from workflow.refurbishing import follow_orders
from workflow.run import Run
from workflow.state import Authorised, Case, Credit, Line, Portion, UnderReview
from workflow.tasks import no_rule, open_task


def progress(run: Run) -> None:
    """Emit everything that now follows."""
    if isinstance(run.state, UnderReview):
        _settle_reasons(run)
        _judge_eligibility(run)
        _authorise(run)
    if isinstance(run.state, Authorised):
        judge_advances(run)
        for line in run.case.lines:
            for portion in line.portions:
                _propose_disposition(run, portion)
        ask_for_release(run)
        follow_orders(run)
        follow_claims(run)
        settle_advances(run)
        _propose_credits(run)
        _approve_credits(run)
        _close(run)


def _waits(run: Run, point: str, line: int | None = None) -> bool:
    return any(t.opened.point == point and t.opened.line == line for t in run.case.tasks)


def _settle_reasons(run: Run) -> None:
    for line in run.case.lines:
        if line.reason is not None or _waits(run, "reason", line.number):
            continue
        stated, said = line.requested.stated_reason, line.reason_assessment
        if stated is not None:
            by = run.case.requested.requested_by
            settle_reason(run, line, stated, "stated", by)
        elif said is not None:
            _settle_by_model(run, line)


def settle_reason(run: Run, line: Line, reason: str, how: str, by: str) -> None:
    """The reason of a line is known from here on."""
    facts = line.requested.facts
    run.emit(
        ReasonSettled(
            return_id=run.case.return_id,
            line=line.number,
            reason=reason,
            how=how,
            settled_by=by,
            customer_id=run.case.requested.customer_id,
            sku=line.requested.sku,
            supplier_id=facts.supplier_id,
            carrier_id=facts.carrier_id,
        )
    )


def _settle_by_model(run: Run, line: Line) -> None:
    said = line.reason_assessment
    if said is None:
        raise AssertionError(f"line {line.number} has no answer about its reason")
    answered = Answered("reason", said, line.reason_clearing, possible=said.value is not None)
    chosen = choose_lane(run, line, answered)
    if chosen.passes and said.value is not None:
        by = f"model:{said.model.name}@{said.model.version}"
        settle_reason(run, line, said.value, "model", by)
        return
    open_task(
        run,
        "reason",
        chosen.role or "customer_service",
        chosen.verdict,
        chosen.amount_minor,
        line=line.number,
        proposal=None if chosen.blind else said.value,
        allowed=tuple(ReturnReason),
        blind=chosen.blind,
    )


def _judge_eligibility(run: Run) -> None:
    if any(line.reason is None for line in run.case.lines):
        return
    calendar = run.policies.calendar("eligibility")
    for line in run.case.lines:
        if line.eligibility is None:
            facts = eligibility_facts(run.case, line, run.at, calendar)
            verdict = run.policies.judge("eligibility", facts)
            run.emit(EligibilityJudged(run.case.return_id, line.number, verdict))


def _authorise(run: Run) -> None:
    case = run.case
    if any(line.eligibility is None for line in case.lines) or _waits(run, "authorisation"):
        return
    verdict = run.policies.judge("authorisation", authorisation_facts(case))
    if verdict.outcome == "authorise":
        grant(run, verdict, "system")
    elif verdict.outcome == "refuse":
        because = " ".join([verdict.because, *_reasons(case)])
        run.emit(ReturnRefused(case.return_id, "not_eligible", because, "system", run.at, verdict))
    else:
        role, other_role = keys(run.policies, case, verdict)
        open_task(
            run,
            "authorisation",
            role,
            verdict,
            sum(line.requested.value_minor for line in case.lines),
            other_role=other_role,
            proposal="authorise",
            allowed=("authorise", "authorise_all_lines", "without_goods"),
        )


def _reasons(case: Case) -> list[str]:
    """Why the lines may not come back: of each every rule that refuses it."""
    told = []
    for line in case.lines:
        said = line.eligibility
        if said is not None and said.outcome == "ineligible":
            also = [one.because for one in said.also if one.outcome == "ineligible"]
            told.append(" ".join([f"line {line.number}: {said.because}", *also]))
    return told


def grant(
    run: Run, verdict: Verdict, by: str, option: str = "authorise", overrules: bool = False
) -> None:
    """Authorise the lines that no rule refuses (or all of them, or without goods); ``overrules``
    is ``refused_by``'s."""
    case = run.case
    every = option == "authorise_all_lines"
    lines = tuple(
        AuthorisedLine(
            line.number,
            line.requested.quantity,
            goods=option != "without_goods" and not needs_no_goods(line.reason),
        )
        for line in case.lines
        if every or (line.eligibility is not None and refused_by(line, overrules) is None)
    )
    days = int(dict(verdict.values).get("valid_days", "30"))
    run.emit(
        ReturnAuthorised(
            return_id=case.return_id,
            lines=lines,
            authorised_by=by,
            authorised_at=run.at,
            expires_at=run.at + timedelta(days=days),
            verdict=verdict,
            goods_required=any(line.goods for line in lines),
            policies=run.policies.refs(),
        )
    )


def _propose_disposition(run: Run, portion: Portion) -> None:
    """A rule may ask for one of what the rules left, else the model ranks it; the rollout says who
    acts on it. What a rule asks for while there is a choice, a person agrees to."""
    if portion.parts or portion.proposal is not None or portion.assessment is None:
        return
    if any(
        t.opened.portion == portion.id and t.opened.point == "disposition" for t in run.case.tasks
    ):
        return
    proposed = proposal_of(run, portion, portion.assessment)
    if proposed.parts:
        run.emit(proposed)
    line = run.case.line(portion.line)
    if line is None:
        raise AssertionError(f"portion {portion.id} without its line")
    chosen = choose_lane(run, line, answered_disposition(run.case.portion(portion.id) or portion))
    verdict = chosen.verdict
    if chosen.passes and proposed.parts:
        confirm(run, portion, proposed.parts, verdict, proposed.how, proposed.proposed_by)
        return
    role = chosen.role or "quality"
    open_disposition_task(run, portion, proposed.allowed, verdict, role, chosen.blind)


def confirm(
    run: Run,
    portion: Portion,
    parts: tuple[DispositionPart, ...],
    verdict: Verdict,
    how: str,
    by: str,
) -> None:
    run.emit(
        DispositionConfirmed(
            return_id=run.case.return_id,
            line=portion.line,
            portion=portion.id,
            parts=parts,
            confirmed_by=by,
            confirmed_at=run.at,
            verdict=verdict,
            how=how,
            customer_id=run.case.requested.customer_id,
            sku=portion.inspected.sku,
            claims_follow=True,
        )
    )
    charge_parts_back(run, portion, parts)


def _propose_credits(run: Run) -> None:
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


def _approve_credits(run: Run) -> None:
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


def _close(run: Run) -> None:
    """Close when nothing is left to receive, inspect, dispose of, credit, decide or wait for."""
    state = run.state
    if not isinstance(state, Authorised) or run.case.tasks:
        return
    for line in run.case.lines:
        if line.authorised > 0 and not _finished(line):
            return
    waiting = [
        key
        for key, status in run.case.effects.items()
        if status not in ("done", "abandoned") and "/assess/" not in key
    ]
    if not waiting:
        run.emit(ReturnClosed(run.case.return_id, run.at))


def _finished(line: Line) -> bool:
    if line.advance_open or any(c.status in ("proposed", "held") for c in line.credits):
        return False
    if not line.goods:
        return bool(line.credits)
    return line.outstanding <= 0 and line.disposed == line.received
