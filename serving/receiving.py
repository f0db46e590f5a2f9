"""Shapes of receipts and inspections -> commands; what the masters say is looked up here.

Both the API and the desk come through here, so that the same goods are judged by the same facts.
"""

from datetime import datetime

from sqlalchemy import Connection

from journal import lookups
from serving.evidence import check_stored
from serving.requesting import expiry
from serving.shapes import InspectionShape, ReceiptShape, ReinspectionShape
from workflow.actor import Actor
from workflow.commands import InspectLine, ReceiptLine, ReceiveGoods, ReinspectPortion
from workflow.refused import Refused
from workflow.state import Born


def build_receipt(
    conn: Connection, shape: ReceiptShape, actor: Actor, at: datetime
) -> ReceiveGoods:
    """Every item must be known, announced or not. Errors: ``Refused('unknown_product')``."""
    lines = tuple(ReceiptLine(x.line, x.sku, x.quantity, x.lot) for x in shape.lines)
    for line in lines:
        if lookups.product(conn, line.sku) is None:
            raise Refused("unknown_product", f"There is no item {line.sku}.")
    unit = lookups.unit_of_warehouse(conn, shape.warehouse) or ""
    return ReceiveGoods(shape.receipt_id, shape.warehouse, lines, actor, at, shape.final, unit)


def build_inspection(
    conn: Connection, state: Born, shape: InspectionShape, actor: Actor, at: datetime
) -> InspectLine:
    """Without a lot of its own, the one announced or shipped; with its date and any open recall."""
    check_stored(conn, shape.evidence)
    known = state.case.line(shape.line)
    lot, recall, expires_on = shape.lot, False, shape.expires_on
    if known is not None:
        requested = known.requested
        lot = lot or requested.lot or requested.facts.shipped_lot
        recall = lookups.open_recall(conn, requested.sku, lot)
        expires_on = expires_on or expiry(conn, requested.sku, lot)
    return InspectLine(
        line=shape.line,
        quantity=shape.quantity,
        condition=shape.condition,
        actor=actor,
        at=at,
        lot=lot,
        damage_code=shape.damage_code,
        expires_on=expires_on,
        temperature_ok=shape.temperature_ok,
        recall_open=recall,
        note=shape.note,
        evidence=tuple(shape.evidence),
        serials=tuple(shape.serials),
    )


def build_reinspection(
    conn: Connection, state: Born, shape: ReinspectionShape, actor: Actor, at: datetime
) -> ReinspectPortion:
    """Without a lot of its own, the one found before; with any recall that is open now."""
    check_stored(conn, shape.evidence)
    portion = state.case.portion(shape.portion)
    lot, recall, expires_on = shape.lot, False, shape.expires_on
    if portion is not None:
        sku = portion.inspected.sku
        lot = lot or portion.inspected.lot
        recall = lookups.open_recall(conn, sku, lot)
        expires_on = expires_on or expiry(conn, sku, lot)
    return ReinspectPortion(
        portion=shape.portion,
        condition=shape.condition,
        actor=actor,
        at=at,
        lot=lot,
        damage_code=shape.damage_code,
        expires_on=expires_on,
        temperature_ok=shape.temperature_ok,
        recall_open=recall,
        note=shape.note,
        evidence=tuple(shape.evidence),
        serials=None if shape.serials is None else tuple(shape.serials),
    )
