"""The second review: a sample of what people decided is decided again by somebody else, blind.

Quality control of decisions, as an audit is of models: effects of the first decision never wait
for it, and its outcome changes nothing but the figures. ``approval_limits`` says how many.
"""

from workflow.approvals import decider
from workflow.commands import GiveSecondReview
from workflow.events import SecondReviewGiven
from workflow.refused import Refused
from workflow.run import Run
from workflow.state import Review

DECISIONS = ("approve", "reject", "override")


def give_second_review(run: Run, command: GiveSecondReview) -> None:
    """Record what the second person would have decided, and whether both agree.

    Refused: ``unknown_review`` (or given already), ``invalid_decision``, ``not_allowed_value``,
    and whatever bars the person from the task itself, the first decider above all.
    """
    review = run.case.review(command.task_id)
    if review is None:
        raise Refused("unknown_review", f"{command.task_id} waits for no second review.")
    if command.decision not in DECISIONS:
        allowed = ", ".join(DECISIONS)
        raise Refused("invalid_decision", f"{command.decision!r} is none of {allowed}.")
    acting = decider(run.case, review.task, command.actor, run.policies)
    opened, first = review.task.opened, review.decided
    _check_value(review, command)
    first_outcome, second_outcome = (
        outcome(opened.point, opened.proposal, opened.amount_minor, said.decision, said.value)
        for said in (first, command)
    )
    run.emit(
        SecondReviewGiven(
            return_id=run.case.return_id,
            task_id=opened.task_id,
            point=opened.point,
            role=opened.role,
            decision=command.decision,
            value=command.value,
            reviewed_by=acting.id,
            reviewed_at=command.at,
            agreed=first_outcome == second_outcome,
            for_whom=acting.for_whom,
            note=command.note,
        )
    )


def _check_value(review: Review, command: GiveSecondReview) -> None:
    opened, value = review.task.opened, command.value
    if command.decision == "approve" and opened.proposal is None:
        raise Refused("invalid_decision", f"{opened.task_id} had no proposal: say your own value.")
    if command.decision != "override":
        return
    amount = opened.point == "credit" and value is not None and value.isdecimal()
    if not amount and value not in opened.allowed:
        raise Refused("not_allowed_value", f"{value!r} is none of {', '.join(opened.allowed)}.")


def outcome(
    point: str, proposal: str | None, amount_minor: int, decision: str, value: str | None
) -> str:
    """What a decision comes to, so that two can be compared: a no is a no however it is said,
    and naming what was proposed is agreeing with it."""
    if decision == "reject" or value == "deny":
        return "deny" if point == "credit" else "reject"
    if decision == "approve":
        return proposal or ""
    same = point == "credit" and (value == str(amount_minor) or value == "approve")
    return (proposal or "") if same else (value or "")
