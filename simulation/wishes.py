"""Which delivered lines come back, why, when and how much: before anybody writes a word.

A wish belongs to one invoice line; ``grouped`` puts wishes of one invoice that are asked within
three days into one return, as customers do.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from simulation.causes import CAUSES, Traits, asking_days
from simulation.recalls import Recall
from simulation.streams import Streams, office_time, working_day
from simulation.trade import Sale, SoldLine

LIMIT_MINOR = 200_00
"""What abusive customers believe to be the amount above which somebody looks harder."""
MISTAKE_SHARE = 0.012
"""Share of requests the house should refuse at once."""
ABUSE_A_MONTH = 3.0


@dataclass(frozen=True, slots=True)
class Wish:
    """One line somebody wants to give back. ``key`` names its streams of chance."""

    key: str
    sale: Sale
    line: SoldLine
    reason: str
    asked_at: datetime
    quantity: Decimal
    abuse: str | None = None
    mistake: str | None = None


class Wishing:
    """Draws wishes from sales."""

    def __init__(self, streams: Streams, traits: Traits, recalls: tuple[Recall, ...]) -> None:
        self._streams = streams
        self._traits = traits
        self._recalls = recalls

    def wishes(self, sales: Iterable[Sale]) -> Iterator[Wish]:
        """Every wish, in the order of the sales."""
        for sale in sales:
            for line in sale.lines:
                wish = self._honest(sale, line)
                if wish is not None:
                    yield wish
                yield from self._abusive(sale, line)

    def _honest(self, sale: Sale, line: SoldLine) -> Wish | None:
        key = f"{sale.fact.invoice_id}/{line.fact.line}"
        draw = self._streams.of("wish", key)
        for recall in self._recalls:
            opened = recall.opened.opened_at
            if recall.hits(line.fact.sku, line.fact.lot) and sale.fact.delivered_at < opened:
                if draw.random() > 0.75:
                    return None
                asked = _asked(draw, opened, *CAUSES["recall"].days)
                return Wish(key, sale, line, "recall", asked, _some(draw, line, 0.7))
        chance = draw.random()
        for reason, hazard in self._traits.hazards(sale, line).items():
            chance -= hazard
            if chance < 0:
                return self._wish(draw, key, sale, line, reason)
        return None

    def _wish(
        self, draw: random.Random, key: str, sale: Sale, line: SoldLine, reason: str
    ) -> Wish | None:
        cause = CAUSES[reason]
        since = sale.fact.delivered_at
        if reason == "expired":
            if line.lot is None or line.lot.expires_on is None:
                return None
            days = (line.lot.expires_on - since.date()).days
            if days > 75:
                return None
            since += timedelta(days=max(0, days) + 1)
            asked = _asked(draw, since, *cause.days)
        else:
            asked = _asked(draw, since, *asking_days(cause, line))
        quantity, mistake = _some(draw, line, cause.whole), None
        if draw.random() < MISTAKE_SHARE:
            mistake = "wrong_lot" if line.lot and draw.random() < 0.5 else "over_return"
            if mistake == "over_return":
                quantity = line.fact.quantity + draw.randrange(1, 4)
        return Wish(key, sale, line, reason, asked, quantity, mistake=mistake)

    def _abusive(self, sale: Sale, line: SoldLine) -> Iterator[Wish]:
        pattern = sale.customer.abuse
        if pattern is None:
            return
        key = f"{sale.fact.invoice_id}/{line.fact.line}/abuse"
        draw = self._streams.of("abuse", key)
        # About six invoice lines a week for such a customer, of which this share is abused.
        if draw.random() > ABUSE_A_MONTH / 22:
            return
        yield from _ABUSES[pattern](draw, key, sale, line)


def _split(draw: random.Random, key: str, sale: Sale, line: SoldLine) -> Iterator[Wish]:
    """One big return cut into several, each just under the limit, a day apart."""
    unit = Decimal(line.fact.net_minor) / line.fact.quantity
    most = int((LIMIT_MINOR - 1) / unit)
    if most < 1 or line.fact.net_minor <= LIMIT_MINOR:
        return
    left, since = int(line.fact.quantity), sale.fact.delivered_at
    reason = draw.choice(("damaged_in_transit", "no_longer_needed", "wrong_quantity"))
    for n in range(draw.randrange(2, 5)):
        quantity = min(most, left)
        if quantity < 1:
            return
        left -= quantity
        asked = _asked(draw, since, 2 + n, 2 + n)
        yield Wish(f"{key}/{n}", sale, line, reason, asked, Decimal(quantity), "split_under_limit")


def _round(draw: random.Random, key: str, sale: Sale, line: SoldLine) -> Iterator[Wish]:
    asked = _asked(draw, sale.fact.delivered_at, 2, 12)
    yield Wish(key, sale, line, "pricing_or_billing", asked, line.fact.quantity, "round_amounts")


def _nothing_sent(draw: random.Random, key: str, sale: Sale, line: SoldLine) -> Iterator[Wish]:
    reason = draw.choice(("damaged_in_transit", "defective_on_arrival", "wrong_item"))
    if line.product.kind.cold_chain:
        reason = "spoiled_or_temperature"
    asked = _asked(draw, sale.fact.delivered_at, 0, 2)
    quantity = _some(draw, line, 0.6)
    yield Wish(key, sale, line, reason, asked, quantity, "credit_without_receipt")


def _dumping(draw: random.Random, key: str, sale: Sale, line: SoldLine) -> Iterator[Wish]:
    """Goods they let age come back as if the date had been short at delivery."""
    if line.lot is None or line.lot.expires_on is None or line.product.kind.cold_chain:
        return
    asked = _asked(draw, sale.fact.delivered_at, 3, 7)
    yield Wish(key, sale, line, "short_dated", asked, line.fact.quantity, "date_code_dumping")


def _other_lot(draw: random.Random, key: str, sale: Sale, line: SoldLine) -> Iterator[Wish]:
    if line.lot is None:
        return
    reason = draw.choice(("quality_complaint", "defective_on_arrival", "packaging_or_label"))
    asked = _asked(draw, sale.fact.delivered_at, 1, 3 if line.product.kind.cold_chain else 14)
    yield Wish(key, sale, line, reason, asked, _some(draw, line, 0.7), "lot_never_shipped")


_ABUSES = {
    "split_under_limit": _split,
    "round_amounts": _round,
    "credit_without_receipt": _nothing_sent,
    "date_code_dumping": _dumping,
    "lot_never_shipped": _other_lot,
}


def _asked(draw: random.Random, since: datetime, first: int, last: int) -> datetime:
    """An office hour of a working day, never before ``since``."""
    day = working_day(since.date() + timedelta(days=draw.randint(first, last)))
    return max(office_time(draw, day), since + timedelta(minutes=30))


def _some(draw: random.Random, line: SoldLine, whole: float) -> Decimal:
    """The whole line, or some of it; at least one, or a tenth where the unit is divisible."""
    quantity = line.fact.quantity
    if draw.random() < whole or quantity <= 1:
        return quantity
    if line.product.fact.uom_scale:
        return Decimal(draw.randrange(1, int(quantity * 10))) / 10
    return Decimal(draw.randrange(1, int(quantity)))


def grouped(wishes: Iterable[Wish]) -> list[list[Wish]]:
    """Wishes put together into returns, oldest first, and by key where times are equal."""
    groups: list[list[Wish]] = []
    last: dict[str, list[Wish]] = {}
    for wish in sorted(wishes, key=lambda w: (w.asked_at, w.key)):
        invoice = wish.sale.fact.invoice_id
        group = last.get(invoice)
        if group is not None and _joins(group, wish):
            group.append(wish)
            continue
        last[invoice] = [wish]
        groups.append(last[invoice])
    return groups


def _joins(group: list[Wish], wish: Wish) -> bool:
    if wish.abuse or wish.mistake or any(other.abuse or other.mistake for other in group):
        return False
    alone = ("recall", "pricing_or_billing")
    if wish.reason in alone or group[0].reason in alone:
        return False
    near = wish.asked_at - group[0].asked_at <= timedelta(days=3)
    lines = [other.line.fact.line for other in group]
    return near and len(group) < 4 and wish.line.fact.line not in lines
