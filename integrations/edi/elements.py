"""Elements of a segment as values of ours; what does not fit is a fault with its place.

Codes of element 723 (997 AK403): 1 missing, 4 too short, 5 too long, 6 characters, 7 code, 8 date.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from integrations.edi.x12 import Fault, Segment, TransactionSet

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_NUMBER = re.compile(r"[0-9]{1,10}(\.[0-9]{1,6})?")
_CENTS = re.compile(r"-?[0-9]{1,15}")


@dataclass(slots=True)
class Reading:
    """A set being read: what is wrong with it, and which segments nothing was made of."""

    set: TransactionSet
    faults: list[Fault] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    """What was said and is not kept, as sentences."""

    def wrong(self, segment: Segment, element: int, code: str, says: str) -> None:
        """Note a fault; reading goes on, so that all of them are told at once."""
        value = segment.get(element) if element else ""
        self.faults.append(Fault(segment.id, segment.position, element, code, says, value))

    def lose(self, segment: Segment, says: str) -> None:
        """Note that something is not kept."""
        self.lost.append(f"{segment.id} (segment {segment.position}): {says}")

    def number(self, segment: Segment, element: int, *, needed: bool = True) -> str:
        """A document's, item's or partner's number of ours."""
        value = segment.get(element).strip()
        if not value:
            if needed:
                self.wrong(segment, element, "1", "is missing")
        elif not _ID.fullmatch(value):
            self.wrong(segment, element, "6", "has 1 to 64 letters, digits and . _ : -")
        return value

    def quantity(self, segment: Segment, element: int) -> Decimal:
        value = segment.get(element).strip()
        if not _NUMBER.fullmatch(value) or Decimal(value) == 0:
            code = "6" if value else "1"
            self.wrong(segment, element, code, "is a quantity above 0, such as 4 or 2.5")
            return Decimal(1)
        return Decimal(value)

    def price(self, segment: Segment, element: int) -> Decimal | None:
        """A price a unit in major units; ``None`` where it was left out."""
        value = segment.get(element).strip()
        if value and not _NUMBER.fullmatch(value):
            self.wrong(segment, element, "6", "is a price, such as 12.50")
            return None
        return Decimal(value) if value else None

    def minor(self, segment: Segment, element: int) -> int:
        """An amount with two implied decimals (N2): ``42180`` is 421.80."""
        value = segment.get(element).strip()
        if not _CENTS.fullmatch(value):
            code = "6" if value else "1"
            self.wrong(segment, element, code, "is an amount without a point, two decimals implied")
            return 0
        return int(value)

    def day(self, segment: Segment, element: int) -> date | None:
        """A date CCYYMMDD; ``None`` where it was left out."""
        value = segment.get(element).strip()
        if not value:
            return None
        try:
            return datetime.strptime(value, "%Y%m%d").replace(tzinfo=UTC).date()
        except ValueError:
            self.wrong(segment, element, "8", "is a date CCYYMMDD")
            return None

    def missing(self, segment_id: str, says: str) -> None:
        """Note that a segment is not there at all (element 720, code 3)."""
        self.faults.append(Fault(segment_id, 1, 0, "3", says))
