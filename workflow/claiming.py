"""Claims on suppliers: raised with the disposition, made when their evidence is there, answered,
and in the end paid or written off through the approval limits.

All of it also reaches returns that are closed: a supplier answers when it likes.
"""

from datetime import timedelta

from workflow.approvals import check_limit, require_any_role
from workflow.asking import claim_facts, limit_facts
from workflow.claim import (
    EVIDENCE,
    WRITE_OFF_REASONS,
    claim_id_of,
    claim_of,
    end_of,
    is_claimed,
)
from workflow.commands import AnswerClaim, DecideTask, GiveClaimEvidence, GiveUpClaim
from workflow.events import (
    ClaimAnswered,
    ClaimEvidenceGiven,
    ClaimSubmitted,
    ClaimWrittenOff,
    TaskWithdrawn,
    Verdict,
)
from workflow.money import money_text
from workflow.refused import Refused
from workflow.run import Run
from workflow.state import Authorised, Claim, Closed, Portion, Task
from workflow.tasks import DUE, open_task

ASKERS = ("procurement", "returns_manager", "finance_clerk")
"""Who may hand in evidence for a claim, and give up what is left of it."""


# -- what follows by itself ------------------------------------------------------------------


def follow_claims(run: Run) -> None:
    """Raise a claim for everything that goes back to its supplier, and make those that are
    complete; what is missing is asked of procurement by the end of the supplier's window."""
    for line in run.case.lines:
        for portion in line.portions:
            for number, part in enumerate(portion.moved, start=1):
                if is_claimed(line, part.disposition):
                    _raise(run, portion, number)
    for claim in run.case.claims:
        waits = claim.submitted or claim.written_off_minor or _write_off_task(run, claim)
        if not waits and claim.missing:
            _ask_for_evidence(run, claim)
        elif not waits:
            _submit(run, claim, "the evidence is there")


def _submit(run: Run, claim: Claim, because: str) -> None:
    raised = claim.raised
    _withdraw(run, claim, "claim", because)
    run.emit(ClaimSubmitted(raised.return_id, raised.portion, raised.part, run.at))


def _raise(run: Run, portion: Portion, number: int) -> None:
    if run.case.claim(portion.id, number) is not None:
        return
    verdict = run.policies.judge("claims", claim_facts(run.case, portion, number, run.at))
    raised = claim_of(run.case, portion, number, run.at, verdict)
    run.emit(raised)
    if verdict.outcome == "waive" and raised.claimed_minor > 0:
        claim = _claim(run, portion.id, number)
        _give_up(run, claim, "not_worth_it", verdict.because, "system")


def _ask_for_evidence(run: Run, claim: Claim) -> None:
    raised = claim.raised
    due = end_of(raised.claim_by) if raised.claim_by else run.at + DUE
    missing = ", ".join(kind.replace("_", " ") for kind in claim.missing)
    ends = f"; the window ends on {raised.claim_by}" if raised.claim_by else ""
    said = raised.verdict
    because = f"{said.because} Missing: {missing}{ends}."
    open_task(
        run,
        "claim",
        said.role or "procurement",
        Verdict(said.policy, said.outcome, said.rule, because, said.role),
        raised.claimed_minor,
        line=raised.line,
        portion=raised.portion,
        sequence=raised.part,
        due_at=max(due, run.at + timedelta(days=1)),
        proposal="complete",
        allowed=("complete",),
    )


# -- what people and suppliers say -----------------------------------------------------------


def give_evidence(run: Run, command: GiveClaimEvidence) -> None:
    """Refused: ``unknown_claim``, ``wrong_state``, ``wrong_role``, ``not_allowed_value``,
    ``reason_required`` (an empty reference), ``claim_settled``."""
    claim = _open_claim(run, command.portion, command.part, "evidence for a claim")
    require_any_role(command.actor, (*ASKERS, "inspector"), "Giving evidence for a claim")
    if command.kind not in EVIDENCE:
        raise Refused("not_allowed_value", f"{command.kind!r} is none of {', '.join(EVIDENCE)}.")
    _hand_in(run, claim, command.kind, command.reference, command.actor.id)


def _hand_in(run: Run, claim: Claim, kind: str, reference: str, by: str) -> None:
    if not reference.strip():
        raise Refused("reason_required", f"Say where the {kind} is: a file or document number.")
    raised = claim.raised
    run.emit(
        ClaimEvidenceGiven(
            return_id=raised.return_id,
            portion=raised.portion,
            part=raised.part,
            kind=kind,
            reference=reference.strip(),
            given_by=by,
            given_at=run.at,
        )
    )


def answer_claim(run: Run, command: AnswerClaim) -> None:
    """Note a supplier's answer with the claim it is about; nothing where there is none, or the
    answer is noted already.

    What a supplier answers it has, so evidence that was missing is asked for no more. What is paid
    changes what is left, so a write-off that waited is withdrawn.
    """
    if not isinstance(run.state, Authorised | Closed):
        return
    claim = _meant(run.case.claims, command)
    known = (command.told_as, command.answer_id)
    if claim is None or any((a.told_as, a.answer_id) == known for a in claim.answers):
        return
    raised = claim.raised
    if not claim.submitted and not claim.written_off_minor:
        _submit(run, claim, "the supplier answered without it")
    run.emit(
        ClaimAnswered(
            return_id=raised.return_id,
            line=raised.line,
            portion=raised.portion,
            part=raised.part,
            sequence=len(claim.answers) + 1,
            told_as=command.told_as,
            answer_id=command.answer_id,
            supplier_id=command.supplier_id,
            response=command.response,
            recovered_minor=command.recovered_minor,
            currency=raised.currency,
            answered_at=command.answered_at,
        )
    )
    if command.recovered_minor:
        _withdraw(run, claim, "write_off", "the supplier paid more")


def _meant(claims: tuple[Claim, ...], command: AnswerClaim) -> Claim | None:
    """The claim that an answer is about: by any of its numbers, by the number of an earlier
    answer, or else the first of the line, those without an answer and of the same amount before
    others."""
    ours = [claim for claim in claims if claim.raised.line == command.line]
    for claim in ours:
        raised = claim.raised
        own = claim_id_of(raised.return_id, raised.portion, raised.part)
        named = {own, claim.key, claim.number, *(answer.told_as for answer in claim.answers)}
        if command.told_as in named:
            return claim
    ours.sort(
        key=lambda c: (bool(c.answers), c.raised.claimed_minor != command.claimed_minor)
    )  # a stable sort: the first raised of those alike
    return ours[0] if ours else None


def give_up_claim(run: Run, command: GiveUpClaim) -> None:
    """Ask for what is left of a claim to be written off; within the system's limit it is at once.

    Refused: ``unknown_claim``, ``wrong_state``, ``wrong_role``, ``claim_settled``,
    ``not_allowed_value``, ``reason_required`` (an empty note), ``already_decided`` (it waits for
    approval).
    """
    claim = _open_claim(run, command.portion, command.part, "giving up a claim")
    require_any_role(command.actor, ASKERS, "Giving up a claim")
    _give_up(run, claim, command.reason, command.note, command.actor.id)


def _give_up(run: Run, claim: Claim, reason: str, note: str, by: str) -> None:
    raised = claim.raised
    if reason not in WRITE_OFF_REASONS:
        allowed = ", ".join(WRITE_OFF_REASONS)
        raise Refused("not_allowed_value", f"{reason!r} is none of {allowed}.")
    if not note.strip():
        raise Refused("reason_required", "Say in a note why the claim is given up.")
    if waiting := _write_off_task(run, claim):
        raise Refused("already_decided", f"{waiting.opened.task_id} asks for it already.")
    line = run.case.line(raised.line)
    asked = limit_facts(run.case, line, "write_off", claim.rest_minor, "system")
    limit = run.policies.judge("approval_limits", asked)
    if limit.outcome == "automatic":
        _write_off(run, claim, reason, note, by, "system", limit)
        return
    left = money_text(claim.rest_minor, raised.currency)
    open_task(
        run,
        "write_off",
        limit.role or "finance_lead",
        limit,
        claim.rest_minor,
        line=raised.line,
        portion=raised.portion,
        sequence=raised.part,
        proposal=reason,
        allowed=(reason,),
        approvals_needed=int(dict(limit.values).get("approvals", "1")),
        asked_by=by,
        note=f"{left} of a claim on {raised.supplier_id}: {note.strip()}",
    )


def _write_off(
    run: Run, claim: Claim, reason: str, note: str, proposed_by: str, by: str, verdict: Verdict
) -> None:
    raised = claim.raised
    _withdraw(run, claim, "claim", "the claim is given up")
    run.emit(
        ClaimWrittenOff(
            return_id=raised.return_id,
            line=raised.line,
            portion=raised.portion,
            part=raised.part,
            amount_minor=claim.rest_minor,
            currency=raised.currency,
            reason=reason,
            note=note,
            proposed_by=proposed_by,
            approved_by=by,
            written_off_at=run.at,
            verdict=verdict,
        )
    )


# -- tasks decided ---------------------------------------------------------------------------


def decide_evidence(run: Run, task: Task, command: DecideTask) -> None:
    """A yes hands in everything that is missing, the note says where it is; a no, with a reason
    of ``WRITE_OFF_REASONS``, gives the claim up."""
    claim = _of_task(run, task)
    if command.decision == "approve":
        for kind in claim.missing:
            _hand_in(run, claim, kind, command.note, command.actor.id)
    elif command.decision == "reject":
        _give_up(run, claim, command.reason_code or "", command.note, command.actor.id)
    else:
        raise Refused("invalid_decision", "Evidence is handed in, or the claim is given up.")


def check_write_off(run: Run, task: Task, command: DecideTask) -> None:
    """Refused: ``invalid_decision``, ``over_limit``."""
    if command.decision == "override":
        raise Refused("invalid_decision", "A write-off is approved or rejected as it is asked.")
    if command.decision == "approve":
        amount = _of_task(run, task).rest_minor
        check_limit(run.case, task, command.actor, run.policies, amount)


def settle_write_off(run: Run, task: Task, command: DecideTask) -> None:
    """The last yes writes off what is left by now; a no leaves the claim as it is."""
    opened = task.opened
    if command.decision == "approve":
        _write_off(
            run,
            _of_task(run, task),
            opened.proposal or "",
            opened.note,
            opened.asked_by or "",
            command.actor.id,
            opened.verdict,
        )


# -- looking up ------------------------------------------------------------------------------


def _claim(run: Run, portion: str, part: int) -> Claim:
    claim = run.case.claim(portion, part)
    if claim is None:
        name = claim_id_of(run.case.return_id, portion, part)
        raise Refused("unknown_claim", f"There is no claim {name}.")
    return claim


def _open_claim(run: Run, portion: str, part: int, step: str) -> Claim:
    if not isinstance(run.born, Authorised | Closed):
        situation = type(run.state).__name__.lower()
        raise Refused(
            "wrong_state", f"{run.case.return_id} is {situation}: {step} is not possible now."
        )
    claim = _claim(run, portion, part)
    if claim.rest_minor == 0:
        name = claim_id_of(run.case.return_id, portion, part)
        raise Refused("claim_settled", f"Nothing is left of {name}.")
    return claim


def _of_task(run: Run, task: Task) -> Claim:
    opened = task.opened
    claim = run.case.claim(opened.portion or "", opened.sequence or 0)
    if claim is None:
        raise AssertionError(f"{opened.task_id} has no claim")
    return claim


def _tasks(run: Run, claim: Claim, point: str) -> list[Task]:
    subject = (point, claim.raised.portion, claim.raised.part)
    return [
        task
        for task in run.case.tasks
        if (task.opened.point, task.opened.portion, task.opened.sequence) == subject
    ]


def _write_off_task(run: Run, claim: Claim) -> Task | None:
    return next(iter(_tasks(run, claim, "write_off")), None)


def _withdraw(run: Run, claim: Claim, point: str, why: str) -> None:
    for task in _tasks(run, claim, point):
        run.emit(TaskWithdrawn(run.case.return_id, task.opened.task_id, why))
