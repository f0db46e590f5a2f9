"""Key data elements of regulated goods that came back: one record an arrival, departure or end.

Receiving and shipping carry what 21 CFR 1.1345 and 1.1340 ask for (FSMA 204); going back to a
customer or a supplier ships, a donation does not (21 CFR 1.1310). What became of the rest is
recorded with its reason, as 21 CFR 211.204 asks for returned drugs. Goods are traced by the lot
that was found, else the one declared. Nothing is guessed: a record names the elements it lacks.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from journal.entries import Recorded

RECEIVING, SHIPPING, DISPOSITION = "receiving", "shipping", "disposition"
LEAVES = {"return_to_vendor": "supplier", "return_to_customer": "customer"}
"""Dispositions that ship goods, and to whom."""
TYPES = (
    "customer_registered", "supplier_registered", "warehouse_registered", "product_listed",
    "lot_registered",
    "return_requested", "reason_settled", "goods_received", "line_inspected",
    "disposition_confirmed", "portion_reinspected", "hold_released", "refurbish_settled",
    "surplus_settled",
    "effect_done",
)  # fmt: skip
"""Events that the records are made of."""
COLUMNS = (
    "event", "date", "time", "traceability_lot_code", "quantity", "unit", "product",
    "description", "regulated", "from_location", "from_name", "from_address", "to_location",
    "to_name", "to_address", "tlc_source", "tlc_source_name", "tlc_source_address",
    "reference_type", "reference_number", "return", "line", "reason", "disposition", "missing",
)  # fmt: skip
"""Columns of a record as a row of text."""
_NEEDED = (
    "traceability_lot_code", "quantity", "unit", "description", "from_location", "from_address",
    "to_location", "to_address", "tlc_source", "tlc_source_address", "reference_number",
)  # fmt: skip
"""Key data elements besides the date, which every record has."""


@dataclass(frozen=True, slots=True)
class Place:
    """A party or a place, by our number, and as far as its master tells by name and address;
    ``kind`` is ``customer``, ``supplier`` or ``warehouse``."""

    kind: str
    id: str
    name: str = ""
    address: str = ""
    """Street, postcode, city, country and phone, a location's description (21 CFR 1.1310); empty
    unless at least street, city and country are known."""

    def __str__(self) -> str:
        return f"{self.kind} {self.id}" if self.id else ""


NOWHERE = Place("", "")


@dataclass(frozen=True, slots=True)
class Kde:
    """One record. ``quantity`` is a decimal string in ``unit``; ``missing`` names elements that the
    journal does not hold; ``at`` is when it happened, aware and in UTC."""

    event: str
    at: datetime
    lot: str
    quantity: str
    unit: str
    sku: str
    description: str
    regulated: str
    origin: Place
    destination: Place
    tlc_source: Place
    reference_type: str
    reference: str
    return_id: str
    line: int | None
    reason: str = ""
    disposition: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """Elements that the rule asks for and nobody recorded; an end of goods ships nowhere."""
        found = self._elements()
        stays = self.event == DISPOSITION
        return tuple(
            name for name in _NEEDED if not found[name] and not (stays and name.startswith("to_"))
        )

    def cells(self) -> dict[str, str]:
        """The record as a row of text with ``COLUMNS``; times are ISO 8601 in UTC."""
        return {**self._elements(), "missing": " ".join(self.missing)}

    def _elements(self) -> dict[str, str]:
        return {
            "event": self.event,
            "date": self.at.date().isoformat(),
            "time": self.at.isoformat(timespec="seconds"),
            "traceability_lot_code": self.lot,
            "quantity": self.quantity,
            "unit": self.unit,
            "product": self.sku,
            "description": self.description,
            "regulated": self.regulated,
            "from_location": str(self.origin),
            "from_name": self.origin.name,
            "from_address": self.origin.address,
            "to_location": str(self.destination),
            "to_name": self.destination.name,
            "to_address": self.destination.address,
            "tlc_source": str(self.tlc_source),
            "tlc_source_name": self.tlc_source.name,
            "tlc_source_address": self.tlc_source.address,
            "reference_type": self.reference_type,
            "reference_number": self.reference,
            "return": self.return_id,
            "line": "" if self.line is None else str(self.line),
            "reason": self.reason,
            "disposition": self.disposition,
        }


@dataclass(slots=True)
class _Return:
    """What a case has told so far about whose goods they are."""

    customer: Place
    lines: dict[int, Mapping[str, Any]]
    warehouse: Place = NOWHERE
    reasons: dict[int, str] = field(default_factory=dict)
    lots: dict[str, str] = field(default_factory=dict)
    """Lot found, by portion."""
    parts: Counter[str] = field(default_factory=Counter)
    """Parts decided so far, by portion."""
    leaving: dict[str, tuple[str, str, int | None, str, str]] = field(default_factory=dict)
    """Sku, lot, line, quantity and disposition of what was decided, by the key of its move."""


class Traceability:
    """Folds entries, in the order of their positions, into records of regulated goods."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], Place] = {}
        self._products: dict[str, Mapping[str, Any]] = {}
        self._lot_sources: dict[tuple[str, str], str | None] = {}
        self._returns: dict[str, _Return] = {}

    def take(self, entry: Recorded) -> list[Kde]:
        """The records that an entry makes; mostly none."""
        told = entry.payload
        match entry.type:
            case "customer_registered" | "supplier_registered" | "warehouse_registered":
                kind = entry.type.removesuffix("_registered")
                known = Place(kind, told[f"{kind}_id"], told["name"], _address(told))
                self._places[kind, known.id] = known
            case "product_listed":
                self._products[told["sku"]] = told
            case "lot_registered":
                self._lot_sources[told["sku"], told["lot"]] = told["supplier_id"]
            case "return_requested":
                self._returns[told["return_id"]] = _Return(
                    self._place("customer", told["customer_id"]),
                    {line["line"]: line for line in told["lines"]},
                )
            case "effect_done":
                return self._moved(told)
            case _:
                return self._of_case(entry.type, told)
        return []

    def _of_case(self, kind: str, told: Mapping[str, Any]) -> list[Kde]:
        case = self._returns.get(told["return_id"])
        if case is None:
            return []
        if kind == "reason_settled":
            case.reasons[told["line"]] = told["reason"]
        elif kind in ("line_inspected", "portion_reinspected"):
            case.lots[told["portion"]] = told["lot"] or ""
        elif kind == "goods_received":
            return self._received(case, told)
        elif kind in ("disposition_confirmed", "hold_released"):
            self._leave(case, told)
        elif kind == "refurbish_settled":
            self._leave(case, {**told, "parts": [told]})
        elif kind == "surplus_settled" and told["outcome"] != "accepted":
            key = f"{told['return_id']}/surplus/{told['task_id']}"
            back = "return_to_customer" if told["outcome"] == "sent_back" else "quarantine"
            lot = told["lot"] or ""
            case.leaving[key] = (told["sku"], lot, told["line"], told["quantity"], back)
        return []

    def _leave(self, case: _Return, told: Mapping[str, Any]) -> None:
        """What was decided waits for its move, under the key that ``workflow.effects`` gives it."""
        portion = told["portion"]
        for part in told["parts"]:
            case.parts[portion] += 1
            key = f"{told['return_id']}/{portion}/move/{case.parts[portion]}"
            sku, lot = case.lines[told["line"]]["sku"], case.lots.get(portion, "")
            case.leaving[key] = (sku, lot, told["line"], part["quantity"], part["disposition"])

    def _received(self, case: _Return, told: Mapping[str, Any]) -> list[Kde]:
        case.warehouse = self._place("warehouse", told["warehouse"])
        at = datetime.fromisoformat(told["received_at"])
        found = []
        for line in told["lines"]:
            asked = case.lines.get(line["line"] or 0, {})
            lot = line["lot"] or asked.get("lot") or _facts(asked).get("shipped_lot") or ""
            record = self._record(
                case, told["return_id"], line["line"], line["sku"], lot, line["quantity"], at
            )
            found += record
        return found

    def _record(
        self,
        case: _Return,
        return_id: str,
        line: int | None,
        sku: str,
        lot: str,
        quantity: str,
        at: datetime,
        disposition: str = "",
        document: str = "",
    ) -> list[Kde]:
        product = self._products.get(sku)
        if product is None or product["regulated"] == "none":
            return []
        event, origin, destination = RECEIVING, case.customer, case.warehouse
        if disposition:
            to = LEAVES.get(disposition)
            event, origin = (SHIPPING if to else DISPOSITION), case.warehouse
            destination = case.customer if to == "customer" else NOWHERE
            if to == "supplier":
                destination = self._supplier(sku, lot)
        return [
            Kde(
                event=event,
                at=at,
                lot=lot,
                quantity=quantity,
                unit=product["uom"],
                sku=sku,
                description=product["description"],
                regulated=product["regulated"],
                origin=origin,
                destination=destination,
                tlc_source=self._supplier(sku, lot),
                reference_type="RMA" if not document else "stock move",
                reference=document or return_id,
                return_id=return_id,
                line=line,
                reason=case.reasons.get(line or 0, ""),
                disposition=disposition,
            )
        ]

    def _supplier(self, sku: str, lot: str) -> Place:
        """Who gave the lot its code, as far as masters say: the lot's supplier, else the item's."""
        known = self._lot_sources.get((sku, lot)) or self._products[sku]["supplier_id"]
        if known is None:
            return NOWHERE
        return self._place("supplier", known)

    def _place(self, kind: str, known: str) -> Place:
        return self._places.get((kind, known)) or Place(kind, known)

    def _moved(self, told: Mapping[str, Any]) -> list[Kde]:
        """A decision becomes a record when the ERP says that the goods moved."""
        case = self._returns.get(told["return_id"])
        moved = case.leaving.pop(told["key"], None) if case else None
        if case is None or moved is None:
            return []
        sku, lot, line, quantity, disposition = moved
        at = datetime.fromisoformat(told["done_at"])
        return self._record(
            case, told["return_id"], line, sku, lot, quantity, at, disposition, told["reference"]
        )


def records(
    entries: Iterable[Recorded], since: datetime | None = None, until: datetime | None = None
) -> Iterator[Kde]:
    """Records that happened from ``since`` on and before ``until`` (aware; ``None``: no bound).

    ``entries`` are all of ``TYPES`` from the beginning of the journal, by position.
    """
    fold = Traceability()
    for entry in entries:
        for record in fold.take(entry):
            if (since is None or record.at >= since) and (until is None or record.at < until):
                yield record


def _address(told: Mapping[str, Any]) -> str:
    """Of a master as told; those of before there were addresses tell none."""
    if not (told.get("street") and told.get("city") and told.get("country")):
        return ""
    town = " ".join(part for part in (told.get("postcode"), told["city"]) if part)
    parts = (told["street"], town, told["country"], told.get("phone"))
    return ", ".join(part for part in parts if part)


def _facts(line: Mapping[str, Any]) -> Mapping[str, Any]:
    found = line.get("facts")
    return found if isinstance(found, dict) else {}
