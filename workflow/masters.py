"""The facts that policies about masters are asked with; plain values by name, as in ``asking``.

A policy ``master_{name}`` finds what is wrong with a record by itself; what only other records can
tell (whether a supplier is registered, how many items are described alike) is given beside it.
"""

import re

from workflow.codes import Channel
from workflow.facts import CustomerRegistered, LotRegistered, ProductListed, SupplierRegistered

Facts = dict[str, object]
KIND_OF = {
    ProductListed: "product",
    CustomerRegistered: "customer",
    SupplierRegistered: "supplier",
    LotRegistered: "lot",
}
"""What a master is called in policies and findings, by the fact that tells it."""
_VAT_COUNTRY = {"EL": "GR", "XI": "GB"}
"""Prefixes of VAT numbers that are no ISO 3166 code: Greece, Northern Ireland."""


def product_facts(
    product: ProductListed, supplier_known: bool | None, same_item: int, without_lot: int
) -> Facts:
    """``supplier_known`` is ``None`` where no supplier is named; ``same_item`` counts others,
    ``without_lot`` lines delivered lately that name no lot."""
    sides = (product.length_mm, product.width_mm, product.height_mm)
    told = [side for side in sides if side is not None]
    return {
        "description": product.description.strip(),
        "item_class": product.item_class,
        "business_unit": product.business_unit,
        "uom": product.uom,
        "uom_scale": product.uom_scale,
        "supplier_id": product.supplier_id,
        "supplier_known": supplier_known,
        "currency": product.currency,
        "unit_cost_minor": product.unit_cost_minor,
        "lot_controlled": product.lot_controlled,
        "shelf_life_days": product.shelf_life_days,
        "date_kind": product.date_kind,
        "regulated": product.regulated,
        "returnable": product.returnable,
        "stocked": product.stocked,
        "refurbishable": product.refurbishable,
        "cold_chain": product.cold_chain,
        "pack_quantity": product.pack_quantity,
        "smallest_side_mm": min(told, default=None),
        "longest_side_mm": max(told, default=None),
        "weight_g": product.weight_g,
        "density_g_per_l": density(product),
        "same_item": same_item,
        "lines_without_lot": without_lot,
    }


def density(product: ProductListed) -> int | None:
    """Grams a litre, rounded down; ``None`` unless three sides and the weight are above 0."""
    told = (product.length_mm, product.width_mm, product.height_mm, product.weight_g)
    length, width, height, weight = (measure or 0 for measure in told)
    volume_mm3 = length * width * height
    if volume_mm3 <= 0 or weight <= 0:
        return None
    return weight * 1_000_000 // volume_mm3


def customer_facts(customer: CustomerRegistered) -> Facts:
    return {
        "name": customer.name.strip(),
        "business_unit": customer.business_unit,
        "country": customer.country.strip(),
        "segment": customer.segment.strip(),
        "channel_known": customer.channel in set(Channel),
        "contract": customer.contract,
        "return_window_days": customer.return_window_days,
        "minimum_life_days": customer.minimum_life_days,
        "vat_country": vat_country(customer.vat_id),
        "postcode": customer.postcode,
    }


def vat_country(vat_id: str | None) -> str | None:
    """The country a VAT number starts with; ``None`` for a number without a prefix."""
    prefix = (vat_id or "").strip().upper()[:2]
    if not re.fullmatch("[A-Z]{2}", prefix):
        return None
    return _VAT_COUNTRY.get(prefix, prefix)


def supplier_facts(supplier: SupplierRegistered, items: int) -> Facts:
    """``items`` counts those that name it."""
    return {
        "name": supplier.name.strip(),
        "accepts_returns": supplier.accepts_returns,
        "claim_window_days": supplier.claim_window_days,
        "credit_percent": supplier.credit_percent,
        "items": items,
    }


def lot_facts(lot: LotRegistered, item: ProductListed | None) -> Facts:
    """``item`` is ``None`` where nobody listed it."""
    told = lot.produced_on is not None and lot.expires_on is not None
    life = (lot.expires_on - lot.produced_on).days if told else None  # type: ignore[operator]
    return {
        "item_known": item is not None,
        "lot_controlled": item.lot_controlled if item else None,
        "date_kind": item.date_kind if item else None,
        "shelf_life_days": item.shelf_life_days if item else None,
        "produced": lot.produced_on is not None,
        "dated": lot.expires_on is not None,
        "life_days": life,
    }


def described_alike(product: ProductListed) -> tuple[str, str | None]:
    """Items with the same answer are the same to a reader: description in words, and supplier."""
    words = re.sub(r"[^\w]+", " ", product.description.casefold()).strip()
    return words, product.supplier_id
