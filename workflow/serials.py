"""Serial numbers: one a piece, none twice in a return, and whether they are the ones we shipped."""

from collections.abc import Sequence
from decimal import Decimal

from workflow.refused import Refused
from workflow.state import Line


def check_serials(serials: Sequence[str], quantity: Decimal, taken: Sequence[str] = ()) -> None:
    """Refused: ``invalid_serials`` where there are not as many as pieces, or one stands twice.

    ``taken`` are serial numbers that other goods of the same return carry.
    """
    if not serials:
        return
    if len(serials) != quantity:
        raise Refused(
            "invalid_serials", f"{len(serials)} serial numbers for a quantity of {quantity}."
        )
    twice = sorted({one for one in serials if serials.count(one) > 1 or one in taken})
    if twice:
        raise Refused("invalid_serials", f"Serial number {twice[0]} stands on other goods already.")


def check_shipped(number: int, serials: Sequence[str], shipped: Sequence[str]) -> None:
    """Refused: ``wrong_serial`` where one was announced that the source line did not ship."""
    strange = sorted(set(serials) - set(shipped)) if shipped else []
    if strange:
        raise Refused(
            "wrong_serial",
            f"Line {number}: serial number {strange[0]} was not shipped on that invoice line.",
        )


def expected(line: Line) -> tuple[str, ...]:
    """Serial numbers that may come back on a line: as announced, else as shipped."""
    return line.requested.serials or line.requested.facts.shipped_serials


def match(line: Line, found: Sequence[str]) -> bool | None:
    """Whether what was read is what may come back; ``None`` where either is not known."""
    known = expected(line)
    return set(found) <= set(known) if known and found else None
