"""An ERP in memory, with the same answers as the reference ERP, and faults to wrap around any.

``FakeErp`` is for tests; ``FaultyErp`` makes an ERP lose, repeat, delay, refuse and falsify
calls as a plan says, for tests and simulation.
"""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from integrations.erp.booking import (
    KIND_OF,
    Booking,
    GlEntry,
    Standing,
    StockChange,
    book,
    fingerprint,
    number_text,
)
from integrations.erp.documents import (
    Changes,
    CreditMemo,
    Document,
    InvoicedLine,
    LedgerLine,
    OnHand,
    Request,
)
from integrations.erp.ledger import Head, ledger_lines_of
from integrations.erp.one_door import OneDoor, filters, repeated
from integrations.erp.port import ErpPort, Unavailable, UnknownOutcome, send
from integrations.erp.stock import on_hand


@dataclass(slots=True)
class FakeErp(OneDoor):
    """Keeps everything in dictionaries; safe to call from several threads."""

    invoices: Sequence[InvoicedLine] = ()
    gl: dict[str, tuple[GlEntry, ...]] = field(default_factory=dict)
    """Document number -> its ledger entries."""
    stock: dict[tuple[str, str, str, str], Decimal] = field(
        default_factory=lambda: defaultdict(Decimal)
    )
    """(sku, lot, warehouse, status) -> quantity."""
    _documents: dict[str, tuple[Document, str]] = field(default_factory=dict)
    _standing: dict[str, Standing] = field(default_factory=dict)
    _lines: list[tuple[LedgerLine, ...]] = field(default_factory=list)
    _numbers: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def post(self, key: str, request: Request, at: datetime) -> Document:
        """Write the request once; a repeat answers with the first document."""
        with self._lock:
            known = self._documents.get(key)
            if known is not None:
                return repeated(known[0], known[1], fingerprint(request))
            standing = self._standing.get(request.return_id, Standing())
            return self._write(key, request, book(request, standing), at)

    def _write(self, key: str, request: Request, booking: Booking, at: datetime) -> Document:
        self._numbers[booking.kind] += 1
        number = number_text(booking.kind, self._numbers[booking.kind])
        document = Document(number, key, booking.kind, request.return_id, at)
        head = Head(number, key, booking.kind, request.return_id, at)
        self._lines.append(ledger_lines_of(head, booking.details))
        self._documents[key] = (document, fingerprint(request))
        self._standing[request.return_id] = booking.standing
        self.gl[number] = booking.gl
        for change in booking.stock:
            self.stock[change[:4]] += change.quantity
        return document

    def document(self, key: str) -> Document | None:
        """The document written under a key, or ``None``."""
        with self._lock:
            known = self._documents.get(key)
            return replace(known[0], repeated=True) if known else None

    def changes(self, after: str = "", limit: int = 10_000) -> Changes:
        """Ledger lines of the documents after a cursor."""
        start = int(after or 0)
        with self._lock:
            page = self._lines[start : start + limit]
        return Changes(tuple(line for lines in page for line in lines), str(start + len(page)))

    def balances(self, account: str) -> dict[str | None, int]:
        """Balance of an account by case."""
        with self._lock:
            case_of = {done.number: done.return_id for done, _ in self._documents.values()}
            total: Counter[str | None] = Counter()
            for number, entries in self.gl.items():
                for entry in entries:
                    if entry.account == account:
                        total[case_of[number]] += entry.debit_minor - entry.credit_minor
        return {case: amount for case, amount in total.items() if amount}

    def on_hand(self) -> list[OnHand]:
        """Goods of returns by place, item and lot."""
        with self._lock:
            return on_hand(StockChange(*place, total) for place, total in self.stock.items())

    def find_invoice_lines(
        self,
        *,
        invoice_id: str | None = None,
        customer_id: str | None = None,
        sku: str | None = None,
        limit: int = 100,
    ) -> list[InvoicedLine]:
        """Invoiced lines given at construction that match, newest first."""
        wanted = filters(invoice_id=invoice_id, customer_id=customer_id, sku=sku)
        found = [
            line
            for line in self.invoices
            if all(getattr(line, name) == value for name, value in wanted.items())
        ]
        return sorted(found, key=lambda line: line.invoiced_at, reverse=True)[:limit]


class Fault(StrEnum):
    """What may go wrong with one call."""

    DROP_BEFORE = "drop_before"
    """The request is lost; the caller cannot know."""
    DROP_AFTER = "drop_after"
    """It is done and the answer is lost."""
    DUPLICATE = "duplicate"
    """The network delivers the request twice."""
    DELAY = "delay"
    DOWN = "down"
    """503: refused before anything was done."""
    WRONG_AMOUNT = "wrong_amount"
    """A credit memo is written with one per cent (at least one minor unit) more."""
    MISSING_MOVE = "missing_move"
    """A number is answered and nothing is written."""


LIES = frozenset({Fault.WRONG_AMOUNT, Fault.MISSING_MOVE})


class FaultPlan(Protocol):
    """Which fault the ``attempt``-th call (from 1) under a key meets, if any."""

    def fault(self, key: str, kind: str, attempt: int) -> Fault | None: ...


@dataclass(frozen=True, slots=True)
class Script:
    """Faults by key, one an attempt; calls beyond the list go well."""

    faults: Mapping[str, Sequence[Fault | None]]

    def fault(self, key: str, kind: str, attempt: int) -> Fault | None:
        """The fault written down for this attempt."""
        listed = self.faults.get(key, ())
        return listed[attempt - 1] if attempt <= len(listed) else None


_LIE_FITS = {Fault.WRONG_AMOUNT: "credit_memo", Fault.MISSING_MOVE: "stock_move"}


@dataclass(frozen=True, slots=True)
class Dice:
    """Faults by rate, the same for the same seed, key and attempt in any order of calls.

    ``rates`` maps a fault to its share of calls (0 to 1, in sum at most 1). From attempt
    ``gives_up_after`` + 1 on every call goes well, so that retries end.
    """

    seed: int
    rates: Mapping[Fault, float]
    gives_up_after: int = 3

    def fault(self, key: str, kind: str, attempt: int) -> Fault | None:
        """Throw once for this attempt."""
        if attempt > self.gives_up_after:
            return None
        thrown = random.Random(f"{self.seed}/{key}/{attempt}").random()
        for fault, rate in self.rates.items():
            thrown -= rate
            if thrown < 0:
                return fault if _LIE_FITS.get(fault, kind) == kind else None
        return None


@dataclass(slots=True)
class FaultyErp(OneDoor):
    """``inner`` behind a bad network, and sometimes a bad clerk. Writes meet faults, reads not.

    A lie sticks to its key: retries under the key meet the same lie, so that it is found by
    reconciliation and not by ``key_reused``.
    """

    inner: ErpPort
    plan: FaultPlan
    sleep: Callable[[float], None] = time.sleep
    delay_seconds: float = 0.01
    met: list[tuple[str, Fault]] = field(default_factory=list)
    """Key and fault, in the order met; what a simulation compares its findings with."""
    _attempts: Counter[str] = field(default_factory=Counter)
    _lies: dict[str, Fault] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def post(self, key: str, request: Request, at: datetime) -> Document:
        """Call ``inner`` as the plan says."""
        fault = self._next_fault(key, request)
        match fault:
            case None:
                return send(self.inner, key, request, at)
            case Fault.DROP_BEFORE:
                raise UnknownOutcome(f"No answer to {key}: the request was lost.")
            case Fault.DROP_AFTER:
                send(self.inner, key, request, at)
                raise UnknownOutcome(f"No answer to {key}: the response was lost.")
            case Fault.DOWN:
                raise Unavailable(f"503 for {key}: try again later.")
            case Fault.DUPLICATE:
                send(self.inner, key, request, at)
                return send(self.inner, key, request, at)
            case Fault.DELAY:
                self.sleep(self.delay_seconds)
                return send(self.inner, key, request, at)
            case Fault.WRONG_AMOUNT:
                return send(self.inner, key, _inflated(request), at)
            case Fault.MISSING_MOVE:
                kind = KIND_OF[type(request)]
                return Document(f"LOST-{key}", key, kind, request.return_id, at)

    def _next_fault(self, key: str, request: Request) -> Fault | None:
        with self._lock:
            if key in self._lies:
                return self._lies[key]
            self._attempts[key] += 1
            kind = KIND_OF[type(request)]
            fault = self.plan.fault(key, kind, self._attempts[key])
            if fault in LIES and self.inner.document(key) is not None:
                return None  # Too late to lie: the truth is written already.
            if fault is not None:
                self.met.append((key, fault))
            if fault in LIES:
                self._lies[key] = fault
            return fault

    def document(self, key: str) -> Document | None:
        """As ``inner`` has it; a move that is missing is missing here too."""
        return self.inner.document(key)

    def changes(self, after: str = "", limit: int = 10_000) -> Changes:
        """As ``inner`` has it."""
        return self.inner.changes(after, limit)

    def balances(self, account: str) -> dict[str | None, int]:
        """As ``inner`` has it."""
        return self.inner.balances(account)

    def on_hand(self) -> list[OnHand]:
        """As ``inner`` has it."""
        return self.inner.on_hand()

    def find_invoice_lines(
        self,
        *,
        invoice_id: str | None = None,
        customer_id: str | None = None,
        sku: str | None = None,
        limit: int = 100,
    ) -> list[InvoicedLine]:
        """As ``inner`` has it."""
        return self.inner.find_invoice_lines(
            invoice_id=invoice_id, customer_id=customer_id, sku=sku, limit=limit
        )


def _inflated(request: Request) -> Request:
    if not isinstance(request, CreditMemo):
        return request
    return replace(request, net_minor=request.net_minor + max(1, request.net_minor // 100))
