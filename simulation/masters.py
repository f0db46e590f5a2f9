"""Customers, suppliers, carriers, products and lots of the world, with their hidden traits.

A trait is what nobody tells a system: how often a carrier drops a pallet, how a supplier answers
claims, whether a customer is honest. Facts carry none of it.
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from simulation.addresses import WAREHOUSES, placed, sited
from simulation.catalogue import (
    CARRIERS,
    CHANNELS,
    CLASSES,
    COUNTRIES,
    CUSTOMER_KINDS,
    CUSTOMER_STEMS,
    FB,
    IND,
    SUPPLIER_KINDS,
    SUPPLIER_STEMS,
    ItemClass,
)
from simulation.streams import Streams, one, pick
from workflow.facts import (
    CarrierRegistered,
    CustomerRegistered,
    LotRegistered,
    ProductListed,
    SupplierRegistered,
    WarehouseRegistered,
)

ABUSE = (
    "split_under_limit", "round_amounts", "credit_without_receipt", "date_code_dumping",
    "lot_never_shipped",
)  # fmt: skip
ABUSIVE_SHARE = 0.04


@dataclass(frozen=True, slots=True)
class Customer:
    """``activity`` multiplies orders; ``careless`` and ``fickle`` multiply own-fault returns."""

    fact: CustomerRegistered
    currency: str
    activity: float
    careless: float
    fickle: float
    abuse: str | None
    contact: str


@dataclass(frozen=True, slots=True)
class Supplier:
    """``pays`` is the mean share of an eligible claim it pays; ``answer_days`` how slowly."""

    fact: SupplierRegistered
    business_unit: str
    faulty: float
    sloppy_packaging: float
    pays: float
    answer_days: int


@dataclass(frozen=True, slots=True)
class Carrier:
    fact: CarrierRegistered
    rough: float
    warm: float
    late: float


@dataclass(frozen=True, slots=True)
class Product:
    """``price_minor`` is the list price in the product's own currency; ``popularity`` weighs it."""

    fact: ProductListed
    kind: ItemClass
    noun: str
    price_minor: int
    popularity: float
    restock_days: int


@dataclass(frozen=True, slots=True)
class Masters:
    """Everything the world is made of, in a fixed order."""

    customers: tuple[Customer, ...]
    suppliers: tuple[Supplier, ...]
    carriers: tuple[Carrier, ...]
    products: tuple[Product, ...]
    warehouses: tuple[WarehouseRegistered, ...]

    def facts(self) -> tuple[object, ...]:
        """All master facts, suppliers before the products that name them."""
        groups = (self.suppliers, self.carriers, self.products, self.customers)
        return (*self.warehouses, *(entry.fact for group in groups for entry in group))


def make_masters(streams: Streams, scale: float) -> Masters:
    """About 300 customers, 400 products and 60 suppliers at ``scale`` 1; fewer below."""
    shrunk = min(1.0, scale**0.5)
    suppliers = _suppliers(streams, max(10, round(60 * shrunk)))
    return Masters(
        _customers(streams, max(24, round(300 * scale))),
        suppliers,
        _carriers(streams),
        _products(streams, suppliers, max(68, round(400 * shrunk))),
        tuple(WAREHOUSES.values()),
    )


def _customers(streams: Streams, count: int) -> tuple[Customer, ...]:
    customers = []
    abusive = max(len(ABUSE), round(count * ABUSIVE_SHARE))
    for n in range(1, count + 1):
        draw = streams.of("customer", n)
        # Spread the abusive ones over the numbers, every pattern about equally often.
        spaced = n % (count // abusive) == 0 and n // (count // abusive) <= abusive
        pattern = ABUSE[(n // (count // abusive)) % len(ABUSE)] if spaced else None
        customers.append(_customer(draw, streams.of("address", n), n, pattern))
    return tuple(customers)


def _customer(draw: random.Random, place: random.Random, n: int, abuse: str | None) -> Customer:
    unit = IND if draw.random() < 0.55 else FB
    if abuse == "date_code_dumping":
        unit = FB
    country = pick(draw, COUNTRIES[unit])
    channel = pick(draw, CHANNELS)
    key = channel in ("key_account", "edi")
    segment = (
        "key_account" if key else pick(draw, {"standard": 0.6, "small": 0.28, "strategic": 0.12})
    )
    contract = f"CON-{n:04d}" if key or segment == "strategic" else None
    fact = CustomerRegistered(
        customer_id=f"C-{2000 + n}",
        name=f"{one(draw, CUSTOMER_STEMS)} {one(draw, CUSTOMER_KINDS[unit])}",
        business_unit=unit,
        country=country,
        channel=channel,
        segment=segment,
        credit_hold=draw.random() < 0.02,
        contract=contract,
        return_window_days=draw.choice((45, 60, 90)) if contract else None,
        minimum_life_days=draw.choice((10, 20, 30)) if contract and unit == FB else None,
    )
    fact = placed(fact, place)
    return Customer(
        fact,
        currency="EUR" if unit == FB and country not in ("US", "GB") else "USD",
        activity=draw.lognormvariate(0.0, 0.55) * (1.8 if key else 1.0) * (1.6 if abuse else 1.0),
        careless=draw.lognormvariate(-0.1, 0.6),
        fickle=draw.lognormvariate(-0.1, 0.6),
        abuse=abuse,
        contact=f"contact-{2000 + n}",
    )  # fmt: skip


def _suppliers(streams: Streams, count: int) -> tuple[Supplier, ...]:
    made = []
    for n in range(1, count + 1):
        draw = streams.of("supplier", n)
        unit = IND if n % 5 < 3 else FB
        fact = SupplierRegistered(
            supplier_id=f"S-{2000 + n}",
            name=f"{one(draw, SUPPLIER_STEMS)} {one(draw, SUPPLIER_KINDS[unit])}",
            claim_window_days=draw.choice((10, 14, 30, 30, 45, 60, 90)),
            accepts_returns=draw.random() < 0.78,
            credit_percent=draw.choice((50, 70, 80, 100, 100)),
        )
        place = streams.of("site", n)
        fact = sited(fact, pick(place, COUNTRIES[unit]), place)
        made.append(
            Supplier(
                fact,
                unit,
                faulty=draw.lognormvariate(-0.2, 0.7),
                sloppy_packaging=draw.lognormvariate(-0.2, 0.7),
                pays=min(0.98, max(0.15, draw.betavariate(4, 1.6))),
                answer_days=draw.randrange(8, 36),
            )
        )
    return tuple(made)


def _carriers(streams: Streams) -> tuple[Carrier, ...]:
    return tuple(
        Carrier(
            CarrierRegistered(f"CR-{2000 + n}", name),
            rough,
            warm,
            streams.of("carrier", n).lognormvariate(0.0, 0.5),
        )
        for n, (name, rough, warm) in enumerate(CARRIERS, start=1)
    )


def _products(streams: Streams, suppliers: tuple[Supplier, ...], count: int) -> tuple[Product, ...]:
    total = sum(kind.weight for kind in CLASSES)
    made = []
    for kind in CLASSES:
        own = [s for s in suppliers if s.business_unit == kind.business_unit]
        for n in range(1, max(4, round(count * kind.weight / total)) + 1):
            draw = streams.of("product", kind.code, n)
            made.append(_product(draw, kind, f"{kind.code}-{2000 + n}", own))
    return tuple(made)


def _product(draw: random.Random, kind: ItemClass, sku: str, own: list[Supplier]) -> Product:
    noun = one(draw, kind.nouns)
    low, high = kind.cost_minor
    cost = round(low * (high / low) ** draw.random())
    life = draw.randrange(*kind.life_days) if kind.life_days else None
    chance = draw.random()
    returnable = "always"
    if chance < kind.never:
        returnable = "never"
    elif chance < kind.never + kind.by_authorisation:
        returnable = "by_authorisation"
    fact = ProductListed(
        sku=sku,
        description=f"{noun.capitalize()}, {one(draw, kind.qualities)}",
        item_class=kind.name,
        business_unit=kind.business_unit,
        uom=kind.uom,
        uom_scale=kind.uom_scale,
        supplier_id=draw.choice(own).fact.supplier_id,
        currency="USD" if kind.business_unit == IND else "EUR",
        unit_cost_minor=cost,
        lot_controlled=kind.lot_controlled,
        shelf_life_days=life,
        date_kind=kind.date_kind,
        regulated=kind.regulated,
        returnable=returnable,
        stocked=draw.random() < 0.9,
        refurbishable=kind.refurbishable,
        cold_chain=kind.cold_chain,
        pack_quantity=kind.pack,
    )
    markup = 1.2 + 0.45 * draw.random()
    restock = max(3, min(45, life // 5)) if life else 40
    return Product(
        fact, kind, noun, max(1, round(cost * markup)), draw.lognormvariate(0, 0.8), restock
    )


def lot_on(product: Product, day: date, start: date, age_draw: float) -> LotRegistered | None:
    """The lot a warehouse picks on ``day``: usually the newest, sometimes an older one.

    ``age_draw`` in [0, 1): under 0.12 picks a lot one or two cycles old (poor rotation).
    ``None`` where the product has no lots.
    """
    fact = product.fact
    if not fact.lot_controlled:
        return None
    back = 0 if age_draw >= 0.12 else (1 if age_draw >= 0.035 else 3)
    # Counted in cycles from a fixed day, so that a lot is the same whoever asks first.
    cycle = (day - date(2020, 1, 6)).days // product.restock_days - back
    produced = date(2020, 1, 6) + timedelta(days=cycle * product.restock_days - 2)
    life = fact.shelf_life_days
    expires = produced + timedelta(days=life) if life else None
    return LotRegistered(fact.sku, f"L{cycle:04d}", fact.supplier_id, produced, expires)
