"""Faulty masters, by seed: the same customer twice, branches that only look so, gaps in items.

What is broken here is known, so that checks can be measured against it (``Broken``).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from simulation.addresses import placed
from simulation.streams import Streams
from workflow.facts import CustomerRegistered, ProductListed, SupplierRegistered

_LEGAL = {"US": "Inc.", "GB": "Ltd", "DE": "GmbH", "NL": "B.V.", "ES": "S.L.", "FR": "S.A.R.L."}
_SHORT = {"Street": "St.", "Road": "Rd", "Avenue": "Ave", "Lane": "Ln"}
FIRST_NUMBER = 7001
"""Customers and items that exist only to be wrong have numbers from here on."""


@dataclass(frozen=True, slots=True)
class Broken:
    """``facts`` to be told after the sound masters. ``pairs`` are the numbers of customers that
    are one and the same; ``gaps`` the items told again with a gap, and the rule each breaks."""

    facts: tuple[object, ...]
    pairs: tuple[tuple[str, str], ...]
    gaps: tuple[tuple[str, str], ...]


def broken_masters(
    streams: Streams,
    customers: Sequence[CustomerRegistered],
    products: Sequence[ProductListed],
    *,
    doubles: int = 8,
    branches: int = 4,
) -> Broken:
    """Customers registered twice, as many branches that are no duplicates, and items with gaps.

    ``products`` are the items that gaps may be made in, the ones that matter most first.
    """
    draw = streams.of("master faults")
    chosen = draw.sample(range(len(customers)), doubles + branches)
    facts: list[object] = []
    pairs = []
    for n, index in enumerate(chosen):
        number, original = f"C-{FIRST_NUMBER + n}", customers[index]
        if n < doubles:
            facts.append(_twice(original, number, draw))
            pairs.append((original.customer_id, number))
        else:
            facts.append(_branch(original, number, draw))
    gaps, told = _gaps(products)
    facts += [*told, _supplier()]
    return Broken(tuple(facts), tuple(pairs), gaps)


def _twice(customer: CustomerRegistered, number: str, draw: random.Random) -> CustomerRegistered:
    """The same customer as somebody else typed it."""
    street, postcode = customer.street or "", customer.postcode or ""
    way = street.rsplit(" ", 1)[-1]
    if draw.random() < 0.5:
        street = street.replace(way, _SHORT.get(way, way))
    if draw.random() < 0.15:
        postcode = _typo(postcode, draw)
    return replace(
        customer,
        customer_id=number,
        name=_misnamed(customer, draw),
        street=street,
        postcode=postcode,
        vat_id=customer.vat_id if draw.random() < 0.55 else None,
        email_domain=customer.email_domain if draw.random() < 0.6 else None,
        contract=None,
        return_window_days=None,
        minimum_life_days=None,
    )


def _misnamed(customer: CustomerRegistered, draw: random.Random) -> str:
    name = customer.name
    how = draw.random()
    if how < 0.35:
        return f"{name} {_LEGAL[customer.country]}"
    if how < 0.6:
        return _typo(name, draw)
    if how < 0.8:
        return name.upper()
    return " ".join(reversed(name.split(" ", 1)))


def _typo(text: str, draw: random.Random) -> str:
    """One letter left out or two swapped, never the first."""
    at = draw.randrange(1, max(2, len(text) - 1))
    if draw.random() < 0.5:
        return text[:at] + text[at + 1 :]
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


def _branch(customer: CustomerRegistered, number: str, draw: random.Random) -> CustomerRegistered:
    """Another place of the same company: the same name and domain, a customer of its own."""
    terms = {"contract": None, "return_window_days": None, "minimum_life_days": None}
    elsewhere = placed(replace(customer, customer_id=number, **terms), draw)  # type: ignore[arg-type]
    return replace(elsewhere, email_domain=customer.email_domain)


def _gaps(products: Sequence[ProductListed]) -> tuple[tuple[tuple[str, str], ...], list[object]]:
    """Items told again, each with one gap, as far as there are items that can have it."""
    found: list[tuple[str, str]] = []
    told: list[object] = []
    for rule, wrong in (
        ("lot-controlled-without-life", {"shelf_life_days": None}),
        ("lot-controlled-without-life", {"shelf_life_days": None}),
        ("without-supplier", {"supplier_id": None}),
        ("unknown-supplier", {"supplier_id": "S-7999"}),
        ("stocked-without-cost", {"unit_cost_minor": 0}),
        ("larger-than-a-truck", {"length_mm": 24_000, "width_mm": 180, "height_mm": 120}),
        ("density-impossible",
         {"length_mm": 100, "width_mm": 100, "height_mm": 100, "weight_g": 48_000}),
        ("chilled-but-unregulated", {"cold_chain": True}),
    ):  # fmt: skip
        used = {sku for sku, _ in found}
        fit = (p for p in products if p.sku not in used and _can_have(p, rule))
        product = next(fit, None)
        if product is not None:
            found.append((product.sku, rule))
            told.append(replace(product, **wrong))
    return tuple(found), told


def _can_have(product: ProductListed, rule: str) -> bool:
    match rule:
        case "lot-controlled-without-life":
            return product.lot_controlled and product.regulated != "none"
        case "stocked-without-cost":
            return product.stocked
        case "chilled-but-unregulated":
            return product.regulated == "none"
        case _:
            return True


def _supplier() -> SupplierRegistered:
    return SupplierRegistered("S-7001", "Tamarin Tooling", 0, True, 100)
