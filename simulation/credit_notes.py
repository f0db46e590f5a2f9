"""Credit notes that were typed into the ERP past the workflow, and stock that just vanished.

Most are honest price corrections; some are duplicates, above what was invoiced, for goods
never sold to that customer, or round amounts for a customer who keeps asking for them.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from simulation.masters import Masters
from simulation.streams import Streams, office_time, one, pick, poisson
from simulation.trade import Sale, SoldLine
from workflow.facts import CreditNoteLine, CreditNoteRecorded, StockWriteOffRecorded

A_WEEK = 5.0
WRITE_OFFS_A_WEEK = 2.5
_KINDS = {
    "correction": 0.62,
    "duplicate": 0.1,
    "above_invoice": 0.1,
    "never_sold": 0.1,
    "round": 0.08,
}
_TEXTS = ("damaged in warehouse", "counted short", "expired on shelf", "broken", "lost?", "sample")


@dataclass(frozen=True, slots=True)
class NoteTruth:
    """``kind`` says what is behind a credit note; ``wrong`` whether it should not exist so."""

    credit_note_id: str
    kind: str
    wrong: bool


@dataclass(frozen=True, slots=True)
class Notes:
    """Everything booked past the workflow, with the truth about the credit notes."""

    credit_notes: tuple[CreditNoteRecorded, ...]
    write_offs: tuple[StockWriteOffRecorded, ...]
    truths: tuple[NoteTruth, ...]


def draw_notes(
    streams: Streams, masters: Masters, sales: list[Sale], start: date, days: int, scale: float
) -> Notes:
    """Notes and write-offs of a history, in time order, all inside it."""
    notes: list[tuple[CreditNoteRecorded, NoteTruth]] = []
    for week in range(max(1, days // 7)):
        draw = streams.of("credit notes", week)
        for n in range(poisson(draw, A_WEEK * min(scale, 4.0))):
            day = start + timedelta(days=min(days - 1, week * 7 + draw.randrange(7)))
            at = office_time(draw, day)
            known = [s for s in sales if at - timedelta(days=40) < s.fact.delivered_at < at]
            if known:
                notes.extend(_note(draw, f"CN-{week:02d}{n:02d}", known, masters, at))
    end = datetime.combine(start + timedelta(days=days), time(), UTC)
    notes = sorted((n for n in notes if n[0].credited_at < end), key=lambda n: n[0].credited_at)
    return Notes(
        tuple(note for note, _ in notes),
        tuple(_write_offs(streams, masters, start, days, scale)),
        tuple(truth for _, truth in notes),
    )


def _note(
    draw: random.Random, note_id: str, known: list[Sale], masters: Masters, at: datetime
) -> Iterator[tuple[CreditNoteRecorded, NoteTruth]]:
    kind = pick(draw, _KINDS)
    abusers = [sale for sale in known if sale.customer.abuse]
    sale = draw.choice(abusers if kind == "round" and abusers else known)
    sold = draw.choice(sale.lines)
    line = _line(draw, kind, sale, sold, masters)
    note = CreditNoteRecorded(
        note_id, sale.fact.customer_id, sale.fact.business_unit, sale.fact.currency, at, (line,),
        sale.fact.country,
    )  # fmt: skip
    yield note, NoteTruth(note_id, kind, kind not in ("correction", "duplicate"))
    if kind == "duplicate":
        again = at + timedelta(days=draw.randrange(1, 9))
        twin = replace(note, credit_note_id=f"{note_id}D", credited_at=again)
        yield twin, NoteTruth(f"{note_id}D", kind, True)


def _line(
    draw: random.Random, kind: str, sale: Sale, sold: SoldLine, masters: Masters
) -> CreditNoteLine:
    fact, quantity = sold.fact, sold.fact.quantity
    net = fact.net_minor
    if kind in ("correction", "duplicate"):
        quantity = Decimal(draw.randrange(1, int(quantity) + 1)) if quantity >= 1 else quantity
        net = max(1, int(net * quantity / fact.quantity))
    elif kind == "above_invoice":
        net = int(net * Decimal(draw.choice((115, 130, 160, 200))) / 100)
    elif kind == "round":
        net = draw.choice((50_00, 100_00, 150_00, 200_00))
    named = kind != "never_sold" and draw.random() < 0.6
    sku = fact.sku
    if kind == "never_sold":
        sold_skus = {line.fact.sku for line in sale.lines}
        others = [p.fact.sku for p in masters.products if p.fact.sku not in sold_skus]
        sku = draw.choice(others)
    price = (Decimal(net) / 100 / quantity).quantize(Decimal("0.01"))
    return CreditNoteLine(
        line=1,
        sku=sku,
        quantity=quantity,
        unit_price=price,
        net_minor=net,
        description="price correction" if kind == "correction" else "manual credit",
        invoice_id=sale.fact.invoice_id if named else None,
        invoice_line=fact.line if named else None,
    )


def _write_offs(
    streams: Streams, masters: Masters, start: date, days: int, scale: float
) -> Iterator[StockWriteOffRecorded]:
    for week in range(max(1, days // 7)):
        draw = streams.of("write-offs", week)
        for n in range(poisson(draw, WRITE_OFFS_A_WEEK * min(scale, 4.0))):
            product = draw.choice(masters.products).fact
            quantity = Decimal(draw.randrange(1, 12))
            day = start + timedelta(days=min(days - 1, week * 7 + draw.randrange(6)))
            yield StockWriteOffRecorded(
                document_id=f"WO-{week:02d}{n:02d}",
                sku=product.sku,
                quantity=quantity,
                uom=product.uom,
                written_off_at=office_time(draw, day),
                text=one(draw, _TEXTS),
                value_minor=int(quantity * product.unit_cost_minor),
                currency=product.currency,
            )
