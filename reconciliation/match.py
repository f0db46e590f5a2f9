"""Which earlier sale does a credit belong to? Pure, streaming, nothing consumed twice.

A credited line may take from sale lines of the same customer and item, invoiced at or before
its time, that have quantity left. Of these it takes

1. the most recent line of the same unit price that covers it whole (``confirmed``); else
2. as much as it needs from lines of the same unit price, then of a higher one, then of a lower
   one, the nearest price first and the most recent of equal ones (``suggested``);
3. what is left over is unmatched; nothing at all found is ``unmatched``.

Most recent first, because goods come back soon after they were sold (in the public file half of
the confirmed ones within 8 days), so the newest open line is the likeliest one. Same price before
other prices, because a credit repeats its invoice. A higher price comes before a lower one:
crediting less than was paid is common (wear, discounts), crediting more is a finding.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from workflow.money import share

ROUNDING_MINOR = 1
"""A part of a line, rounded by itself, may differ by this much from its share of the line."""
REPEAT_WINDOW = timedelta(days=30)
"""Two equal credits within this time may be one, where the sales cover only one of them."""
TWICE_WINDOW = timedelta(days=7)
"""Within this time they may be one even where each finds a sale."""

Pair = tuple[str, str]
"""``(customer_id, sku)``."""


@dataclass(slots=True)
class SaleLine:
    """A sale with what credits have left of it; ``taken_minor`` of ``net_minor`` is gone."""

    invoice_id: str
    line: int
    at: datetime
    unit_price: Decimal
    quantity: Decimal
    net_minor: int
    taken_quantity: Decimal = Decimal(0)
    taken_minor: int = 0

    @property
    def open_quantity(self) -> Decimal:
        return self.quantity - self.taken_quantity

    @property
    def open_minor(self) -> int:
        return self.net_minor - self.taken_minor

    def invoiced_minor(self, quantity: Decimal) -> int:
        """What the next ``quantity`` units cost on the invoice; shares add up to the line."""
        before = share(self.net_minor, self.taken_quantity, self.quantity)
        return share(self.net_minor, self.taken_quantity + quantity, self.quantity) - before


@dataclass(frozen=True, slots=True)
class CreditLine:
    """A credited line of a credit note; ``quantity`` and ``net_minor`` are positive."""

    credit_note_id: str
    line: int
    customer_id: str
    sku: str
    quantity: Decimal
    unit_price: Decimal
    net_minor: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """What a credit takes from one sale line: ``net_minor`` is never more than was left there."""

    sale: SaleLine
    quantity: Decimal
    net_minor: int
    credited_minor: int
    invoiced_minor: int


@dataclass(frozen=True, slots=True)
class Match:
    """How one credited line reconciles.

    ``sold_before`` counts the units ever sold to this customer by then (0: the contract's
    *unmatched*). ``equals`` is how many sale lines of the same price could each have covered
    it. ``repeats`` is an equal credit shortly before.
    """

    credit: CreditLine
    parts: tuple[Part, ...]
    sold_before: Decimal
    equals: int
    repeats: CreditLine | None

    @property
    def unmatched_quantity(self) -> Decimal:
        return self.credit.quantity - sum((part.quantity for part in self.parts), Decimal(0))

    @property
    def unmatched_minor(self) -> int:
        return self.credit.net_minor - sum(part.net_minor for part in self.parts)

    @property
    def price_variance_minor(self) -> int:
        """Credited above (below, where negative) what the matched units were invoiced at."""
        variance = sum(part.credited_minor - part.invoiced_minor for part in self.parts)
        return 0 if abs(variance) <= ROUNDING_MINOR * len(self.parts) else variance

    @property
    def entered_twice(self) -> bool:
        """Whether an equal credit stands in another note shortly before."""
        other = self.repeats
        return (
            other is not None
            and other.credit_note_id != self.credit.credit_note_id
            and abs(self.credit.at - other.at) <= TWICE_WINDOW
        )

    @property
    def days_since_sale(self) -> int | None:
        """Whole days from the newest matched sale."""
        newest = max((part.sale.at for part in self.parts), default=None)
        return None if newest is None else (self.credit.at - newest).days

    @property
    def match(self) -> str:
        if not self.parts:
            return "unmatched"
        whole = (
            len(self.parts) == 1
            and self.unmatched_quantity == 0
            and self.unmatched_minor <= ROUNDING_MINOR
            and self.parts[0].sale.unit_price == self.credit.unit_price
        )
        return "confirmed" if whole else "suggested"


@dataclass(slots=True)
class _History:
    """Everything sold to one customer of one item, and what of it is still open."""

    sales: list[SaleLine] = field(default_factory=list)
    credits: list[CreditLine] = field(default_factory=list)


class Matcher:
    """Holds open sales; feed sales before the credits of the same moment.

    ``interesting`` limits what is kept to pairs that credits will ask for; ``None`` keeps all.
    """

    def __init__(self, interesting: Iterable[Pair] | None = None) -> None:
        self._interesting = None if interesting is None else frozenset(interesting)
        self._histories: dict[Pair, _History] = defaultdict(_History)

    def wants(self, customer_id: str, sku: str) -> bool:
        """Whether a sale of this pair is worth telling."""
        return self._interesting is None or (customer_id, sku) in self._interesting

    def sold(self, customer_id: str, sku: str, sale: SaleLine) -> None:
        """A sale took place (or was known before the file, with what is left of it)."""
        if self.wants(customer_id, sku):
            insort(self._histories[customer_id, sku].sales, sale, key=lambda known: known.at)

    def credited(self, credit: CreditLine) -> None:
        """A credit that was matched earlier, so that a repetition of it is seen."""
        self._histories[credit.customer_id, credit.sku].credits.append(credit)

    def match(self, credit: CreditLine) -> Match:
        """Match one credit and take what it matches."""
        history = self._histories[credit.customer_id, credit.sku]
        earlier = [sale for sale in history.sales if sale.at <= credit.at]
        still_open = [sale for sale in earlier if sale.open_quantity > 0]
        whole = [sale for sale in still_open if _covers(sale, credit)]
        parts = _take(credit, whole[-1:] or _preferred(still_open, credit.unit_price))
        found = Match(
            credit,
            tuple(parts),
            sum((sale.quantity for sale in earlier), Decimal(0)),
            len(whole),
            _repeated(history.credits, credit),
        )
        history.credits.append(credit)
        return found


def _covers(sale: SaleLine, credit: CreditLine) -> bool:
    return (
        sale.unit_price == credit.unit_price
        and sale.open_quantity >= credit.quantity
        and sale.open_minor + ROUNDING_MINOR >= credit.net_minor
    )


def _preferred(sales: list[SaleLine], price: Decimal) -> list[SaleLine]:
    """Same price, then higher, then lower, each from the nearest; the most recent of equals."""
    newest_first = sales[::-1]
    return sorted(
        newest_first, key=lambda sale: (sale.unit_price < price, abs(sale.unit_price - price))
    )


def _take(credit: CreditLine, sales: list[SaleLine]) -> list[Part]:
    parts: list[Part] = []
    done = Decimal(0)
    for sale in sales:
        wanted = min(credit.quantity - done, sale.open_quantity)
        if wanted <= 0:
            break
        before = share(credit.net_minor, done, credit.quantity)
        credited = share(credit.net_minor, done + wanted, credit.quantity) - before
        part = Part(
            sale, wanted, min(credited, sale.open_minor), credited, sale.invoiced_minor(wanted)
        )
        sale.taken_quantity += wanted
        sale.taken_minor += part.net_minor
        done += wanted
        parts.append(part)
    return parts


def _repeated(before: list[CreditLine], credit: CreditLine) -> CreditLine | None:
    """The newest equal credit in the window, in another line or note."""
    for other in reversed(before):
        if (
            other.quantity == credit.quantity
            and other.unit_price == credit.unit_price
            and abs(credit.at - other.at) <= REPEAT_WINDOW
        ):
            return other
    return None
