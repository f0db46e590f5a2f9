"""Quarantine is a hold, not an end: goods are looked at again, and somebody releases them.

A case stays open while goods of it are on hold. Quality is asked to release them, under a due time
of its own, and may decide only for what the rules of that day leave. What was found when they are
inspected again stands instead of what stood before; the model is not asked a second time.
"""

from collections.abc import Sequence

from workflow.approvals import require_any_role
from workflow.asking import allowed_dispositions
from workflow.codes import Condition, Point
from workflow.commands import DisposePortion, ReinspectPortion
from workflow.events import DispositionPart, HoldReleased, PortionReinspected, Verdict
from workflow.intercompany import charge_parts_back
from workflow.lanes import stake
from workflow.refused import Refused
from workflow.run import Run
from workflow.serials import check_serials
from workflow.state import QUARANTINE, ZERO, Portion
from workflow.tasks import open_task

DUE_HOURS = 14 * 24
"""Long enough for a laboratory; after it the task goes to the role above."""
HELD = Verdict(
    "workflow",
    "ask_human",
    "on-hold",
    "The goods are in quarantine: say what becomes of them.",
    "quality",
    values=(("due_hours", str(DUE_HOURS)),),
)


def ask_for_release(run: Run) -> None:
    """A task for every portion on hold that has none; the rules are asked only for those."""
    asked = {t.opened.portion for t in run.case.tasks if t.opened.point == Point.RELEASE}
    for line in run.case.lines:
        for portion in line.portions:
            if portion.held > 0 and portion.id not in asked:
                open_task(
                    run,
                    Point.RELEASE,
                    "quality",
                    HELD,
                    stake(run.case, line, "disposition", portion.id),
                    line=line.number,
                    portion=portion.id,
                    quantity=portion.held,
                    sku=line.requested.sku,
                    lot=portion.inspected.lot,
                    allowed=released_to(run, portion),
                )


def released_to(run: Run, portion: Portion) -> tuple[str, ...]:
    """The dispositions that the rules of this moment leave, other than staying on hold."""
    allowed, _ = allowed_dispositions(run.case, portion, run.policies, run.at)
    return tuple(option for option in allowed if option != QUARANTINE)


def on_hold(run: Run, portion_id: str) -> Portion:
    """Refused: ``not_inspected``; ``wrong_state`` where nothing of the portion is on hold."""
    portion = run.case.portion(portion_id)
    if portion is None:
        raise Refused("not_inspected", f"There is no inspected portion {portion_id}.")
    if portion.held <= 0:
        raise Refused("wrong_state", f"Nothing of portion {portion_id} is in quarantine.")
    return portion


def reinspect(run: Run, command: ReinspectPortion) -> None:
    """Record what was found now; the question to quality is put anew, with what is left now.

    Refused: ``wrong_state`` unless something is on hold, ``not_allowed_value`` for a condition.
    """
    run.authorised("an inspection")
    require_any_role(command.actor, ("inspector",), "Inspecting")
    portion = on_hold(run, command.portion)
    if command.condition not in set(Condition):
        allowed = ", ".join(Condition)
        raise Refused("not_allowed_value", f"{command.condition!r} is no condition: {allowed}.")
    before = portion.inspected
    others = [
        s
        for p in run.case.lines
        for o in p.portions
        if o.id != portion.id
        for s in o.inspected.serials
    ]
    check_serials(command.serials or (), before.quantity, others)
    expires_on = command.expires_on or before.expires_on
    run.emit(
        PortionReinspected(
            return_id=run.case.return_id,
            line=portion.line,
            portion=portion.id,
            condition=command.condition,
            inspected_by=command.actor.id,
            inspected_at=command.at,
            lot=command.lot or before.lot,
            damage_code=command.damage_code,
            expires_on=expires_on,
            remaining_life_days=(expires_on - command.at.date()).days if expires_on else None,
            temperature_ok=command.temperature_ok,
            recall_open=command.recall_open,
            note=command.note,
            evidence=command.evidence,
            sku=before.sku,
            serials=command.serials,
            required_life=command.required_life,
        )
    )
    run.withdraw(Point.RELEASE, portion.id, "inspected again")


def release_by_hand(run: Run, command: DisposePortion) -> None:
    """Quality says itself what becomes of goods on hold, or of a part of them.

    Refused: ``wrong_role``, ``own_request``, ``own_inspection``, ``invalid_quantity``,
    ``not_allowed_value``, ``reason_required`` without a note.
    """
    portion = on_hold(run, command.portion)
    actor = command.actor
    require_any_role(actor, ("quality",), "Releasing goods on hold")
    if actor.id == run.case.requested.requested_by:
        raise Refused("own_request", f"{actor.id} requested {run.case.return_id}.")
    if actor.id == portion.inspected.inspected_by:
        raise Refused("own_inspection", f"{actor.id} inspected portion {portion.id}.")
    if not command.note.strip():
        raise Refused("reason_required", "Say in a note why the goods are released.")
    total = sum((part.quantity for part in command.parts), ZERO)
    if any(part.quantity <= 0 for part in command.parts) or not ZERO < total <= portion.held:
        raise Refused(
            "invalid_quantity",
            f"{portion.held} of portion {portion.id} is on hold; the parts add up to {total}.",
        )
    release(run, portion, command.parts, actor.id, command.note)


def release(
    run: Run, portion: Portion, parts: Sequence[DispositionPart], by: str, because: str
) -> None:
    """Let goods leave quarantine, within what the rules leave now; a rest is asked about anew."""
    left = released_to(run, portion)
    for part in parts:
        if part.disposition not in left:
            raise Refused(
                "not_allowed_value",
                f"{part.disposition!r} is not left by the rules for goods on hold;"
                f" allowed: {', '.join(left) or 'nothing by now, inspect them again'}.",
            )
    run.withdraw(Point.RELEASE, portion.id, "released by hand")
    run.emit(
        HoldReleased(
            return_id=run.case.return_id,
            line=portion.line,
            portion=portion.id,
            parts=tuple(parts),
            released_by=by,
            released_at=run.at,
            because=because,
            sku=portion.inspected.sku,
        )
    )
    charge_parts_back(run, portion, parts, len(portion.moved))
