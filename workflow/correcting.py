"""Correcting what a parked effect says where the other system did not take a code of ours.

Only what names a place, a lot, a unit of the business, a reason or a source on paper may be
corrected. Amounts, quantities (and units of measure, which decide how many), items, parties and
currencies come from the decision: a wrong decision is corrected by another decision.
"""

import re
from collections.abc import Mapping

from workflow.commands import CorrectEffect
from workflow.events import EffectCorrected, FieldChange
from workflow.parked_effects import Wording, check_parked
from workflow.refused import Refused
from workflow.run import Run

CORRECTABLE: Mapping[str, tuple[str, ...]] = {
    "erp.rma": ("business_unit", "lines.*.lot", "lines.*.invoice_id", "lines.*.invoice_line"),
    "erp.receipt": ("warehouse", "lines.*.lot"),
    "erp.stock_move": ("warehouse", "lot"),
    "erp.credit_memo": ("reason",),
    "erp.charge_back": ("reason",),
    "erp.supplier_claim": ("lot", "reason"),
    "erp.refurbish_order": ("warehouse", "lot"),
    "erp.intercompany": ("lines.*.lot",),
}
"""Effect kind -> fields that may be corrected; ``*`` is the place in the list, from 1."""
CORRECTING = Wording("correct an effect", "Correcting", "corrected")
MOST_CHARS = 100
MOST_CHANGES = 100


def correctable(kind: str, path: str) -> bool:
    """Whether a field of an effect may be corrected."""
    return re.sub(r"\.[1-9][0-9]*\.", ".*.", path) in CORRECTABLE.get(kind, ())


def correct(run: Run, command: CorrectEffect) -> None:
    """Record who corrected which fields of a parked effect, from what to what, and why.

    Whatever was proposed about giving it up no longer stands. Refused: ``wrong_role`` (also
    programs), ``unknown_effect``, ``not_parked``, ``not_correctable``, ``not_allowed_value`` (too
    long, not printable, or the same as before), ``reason_required``.
    """
    check_parked(run, command.actor, command.key, CORRECTING)
    for change in command.changes:
        _check(command.kind, change)
    if not 0 < len(command.changes) <= MOST_CHANGES:
        raise Refused("not_allowed_value", f"Correct 1 to {MOST_CHANGES} fields.")
    if not command.because.strip():
        raise Refused("reason_required", f"Say why {command.key} is corrected.")
    run.emit(
        EffectCorrected(
            run.case.return_id,
            command.key,
            command.kind,
            command.changes,
            command.because.strip(),
            command.actor.id,
            command.at,
        )
    )


def _check(kind: str, change: FieldChange) -> None:
    if not correctable(kind, change.path):
        fields = ", ".join(CORRECTABLE.get(kind, ())) or "nothing"
        raise Refused(
            "not_correctable", f"{change.path[:60]} of {kind} cannot be corrected, only: {fields}."
        )
    if change.now == change.was:
        raise Refused("not_allowed_value", f"{change.path} is {change.was} already.")
    if change.now is None:
        return
    text = change.now
    if not 0 < len(text) <= MOST_CHARS or text != text.strip() or not text.isprintable():
        raise Refused(
            "not_allowed_value", f"{change.path}: 1 to {MOST_CHARS} printable characters."
        )
