"""What the workshop sees of its orders on a case page."""

from typing import Any

from serving.pages import sentences
from workflow.actor import Actor
from workflow.approvals import holds
from workflow.state import Authorised, Born

OUTCOMES = {
    "as_new": "as good as new: back to stock",
    "scrap": "failed: scrap",
    "return_to_vendor": "failed: back to the vendor",
    "stopped": "stopped: on hold",
}
"""What a form may say: an outcome, or where goods go that failed."""


def orders_for(state: Born, actor: Actor) -> list[dict[str, Any]]:
    """The orders that the viewer may report work on."""
    if not isinstance(state, Authorised):
        return []
    lines = {line.number: line.requested for line in state.case.lines}
    return [
        {
            "portion": order.ordered.portion,
            "part": order.ordered.part,
            "sku": order.ordered.sku,
            "uom": lines[order.ordered.line].uom,
            "left": sentences.count(order.left),
            "outcomes": OUTCOMES,
        }
        for order in state.case.orders
        if order.left > 0 and (holds(actor, order.ordered.role) or holds(actor, "returns_manager"))
    ]
