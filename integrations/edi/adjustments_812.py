"""812, Credit/Debit Adjustment: a credit note that exists, or what a supplier pays for a claim.

Read: BCD (date, number, net amount N2, credit or debit, invoice), CUR, N9 (RZ the return it is for,
CL our claim), N1 of the buyer or of the supplier, and a loop of CDD (reason 426, credit or debit,
amount N2, quantity, unit price) with LIN (item) and N9 (IV, LI). With a claim it is a supplier's
answer, without one the ERP's credit note. With a debit in it it is for a person: a supplier takes
back what it paid, or a customer deducts. Source of the layout: X12 release 004010.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from integrations.edi.elements import Reading
from integrations.edi.x12 import Segment, TransactionSet

KIND = "812"
REASONS = "x12_426"
"""The system that the reasons' codes are of."""
Json = dict[str, Any]


@dataclass(slots=True)
class Adjustment:
    """The parts of a set; amounts in minor units of ``currency`` (two decimals)."""

    number: str = ""
    at: datetime | None = None
    total_minor: int = 0
    """Debits are negative, as on the lines."""
    debit: bool = False
    currency: str = "USD"
    invoice_id: str | None = None
    customer_id: str | None = None
    supplier_id: str | None = None
    return_id: str | None = None
    claim_id: str | None = None
    business_unit: str = ""


def read_812(given: TransactionSet) -> tuple[str, Json, Reading]:
    """The type and data of the fact, as ``POST /v1/events`` takes them; they count only where
    ``Reading.faults`` is empty."""
    reading, head, lines = Reading(given), Adjustment(), list[Json]()
    for segment in given.segments:
        _take(reading, head, lines, segment)
    if not head.number:
        reading.missing("BCD", "says number, date and amount")
    if not lines:
        reading.missing("CDD", "names at least one adjustment")
    _check_total(reading, head, lines)
    if head.debit:
        return "debit_adjusted", _debit(reading, head, lines), reading
    if head.claim_id is not None:
        return "supplier_claim_answered", _answer(reading, head, lines), reading
    return "credit_note_recorded", _note(reading, head, lines), reading


def _take(reading: Reading, head: Adjustment, lines: list[Json], segment: Segment) -> None:
    match segment.id:
        case "BCD":
            _begin(reading, head, segment)
        case "CUR":
            head.currency = segment.get(2).strip()
        case "N1":
            _party(reading, head, segment)
        case "N9" if not lines:
            _head_reference(reading, head, segment)
        case "CDD":
            lines.append(_detail(reading, head, segment, len(lines) + 1))
        case "LIN" if lines:
            lines[-1]["sku"] = reading.number(segment, 3)
        case "N9":
            _line_reference(reading, lines[-1], segment)
        case _:
            reading.lose(segment, "nothing is made of it")


def _begin(reading: Reading, head: Adjustment, segment: Segment) -> None:
    day = reading.day(segment, 1)
    if day is None and not segment.get(1):
        reading.wrong(segment, 1, "1", "is missing")
    head.at = datetime.combine(day, time(), UTC) if day else None
    head.number = reading.number(segment, 2)
    head.total_minor = _sign(reading, head, segment, 5) * reading.minor(segment, 4)
    head.invoice_id = reading.number(segment, 7, needed=False) or None


def _sign(reading: Reading, head: Adjustment, segment: Segment, element: int) -> int:
    """1 for a credit, -1 for a debit."""
    flag = segment.get(element)
    if flag not in ("C", "D"):
        reading.wrong(segment, element, "7", "is C (credit) or D (debit)")
    head.debit = head.debit or flag == "D"
    return -1 if flag == "D" else 1


def _party(reading: Reading, head: Adjustment, segment: Segment) -> None:
    match segment.get(1):
        case "BY" | "BT":
            head.customer_id = reading.number(segment, 4)
        case "SU" | "VN" | "SE":
            head.supplier_id = reading.number(segment, 4)
        case other:
            reading.lose(segment, f"party {other}")


def _head_reference(reading: Reading, head: Adjustment, segment: Segment) -> None:
    match segment.get(1):
        case "RZ":
            head.return_id = reading.number(segment, 2)
        case "CL":
            head.claim_id = reading.number(segment, 2)
        case "BT" | "19":
            head.business_unit = reading.number(segment, 2)
        case other:
            reading.lose(segment, f"reference {other} {segment.get(2)}")


def _detail(reading: Reading, head: Adjustment, segment: Segment, line: int) -> Json:
    sign = _sign(reading, head, segment, 2)
    price = reading.price(segment, 11) or reading.price(segment, 9)
    return {
        "line": line,
        "sku": "",
        "quantity": str(reading.quantity(segment, 7)),
        "unit_price": str(price or Decimal(0)),
        "net_minor": sign * reading.minor(segment, 4),
        "invoice_id": head.invoice_id,
        "invoice_line": None,
        "reason": segment.get(1).strip() or None,
        "_at": segment,
    }


def _line_reference(reading: Reading, line: Json, segment: Segment) -> None:
    match segment.get(1):
        case "IV":
            line["invoice_id"] = reading.number(segment, 2)
        case "LI" if segment.get(2).isdecimal():
            line["invoice_line"] = int(segment.get(2)[:9])
        case other:
            reading.lose(segment, f"reference {other} {segment.get(2)}")


def _check_total(reading: Reading, head: Adjustment, lines: list[Json]) -> None:
    """BCD04 is the net amount of the whole set."""
    said = sum(line["net_minor"] for line in lines)
    for segment in reading.set.segments:
        if segment.id == "BCD" and lines and said != head.total_minor:
            reading.wrong(segment, 4, "7", f"says {head.total_minor}, the lines add up to {said}")


def _note(reading: Reading, head: Adjustment, lines: list[Json]) -> Json:
    if head.customer_id is None:
        reading.missing("N1", "names the buyer: N101 BY, N104 our customer number")
    told = []
    for line in lines:
        at = line.pop("_at")
        if not line["sku"]:
            reading.wrong(at, 0, "3", "has no LIN: the item is missing")
        told.append(line)
    return {
        "credit_note_id": head.number,
        "customer_id": head.customer_id,
        "business_unit": head.business_unit,
        "currency": head.currency,
        "credited_at": head.at.isoformat() if head.at else None,
        "lines": told,
        "return_id": head.return_id,
        "system": REASONS,
    }


def _debit(reading: Reading, head: Adjustment, lines: list[Json]) -> Json:
    """Money that is taken from us, for a person to look at; ``net_minor`` is what is taken."""
    if head.customer_id is None and head.supplier_id is None:
        reading.missing("N1", "names the buyer (BY) or the supplier (SU)")
    for line in lines:
        line.pop("_at")
    invoices = [line["invoice_id"] for line in lines if line["invoice_id"]]
    return {
        "adjustment_id": head.number,
        "customer_id": head.customer_id,
        "supplier_id": head.supplier_id,
        "claim_id": head.claim_id,
        "return_id": head.return_id,
        "invoice_id": head.invoice_id or (invoices[0] if invoices else None),
        "business_unit": head.business_unit,
        "net_minor": -head.total_minor,
        "currency": head.currency,
        "adjusted_at": head.at.isoformat() if head.at else None,
        "lines": lines,
        "system": REASONS,
    }


def _answer(reading: Reading, head: Adjustment, lines: list[Json]) -> Json:
    """A supplier's payment; what the claim is about, the claim itself says."""
    if head.supplier_id is None:
        reading.missing("N1", "names the supplier: N101 SU, N104 our supplier number")
    for line in lines:
        line.pop("_at")
        reading.lost.append(
            f"reason {line['reason']} of {REASONS}: the amount decides the response"
        )
    return {
        "claim_id": head.claim_id,
        "supplier_id": head.supplier_id,
        "recovered_minor": head.total_minor,
        "currency": head.currency,
        "answered_at": head.at.isoformat() if head.at else None,
        "answer_id": head.number,
    }
