"""Shapes of receipts and inspections -> commands; what the masters say is looked up here.

Both the API and the desk come through here, so that the same goods are judged by the same facts.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from journal import lookups
from journal.life import required_life
from serving.evidence import check_stored
from serving.requesting import expiry
from serving.shapes import InspectionShape, ReceiptShape, RefurbishmentShape, ReinspectionShape
from workflow.actor import Actor
from workflow.commands import (
    InspectLine,
    ReceiptLine,
    ReceiveGoods,
    ReinspectPortion,
    ReportRefurbishment,
)
from workflow.events import Seen
from workflow.state import Born, Line


def build_receipt(
    conn: Connection, shape: ReceiptShape, actor: Actor, at: datetime
) -> ReceiveGoods:
    """An item that no master lists came all the same: it is received, and a person is asked."""
    lines = tuple(
        ReceiptLine(
            x.line,
            x.sku,
            x.quantity,
            x.lot,
            x.condition,
            x.damage_code,
            known=lookups.product(conn, x.sku) is not None,
        )
        for x in shape.lines
    )
    unit = lookups.unit_of_warehouse(conn, shape.warehouse) or ""
    return ReceiveGoods(
        shape.receipt_id,
        shape.warehouse,
        lines,
        actor,
        at,
        shape.final,
        unit,
        shape.freight_minor,
    )


def build_inspection(
    conn: Connection, state: Born, shape: InspectionShape, actor: Actor, at: datetime
) -> InspectLine:
    """Without a lot of its own, the one announced or shipped; with its date and any open recall."""
    known = state.case.line(shape.line)
    lot = (known.requested.lot or known.requested.facts.shipped_lot) if known else None
    return InspectLine(
        line=shape.line,
        quantity=shape.quantity,
        actor=actor,
        at=at,
        serials=tuple(shape.serials),
        **_found(conn, shape, known, lot, at),
    )


def build_reinspection(
    conn: Connection, state: Born, shape: ReinspectionShape, actor: Actor, at: datetime
) -> ReinspectPortion:
    """Without a lot of its own, the one found before; with any recall that is open now."""
    portion = state.case.portion(shape.portion)
    known = state.case.line(portion.line) if portion else None
    lot = portion.inspected.lot if portion else None
    return ReinspectPortion(
        portion=shape.portion,
        actor=actor,
        at=at,
        serials=None if shape.serials is None else tuple(shape.serials),
        **_found(conn, shape, known, lot, at),
    )


def build_work(
    conn: Connection, shape: RefurbishmentShape, actor: Actor, at: datetime
) -> ReportRefurbishment:
    """What the workshop reports. Errors: as ``check_stored``."""
    check_stored(conn, shape.evidence)
    return ReportRefurbishment(
        portion=shape.portion,
        quantity=shape.quantity,
        outcome=shape.outcome,
        actor=actor,
        at=at,
        part=shape.part,
        disposition=shape.disposition,
        condition=shape.condition,
        cost_minor=shape.cost_minor,
        note=shape.note,
        evidence=tuple(shape.evidence),
    )


def _found(
    conn: Connection,
    shape: InspectionShape | ReinspectionShape,
    line: Line | None,
    lot: str | None,
    at: datetime,
) -> dict[str, Any]:
    """What both commands say of goods; ``lot`` is theirs where the shape names none, ``line`` is
    ``None`` for goods the return does not know. Errors: as ``check_stored``."""
    check_stored(conn, shape.evidence)
    lot, recall, expires_on = shape.lot or lot, False, shape.expires_on
    if line is not None:
        sku = line.requested.sku
        recall = lookups.open_recall(conn, sku, lot)
        expires_on = expires_on or expiry(conn, sku, lot)
    return {
        "condition": shape.condition,
        "lot": lot,
        "damage_code": shape.damage_code,
        "expires_on": expires_on,
        "temperature_ok": shape.temperature_ok,
        "recall_open": recall,
        "note": shape.note,
        "evidence": tuple(shape.evidence),
        "seen": Seen(**shape.seen.model_dump()),
        "required_life": required_life(conn, line.requested, at) if line else None,
    }
