"""Orders, deliveries and invoices: what was sold, to whom, in which lot, by which carrier."""

import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate

from simulation.catalogue import FB, IND, WAREHOUSES
from simulation.masters import Carrier, Customer, Masters, Product, lot_on
from simulation.streams import Streams, office_time, poisson
from workflow.facts import InvoiceLine, InvoiceRecorded, LotRegistered

INVOICES_A_DAY = 0.078
"""Mean invoices a day of a customer of activity 1, over all seven days of the week."""
WEEKDAY = (1.25, 1.3, 1.3, 1.3, 1.25, 0.45, 0.15)
EUR_IN_USD = Decimal("1.10")


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One invoice line with what only the world knows about it."""

    fact: InvoiceLine
    product: Product
    lot: LotRegistered | None


@dataclass(frozen=True, slots=True)
class Sale:
    """One invoice. ``rough_ride``: the whole delivery was handled badly; ``warm_ride``: the
    cooling failed."""

    fact: InvoiceRecorded
    customer: Customer
    carrier: Carrier
    lines: tuple[SoldLine, ...]
    rough_ride: bool
    warm_ride: bool
    days_late: int


class Shop:
    """Draws sales day by day."""

    def __init__(self, streams: Streams, masters: Masters, start: date) -> None:
        self._streams = streams
        self._masters = masters
        self._start = start
        self._shelves = {
            unit: [p for p in masters.products if p.fact.business_unit == unit]
            for unit in (IND, FB)
        }
        self._sums = {
            unit: list(accumulate(p.popularity for p in shelf))
            for unit, shelf in self._shelves.items()
        }

    def sales(self, days: int) -> Iterator[Sale]:
        """Every sale of the history, by day and customer."""
        for n in range(days):
            day = self._start + timedelta(days=n)
            for customer in self._masters.customers:
                draw = self._streams.of("orders", customer.fact.customer_id, n)
                mean = INVOICES_A_DAY * customer.activity * WEEKDAY[day.weekday()] / 1.18
                for k in range(poisson(draw, mean)):
                    yield self._sale(customer, day, f"{n:04d}{customer.fact.customer_id[2:]}{k}")

    def _sale(self, customer: Customer, day: date, number: str) -> Sale:
        draw = self._streams.of("sale", number)
        unit = customer.fact.business_unit
        invoiced = office_time(draw, day)
        carrier = draw.choice(self._masters.carriers)
        warehouse = WAREHOUSES[unit][0 if draw.random() < 0.6 else 1]
        late = draw.randrange(2, 9) if draw.random() < 0.05 * carrier.late else 0
        delivered = office_time(draw, day + timedelta(days=1 + draw.randrange(3) + late))
        count = min(12, 1 + poisson(draw, 3.3))
        products = self._choose(draw, unit, count)
        lines = tuple(
            self._line(draw, customer, product, at, day) for at, product in enumerate(products, 1)
        )
        fact = InvoiceRecorded(
            invoice_id=f"INV-{number}",
            customer_id=customer.fact.customer_id,
            business_unit=unit,
            currency=customer.currency,
            invoiced_at=invoiced,
            delivered_at=delivered,
            lines=tuple(line.fact for line in lines),
            order_id=f"SO-{number}",
            carrier_id=carrier.fact.carrier_id,
            warehouse=warehouse,
            country=customer.fact.country,
            channel=customer.fact.channel,
        )
        return Sale(
            fact,
            customer,
            carrier,
            lines,
            rough_ride=draw.random() < 0.025 * carrier.rough,
            warm_ride=draw.random() < 0.03 * carrier.warm,
            days_late=late,
        )

    def _choose(self, draw: random.Random, unit: str, count: int) -> list[Product]:
        shelf, sums = self._shelves[unit], self._sums[unit]
        chosen: dict[str, Product] = {}
        for _ in range(count):
            product = shelf[min(len(shelf) - 1, bisect(sums, draw.random() * sums[-1]))]
            chosen.setdefault(product.fact.sku, product)
        return list(chosen.values())

    def _line(
        self, draw: random.Random, customer: Customer, product: Product, at: int, day: date
    ) -> SoldLine:
        quantity = Decimal(draw.choice(product.kind.quantities))
        if product.fact.uom_scale:
            quantity += Decimal(draw.randrange(10)) / 10
        lot = lot_on(product, day, self._start, draw.random())
        price = list_price(product, customer.currency)
        discount = draw.choice((0, 0, 0, 3, 5, 8)) + (4 if customer.fact.contract else 0)
        net = _minor(price * quantity * (100 - discount) / 100 * 100)
        fact = InvoiceLine(
            line=at,
            sku=product.fact.sku,
            lot=lot.lot if lot else None,
            quantity=quantity,
            uom=product.fact.uom,
            unit_price=price,
            net_minor=net,
            tax_minor=_minor(Decimal(net) * tax_percent(customer) / 100),
            description=product.fact.description,
        )
        return SoldLine(fact, product, lot)


def list_price(product: Product, currency: str) -> Decimal:
    """List price a unit in major units of the invoice's currency, to the cent."""
    price = Decimal(product.price_minor) / 100
    if currency == "USD" and product.fact.currency == "EUR":
        price *= EUR_IN_USD
    if currency == "EUR" and product.fact.currency == "USD":
        price /= EUR_IN_USD
    return price.quantize(Decimal("0.01"), ROUND_HALF_UP)


def tax_percent(customer: Customer) -> Decimal:
    """Tax on a sale: 8 % in dollars, 7 % on food in euros; key accounts buy tax-free."""
    if customer.fact.segment == "key_account":
        return Decimal(0)
    return Decimal(8) if customer.currency == "USD" else Decimal(7)


def _minor(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def lots_of(sales: list[Sale], start: datetime) -> list[tuple[datetime, LotRegistered]]:
    """Every lot that was ever shipped, with the moment it was registered: before its first sale."""
    first: dict[tuple[str, str], tuple[datetime, LotRegistered]] = {}
    for sale in sales:
        for line in sale.lines:
            if line.lot is None:
                continue
            at = max(start, sale.fact.invoiced_at - timedelta(minutes=20))
            key = (line.lot.sku, line.lot.lot)
            if key not in first or at < first[key][0]:
                first[key] = (at, line.lot)
    return sorted(first.values(), key=lambda entry: (entry[0], entry[1].sku, entry[1].lot))
