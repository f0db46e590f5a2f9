"""The two ledgers of an invoice line, moved by cases and matches, refused beyond their ends."""

from decimal import Decimal

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from journal.journal import Append, Journal, LedgerViolation
from tests.journal.ledger_story import (
    append,
    approved,
    at,
    authorised,
    inspected,
    invoice,
    ledger,
    proposed,
    received,
    requested,
    whole_case,
    write,
)
from workflow.events import AuthorisationExpired, ReturnCancelled, SurplusSettled
from workflow.facts import CreditMatched, CreditNoteLine, CreditNoteRecorded


def case(return_id: str, *events: object) -> Append:
    return append(f"case/{return_id}", *events)


def levels(engine: Engine) -> tuple[Decimal, int]:
    with engine.connect() as conn:
        return ledger(conn)


def test_authorisation_reserves_and_credit_takes(engine: Engine) -> None:
    """A case takes its quantity when authorised and its net when approved, in one batch too."""
    write(engine, Journal(), invoice(), case("R-1", *whole_case("R-1")))
    assert levels(engine) == (Decimal(4), 4_000)


def test_over_return_is_refused_and_leaves_nothing(engine: Engine) -> None:
    """More authorised than was delivered, over all cases together, cannot be written."""
    journal = Journal()
    write(engine, journal, invoice(), case("R-1", requested(), authorised(quantity="7")))
    with pytest.raises(LedgerViolation, match="4 more would make 11 returned of 10") as caught:
        write(engine, journal, case("R-2", requested("R-2"), authorised("R-2", "4")))
    assert (caught.value.code, caught.value.invoice_id, caught.value.line) == (
        "over_return",
        "I-1",
        1,
    )
    assert levels(engine) == (Decimal(7), 0)
    with engine.connect() as conn:
        assert journal.read_stream(conn, "case/R-2") == []


def test_over_credit_is_refused(engine: Engine) -> None:
    """Credits of an invoice line, over all cases, stay at or under its net."""
    journal = Journal()
    first = (requested(), authorised(), proposed(net_minor=6_000), approved(net_minor=6_000))
    write(engine, journal, invoice(), case("R-1", *first))
    second = (requested("R-2"), authorised("R-2"), proposed("R-2", 4_001), approved("R-2", 4_001))
    with pytest.raises(LedgerViolation, match="10001 credited of 10000") as caught:
        write(engine, journal, case("R-2", *second))
    assert caught.value.code == "over_credit"


def test_value_only_credit_never_touches_quantity(engine: Engine) -> None:
    """Where nothing comes back, the quantity ledger stays as it was."""
    events = (requested(), authorised(goods=False), proposed(), approved())
    write(engine, Journal(), invoice(), case("R-1", *events))
    assert levels(engine) == (Decimal(0), 4_000)


@pytest.mark.parametrize(
    ("events", "kept"),
    [
        ((ReturnCancelled("R-1", "maria", at(5), "changed her mind"),), "0"),
        ((AuthorisationExpired("R-1", at(5)),), "0"),
        ((received(quantity="1"), received(quantity="1", final=True, receipt="W-2")), "2"),
        ((received(quantity="9", final=True),), "4"),
        (
            (
                received(quantity="6"),
                SurplusSettled(
                    "R-1", "R-1-T1", 1, "SEAL-7", Decimal(2), "accepted", "rita", at(12)
                ),
            ),
            "6",
        ),
        (
            (
                received(quantity="6"),
                SurplusSettled(
                    "R-1", "R-1-T1", 1, "SEAL-7", Decimal(2), "sent_back", "rita", at(12)
                ),
            ),
            "4",
        ),
    ],
)
def test_what_never_came_is_given_back(
    engine: Engine, events: tuple[object, ...], kept: str
) -> None:
    """Cancelled, expired and finally short returns free what they reserved; accepted surplus
    takes more."""
    write(engine, Journal(), invoice(), case("R-1", requested(), authorised(), *events))
    assert levels(engine) == (Decimal(kept), 0)


def matched(quantity: str, net_minor: int, return_id: str | None = None) -> Append:
    line = CreditNoteLine(1, "SEAL-7", Decimal(quantity), Decimal(10), net_minor)
    note = CreditNoteRecorded(
        "CN-1", "C-1", "industrial", "USD", at(99), (line,), return_id=return_id
    )
    match = CreditMatched(
        "CN-1", 1, "C-1", "SEAL-7", "confirmed", Decimal(quantity), net_minor, Decimal(0), 0, 0, 3,
        (("I-1", 1, Decimal(quantity), net_minor),), at(100),
    )  # fmt: skip
    return append("credit-note/CN-1", note, match)


def test_a_matched_credit_note_takes_of_both_ledgers(engine: Engine) -> None:
    """A credit note of the ERP that matches a sale uses up its quantity and value, once."""
    write(engine, Journal(), invoice(), matched("3", 3_000))
    assert levels(engine) == (Decimal(3), 3_000)
    with pytest.raises(LedgerViolation):
        write(engine, Journal(), case("R-1", requested(), authorised(quantity="8")))


def test_a_credit_note_of_our_own_case_takes_nothing_twice(engine: Engine) -> None:
    """The ERP's document for a case's credit does not take again what the case took."""
    write(engine, Journal(), invoice(), case("R-1", *whole_case("R-1")))
    write(engine, Journal(), matched("4", 4_000, return_id="R-1"))
    assert levels(engine) == (Decimal(4), 4_000)


def test_an_unknown_source_line_is_refused(engine: Engine) -> None:
    """A case cannot reserve on an invoice that nobody recorded."""
    with pytest.raises(LedgerViolation, match="Invoice I-1 has no line 1"):
        write(engine, Journal(), case("R-1", requested(), authorised()))


def test_a_return_without_source_has_no_ledger(engine: Engine) -> None:
    """Goods bought elsewhere can be authorised; no invoice line is touched."""
    events = (requested(invoice_id=None), authorised(), received(), inspected())
    write(engine, Journal(), invoice(), case("R-1", *events))
    assert levels(engine) == (Decimal(0), 0)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("returned_quantity = 10.5", "ck_invoice_line_over_return"),
        ("returned_quantity = -1", "ck_invoice_line_over_return"),
        ("credited_minor = 10001", "ck_invoice_line_over_credit"),
        ("credited_minor = -1", "ck_invoice_line_over_credit"),
    ],
)
def test_the_database_refuses_too(engine: Engine, change: str, constraint: str) -> None:
    """The CHECK constraints hold for writers who do not come through the journal."""
    write(engine, Journal(), invoice())
    with engine.connect() as conn, pytest.raises(IntegrityError, match=constraint):
        conn.execute(text(f"UPDATE invoice_line SET {change}"))


def test_a_corrected_invoice_keeps_its_ledgers(engine: Engine) -> None:
    """Recording an invoice again changes what was delivered, not what was returned; and it
    cannot be corrected to below that."""
    journal = Journal()
    write(engine, journal, invoice(), case("R-1", requested(), authorised()))
    write(engine, journal, invoice(quantity="12"))
    assert levels(engine) == (Decimal(4), 0)
    with pytest.raises(LedgerViolation) as caught:
        write(engine, journal, invoice(quantity="3"))
    assert caught.value.code == "over_return"
