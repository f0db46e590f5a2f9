"""180, Return Merchandise Authorization and Notification: a customer wants to return something.

Read: BGN (purpose 00, their number), N1 of the buyer with our customer number, and a loop of BLI
(item, quantity, unit) with RDR (disposition 1292, reason 1293 or words, used or not) and N9 (IV the
invoice, LI its line, LT the lot, SE a serial). An RDR or N9*IV before the first BLI holds for lines
without their own. Source of the layout: X12 release 004010.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from integrations.edi.elements import Reading
from integrations.edi.x12 import Segment, TransactionSet

KIND = "180"
BUYERS = ("BY", "BT", "ST")
"""N101 of who returns, the first that is there."""
_ITEMS = ("VP", "VN", "SK", "MG", "IN", "BP", "UP", "EN")


@dataclass(slots=True)
class WantedLine:
    """One item that a customer wants to return. ``reason`` is of element 1293, kept as it is."""

    sku: str
    quantity: Decimal
    uom: str | None
    reason: str | None = None
    text: str = ""
    invoice_id: str | None = None
    invoice_line: int | None = None
    lot: str | None = None
    serials: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Wanted:
    """A return that is asked for; ``number`` is the customer's own."""

    number: str
    customer_id: str
    lines: list[WantedLine]


def read_180(given: TransactionSet) -> tuple[Wanted, Reading]:
    """What the set asks for; it counts only where ``Reading.faults`` is empty."""
    reading = Reading(given)
    wanted = Wanted("", "", [])
    head = WantedLine("", Decimal(1), None)
    for segment in given.segments:
        _take(reading, wanted, head, segment)
    if not any(segment.id == "BGN" for segment in given.segments):
        reading.missing("BGN", "says what the set is for")
    if not wanted.customer_id:
        reading.missing("N1", f"names who returns: N101 {', '.join(BUYERS)}, N104 our number")
    if not wanted.lines:
        reading.missing("BLI", "names at least one item")
    for line in wanted.lines:
        _inherit(line, head)
    return wanted, reading


def _take(reading: Reading, wanted: Wanted, head: WantedLine, segment: Segment) -> None:
    line = wanted.lines[-1] if wanted.lines else head
    match segment.id:
        case "BGN":
            if segment.get(1) != "00":
                reading.wrong(segment, 1, "7", "only 00 (original) is understood")
            wanted.number = reading.number(segment, 2)
        case "N1":
            if segment.get(1) in BUYERS and not wanted.customer_id:
                wanted.customer_id = reading.number(segment, 4)
        case "BLI":
            wanted.lines.append(_line(reading, segment))
        case "RDR":
            _reason(reading, line, segment)
        case "N9":
            _reference(reading, line, segment)
        case _:
            reading.lose(segment, "nothing is made of it")


def _line(reading: Reading, segment: Segment) -> WantedLine:
    if segment.get(1) not in _ITEMS:
        reading.wrong(segment, 1, "7", f"the item's number is one of {', '.join(_ITEMS)}")
    sku = reading.number(segment, 2)
    return WantedLine(sku, reading.quantity(segment, 3), segment.get(4).strip() or None)


def _reason(reading: Reading, line: WantedLine, segment: Segment) -> None:
    line.reason = segment.get(2).strip() or line.reason
    line.text = segment.get(4).strip() or segment.get(3).strip() or line.text
    if segment.get(1):
        reading.lose(segment, f"the disposition {segment.get(1)} they wish; ours follows the rules")
    if segment.get(5):
        reading.lose(segment, f"used: {segment.get(5)}; the inspection says so")


def _reference(reading: Reading, line: WantedLine, segment: Segment) -> None:
    match segment.get(1):
        case "IV":
            line.invoice_id = reading.number(segment, 2)
        case "LI":
            text = segment.get(2).strip()
            if not text.isdecimal() or not 0 < int(text[:9]) < 10**6:
                reading.wrong(segment, 2, "6", "is a line number of the invoice")
            else:
                line.invoice_line = int(text)
        case "LT":
            line.lot = reading.number(segment, 2)
        case "SE":
            line.serials.append(reading.number(segment, 2))
        case other:
            reading.lose(segment, f"reference {other} {segment.get(2)}")


def _inherit(line: WantedLine, head: WantedLine) -> None:
    line.invoice_id = line.invoice_id or head.invoice_id
    if line.reason is None and not line.text:
        line.reason, line.text = head.reason, head.text
