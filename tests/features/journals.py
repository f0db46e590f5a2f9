"""Random journals for the proofs: real events, few keys, and facts told late or too early."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from features.fold import Fact
from journal.codec import encode
from workflow import events as e
from workflow import facts as f

START = datetime(2026, 1, 10, 9, tzinfo=UTC)
CUSTOMERS = ("C-1", "C-2")
SKUS = ("A", "B")
LOTS = (None, "L1", "L2")
SUPPLIERS = (None, "S-1", "S-2")
CARRIERS = (None, "K-1")
RETURNS = ("R-1", "R-2")
REASONS = (None, "recall", "damaged_in_transit", "no_longer_needed")
CONDITIONS = ("sealed", "opened", "used", "damaged", "defective", "spoiled", "empty")
VERDICT = e.Verdict("credit@1#00", "full", "r", "because")

Build = Callable[[random.Random, datetime], object]


def happened(rng: random.Random, now: datetime) -> datetime:
    """Mostly just now, sometimes late by up to 500 days, now and then in the future."""
    late = rng.choice((0, 0, 0, 1, 2, 30, 89, 90, 91, 119, 120, 121, 365, 396, 500, -10))
    return now - timedelta(days=late, hours=rng.randrange(9))


def quantity(rng: random.Random) -> Decimal:
    return Decimal(rng.randrange(1, 9000)) / rng.choice((1, 10, 1000))


def money(rng: random.Random) -> int:
    return rng.choice((0, 1, 1000, 5000, rng.randrange(100_000)))


def a_day(rng: random.Random) -> date | None:
    return rng.choice((None, date(2026, 3, 1), date(2026, 7, 19)))


def _invoice(rng: random.Random, now: datetime) -> f.InvoiceRecorded:
    at = happened(rng, now)
    lines = tuple(
        f.InvoiceLine(
            n, rng.choice(SKUS), rng.choice(LOTS), quantity(rng), "ea", Decimal(1), money(rng)
        )
        for n in range(1, rng.randrange(2, 5))
    )
    customer = rng.choice((None, *CUSTOMERS))
    return f.InvoiceRecorded("I", customer, "bu", "GBP", at, at, lines)


def _line_facts(rng: random.Random, now: datetime) -> e.LineFacts:
    at = rng.choice((None, happened(rng, now)))
    return e.LineFacts(
        rng.choice(("valve", "beer")), "none", "always", rng.random() < 0.5, False,
        rng.random() < 0.5, False, "none", rng.choice((None, 100)), rng.choice(SUPPLIERS),
        rng.random() < 0.5, rng.choice((None, 30)), money(rng), rng.choice(CARRIERS),
        invoiced_at=at, delivered_at=at, delivered=quantity(rng), net_minor=money(rng),
        returned_before=quantity(rng), credited_before_minor=money(rng),
        expires_on=a_day(rng), shipped_lot=rng.choice(LOTS),
    )  # fmt: skip


def _request(rng: random.Random, now: datetime) -> e.ReturnRequested:
    lines = tuple(
        e.RequestedLine(
            n, rng.choice(SKUS), quantity(rng), "ea", "broken", _line_facts(rng, now),
            rng.choice((None, e.SourceRef("I", 1))), rng.choice(LOTS), rng.choice(REASONS),
            ("photo",) * rng.randrange(3), money(rng),
        )
        for n in range(1, rng.randrange(2, 4))
    )  # fmt: skip
    at = happened(rng, now)
    names = (rng.choice(RETURNS), rng.choice(CUSTOMERS), "bu", "portal", "GBP", "ann")
    return e.ReturnRequested(*names, at, lines, "key", rng.random() < 0.5)


def _reason(rng: random.Random, now: datetime) -> e.ReasonSettled:
    how = rng.choice(("stated", "model"))
    line = rng.randrange(1, 3)
    return e.ReasonSettled(rng.choice(RETURNS), line, rng.choice(REASONS[1:]) or "", how, "m")


def _receipt(rng: random.Random, now: datetime) -> e.GoodsReceived:
    lines = tuple(
        e.ReceivedLine(
            rng.choice((None, 1, 2)), "A", quantity(rng), None, ("short",) * rng.randrange(3)
        )
        for _ in range(rng.randrange(1, 4))
    )
    return e.GoodsReceived(rng.choice(RETURNS), "G", "W", "bob", happened(rng, now), lines)


def _inspection(rng: random.Random, now: datetime) -> e.LineInspected:
    line = rng.randrange(1, 3)
    return e.LineInspected(
        rng.choice(RETURNS), line, f"{line}.{rng.randrange(1, 3)}", quantity(rng),
        rng.choice(CONDITIONS), "eve", happened(rng, now), rng.choice(LOTS),
        rng.choice((None, "dent")), a_day(rng), rng.choice((None, 40)), rng.choice((None, True)),
        rng.random() < 0.3, customer_id=rng.choice(("", *CUSTOMERS)), sku=rng.choice(SKUS),
    )  # fmt: skip


def _disposition(rng: random.Random, now: datetime) -> e.DispositionConfirmed:
    kinds = ("restock", "scrap", "return_to_vendor", "donate")
    parts = tuple(e.DispositionPart(kind, quantity(rng)) for kind in rng.sample(kinds, 2))
    return e.DispositionConfirmed(
        rng.choice(RETURNS), 1, "1.1", parts, "eve", happened(rng, now), VERDICT,
        customer_id="C-1", sku=rng.choice(SKUS),
    )  # fmt: skip


def _proposal(rng: random.Random, now: datetime) -> e.CreditProposed:
    return e.CreditProposed(
        rng.choice(RETURNS), rng.randrange(1, 3), "1.1", rng.randrange(1, 3), quantity(rng),
        "full", "at_once", 90, money(rng), money(rng), money(rng), happened(rng, now), VERDICT,
        customer_id=rng.choice(CUSTOMERS), sku=rng.choice(SKUS),
    )  # fmt: skip


def _approval(rng: random.Random, now: datetime) -> e.CreditApproved:
    return e.CreditApproved(
        rng.choice(RETURNS), 1, "1.1", 1, "full", "at_once", money(rng), 0, "GBP", "fay",
        happened(rng, now), VERDICT, rng.choice(CUSTOMERS), rng.choice(("", *SKUS)),
    )  # fmt: skip


def _denial(rng: random.Random, now: datetime) -> e.CreditDenied:
    return e.CreditDenied(
        rng.choice(RETURNS), 1, "1.1", 1, "fay", happened(rng, now), "no", VERDICT,
        rng.choice(CUSTOMERS), rng.choice(SKUS),
    )  # fmt: skip


def _note(rng: random.Random, now: datetime) -> f.CreditNoteRecorded:
    lines = tuple(
        f.CreditNoteLine(n, rng.choice(SKUS), quantity(rng), Decimal(1), money(rng))
        for n in range(1, rng.randrange(2, 4))
    )
    customer, own = rng.choice((None, *CUSTOMERS)), rng.choice((None, None, "R-1"))
    note, at = rng.choice(("N-1", "N-2")), happened(rng, now)
    return f.CreditNoteRecorded(note, customer, "bu", "GBP", at, lines, return_id=own)


def _match(rng: random.Random, now: datetime) -> f.CreditMatched:
    sales = tuple(("I", n, quantity(rng), money(rng)) for n in range(rng.randrange(3)))
    return f.CreditMatched(
        rng.choice(("N-1", "N-2")), rng.randrange(1, 3), rng.choice((None, *CUSTOMERS)),
        rng.choice(SKUS), "suggested", quantity(rng), money(rng), quantity(rng), money(rng),
        rng.randrange(-500, 500), rng.choice((None, 12)), sales, happened(rng, now),
    )  # fmt: skip


def _claim(rng: random.Random, now: datetime) -> f.SupplierClaimAnswered:
    supplier, at = rng.choice(SUPPLIERS[1:]) or "", happened(rng, now)
    amounts = (money(rng), money(rng))
    claim, paid = rng.choice(("Q-1", "Q-2", "Q-3")), rng.choice((0, amounts[1]))
    return f.SupplierClaimAnswered(
        claim, supplier, "R-1", 1, "A", amounts[0], paid, "GBP", "A", at,
    )  # fmt: skip


def _raised(rng: random.Random, now: datetime) -> f.ExceptionRaised:
    return f.ExceptionRaised(
        rng.choice(("X-1", "X-2")), rng.choice(("R9", "R10")), "bu", "GBP", money(rng),
        rng.randrange(-500, 500), "subject", happened(rng, now), "says",
        rng.choice((None, "R-1")), rng.choice((None, 1)), rng.choice((None, *CUSTOMERS)),
        rng.choice(SUPPLIERS), rng.choice((None, *SKUS)), rng.choice((None, "D")),
        rng.choice((None, "M")), rng.choice((None, "suggested")),
    )  # fmt: skip


def _resolved(rng: random.Random, now: datetime) -> f.ExceptionResolved:
    return f.ExceptionResolved(
        rng.choice(("X-1", "X-2")), rng.choice(("R9", "R10")), "recovered", money(rng),
        money(rng), "", "fay", happened(rng, now), rng.choice((None, *CUSTOMERS)),
        rng.choice(SUPPLIERS),
    )  # fmt: skip


def _recall(rng: random.Random, now: datetime) -> object:
    recall, sku, at = rng.choice(("P-1", "P-2")), rng.choice(SKUS), happened(rng, now)
    if rng.random() < 0.4:
        return f.RecallClosed(recall, sku, at)
    lots = rng.choice(((), ("L1",), ("L1", "L2")))
    return f.RecallOpened(recall, sku, lots, rng.choice(SUPPLIERS), "glass", at)


def _write_off(rng: random.Random, now: datetime) -> f.StockWriteOffRecorded:
    sku, at = rng.choice(SKUS), happened(rng, now)
    return f.StockWriteOffRecorded("W", sku, quantity(rng), "ea", at, "lost", money(rng), "GBP")


def _master(rng: random.Random, now: datetime) -> object:
    sku = rng.choice(SKUS)
    return rng.choice(
        (
            f.CustomerRegistered(rng.choice(CUSTOMERS), "n", "bu", "GB", "portal", "key"),
            f.SupplierRegistered(rng.choice(SUPPLIERS[1:]) or "", "n", 30, True, 80),
            f.CarrierRegistered("K-1", "n"),
            f.ProductListed(sku, "d", "valve", "bu", "ea", 0, "S-1", "GBP", money(rng)),
            f.LotRegistered(sku, "L1", "S-1", a_day(rng), a_day(rng)),
        )
    )


BUILDERS: dict[str, Build] = {
    builder.__name__: builder
    for builder in (
        _invoice, _request, _reason, _receipt, _inspection, _disposition, _proposal, _approval,
        _denial, _note, _match, _claim, _raised, _resolved, _recall, _write_off, _master,
    )
}  # fmt: skip

STEPS_OF_DAYS = (0, 0, 0, 1, 5, 29, 30, 31, 90, 200)
"""Days between two recordings."""

_STEP = st.tuples(
    st.sampled_from(sorted(BUILDERS)), st.integers(0, 2**32 - 1), st.sampled_from(STEPS_OF_DAYS)
)


def told(steps: list[tuple[str, int, int]]) -> list[tuple[datetime, object]]:
    """The events of the steps with the time each was recorded."""
    now, journal = START, []
    for name, seed, days in steps:
        now += timedelta(days=days, minutes=1)
        journal.append((now, BUILDERS[name](random.Random(seed), now)))
    return journal


def facts_of(journal: list[tuple[datetime, object]]) -> list[Fact]:
    """The events as folds see them."""
    return [
        Fact(position, recorded_at, *encode(event))
        for position, (recorded_at, event) in enumerate(journal, start=1)
    ]


def journals(most: int = 40) -> st.SearchStrategy[list[tuple[datetime, object]]]:
    """Journals of up to ``most`` events over few keys, so that histories meet."""
    return st.lists(_STEP, min_size=most // 4, max_size=most).map(told)


def fact_lists(most: int = 40) -> st.SearchStrategy[list[Fact]]:
    """``journals`` as facts."""
    return journals(most).map(facts_of)
