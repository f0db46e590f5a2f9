"""Many at once: one answer a key, one decision a task, never more than was delivered."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import pytest

from journal.entries import Append
from tests.serving.house import STORY, House, cloud_event, request_body
from workflow.actor import SYSTEM
from workflow.facts import ExceptionRaised

T = TypeVar("T")
RETURNS = "/v1/returns"
FINDING = ExceptionRaised(
    "X-1", "R10", "industrial", "USD", 50_00, -50_00, "credit CM-1 and case R-1001",
    STORY.requested_at, "The credit is 50.00 more than was approved.", customer_id="C-1001",
)  # fmt: skip


def at_once(many: int, work: Callable[[int], T]) -> list[T]:
    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(work, range(many)))


def test_twenty_requests_for_one_invoice_line_share_what_was_delivered(house: House) -> None:
    """Ten pumps were delivered: of twenty requests for one each, ten are authorised and ten
    refused with the numbers; no answer is an error of ours."""
    answers = at_once(20, lambda n: house.post(RETURNS, request_body(f"R-{n}", 1)))
    assert Counter(a.status_code for a in answers) == {201: 10, 409: 10}
    refused = [a.json() for a in answers if a.status_code == 409]
    assert {r["code"] for r in refused} == {"over_return"}
    assert house.rows("SELECT returned_quantity FROM invoice_line WHERE line = 1") == [(10,)]
    assert house.rows("SELECT count(*) FROM return_case") == [(10,)]
    assert house.differences() == []


def test_ten_posts_with_one_key_are_one_request(house: House) -> None:
    """One of them does it, the others get its answer or are told to ask again; a later retry
    gets the same answer."""
    body = request_body(None)
    answers = at_once(10, lambda _: house.post(RETURNS, body, key="same"))
    done = [a for a in answers if a.status_code == 201]
    busy = [a for a in answers if a.status_code == 409]
    assert len(done) + len(busy) == 10 and done
    assert {a.json()["code"] for a in busy} <= {"idempotency_key_in_progress"}
    assert len({a.content for a in done}) == 1
    assert sum("idempotency-replayed" not in a.headers for a in done) == 1
    assert house.post(RETURNS, body, key="same").content == done[0].content
    assert house.rows("SELECT count(*) FROM return_case") == [(1,)]
    assert house.rows("SELECT count(*) FROM effect WHERE kind = 'erp.rma'") == [(1,)]


def test_a_task_is_decided_once(house: House) -> None:
    """Eight clicks by two people on one task make one decision; the others are told."""
    body = request_body()
    body["lines"][0]["reason_code"] = None
    house.post(RETURNS, body, "both")
    house.perform()
    task = house.task("R-1001", "reason")["task"]
    over = {"value": "defective_on_arrival", "reason_code": "read", "note": "It says so."}
    people = ("service", "returns")
    answers = at_once(8, lambda n: house.decide(task, people[n % 2], "override", **over))
    assert Counter(a.status_code for a in answers) == {200: 1, 404: 7}
    assert {a.json()["code"] for a in answers if a.status_code == 404} == {"unknown_task"}
    decided = house.rows("SELECT count(*) FROM event WHERE type = 'task_decided'")
    assert decided == [(1,)]
    assert house.differences() == []


def test_a_lease_has_one_holder(house: House) -> None:
    """Two people who reach for one task at once: one holds it, the other is told who."""
    body = request_body()
    body["lines"][0]["reason_code"] = None
    house.post(RETURNS, body, "both")
    house.perform()
    task = house.task("R-1001", "reason")["task"]
    people = ("service", "returns")
    answers = at_once(2, lambda n: house.post(f"/v1/queue/{task}/lease", {}, people[n], key=""))
    assert sorted(a.status_code for a in answers) == [200, 409]


def test_steps_of_one_return_wait_for_each_other(house: House) -> None:
    """Four receipts of one return at the same moment are all recorded, one after the other."""
    house.post(RETURNS, request_body())

    def receive(number: int) -> int:
        line = {"line": 1, "sku": "PMP-1001", "quantity": 1, "lot": "L2217"}
        body = {"receipt_id": f"RC-{number}", "warehouse": "W-IND-1", "lines": [line]}
        return house.post(f"{RETURNS}/R-1001/receipts", body, "warehouse").status_code

    assert at_once(4, receive) == [200] * 4
    assert house.case()["lines"][0]["quantities"]["received"] == 4
    assert house.differences() == []


def test_one_invoice_told_twice_at_once_is_told_once(house: House) -> None:
    """Two feeds that tell the same document at the same moment: one is recorded, the other
    a repetition."""
    data = cloud_event(STORY.invoice(), "x")["data"] | {"invoice_id": "INV-5"}

    def tell(number: int) -> str:
        event = cloud_event(STORY.invoice(), f"f-{number}") | {"data": data}
        answer = house.post("/v1/events", event, "feed").json()
        return str(answer["items"][0]["status"])

    assert Counter(at_once(6, tell)) == {"recorded": 1, "repeated": 5}
    assert house.differences() == []


@pytest.mark.parametrize(
    ("resolution", "loss_minor", "recovered_minor", "status"),
    [
        ("written_off", 0, 0, 403),
        ("written_off", 250_00, 0, 403),
        ("written_off", 0, 450_00, 200),
        ("explained", 250_01, 0, 403),
        ("recovered", 250_00, 250_00, 200),
        ("corrected", 0, 0, 200),
    ],
)
def test_money_is_let_go_within_limits(
    house: House, resolution: str, loss_minor: int, recovered_minor: int, status: int
) -> None:
    """Of 700.00 a finance clerk lets go 250.00 at most, whatever the word; what is written off is
    at least the exposure less what was recovered."""
    with house.services.engine.begin() as conn:
        finding = replace(FINDING, exposure_minor=700_00, currency="USD")
        house.services.journal.append(
            conn, [Append("exception/X-1", (finding,), SYSTEM, house.clock.now)]
        )
    body = {"resolution": resolution, "note": "Looked at.", "loss_minor": loss_minor}
    told = house.post(
        "/v1/exceptions/X-1/resolution", body | {"recovered_minor": recovered_minor}, "clerk"
    )
    assert told.status_code == status, told.text
    if status == 403:
        assert told.json()["code"] == "over_limit"


def test_an_exception_is_resolved_once(house: House) -> None:
    """Only finance resolves; of four at the same moment one does, the others are told; the
    list shows it under its new status, and its number stays readable."""
    with house.services.engine.begin() as conn:
        append = Append("exception/X-1", (FINDING,), SYSTEM, house.clock.now)
        house.services.journal.append(conn, [append])
    path = "/v1/exceptions/X-1/resolution"
    body = {"resolution": "corrected", "loss_minor": 0, "note": "Reversed."}
    assert house.post(path, body, "service").json()["code"] == "wrong_role"
    for wrong in ({"note": " "}, {"loss_minor": -1}, {"loss_minor": 1.5}, {"resolution": "luck"}):
        assert house.post(path, body | wrong, "clerk").json()["code"] == "invalid_request"
    assert [x["exception_id"] for x in house.get("/v1/exceptions").json()["items"]] == ["X-1"]
    answers = at_once(4, lambda _: house.post(path, body, "clerk"))
    assert Counter(a.status_code for a in answers) == {200: 1, 409: 3}
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"already_decided"}
    assert house.get("/v1/exceptions").json()["items"] == []
    (row,) = house.get("/v1/exceptions", status="resolved").json()["items"]
    assert row["status"] == house.get("/v1/exceptions/X-1").json()["status"] == "resolved"
    assert house.differences() == []
