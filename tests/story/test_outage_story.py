"""The ERP is away for hours: people go on, nothing is tried in vain, and all arrives once."""

from contextlib import suppress
from typing import Any

import pytest

from integrations.erp.port import Rejected, Unavailable
from integrations.erp.reference import ReferenceErp
from journal import lookups, outbox
from journal.systems import NotNow
from serving.performer import EffectPerformer
from tests.serving.house import House
from tests.story.walk import Walk


class Line:
    """The way to the ERP, which can be cut, and an ERP that may say no."""

    def __init__(self, erp: ReferenceErp) -> None:
        self._erp, self.cut, self.asked, self.no = erp, False, 0, False

    def __getattr__(self, name: str) -> Any:
        def call(*values: Any) -> Any:
            self.asked += 1
            if self.cut:
                raise Unavailable("no route to host")
            if self.no:
                raise Rejected("unknown_master", "No customer C-1001 there.")
            return getattr(self._erp, name)(*values)

        return call


@pytest.fixture
def line(house: House) -> Line:
    s = house.services
    made = Line(ReferenceErp(s.engine))
    s.performer = EffectPerformer(s.engine, s.cases, s.assessor, made, s.clock)
    return made


def attempt(house: House) -> None:
    """One look at the queue: of each return only the first effect that waits, as its lock wants."""
    with house.services.engine.connect() as conn:
        rows = lookups.effects(conn, statuses=("pending", "doing"))
    firsts: dict[str, str] = {}
    for row in rows:
        firsts.setdefault(row["return_id"], row["key"])
    for key in firsts.values():
        with suppress(NotNow):
            house.services.performer.perform(key)


def decide_all(house: House, return_id: str) -> None:
    """Request, receive, inspect, dispose and approve the credit of one pump."""
    walk = Walk(house, return_id)
    steps = (
        walk.request(1),
        walk.receive(1),
        house.post(
            f"{walk.path}/inspections",
            {"line": 1, "quantity": 1, "condition": "defective", "lot": "L2217"},
            "inspector",
        ),
    )
    assert [step.status_code for step in steps] == [201, 200, 200]
    attempt(house)
    why = {"reason_code": "seen", "note": "As inspected."}
    task = house.task(return_id, "disposition")["task"]
    told = house.decide(task, "quality", "override", value="scrap", **why)
    assert told.status_code == 200, told.text
    attempt(house)
    for task in [t["task"] for t in walk.case["tasks"]]:
        assert house.decide(task, "clerk").status_code == 200


def test_people_go_on_while_the_erp_is_away(house: House, line: Line) -> None:
    """Three returns are taken from request to approved credit while the ERP is away for five hours:
    the customer is told what waits and since when, nearly nothing is asked in vain, nothing is
    parked; afterwards every document is there once, those of a return in order, and all close."""
    line.cut = True
    cut_at = house.clock.now
    for number in (1, 2, 3):
        decide_all(house, f"R-{number}")
    for _ in range(3):
        attempt(house)
    (waits,) = house.case("R-1")["waits_for"]
    assert waits["says"].startswith("Credit approved, waiting for the accounting system since")
    assert f"{cut_at:%Y-%m-%d %H:%M}" in waits["says"]
    assert house.case("R-1")["credited_minor"] == 140_60
    line.asked = 0
    for _ in range(5 * 6):
        house.clock.forward(minutes=10)
        attempt(house)
    assert line.asked <= 5 * 6
    (alarm,) = house.get("/v1/alarms", role="admin").json()["items"]
    assert alarm["kind"] == "system_down" and "no route to host" in alarm["says"]
    with house.services.engine.connect() as conn:
        waiting = lookups.effects(conn, statuses=("pending",))
    assert max(row["attempts"] for row in waiting) < outbox.MAX_ATTEMPTS
    line.cut = False
    for _ in range(12):
        house.clock.forward(minutes=1)
        attempt(house)
    for number in (1, 2, 3):
        case = house.case(f"R-{number}")
        assert (case["status"], case["waits_for"]) == ("closed", [])
        written = house.rows(
            "SELECT key FROM erp.document WHERE return_id = :id ORDER BY position",
            id=f"R-{number}",
        )
        asked = house.rows(
            "SELECT key FROM effect WHERE return_id = :id AND kind <> 'assess'"
            " ORDER BY decided_at_position, key",
            id=f"R-{number}",
        )
        assert written == asked and len(set(written)) == len(written)
    assert house.differences() == []


def test_what_is_owed_is_said_before_anybody_knows_of_an_outage(house: House, line: Line) -> None:
    """An ERP that hangs has not failed yet: what it owes for more than a minute is said all the
    same, what it refused with the word that a person looks after it; done, nothing is said."""
    assert Walk(house, "R-1").request(1).status_code == 201
    assert house.case("R-1")["waits_for"] == []
    asked = house.clock.now
    house.clock.forward(minutes=1)
    (waits,) = house.case("R-1")["waits_for"]
    since = f"Return authorised, waiting for the accounting system since {asked:%Y-%m-%d %H:%M} UTC"
    assert (waits["system"], waits["says"]) == ("erp", f"{since}.")
    line.no = True
    house.work()
    (waits,) = house.case("R-1")["waits_for"]
    assert waits["says"] == f"{since}; a person is looking after it."
    line.no = False
    assert house.post("/v1/effects/R-1/rma/retry", {}, "lead").is_success
    attempt(house)
    assert house.case("R-1")["waits_for"] == []
