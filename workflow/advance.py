"""An advance: what a line was given before its goods are back, and what became of it.

Its value counts in the value ledger from the day it is approved, a replacement like a credit, so
that nothing of the line can be credited twice. What is charged back leaves the ledger again.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from workflow.events import (
    AdvanceChargedBack,
    AdvanceJudged,
    AdvanceLetGo,
    AdvanceSettled,
    CreditApproved,
    GoodsAwaited,
    GoodsGivenUp,
)

if TYPE_CHECKING:
    from workflow.state import Line

CREDIT, REPLACEMENT = "credit", "replacement"
WANTED = (CREDIT, REPLACEMENT)


@dataclass(frozen=True, slots=True)
class Advance:
    """Net and tax in minor units; ``sequence`` is that of its credit."""

    sequence: int
    kind: str
    value_minor: int
    tax_minor: int
    goods_due: datetime
    extended: int = 0
    given_up: GoodsGivenUp | None = None
    settled: AdvanceSettled | None = None
    charges: tuple[AdvanceChargedBack, ...] = ()
    let_go_minor: int = 0

    @property
    def charged_minor(self) -> int:
        return sum(charge.net_minor for charge in self.charges)

    @property
    def kept_minor(self) -> int:
        """What it still takes of the value ledger."""
        return self.value_minor - self.charged_minor

    @property
    def undeserved_minor(self) -> int:
        """Given, not earned by what came back, and neither charged back nor let go so far."""
        if self.settled is None:
            return 0
        given = max(0, self.value_minor - self.settled.entitled_minor)
        return given - self.charged_minor - self.let_go_minor

    @property
    def over(self) -> bool:
        """Nothing about it is open any more."""
        return self.settled is not None and self.undeserved_minor == 0


AdvanceEvent = (
    AdvanceJudged | GoodsAwaited | GoodsGivenUp | AdvanceSettled | AdvanceChargedBack | AdvanceLetGo
)


def begun(line: "Line", event: CreditApproved) -> "Line":
    """The line with the advance that an approval gives it."""
    if event.goods_due is None:
        raise AssertionError(f"{event.return_id}/{event.line}/{event.sequence} is no advance")
    kind = REPLACEMENT if event.decision == "replace" else CREDIT
    worth = (event.value_minor, event.value_tax_minor)
    return replace(line, advance=Advance(event.sequence, kind, *worth, event.goods_due))


def noted(line: "Line", event: AdvanceEvent) -> "Line":
    """The line after something happened to its advance."""
    if isinstance(event, AdvanceJudged):
        return replace(line, advance_verdict=event.verdict)
    advance = line.advance
    if advance is None:
        raise AssertionError(f"{event.return_id}/{event.line} has no advance")
    match event:
        case GoodsAwaited():
            after = replace(advance, goods_due=event.goods_due, extended=advance.extended + 1)
        case GoodsGivenUp():
            line = replace(line, released=line.released + event.quantity)
            after = replace(advance, given_up=event)
        case AdvanceSettled():
            after = replace(advance, settled=event)
        case AdvanceChargedBack():
            after = replace(advance, charges=(*advance.charges, event))
        case AdvanceLetGo():
            after = replace(advance, let_go_minor=advance.let_go_minor + event.amount_minor)
    return replace(line, advance=after)
