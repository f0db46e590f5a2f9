"""From a request to its authorisation: reasons settled, lines judged, goods allowed back or not."""

from datetime import timedelta

from workflow.asking import authorisation_facts, eligibility_facts, needs_no_goods
from workflow.codes import ReturnReason
from workflow.events import (
    AuthorisedLine,
    EligibilityJudged,
    ReasonSettled,
    ReturnAuthorised,
    ReturnRefused,
    Verdict,
)
from workflow.keys import keys, refused_by
from workflow.lanes import Answered, choose_lane
from workflow.run import Run
from workflow.state import Case, Line
from workflow.tasks import open_task


def _waits(run: Run, point: str, line: int | None = None) -> bool:
    return any(t.opened.point == point and t.opened.line == line for t in run.case.tasks)


def settle_reasons(run: Run) -> None:
    """As the customer stated it, else as the model says where rules let it, else by a person."""
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


def judge_eligibility(run: Run) -> None:
    """Every line, once all reasons are known."""
    if any(line.reason is None for line in run.case.lines):
        return
    calendar = run.policies.calendar("eligibility")
    for line in run.case.lines:
        if line.eligibility is None:
            facts = eligibility_facts(run.case, line, run.at, calendar)
            verdict = run.policies.judge("eligibility", facts)
            run.emit(EligibilityJudged(run.case.return_id, line.number, verdict))


def authorise(run: Run) -> None:
    """Once every line is judged: granted, refused, or for a person to say."""
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
