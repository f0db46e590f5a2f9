"""More than one machine: two servers and two workers on one database play the story, also
while they are killed at random moments."""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
from fastapi.testclient import TestClient

from simulation.story import Story
from tests.serving.house import Clock, House, Json, build, hire, request_body
from tests.story.machines import Balanced, Fleet, fleet, power_cuts

CASES = 20
MOST_CUT_SECONDS = 60
"""After them the machines are left alone, and the cases must still come to their ends."""
SEED = 1001
WHO = {
    "quality": "quality",
    "returns_manager": "returns",
    "finance_clerk": "clerk",
    "finance_lead": "lead",
    "customer_service": "returns",
}


def house_of(url: str, folder: Path, client: Balanced) -> House:
    """What tests ask of a house, over processes instead of an app in this one."""
    services = build(url, folder, Clock(datetime.now(UTC)))
    keys = hire(services)
    app = cast("object", None)
    return House(services, app, cast(TestClient, client), keys, Clock())  # type: ignore[arg-type]


def tell_facts(house: House) -> None:
    """The masters of the story, and an invoice of four pumps for every case."""
    story = Story(datetime.now(UTC))
    invoice = story.invoice()
    pumps = replace(invoice.lines[0], quantity=Decimal(4))
    invoices = [
        replace(invoice, invoice_id=f"INV-{n}", lines=(pumps,)) for n in range(1, CASES + 1)
    ]
    told = house.tell(*story.masters(), *invoices)
    assert told.json()["recorded"] == len(story.masters()) + CASES, told.text


def drive(house: House, number: int, patience: float) -> None:
    """Take one case from request to closed; every step may be repeated by anybody."""
    return_id = f"R-{number}"
    body = request_body(return_id)
    body["lines"][0]["source"]["invoice_id"] = f"INV-{number}"
    asked = house.post("/v1/returns", body, key=f"{return_id}/request")
    assert asked.status_code == 201, asked.text
    end = time.monotonic() + patience
    while time.monotonic() < end:
        case = house.case(return_id)
        if case["status"] == "closed":
            return
        _step(house, case, "defective" if number % 2 else "sealed")
        time.sleep(0.15)
    raise AssertionError(f"{return_id} is not closed: {case['status']} {case['effects']}")


def _step(house: House, case: Json, condition: str) -> None:
    path, line = f"/v1/returns/{case['id']}", case["lines"][0]
    if case["status"] == "authorised":
        got = {"line": 1, "sku": "PMP-1001", "quantity": 4, "lot": "L2217"}
        body: Json = {"receipt_id": "RC-1", "warehouse": "W-IND-1", "lines": [got], "final": True}
        _do(house, f"{path}/receipts", body, "warehouse")
    elif case["status"] == "received":
        body = {"line": 1, "quantity": 4, "condition": condition, "lot": "L2217"}
        _do(house, f"{path}/inspections", body, "inspector")
    for task in case["tasks"]:
        body = {"decision": "approve"}
        if task["proposal"] is None:
            value = "return_to_vendor" if condition == "defective" else "restock"
            body = {"decision": "override", "value": value, "reason_code": "seen", "note": "Seen."}
        _do(house, f"/v1/queue/{task['task']}/decision", body, WHO[task["role"]])
    for credit in line["credits"]:
        if credit["status"] == "held":
            body = {"line": 1, "sequence": credit["sequence"], "because": "The customer asked."}
            _do(house, f"{path}/releases", body, "clerk")


def _do(house: House, path: str, body: Json, who: str) -> None:
    answer = house.post(path, body, who, key=f"{path}/{body.get('sequence', 1)}")
    assert answer.status_code == 200, (path, answer.text)


def check_world(house: House, cases: int) -> None:
    """Nothing differs, nothing waits, and each effect asked for is in the world exactly once."""
    assert house.rows("SELECT count(*) FROM return_case WHERE status = 'closed'") == [(cases,)]
    end = time.monotonic() + 60
    waiting = "SELECT key, status, error FROM effect WHERE status <> 'done'"
    while house.rows(waiting) and time.monotonic() < end:
        time.sleep(0.25)
    assert house.rows(waiting) == []
    asked = house.rows("SELECT key FROM effect WHERE kind <> 'assess' ORDER BY key")
    written = house.rows("SELECT key FROM erp.document ORDER BY key")
    assert written == asked
    assert house.rows(
        "SELECT return_id, sum(debit_minor - credit_minor) FROM erp.gl_line"
        " WHERE account = 'returns_interim' GROUP BY return_id"
        " HAVING sum(debit_minor - credit_minor) <> 0"
    ) == []  # fmt: skip
    assert house.rows("SELECT sum(net_minor) FROM erp.credit_memo") == house.rows(
        "SELECT sum(credited_minor) FROM invoice_line"
    )
    assert house.differences() == []


@pytest.fixture
def machines(database_url: str, tmp_path: Path) -> Iterator[Callable[[], tuple[Fleet, House]]]:
    with fleet(database_url, tmp_path) as running:
        house = house_of(database_url, tmp_path, running.client)
        tell_facts(house)
        yield lambda: (running, house)
        house.services.engine.dispose()


@pytest.mark.slow
def test_two_servers_and_two_workers_play_the_story(
    machines: Callable[[], tuple[Fleet, House]],
) -> None:
    """Every request meets another server than the one before; the case closes all the same."""
    running, house = machines()
    for number in (1, 2):
        drive(house, number, 60)
    check_world(house, 2)
    assert all(m.process and m.process.poll() is None for m in running.machines), running.logs()


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_when_machines_are_killed(
    machines: Callable[[], tuple[Fleet, House]],
) -> None:
    """Servers and workers are killed (-9) at random moments while twenty cases run: every case
    closes, the log is clean, and no effect is in the world twice or missing."""
    running, house = machines()
    chance = random.Random(SEED)
    pauses = iter(lambda: chance.uniform(1.0, 3.0), None)
    with ThreadPoolExecutor(4) as drivers, power_cuts(running.machines, pauses, chance.choice):
        driven = [drivers.submit(drive, house, n, 120) for n in range(1, CASES + 1)]
        # A machine that is slow to start would never come up if the cuts did not end.
        wait(driven, timeout=MOST_CUT_SECONDS)
    for one in driven:
        one.result()
    check_world(house, CASES)
