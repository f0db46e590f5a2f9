"""Quarantine is a hold, not an end: goods are looked at again, and somebody releases them.

A case stays open while goods of it are on hold. Quality is asked to release them, under a due time
of its own, and may decide only for what the rules of that day leave. What was found when they are
inspected again stands instead of what stood before; the model is not asked a second time.
"""

from collections.abc import Sequence

from workflow.actor import Actor
from workflow.approvals import require_any_role
from workflow.asking import dispositions_left
from workflow.codes import Condition, Point
from workflow.commands import DisposePortion, ReinspectPortion
from workflow.counting import check_counted
from workflow.damage import check_damage
from workflow.events import (
    DispositionPart,
    HoldReleaseAsked,
    HoldReleased,
    PortionReinspected,
    Verdict,
)
from workflow.goods_limits import asked_to_release, require_limit, value_of
from workflow.intercompany import charge_parts_back
from workflow.limit_documents import release_document
from workflow.refused import Refused
from workflow.run import Run
from workflow.seen import seen_of
from workflow.serials import check_serials
from workflow.state import QUARANTINE, ZERO, Line, Portion
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


MAY_RELEASE = ("quality", "returns_manager", "finance_lead")
"""Who may release goods by hand, each within their limit."""


def ask_for_release(run: Run) -> None:
    """A task for every portion on hold that has none; the rules are asked only for those."""
    asked = {t.opened.portion for t in run.case.tasks if t.opened.point == Point.RELEASE}
    for line in run.case.lines:
        for portion in line.portions:
            if portion.held > 0 and portion.id not in asked:
                _ask(run, line, portion)


def _ask(run: Run, line: Line, portion: Portion) -> None:
    """About all that is on hold; or about what the first of two people wants."""
    first = portion.asked
    parts = first.parts if first else (DispositionPart(QUARANTINE, portion.held),)
    amount = value_of(run, portion, parts)
    asked = asked_to_release(run, portion, amount)
    open_task(
        run,
        Point.RELEASE,
        asked.role if first else "quality",
        HELD,
        amount,
        line=line.number,
        portion=portion.id,
        quantity=portion.held,
        sku=line.requested.sku,
        lot=portion.inspected.lot,
        proposal="+".join(part.disposition for part in parts) if first else None,
        allowed=released_to(run, portion),
        approvals_needed=asked.people,
        approved_by=(first.asked_by,) if first else (),
        approved_for=(first.for_whom,) if first and first.for_whom else (),
        note=first.because if first else "",
    )


def released_to(run: Run, portion: Portion) -> tuple[str, ...]:
    """The dispositions that the rules of this moment leave, other than staying on hold."""
    allowed = dispositions_left(run.case, portion, run.policies, run.at).allowed
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

    Refused: ``wrong_state`` unless something is on hold, ``not_allowed_value`` for a condition
    or a damage code that there is not.
    """
    run.authorised("an inspection")
    require_any_role(command.actor, ("inspector",), "Inspecting")
    portion = on_hold(run, command.portion)
    if command.condition not in set(Condition):
        allowed = ", ".join(Condition)
        raise Refused("not_allowed_value", f"{command.condition!r} is no condition: {allowed}.")
    check_damage(command.damage_code)
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
            seen=seen_of(command.seen),
        )
    )
    run.withdraw(Point.RELEASE, portion.id, "inspected again")


def release_by_hand(run: Run, command: DisposePortion) -> None:
    """Quality says itself what becomes of goods on hold, or of a part of them.

    Refused: ``wrong_role``, ``own_request``, ``own_inspection``, ``invalid_quantity``,
    ``not_allowed_value``, ``over_limit``, ``reason_required`` without a note.
    """
    portion = on_hold(run, command.portion)
    actor = command.actor
    require_any_role(actor, MAY_RELEASE, "Releasing goods on hold")
    if actor.id == run.case.requested.requested_by:
        raise Refused("own_request", f"{actor.id} requested {run.case.return_id}.")
    if actor.id == portion.inspected.inspected_by:
        raise Refused("own_inspection", f"{actor.id} inspected portion {portion.id}.")
    if not command.note.strip():
        raise Refused("reason_required", "Say in a note why the goods are released.")
    check_counted(run.case.line(portion.line), *(part.quantity for part in command.parts))
    total = sum((part.quantity for part in command.parts), ZERO)
    if any(part.quantity <= 0 for part in command.parts) or not ZERO < total <= portion.held:
        raise Refused(
            "invalid_quantity",
            f"{portion.held} of portion {portion.id} is on hold; the parts add up to {total}.",
        )
    amount = value_of(run, portion, command.parts)
    require_limit(run, actor, portion, release_document(run.policies), amount)
    release(run, portion, command.parts, actor, command.note)


def release(
    run: Run, portion: Portion, parts: Sequence[DispositionPart], actor: Actor, because: str
) -> None:
    """Let goods leave quarantine, within what the rules leave now; a rest is asked about anew.

    Where the limits ask for two people, the first only says what they want, and whoever wants
    something else is a first one too. Refused: ``not_allowed_value``, ``already_decided`` (the
    same person twice), ``same_authority``.
    """
    _check_left(run, portion, parts)
    first = portion.asked
    agreed = first is not None and first.parts == tuple(parts)
    if first is not None and agreed:
        _check_other(portion, first, actor)
    run.withdraw(Point.RELEASE, portion.id, "decided otherwise")
    if not agreed and asked_to_release(run, portion, value_of(run, portion, parts)).people > 1:
        run.emit(
            HoldReleaseAsked(
                return_id=run.case.return_id,
                line=portion.line,
                portion=portion.id,
                parts=tuple(parts),
                asked_by=actor.id,
                asked_at=run.at,
                because=because,
                for_whom=actor.for_whom,
            )
        )
        return
    run.emit(
        HoldReleased(
            return_id=run.case.return_id,
            line=portion.line,
            portion=portion.id,
            parts=tuple(parts),
            released_by=actor.id,
            released_at=run.at,
            because=because or (first.because if first and agreed else ""),
            sku=portion.inspected.sku,
        )
    )
    charge_parts_back(run, portion, parts, len(portion.moved))


def _check_other(portion: Portion, first: HoldReleaseAsked, actor: Actor) -> None:
    """Two people are two authorities: neither the same person, nor who lent them the role."""
    if actor.id == first.asked_by:
        raise Refused("already_decided", f"{actor.id} asked for it; another must agree.")
    said_yes = {first.asked_by, first.for_whom} - {None}
    if {actor.id, actor.for_whom} & said_yes:
        raise Refused(
            "same_authority", f"Portion {portion.id}: the first yes was given in the same name."
        )


def _check_left(run: Run, portion: Portion, parts: Sequence[DispositionPart]) -> None:
    left = released_to(run, portion)
    for part in parts:
        if part.disposition not in left:
            raise Refused(
                "not_allowed_value",
                f"{part.disposition!r} is not left by the rules for goods on hold;"
                f" allowed: {', '.join(left) or 'nothing by now, inspect them again'}.",
            )
