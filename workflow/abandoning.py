"""Giving an effect up: what the other system would not do, two people say we will not do."""

from workflow.commands import AbandonEffect
from workflow.events import AbandonmentProposed, EffectAbandoned
from workflow.parked_effects import Wording, check_parked
from workflow.refused import Refused
from workflow.run import Run

REASONS = ("posted_by_hand", "not_owed", "duplicate", "cannot_be_posted", "other")
GIVING_UP = Wording("give an effect up", "Giving up", "given up")


def abandon(run: Run, command: AbandonEffect) -> None:
    """Record who wants a parked effect given up and why; once another person agrees to the same
    reason it is, and the case goes on without it. Who names another reason is the first of two.

    Refused: ``wrong_role`` (also programs), ``unknown_effect``, ``not_parked``,
    ``reason_required`` (no such reason, or no note), ``already_decided`` (the same person twice).
    """
    check_parked(run, command.actor, command.key, GIVING_UP)
    if command.reason not in REASONS or not command.note.strip():
        reasons = ", ".join(REASONS)
        raise Refused("reason_required", f"Give one of {reasons}, and a note.")
    asked, by = run.case.giving_up.get(command.key, ("", ""))
    if asked == command.reason and by == command.actor.id:
        raise Refused("already_decided", f"{by} asked for it; another person must agree.")
    about = (run.case.return_id, command.key, command.kind, command.reason, command.note.strip())
    if asked == command.reason:
        run.emit(EffectAbandoned(*about, command.actor.id, command.at, proposed_by=by))
    else:
        run.emit(AbandonmentProposed(*about, command.actor.id, command.at))
