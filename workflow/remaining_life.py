"""How much life goods must have left to be sold again: the most specific agreement of each
customer who buys the item, and what that means for the goods."""

from collections.abc import Sequence
from dataclasses import dataclass

from workflow.events import RequiredLife

REGULAR_DAYS = 180
REGULAR_INVOICES = 2
"""A customer buys an item regularly who bought it on so many invoices in so many days."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """What was agreed with a customer, in days, at each level; ``None`` where nothing was."""

    item: int | None
    """With the customer about the item."""
    customer: int | None
    """With the customer about everything."""
    item_class: int | None
    """For customers without an agreement of their own."""

    @property
    def days(self) -> int | None:
        """The most specific of the three."""
        levels = (self.item, self.customer, self.item_class)
        return next((days for days in levels if days is not None), None)


def required(regular: Sequence[Agreed], returning: Agreed) -> RequiredLife:
    """What regular customers must get; without any, what the customer of the return must get."""
    asked = [agreed.days for agreed in regular or [returning]]
    known = [days for days in asked if days is not None]
    return RequiredLife(
        days=min(known) if len(known) == len(asked) else None,
        strictest_days=max(known, default=None),
        customers=len(regular),
    )
