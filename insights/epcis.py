"""Traceability records as an EPCIS 2.0 document (GS1, ISO/IEC 19987) with CBV 2.0 vocabulary.

Goods are told as quantities of a lot. Our items and places have no GS1 keys here, so they are named
by URIs under a base of the company's own, which the standard allows; a record without a lot names
the item alone.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from insights.traceability import RECEIVING, SHIPPING, Kde, Place

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
_STEPS = {RECEIVING: "receiving", SHIPPING: "shipping"}
_DISPOSED = {
    "restock": ("storing", "sellable_accessible"),
    "quarantine": ("holding", "non_sellable_other"),
    "refurbish": ("repairing", "needs_replacement"),
    "scrap": ("destroying", "destroyed"),
    "donate": ("departing", "non_sellable_other"),
    "keep_at_customer": ("other", "non_sellable_other"),
}
"""Business step and disposition of the CBV nearest to ours, for goods that do not ship."""


def document(records: Iterable[Kde], created: datetime, base: str) -> dict[str, Any]:
    """The whole document, JSON-LD; ``base`` is the company's URI, such as https://id.acme.test."""
    return {
        "@context": [CONTEXT],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": created.isoformat(timespec="seconds"),
        "epcisBody": {"eventList": [event(record, base.rstrip("/")) for record in records]},
    }


def event(record: Kde, base: str) -> dict[str, Any]:
    """One ObjectEvent; what is not known is left out."""
    step, state = _DISPOSED.get(record.disposition, ("", ""))
    told: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventTime": record.at.isoformat(timespec="seconds"),
        "eventTimeZoneOffset": "+00:00",
        "action": "DELETE" if record.disposition == "scrap" else "OBSERVE",
        "bizStep": _STEPS.get(record.event, step),
        "disposition": "returned" if record.event in _STEPS else state,
        "quantityList": [_goods(record, base)],
        "bizTransactionList": [
            {"type": "rma", "bizTransaction": _uri(base, "rma", record.return_id)}
        ],
    }
    here = record.destination if record.event == RECEIVING else record.origin
    if here.id:
        told["readPoint"] = {"id": _place(base, here)}
    if record.event in _STEPS:
        ends = (("source", record.origin), ("destination", record.destination))
        for end, party in ends:
            if party.id:
                told[f"{end}List"] = [{"type": "possessing_party", end: _place(base, party)}]
    return told


def _goods(record: Kde, base: str) -> dict[str, Any]:
    kind = ("lot", record.sku, record.lot) if record.lot else ("item", record.sku)
    return {
        "epcClass": _uri(base, *kind),
        "quantity": float(record.quantity),
        # Ours is a unit of sale; the standard wants UN/ECE codes, and counts where none is given.
        **({"uom": record.unit} if len(record.unit) in (2, 3) and record.unit.isupper() else {}),
    }


def _place(base: str, place: Place) -> str:
    return _uri(base, place.kind, place.id)


def _uri(base: str, *parts: str) -> str:
    return "/".join([base, *(quote(part, safe="") for part in parts)])
