"""Quantities in whole units of the item: half a pump is not received, judged or sent anywhere."""

from decimal import Decimal

from workflow.refused import Refused
from workflow.state import Line


def check_counted(line: Line | None, *quantities: Decimal) -> None:
    """Each has at most the decimals of the item's unit.

    Refused: ``invalid_quantity``. Nothing is refused where the master's scale was not told.
    """
    scale = line.requested.facts.uom_scale if line is not None else None
    if line is None or scale is None:
        return
    for quantity in quantities:
        if quantity != round(quantity, scale):
            sku, uom = line.requested.sku, line.requested.uom
            raise Refused(
                "invalid_quantity",
                f"Line {line.number}: {quantity} {uom} of {sku}; it allows {scale} decimals.",
            )
