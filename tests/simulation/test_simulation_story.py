"""R-1001: its numbers agree with each other, and it plays on a desk."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from simulation import story
from simulation.fake_desk import FakeDesk
from simulation.story import Story
from simulation.texts import bank
from simulation.world import World
from workflow.facts import InvoiceRecorded, LotRegistered, ProductListed
from workflow.refused import Refused


def test_the_numbers_of_the_story_agree() -> None:
    """Ten at list less 5 % is the net; four of them are worth what the story says."""
    line = Story().invoice().lines[0]
    assert line.net_minor == int(10 * story.UNIT_PRICE * 100 * Decimal("0.95")) == story.NET_MINOR
    assert story.NET_MINOR * 4 // 10 == story.VALUE_MINOR
    assert story.TAX_MINOR == story.NET_MINOR * 8 // 100
    assert story.LEAKING + story.SEALED == story.RETURNED < story.DELIVERED < story.OVER_RETURN


def test_everything_is_dated_around_the_request() -> None:
    """Told next year, the story is still eleven days after its delivery and inside its window."""
    later = Story(datetime(2027, 3, 1, 9, tzinfo=UTC))
    assert later.requested_at - later.invoice().delivered_at == timedelta(days=11)
    assert later.receipt().at > later.request().at
    assert all(found.at > later.receipt().at for found in later.inspections())


def test_facts_name_only_what_they_contain() -> None:
    """The invoice's items and lots are among the masters of the story."""
    facts = Story().facts()
    skus = {fact.sku for fact in facts if isinstance(fact, ProductListed)}
    lots = {(fact.sku, fact.lot) for fact in facts if isinstance(fact, LotRegistered)}
    invoice = next(fact for fact in facts if isinstance(fact, InvoiceRecorded))
    assert {line.sku for line in invoice.lines} <= skus
    assert (story.SKU, story.LOT) in lots


def test_the_story_shares_no_number_with_the_simulated_world() -> None:
    """R-1001 can be told in the demo's journal: no document or master collides."""
    world = World(1, 20, 0.1)
    assert story.RETURN_ID not in world.by_return
    assert story.CUSTOMER_ID not in world.customers
    assert story.SUPPLIER_ID not in world.suppliers
    assert story.SKU not in {product.fact.sku for product in world.masters.products}


def test_the_story_plays_on_a_desk() -> None:
    """Requested, settled, authorised, received, inspected in two portions."""
    desk, told = FakeDesk(), Story()
    desk.record(told.facts(), told.delivered_at)
    assert desk.request(told.request()) == "R-1001"
    reason = desk.open_tasks()[0]
    _decide(desk, reason.task_id, "override", story.REASON, "service", told.requested_at, "rhea")
    _decide(desk, desk.open_tasks()[0].task_id, "approve", None, "returns", told.requested_at)
    desk.receive(told.receipt())
    for found in told.inspections():
        desk.inspect(found)
    assert [task.portion for task in desk.open_tasks()] == ["1.1", "1.2"]
    assert "restock" not in desk.open_tasks()[0].allowed


def _decide(
    desk: FakeDesk,
    task_id: str,
    decision: str,
    value: str | None,
    part: str,
    at: datetime,
    other: str = "",
) -> None:
    actor = story.PEOPLE[part]
    if other:
        actor = type(actor)(f"{other}.service", actor.roles)
    desk.decide(
        task_id, decision, value=value, reason_code="asked", note="by phone", actor=actor, at=at
    )


def test_more_than_was_delivered_is_refused() -> None:
    """Eleven of ten cannot come back."""
    desk, told = FakeDesk(), Story()
    desk.record(told.facts(), told.delivered_at)
    with pytest.raises(Refused, match="11 of 10 left") as no:
        desk.request(told.request(story.OVER_RETURN))
    assert no.value.code == "over_return"


def test_the_storys_text_is_its_own() -> None:
    """No bank of phrases contains the story's note, so no model has read it before."""
    for name in ("train", "evaluation"):
        assert story.TEXT not in str(bank(name))
