"""Recalls: a lot turns out bad, customers who got it send it back, and the recall ends."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from simulation.streams import Streams, one
from simulation.trade import Sale
from workflow.facts import RecallClosed, RecallOpened

OPEN_DAYS = 35
DAYS_A_RECALL = 40
"""One recall every so many days."""
_WHY = (
    "Undeclared allergen", "Metal fragments possible", "Listeria found in a retained sample",
    "Fails pressure test", "Wrong date printed", "Seal material swells",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recall:
    opened: RecallOpened
    closed: RecallClosed | None
    """``None`` where it is still open at the end of the history."""

    def hits(self, sku: str, lot: str | None) -> bool:
        """Whether it covers a lot of an item."""
        return sku == self.opened.sku and (not self.opened.lots or lot in self.opened.lots)


def draw_recalls(streams: Streams, sales: list[Sale], start: date, days: int) -> tuple[Recall, ...]:
    """Recalls of lots that were shipped to several customers in the weeks before."""
    recalls: list[Recall] = []
    end = datetime.combine(start + timedelta(days=days), time(), UTC)
    for n in range(1, max(1, days // DAYS_A_RECALL) + 1):
        draw = streams.of("recall", n)
        day = start + timedelta(days=min(days - 1, n * DAYS_A_RECALL - draw.randrange(5, 20)))
        opened_at = datetime.combine(day, time(9, 30), UTC)
        shipped = Counter(
            (line.product.fact.sku, line.lot.lot, line.product.fact.supplier_id or "")
            for sale in sales
            if sale.fact.delivered_at < opened_at < sale.fact.delivered_at + timedelta(days=25)
            for line in sale.lines
            if line.lot is not None
        )
        if not shipped:
            continue
        widest = sorted(shipped, key=lambda key: (-shipped[key], key))[:8]
        sku, lot, supplier = widest[draw.randrange(len(widest))]
        opened = RecallOpened(
            f"RCL-{n:03d}", sku, (lot,), supplier or None, one(draw, _WHY), opened_at
        )
        closed_at = opened_at + timedelta(days=OPEN_DAYS)
        closed = RecallClosed(opened.recall_id, sku, closed_at) if closed_at < end else None
        recalls.append(Recall(opened, closed))
    return tuple(recalls)
