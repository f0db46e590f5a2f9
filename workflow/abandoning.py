"""Giving an effect up: what the other system would not do, a person says will not be done by us."""

from workflow.approvals import require_any_role
from workflow.commands import AbandonEffect
from workflow.events import EffectAbandoned
from workflow.refused import Refused
from workflow.run import Run

REASONS = ("posted_by_hand", "not_owed", "duplicate", "cannot_be_posted", "other")
ROLES = ("finance_lead", "admin")


def abandon(run: Run, command: AbandonEffect) -> None:
    """Record who gave a parked effect up and why; the case goes on without it.

    Refused: ``wrong_role`` (also programs), ``unknown_effect``, ``not_parked``,
    ``reason_required`` (no such reason, or no note).
    """
    if command.actor.kind != "person":
        raise Refused("wrong_role", "Only a person may give an effect up.")
    require_any_role(command.actor, ROLES, f"Giving up {command.key}")
    status = run.case.effects.get(command.key)
    if status is None:
        raise Refused("unknown_effect", f"{run.case.return_id} never asked for {command.key}.")
    if status != "parked":
        raise Refused("not_parked", f"{command.key} is not parked; it cannot be given up.")
    if command.reason not in REASONS or not command.note.strip():
        reasons = ", ".join(REASONS)
        raise Refused("reason_required", f"Give one of {reasons}, and a note.")
    run.emit(
        EffectAbandoned(
            run.case.return_id,
            command.key,
            command.kind,
            command.reason,
            command.note.strip(),
            command.actor.id,
            command.at,
        )
    )
