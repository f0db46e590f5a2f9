"""Events to write in the journal's tests: an invoice, a return of it, and folds that count."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine

from journal.journal import Append, Journal, Recorded
from workflow.actor import Actor
from workflow.assessment import Assessment, ModelRef
from workflow.events import (
    AuthorisedLine,
    CreditApproved,
    CreditProposed,
    DispositionConfirmed,
    DispositionPart,
    EligibilityJudged,
    GoodsReceived,
    LineFacts,
    LineInspected,
    ReasonSettled,
    ReceivedLine,
    RequestedLine,
    ReturnAuthorised,
    ReturnRequested,
    SourceRef,
    TaskDecided,
    TaskOpened,
    Verdict,
)
from workflow.facts import CarrierRegistered, InvoiceLine, InvoiceRecorded

MARIA = Actor("maria", frozenset({"customer_service"}))
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
SAID_YES = Verdict("authorisation@1#aa", "approve", "small", "Small returns are fine.")


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def append(stream: str, *events: object, version: int | None = None, minutes: int = 0) -> Append:
    return Append(stream, events, MARIA, at(minutes), version)


def write(engine: Engine, journal: Journal, *appends: Append) -> list[Recorded]:
    """Append in a transaction of its own."""
    with engine.begin() as conn:
        return journal.append(conn, appends)


def carrier(number: int) -> Append:
    """The smallest fact there is, in a stream of its own."""
    return append(f"carrier/K{number}", CarrierRegistered(f"K{number}", f"Carrier {number}"))


def invoice(
    invoice_id: str = "I-1", quantity: str = "10", net_minor: int = 10_000, sku: str = "SEAL-7"
) -> Append:
    line = InvoiceLine(
        1, sku, None, Decimal(quantity), "each", Decimal("10.00"), net_minor, net_minor // 5
    )
    recorded = InvoiceRecorded(
        invoice_id, "C-1", "industrial", "USD", at(-1000), at(-900), (line,), carrier_id="K1"
    )
    return append(f"invoice/{invoice_id}", recorded)


def requested(
    return_id: str = "R-1", quantity: str = "4", invoice_id: str | None = "I-1"
) -> ReturnRequested:
    line = RequestedLine(
        1,
        "SEAL-7",
        Decimal(quantity),
        "each",
        "Seal leaks",
        LineFacts(
            "seals", "none", "always", True, False, False, False, "none", None, "S-1", True, 60, 700
        ),
        source=SourceRef(invoice_id, 1) if invoice_id else None,
        value_minor=4_000,
    )
    return ReturnRequested(
        return_id, "C-1", "industrial", "portal", "USD", "maria", at(0), (line,), "key"
    )


def authorised(
    return_id: str = "R-1", quantity: str = "4", *, goods: bool = True
) -> ReturnAuthorised:
    lines = (AuthorisedLine(1, Decimal(quantity), goods=goods),)
    return ReturnAuthorised(return_id, lines, "system", at(2), at(50_000), SAID_YES, goods)


def received(
    return_id: str = "R-1", quantity: str = "4", *, final: bool = False, receipt: str = "W-1"
) -> GoodsReceived:
    lines = (ReceivedLine(1, "SEAL-7", Decimal(quantity)),)
    return GoodsReceived(return_id, receipt, "WH1", "walter", at(10), lines, final)


def inspected(return_id: str = "R-1", quantity: str = "4", portion: str = "1.1") -> LineInspected:
    return LineInspected(
        return_id, 1, portion, Decimal(quantity), "opened", "ines", at(20), sku="SEAL-7"
    )


def disposed(return_id: str = "R-1", portion: str = "1.1", **parts: str) -> DispositionConfirmed:
    made = tuple(DispositionPart(name, Decimal(many)) for name, many in parts.items())
    return DispositionConfirmed(return_id, 1, portion, made, "system", at(30), SAID_YES)


def proposed(return_id: str = "R-1", net_minor: int = 4_000, sequence: int = 1) -> CreditProposed:
    return CreditProposed(
        return_id, 1, "1.1", sequence, Decimal(4), "full", "at_once", 100, 0, net_minor, 0, at(31),
        SAID_YES,
    )  # fmt: skip


def approved(return_id: str = "R-1", net_minor: int = 4_000, sequence: int = 1) -> CreditApproved:
    return CreditApproved(
        return_id, 1, "1.1", sequence, "full", "at_once", net_minor, 0, "USD", "fiona", at(32),
        SAID_YES,
    )  # fmt: skip


def task_opened(return_id: str = "R-1", number: int = 1, point: str = "credit") -> TaskOpened:
    return TaskOpened(
        return_id, f"{return_id}-T{number}", point, "finance_clerk", SAID_YES, 4_000, "USD",
        at(31), at(31 + 480), line=1, portion="1.1", allowed=("approve", "reject"),
    )  # fmt: skip


def task_decided(return_id: str = "R-1", number: int = 1) -> TaskDecided:
    return TaskDecided(
        return_id, f"{return_id}-T{number}", "credit", "approve", "fiona", "finance_clerk", at(32),
        1, "1.1",
    )  # fmt: skip


def assessment(confidence: float | None = 0.9) -> Assessment:
    model = ModelRef("credit_anomaly", "3", "champion", "sha256:00")
    return Assessment(model, "normal", confidence, None)


def whole_case(return_id: str = "R-1") -> tuple[object, ...]:
    """A return walked to its credit, as the core would record it."""
    return (
        requested(return_id),
        ReasonSettled(return_id, 1, "defective_on_arrival", "person", "maria"),
        EligibilityJudged(return_id, 1, SAID_YES),
        authorised(return_id),
        received(return_id),
        inspected(return_id),
        disposed(return_id, restock="1", scrap="3"),
        proposed(return_id),
        task_opened(return_id),
        task_decided(return_id),
        approved(return_id),
    )


@dataclass(frozen=True, slots=True)
class Remembered:
    """A fold that remembers the positions each key learned from."""

    name: str = "seen"
    version: int = 1
    listens: frozenset[str] = field(
        default_factory=lambda: frozenset({"carrier_registered", "return_requested"})
    )

    def keys(self, fact: Any) -> Iterable[str]:
        if fact.type == "carrier_registered":
            return str(fact.payload["name"]).split("+")
        return [fact.payload["customer_id"]]

    def learn(self, memory: dict[str, Any], key: str, fact: Any) -> dict[str, Any]:
        memory.setdefault("positions", []).append(fact.position)
        return memory


def ledger(conn: Connection, invoice_id: str = "I-1", line: int = 1) -> tuple[Decimal, int]:
    """Returned quantity and credited net of an invoice line."""
    from sqlalchemy import select

    from journal.tables import invoice_line as table

    row = conn.execute(
        select(table.c.returned_quantity, table.c.credited_minor).where(
            table.c.invoice_id == invoice_id, table.c.line == line
        )
    ).one()
    return row[0], row[1]
