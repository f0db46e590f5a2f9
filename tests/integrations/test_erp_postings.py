"""The ledger lines of a case are known before they are posted, and add up."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from integrations.erp.postings import balances, postings
from tests.workflow.fakes import INES, NOON, QUINN, WALT, FakePolicies, Story, line, request
from workflow.actor import SYSTEM
from workflow.commands import (
    AcknowledgeEffect,
    DisposePortion,
    InspectLine,
    ReceiptLine,
    ReceiveGoods,
)
from workflow.effects import Effect
from workflow.events import DispositionPart
from workflow.state import Closed


def rows(effects: Iterable[Effect], done: Iterable[str] = ()) -> list[dict[str, Any]]:
    told = set(done)
    return [
        {
            "key": effect.key,
            "kind": effect.kind,
            "return_id": effect.return_id,
            "payload": effect.payload,
            "status": "done" if effect.key in told else "pending",
            "reference": "DOC-1" if effect.key in told else None,
        }
        for effect in effects
    ]


def received(quantity: Decimal = Decimal(4)) -> Story:
    story = Story(FakePolicies(lanes={"disposition": "review"}))
    story.send(request(line()))
    goods = (ReceiptLine(1, "SKU-1", quantity),)
    story.send(ReceiveGoods("GR-1", "W1", goods, WALT, NOON, final=True))
    return story


def test_what_came_back_stands_on_the_interim_account() -> None:
    """Four at a cost of 6.00 are back and not judged; nothing is posted before the ERP says so."""
    story = received()
    found = {b.account: b for b in balances(postings(rows(story.effects)))}
    assert found["returns_interim"].expected_minor == 24_00
    assert found["returns_interim"].posted_minor == 0
    assert found["cost_of_goods_sold"].expected_minor == -24_00
    done = {effect.key for effect in story.effects}
    posted = {b.account: b for b in balances(postings(rows(story.effects, done)))}
    assert posted["returns_interim"].posted_minor == 24_00


def test_a_fault_is_said_beside_its_document_and_the_others_stand() -> None:
    """An effect that cannot be booked posts nothing and hides nothing."""
    story = received()
    broken = [
        {**row, "payload": {**row["payload"], "currency": "EUR"}}
        if row["kind"] == "erp.receipt"
        else row
        for row in rows(story.effects)
    ]
    faults = [posting.fault for posting in postings(broken) if posting.fault]
    assert faults == ["R-1001 is posted in USD, not in EUR."]


@given(
    st.lists(
        st.sampled_from(["restock", "scrap", "return_to_vendor", "quarantine", "donate"]),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["4", "1", "0.7", "3.333"]),
)
def test_a_closed_case_leaves_nothing_in_between(places: list[str], quantity: str) -> None:
    """However goods are split and wherever they go: lines balance, interim and blocked are zero
    at the end, and the customer owes less by exactly what was credited with its tax."""
    story = received(Decimal(quantity))
    whole = Decimal(quantity)
    story.send(InspectLine(1, whole, "sealed", INES, NOON))
    story.answer_models(NOON)
    share = (whole / len(places)).quantize(Decimal("0.001"))
    sizes = [share] * (len(places) - 1) + [whole - share * (len(places) - 1)]
    parts = tuple(DispositionPart(p, q) for p, q in zip(places, sizes, strict=True))
    story.send(DisposePortion("1.1", parts, QUINN, NOON, note="Split."))
    while (held := story.line().portions[0].held) > 0:
        out = (DispositionPart("scrap", held),)
        story.send(DisposePortion("1.1", out, QUINN, NOON, note="Over."))
    story.answer_models(NOON)
    for effect in list(story.effects):
        if effect.kind != "assess":
            story.send(AcknowledgeEffect(effect.key, effect.kind, "DOC", SYSTEM, NOON))
    assert isinstance(story.state, Closed)
    found = postings(rows(story.effects, {effect.key for effect in story.effects}))
    assert [p.fault for p in found if p.fault] == []
    left = {b.account: b.posted_minor for b in balances(found)}
    assert sum(left.values()) == left["returns_interim"] == 0
    credited = sum(c.net_minor + c.tax_minor for c in story.line().credits)
    assert left.get("accounts_receivable", 0) == -credited
