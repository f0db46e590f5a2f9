"""Facts too early, too late, unknown or contradicting: kept, taken once, never dropped."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from sqlalchemy import text

from journal import parked
from journal.codec import encode
from serving.chores import recurring
from serving.intake import record
from serving.parking import replay_due
from serving.wiring import Services
from tests.serving.house import FEED, STORY, House, build, cloud_event, request_body
from workflow.facts import (
    CreditNoteLine,
    CreditNoteRecorded,
    CustomerRegistered,
    InvoiceRecorded,
    LotRegistered,
    ProductListed,
    RecallClosed,
    RecallOpened,
    SupplierClaimAnswered,
)

Json = dict[str, Any]
EVENTS, PARKED = "/v1/events", "/v1/events/parked"
NOW = STORY.requested_at


def by_kind(cls: type) -> Any:
    return next(fact for fact in STORY.facts() if isinstance(fact, cls))


def answered(**other: Any) -> SupplierClaimAnswered:
    told = SupplierClaimAnswered(
        "CL-1", "S-1001", "R-1001", 1, "PMP-1001", 1000, 1000, "USD", "FWC", NOW, "A-1"
    )
    return replace(told, **other)


def waiting(house: House) -> list[Json]:
    found: list[Json] = house.get(PARKED, "service").json()["items"]
    return found


def send(house: House, fact: object, event_id: str, **more: object) -> Json:
    answer = house.post(EVENTS, cloud_event(fact, event_id) | more, "feed")
    assert answer.status_code in (200, 202), answer.text
    (item,) = answer.json()["items"]
    assert (item["status"] == "parked") == (answer.status_code == 202)
    found: Json = item
    return found


def test_a_document_before_its_masters_waits_and_is_taken_by_itself(empty_house: House) -> None:
    """202 names what is missing; the last master brings it in; a repetition is known all along."""
    house, invoice = empty_house, by_kind(InvoiceRecorded)
    first = send(house, invoice, "i-1")
    assert first["reason"] == "waits"
    assert first["waits_for"] == ["customer/C-1001", "product/PMP-1001", "product/SEA-1001"]
    assert "customer C-1001" in first["says"]
    assert send(house, invoice, "i-1")["parked_id"] == first["parked_id"]
    assert send(house, by_kind(CustomerRegistered), "c-1")["status"] == "recorded"
    (still,) = waiting(house)
    assert still["waits_for"] == ["product/PMP-1001", "product/SEA-1001"]
    products = [fact for fact in STORY.facts() if isinstance(fact, ProductListed)]
    for number, product in enumerate(products):
        assert send(house, product, f"p-{number}")["status"] == "recorded"
    assert waiting(house) == []
    assert house.rows("SELECT invoice_id FROM invoice") == [("INV-1001",)]
    assert send(house, invoice, "i-1")["status"] == "repeated"
    taken = house.get(f"{PARKED}/{first['parked_id']}").json()
    assert (taken["status"], taken["told_by"]) == ("taken", "erp-feed")
    assert taken["position"] is not None
    assert house.differences() == []


def test_an_answer_about_a_return_waits_for_the_return(house: House) -> None:
    """Asked for afterwards, the return finds the supplier's answer there."""
    assert send(house, answered(), "a-1")["waits_for"] == ["return/R-1001/1"]
    assert house.post("/v1/returns", request_body()).status_code == 201
    assert waiting(house) == []
    assert house.rows("SELECT claim_id FROM supplier_claim") == [("CL-1",)]


def test_what_nobody_can_read_is_kept_until_somebody_can(house: House) -> None:
    """An unknown type and an unknown code are parked whole; the clock tries them again."""
    strange = cloud_event(answered(), "t-1") | {"type": "returns-triage.pallet_seen"}
    answer = house.post(EVENTS, strange, "feed")
    assert (answer.status_code, answer.json()["items"][0]["reason"]) == (202, "unknown_event_type")
    code = send(house, answered(response="ZZZ"), "t-2")
    assert code["reason"] == "unknown_code"
    assert house.get(PARKED).json()["waiting"] == {"unknown_event_type": 1, "unknown_code": 1}
    assert replay_due(house.services) == 0
    kept = house.get(f"{PARKED}/{code['parked_id']}").json()
    assert '"response":"ZZZ"' in kept["event"]
    assert "replay_parked" in [job.name for job in recurring(house.services)]


def test_a_contradiction_waits_for_a_person(house: House) -> None:
    """Told differently, or more credited than invoiced: kept, tried again or given up by people."""
    other = replace(by_kind(InvoiceRecorded), order_id="SO-2")
    item = send(house, other, "d-1")
    assert item["reason"] == "document_differs"
    path = f"{PARKED}/{item['parked_id']}"
    assert house.post(f"{path}/retry", {}, "service").json()["code"] == "wrong_role"
    tried = house.post(f"{path}/retry", {}, "returns")
    assert (tried.status_code, tried.json()["reason"]) == (202, "document_differs")
    assert house.post(f"{path}/abandonment", {"because": " "}, "returns").status_code == 422
    gone = house.post(f"{path}/abandonment", {"because": "A test print."}, "returns").json()
    assert (gone["status"], gone["because"]) == ("abandoned", "A test print.")
    assert house.post(f"{path}/retry", {}, "returns").json()["code"] == "already_decided"
    assert house.get(f"{PARKED}/PF-none").json()["code"] == "unknown_parked_fact"
    assert send(house, other, "d-1")["status"] == "repeated"
    assert house.differences() == []


def test_a_late_fact_is_kept_with_its_own_time_and_changes_nothing(house: House) -> None:
    """A customer's record of yesterday that comes after today's stands beside it."""
    mine = by_kind(CustomerRegistered)
    newer, older = replace(mine, name="Newer"), replace(mine, name="Older")
    yesterday = (NOW - timedelta(days=1)).isoformat()
    house.clock.forward(hours=1)
    stamp = house.clock().isoformat()
    assert send(house, newer, "n-1", time=stamp)["status"] == "recorded"
    late = send(house, older, "n-0", time=yesterday)
    assert late["status"] == "late"
    assert house.rows("SELECT name FROM customer WHERE customer_id = 'C-1001'") == [("Newer",)]
    (entry,) = house.get(EVENTS, "feed", type="fact_came_late").json()["items"]
    assert entry["id"] == str(late["position"])
    assert entry["data"]["happened_at"].startswith(yesterday[:10])


def test_versions_of_schemas_are_served_and_an_unknown_one_is_refused(house: House) -> None:
    """By the type's end or by dataschema; the refusal points to what is understood."""
    fact = by_kind(CustomerRegistered)
    good = f"{EVENTS}/schema/customer_registered?version=1"
    assert send(house, fact, "v-1", dataschema=f"https://here.example{good}")["status"]
    event = cloud_event(fact, "v-2")
    assert house.post(EVENTS, event | {"type": f"{event['type']}.v1"}, "feed").status_code == 200
    for wrong in (
        {"type": f"{event['type']}.v2"},
        {"dataschema": good.replace("=1", "=9")},
        {"dataschema": "https://elsewhere.example/customer.json"},
    ):
        refused = house.post(EVENTS, event | {"id": "v-3"} | wrong, "feed")
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown_schema_version")
        assert refused.json()["errors"][0]["message"] == good
    form = house.get(good).json()
    assert form["$id"] == good and "customer_id" in form["required"]
    assert {"type": "customer_registered", "versions": [1], "dataschema": good} in house.get(
        f"{EVENTS}/schema"
    ).json()["items"]
    assert house.get(f"{EVENTS}/schema/customer_registered", version=2).status_code == 404


def _world() -> list[tuple[object, Json]]:
    """Masters, documents and a recall that is opened, closed and opened again, each with its time;
    in the right order."""
    facts: list[object] = list(STORY.facts())
    note = CreditNoteRecorded(
        "CN-1", "C-1001", "industrial", "USD", NOW, (_credited(),), return_id=None
    )
    hours = [NOW - timedelta(hours=h) for h in (9, 8, 7)]
    recall = RecallOpened("RC-1", "PMP-1001", ("L2217",), None, "Castings crack", hours[0])
    facts += [
        note,
        recall,
        RecallClosed("RC-1", "PMP-1001", hours[1]),
        replace(recall, reason="Again", opened_at=hours[2]),
        replace(by_kind(CustomerRegistered), name="Renamed"),
        replace(by_kind(LotRegistered), expires_on=None),
    ]
    start = NOW - timedelta(days=1)
    return [
        (fact, {"time": (start + timedelta(minutes=n)).isoformat()}) for n, fact in enumerate(facts)
    ]


def _credited() -> CreditNoteLine:
    return CreditNoteLine(
        1, "PMP-1001", Decimal(1), Decimal(148), 100_00, invoice_id="INV-1001", invoice_line=1
    )


TABLES = (
    "customer", "supplier", "product", "lot", "recall", "invoice", "invoice_line", "credit_note",
    "credit_note_line",
)  # fmt: skip


def _state_after(services: Services, order: Sequence[int]) -> list[Any]:
    """What is known once the facts came in this order."""
    world = _world()
    for number in order:
        fact, more = world[number]
        item = record(services, FEED, cloud_event(fact, f"w-{number}") | more)
        assert "problem" not in item, item
    with services.engine.connect() as conn:
        assert parked.counts(conn) == {}
        return [conn.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2")).all() for name in TABLES]


@pytest.fixture
def in_order(fresh_database: Callable[[], str], tmp_path: Path) -> list[Any]:
    """What is known once everything was told in the right order."""
    services = build(fresh_database(), tmp_path)
    found = _state_after(services, range(len(_world())))
    services.engine.dispose()
    return found


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_order_of_arrival_ends_in_the_same_state(
    in_order: list[Any], fresh_database: Callable[[], str], tmp_path: Path, data: DataObject
) -> None:
    """Whatever comes first, what is known in the end is what the right order gives; some twice."""
    order = data.draw(st.permutations(range(len(_world()))))
    again = data.draw(st.lists(st.sampled_from(order), max_size=3))
    services = build(fresh_database(), tmp_path)
    assert _state_after(services, [*order, *again]) == in_order
    services.engine.dispose()


def test_every_fact_has_a_form(house: House) -> None:
    """The schema of each type that is told here takes what is told."""
    for fact in STORY.facts():
        name, data = encode(fact)
        form = house.get(f"{EVENTS}/schema/{name}").json()
        assert set(data) <= set(form["properties"])
