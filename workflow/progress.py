"""What follows by itself: every step that the rules allow without another person's word.

``progress`` runs after each command. The steps stand in the order a return walks; each looks
only at the state, so running them again changes nothing.
"""

from workflow.advancing import judge_advances, settle_advances
from workflow.authorising import authorise, judge_eligibility, settle_reasons
from workflow.claiming import follow_claims
from workflow.crediting import approve_credits, propose_credits
from workflow.events import DispositionConfirmed, DispositionPart, ReturnClosed, Verdict
from workflow.holding import ask_for_release
from workflow.intercompany import charge_parts_back
from workflow.lanes import answered_disposition, choose_lane
from workflow.proposing import open_disposition_task, proposal_of
from workflow.refurbishing import follow_orders
from workflow.run import Run
from workflow.state import Authorised, Line, Portion, UnderReview


def progress(run: Run) -> None:
    """Emit everything that now follows."""
    if isinstance(run.state, UnderReview):
        settle_reasons(run)
        judge_eligibility(run)
        authorise(run)
    if isinstance(run.state, Authorised):
        judge_advances(run)
        for line in run.case.lines:
            for portion in line.portions:
                _propose_disposition(run, portion)
        ask_for_release(run)
        follow_orders(run)
        follow_claims(run)
        settle_advances(run)
        propose_credits(run)
        approve_credits(run)
        _close(run)


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
    """What becomes of a portion is settled; another unit's share is charged back."""
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
