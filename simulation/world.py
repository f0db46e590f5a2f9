"""The whole simulated history of one seed: happenings in time order, and the truth behind them.

Pure: no clock, no journal, no database; the same arguments give the same bytes in every
process. The history runs over ``days`` whole days from ``start``; nothing happens after it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from simulation.causes import Traits
from simulation.credit_notes import Notes, draw_notes
from simulation.desk import ExceptionView
from simulation.experts import best_reachable
from simulation.intents import FactsHappening, Happening, InspectionIntent, LedgerError
from simulation.ledger_errors import errors_of
from simulation.losses import Loss, loss_of
from simulation.masters import Customer, Masters, Supplier, make_masters
from simulation.recalls import Recall, draw_recalls
from simulation.returns import Planned, Planner
from simulation.streams import Streams
from simulation.trade import Sale, Shop, lots_of
from simulation.wishes import Wish, Wishing, grouped

START = date(2026, 1, 5)
FIRST_RETURN = 2001


class World:
    """A seeded distributor. ``scale`` 1 is about 300 customers, and in 180 days about 21,000
    invoice lines and 2,100 returns; 0.1 is a tenth of the customers and of the traffic.

    Raises ``ValueError`` for ``days`` outside 1 to 1,000 or ``scale`` outside 0.01 to 10.
    """

    def __init__(self, seed: int, days: int = 180, scale: float = 1.0, start: date = START) -> None:
        if not 1 <= days <= 1000:
            raise ValueError(f"days is {days}; give 1 to 1000")
        if not 0.01 <= scale <= 10:
            raise ValueError(f"scale is {scale}; give 0.01 to 10")
        self.seed, self.days, self.scale, self.start = seed, days, scale, start
        self.starts_at = datetime.combine(start, time(), UTC)
        self.ends_at = self.starts_at + timedelta(days=days)
        self.streams = Streams(seed)

    @cached_property
    def masters(self) -> Masters:
        return make_masters(self.streams, self.scale)

    @cached_property
    def customers(self) -> Mapping[str, Customer]:
        return {c.fact.customer_id: c for c in self.masters.customers}

    @cached_property
    def suppliers(self) -> Mapping[str, Supplier]:
        return {s.fact.supplier_id: s for s in self.masters.suppliers}

    @cached_property
    def sales(self) -> list[Sale]:
        """Every sale delivered inside the history, by invoice date."""
        shop = Shop(self.streams, self.masters, self.start)
        return [sale for sale in shop.sales(self.days) if sale.fact.delivered_at < self.ends_at]

    @cached_property
    def recalls(self) -> tuple[Recall, ...]:
        return draw_recalls(self.streams, self.sales, self.start, self.days)

    @cached_property
    def notes(self) -> Notes:
        return draw_notes(self.streams, self.masters, self.sales, self.start, self.days, self.scale)

    @cached_property
    def returns(self) -> tuple[Planned, ...]:
        """Every return asked for inside the history, oldest first: ``R-2001``, ``R-2002`` ..."""
        traits = Traits(self.masters)
        wishes = Wishing(self.streams, traits, self.recalls).wishes(self.sales)
        inside: list[Wish] = [wish for wish in wishes if wish.asked_at < self.ends_at]
        planner = Planner(self.streams, self.masters, traits, self.recalls, self.start, self.days)
        groups = sorted(grouped(inside), key=lambda g: (max(w.asked_at for w in g), g[0].key))
        return tuple(planner.plan(n, group) for n, group in enumerate(groups, FIRST_RETURN))

    @cached_property
    def ledger_errors(self) -> tuple[LedgerError, ...]:
        return tuple(e for planned in self.returns for e in errors_of(self.streams, planned))

    @cached_property
    def _injected(self) -> frozenset[tuple[str, int]]:
        return frozenset((error.return_id, error.line) for error in self.ledger_errors)

    @cached_property
    def by_return(self) -> Mapping[str, Planned]:
        return {planned.request.return_id: planned for planned in self.returns}

    def happenings(self) -> Iterator[Happening]:
        """Everything that happens, in time order; ties keep a fixed order of kinds."""
        found = [h for h in self._all() if h.at < self.ends_at]
        order = sorted(range(len(found)), key=lambda n: (found[n].at, n))
        return (found[n] for n in order)

    def _all(self) -> Iterator[Happening]:
        yield FactsHappening(self.starts_at, self.masters.facts())
        for at, lot in lots_of(self.sales, self.starts_at):
            yield FactsHappening(at, (lot,))
        for sale in self.sales:
            yield FactsHappening(sale.fact.delivered_at, (sale.fact,))
        for recall in self.recalls:
            yield FactsHappening(recall.opened.opened_at, (recall.opened,))
            if recall.closed is not None:
                yield FactsHappening(recall.closed.closed_at, (recall.closed,))
        for note in self.notes.credit_notes:
            yield FactsHappening(note.credited_at, (note,))
        for gone in self.notes.write_offs:
            yield FactsHappening(gone.written_off_at, (gone,))
        for planned in self.returns:
            yield planned.request
            if planned.cancellation is not None:
                yield planned.cancellation
            yield from planned.receipts
            yield from planned.inspections
        yield from self.ledger_errors

    def loss(self, found: ExceptionView, at: datetime) -> Loss:
        """What an exception really costs when it is resolved at ``at``; for one exception id
        always the same draw, whoever asks."""
        return loss_of(
            self.streams.of("loss", found.code, found.document or found.exception_id),
            code=found.code,
            exposure_minor=found.exposure_minor,
            age_days=max(0, (at - found.opened_at).days),
            customer=self.customers.get(found.customer_id or ""),
            supplier=self.suppliers.get(found.supplier_id or ""),
            suggested=found.match == "suggested",
            injected=(found.return_id or "", found.line or 0) in self._injected,
        )

    def inspections(self) -> Iterator[InspectionIntent]:
        """Every inspection planned inside the history."""
        for planned in self.returns:
            yield from (i for i in planned.inspections if i.at < self.ends_at)

    def summary(self) -> "Summary":
        """Counts, and the best score any disposition model can reach on average."""
        causes = Counter(w.reason for planned in self.returns for w in planned.wishes)
        return Summary(
            customers=len(self.masters.customers),
            products=len(self.masters.products),
            invoices=len(self.sales),
            invoice_lines=sum(len(sale.lines) for sale in self.sales),
            returns=len(self.returns),
            return_lines=sum(len(planned.wishes) for planned in self.returns),
            abusive_returns=sum(1 for p in self.returns if p.request.truth.abuse),
            credit_notes=len(self.notes.credit_notes),
            ledger_errors=len(self.ledger_errors),
            best_disposition_accuracy=round(best_reachable(i.truth for i in self.inspections()), 4),
            causes=tuple(sorted(causes.items())),
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """What a world holds. ``best_disposition_accuracy`` is a share in [0, 1]."""

    customers: int
    products: int
    invoices: int
    invoice_lines: int
    returns: int
    return_lines: int
    abusive_returns: int
    credit_notes: int
    ledger_errors: int
    best_disposition_accuracy: float
    causes: tuple[tuple[str, int], ...]
