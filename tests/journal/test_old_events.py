"""Journals written before an event had all its fields are read as they were meant."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select

from journal import tables
from journal.codec import decode, encode
from journal.database import raw
from journal.rows import upsert
from tests.journal.test_lookups import CUSTOMER, PRODUCT, SUPPLIER
from tests.workflow.fakes import NOON, Story, line, request
from workflow.events import EligibilityJudged, ReturnRequested, Stated, TaskOpened, Verdict
from workflow.facts import InvoiceLine, InvoiceRecorded

LATER = {
    "flags", "temperature", "warranty_days", "takes_unsaleables", "delivery_signed", "stated",
    "supplier_takes_unsaleables", "also", "other_role", "approved_by", "approved_for",
    "advance", "advances_unreturned", "advances_open_minor", "freight_minor", "freight_tax_minor",
    "freight_refunded_before_minor",
}  # fmt: skip
"""Fields that events got after journals had been written without them."""


def before(value: Any) -> Any:
    """A payload as it was written then."""
    if isinstance(value, dict):
        return {name: before(one) for name, one in value.items() if name not in LATER}
    return [before(one) for one in value] if isinstance(value, list) else value


def events() -> Iterator[object]:
    story = Story()
    story.send(request(line()))
    yield from story.of(ReturnRequested)
    yield from story.of(EligibilityJudged)
    verdict = Verdict("credit@1#0", "ask_human", "a-rule", "Because.")
    yield TaskOpened("R-1", "R-1-T1", "credit", "finance_clerk", verdict, 1, "USD", NOON, NOON)
    yield InvoiceRecorded("I-1", "C-1", "food", "USD", NOON, NOON, tuple[InvoiceLine, ...]())


@pytest.mark.parametrize("event", list(events()), ids=lambda event: type(event).__name__)
def test_an_event_without_the_later_fields_is_read(event: object) -> None:
    """What nobody said then is not known now: each later field is its default."""
    name, payload = encode(event)
    assert before(payload) != payload
    assert decode(name, before(payload)) == event


def test_a_request_of_then_states_nothing() -> None:
    """Neither the requester nor the item master is put words into the mouth."""
    _, payload = encode(next(events()))
    (old,) = decode("return_requested", before(payload)).lines
    assert (old.stated, old.facts.flags, old.facts.warranty_days) == (Stated(), None, None)


def test_masters_of_then_and_now_fill_one_table(engine: Engine) -> None:
    """Rows with and without the later columns come in one batch, in either order."""
    for table, master in (
        (tables.product, PRODUCT), (tables.customer, CUSTOMER), (tables.supplier, SUPPLIER),
    ):  # fmt: skip
        new = encode(master)[1]
        (key,) = (column.name for column in table.primary_key.columns)
        old = before(new) | {key: "OLD-1"}
        for batch in ([old, new], [new, old]):
            with engine.begin() as conn:
                upsert(raw(conn), table, batch)
                rows = conn.execute(select(table).order_by(table.c[key])).mappings().all()
            found = {row[key]: [n for n in LATER if row.get(n) is not None] for row in rows}
            assert not found["OLD-1"] and found[new[key]]
