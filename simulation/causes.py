"""Why goods come back: how often, how soon, how much of them, and in which condition.

``CAUSES`` are the true causes behind the canonical reasons. ``hazards`` says how likely each is
for one delivered line, from the hidden traits of everybody involved: this is the signal that
models can find.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulation.catalogue import FB, IND, WAREHOUSE_ERROR
from simulation.masters import Masters
from simulation.trade import Sale, SoldLine


@dataclass(frozen=True, slots=True)
class Cause:
    """``days``: first and last day after delivery when the customer asks; ``whole``: share of
    requests that return the whole line; ``photos``: share with evidence; ``stated``: how
    readily a form's code is chosen, relative to the channel's own habit; ``mistaken_for``: the
    reason that a careless labeller writes instead."""

    reason: str
    days: tuple[int, int]
    whole: float
    conditions: Mapping[str, float]
    photos: float
    mistaken_for: str
    customers_fault: bool = False
    damage_codes: tuple[str, ...] = field(default=())


def _cause(
    reason: str,
    days: tuple[int, int],
    whole: float,
    photos: float,
    mistaken_for: str,
    conditions: Mapping[str, float],
    *,
    customers_fault: bool = False,
    damage_codes: tuple[str, ...] = (),
) -> Cause:
    return Cause(
        reason, days, whole, conditions, photos, mistaken_for, customers_fault, damage_codes
    )


CAUSES: dict[str, Cause] = {
    cause.reason: cause
    for cause in (
        _cause("damaged_in_transit", (0, 3), 0.25, 0.7, "packaging_or_label",
               {"damaged": 0.82, "opened": 0.08, "sealed": 0.1},
               damage_codes=("CC", "WC", "PS", "VI", "LS", "HD")),
        _cause("defective_on_arrival", (1, 14), 0.3, 0.4, "failed_in_service",
               {"defective": 0.78, "opened": 0.1, "used": 0.05, "sealed": 0.07}),
        _cause("failed_in_service", (20, 80), 0.35, 0.3, "defective_on_arrival",
               {"defective": 0.75, "used": 0.2, "damaged": 0.05}),
        _cause("wrong_item", (0, 10), 0.8, 0.35, "not_as_described",
               {"sealed": 0.82, "opened": 0.14, "damaged": 0.04}),
        _cause("wrong_quantity", (0, 6), 0.1, 0.15, "wrong_item",
               {"sealed": 0.93, "opened": 0.05, "damaged": 0.02}),
        _cause("missing_parts", (1, 15), 0.5, 0.3, "wrong_quantity",
               {"opened": 0.88, "sealed": 0.08, "used": 0.04}),
        _cause("not_as_described", (1, 18), 0.7, 0.25, "wrong_item",
               {"opened": 0.6, "sealed": 0.32, "used": 0.08}),
        _cause("packaging_or_label", (0, 12), 0.6, 0.55, "damaged_in_transit",
               {"sealed": 0.55, "opened": 0.2, "damaged": 0.25}, damage_codes=("CD", "FL", "CC")),
        _cause("ordered_in_error", (1, 25), 0.65, 0.03, "no_longer_needed",
               {"sealed": 0.8, "opened": 0.15, "used": 0.05}, customers_fault=True),
        _cause("no_longer_needed", (5, 50), 0.5, 0.03, "ordered_in_error",
               {"sealed": 0.74, "opened": 0.16, "used": 0.1}, customers_fault=True),
        _cause("late_delivery", (0, 4), 0.95, 0.03, "no_longer_needed",
               {"sealed": 0.92, "opened": 0.06, "damaged": 0.02}),
        _cause("short_dated", (0, 5), 0.8, 0.3, "expired",
               {"sealed": 0.95, "damaged": 0.03, "opened": 0.02}),
        _cause("expired", (0, 6), 0.5, 0.3, "short_dated",
               {"sealed": 0.8, "spoiled": 0.15, "opened": 0.05}),
        _cause("spoiled_or_temperature", (0, 2), 0.7, 0.6, "quality_complaint",
               {"spoiled": 0.72, "opened": 0.1, "sealed": 0.18}, damage_codes=("TE",)),
        _cause("quality_complaint", (1, 20), 0.35, 0.45, "spoiled_or_temperature",
               {"opened": 0.6, "defective": 0.25, "sealed": 0.15}),
        _cause("recall", (1, 9), 0.7, 0.05, "quality_complaint", {"sealed": 0.85, "opened": 0.15}),
        _cause("pricing_or_billing", (1, 20), 1.0, 0.1, "wrong_quantity",
               {"sealed": 0.9, "opened": 0.1}),
        _cause("stock_agreement", (30, 80), 0.6, 0.02, "no_longer_needed",
               {"sealed": 0.9, "opened": 0.05, "damaged": 0.05}, customers_fault=True),
    )
}  # fmt: skip
"""Every true cause, by canonical reason. Damage codes are X12 element 853."""

_BREAKS_LATER = {"pumps": 1.5, "valves": 1.0, "bearings": 0.8, "electrical": 1.3, "tools": 1.4}


def asking_days(cause: Cause, line: SoldLine) -> tuple[int, int]:
    """First and last day after delivery when a customer asks: they know that chilled goods must be
    reported at once and unwanted food within a week."""
    first, last = cause.days
    if line.product.kind.cold_chain:
        return min(first, 1), min(last, 3)
    if line.product.fact.business_unit == FB and cause.customers_fault:
        return min(first, 30), min(last, 9) if first < 30 else last
    return first, last


def remaining_share(line: SoldLine, sale: Sale) -> float | None:
    """Share of a lot's shelf life left at delivery; ``None`` without a date."""
    lot, life = line.lot, line.product.fact.shelf_life_days
    if lot is None or lot.expires_on is None or not life:
        return None
    return (lot.expires_on - sale.fact.delivered_at.date()).days / life


class Traits:
    """Looks up hidden traits of the suppliers of products."""

    def __init__(self, masters: Masters) -> None:
        self.suppliers = {s.fact.supplier_id: s for s in masters.suppliers}

    def hazards(self, sale: Sale, line: SoldLine) -> dict[str, float]:
        """Probability of each cause for one delivered line (recall apart); sums to well under 1."""
        hazards = self._by_supplier(line) | _by_transport(sale, line) | _by_us(sale, line)
        return hazards | _by_customer(sale, line) | _by_date(sale, line)

    def _by_supplier(self, line: SoldLine) -> dict[str, float]:
        kind, fact = line.product.kind, line.product.fact
        supplier = self.suppliers[fact.supplier_id or ""]
        industrial = kind.business_unit == IND
        return {
            "defective_on_arrival": (0.011 if industrial else 0.003)
            * supplier.faulty
            * kind.faulty,
            "failed_in_service": 0.019 * supplier.faulty * _BREAKS_LATER.get(kind.name, 0.0),
            "missing_parts": 0.018 if kind.parts else 0.0,
            "packaging_or_label": 0.006 * supplier.sloppy_packaging,
            "quality_complaint": (0.003 if industrial else 0.012) * supplier.faulty,
        }


def _by_transport(sale: Sale, line: SoldLine) -> dict[str, float]:
    kind, carrier = line.product.kind, sale.carrier
    damaged = 0.3 if sale.rough_ride else 0.007 * carrier.rough * kind.fragile
    spoiled = 0.0
    if kind.cold_chain:
        spoiled = 0.45 if sale.warm_ride else 0.008 * carrier.warm
    late = 0.06 if sale.days_late else 0.001
    return {"damaged_in_transit": damaged, "spoiled_or_temperature": spoiled, "late_delivery": late}


def _by_us(sale: Sale, line: SoldLine) -> dict[str, float]:
    errors = WAREHOUSE_ERROR[sale.fact.warehouse or ""]
    return {
        "wrong_item": 0.009 * errors,
        "wrong_quantity": 0.006 * errors,
        "not_as_described": 0.0045,
        "pricing_or_billing": 0.007 if sale.customer.fact.contract else 0.0035,
    }


def _by_customer(sale: Sale, line: SoldLine) -> dict[str, float]:
    customer = sale.customer
    perishable = line.product.kind.cold_chain
    return {
        "ordered_in_error": (0.001 if perishable else 0.012) * customer.careless,
        "no_longer_needed": (0.001 if perishable else 0.014) * customer.fickle,
        "stock_agreement": 0.017 if customer.fact.contract and not perishable else 0.0,
    }


def _by_date(sale: Sale, line: SoldLine) -> dict[str, float]:
    share = remaining_share(line, sale)
    if share is None:
        return {"short_dated": 0.0, "expired": 0.0}
    food = line.product.fact.business_unit == FB
    short = 0.09 if share < 0.55 else (0.012 if share < 0.75 else 0.001)
    expired = 0.06 if sale.customer.fact.contract else 0.004
    return {
        "short_dated": short * (1.0 if food else 0.4),
        "expired": expired * (1.0 if food else 0.2),
    }
