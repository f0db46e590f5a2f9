"""One view of integration health: the API and the metrics tell the same, from the story's data."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from integrations.erp.port import Rejected, Unavailable
from journal.systems import OPENS_AFTER, NotNow
from journal.worker import Hopeless
from serving.dropped import waiting
from serving.integration import files
from serving.performer import EffectPerformer
from simulation.story import PEOPLE
from tests.serving.house import STORY, House, cloud_event, request_body
from workflow.facts import InvoiceRecorded

Json = dict[str, Any]
PATH = "/v1/insights/integration"


class Erp:
    """Answers every request with the same error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def call(*_: object) -> None:
            raise self._error

        return call


def told(house: House) -> dict[tuple[str, str], Json]:
    items = house.get(PATH).json()["items"]
    return {(item["kind"], item["system"]): item for item in items}


def attempt(house: House, error: Exception, times: int = 1) -> None:
    """Try the first effect of the story, which the ERP answers with an error."""
    s = house.services
    performer = EffectPerformer(s.engine, s.cases, s.assessor, Erp(error), s.clock)
    for _ in range(times):
        try:
            with suppress(NotNow):
                performer.perform("R-1001/rma")
        except Hopeless as no:
            performer.park("R-1001/rma", str(no))


def test_effects_from_waiting_to_parked(house: House) -> None:
    """Waiting with its age; failures of the hour and a system that is down; what is done is a
    success; what the ERP refuses is parked by its cause; /metrics has the same figures."""
    assert house.post("/v1/returns", request_body()).status_code == 201
    house.clock.forward(seconds=90)
    erp = told(house)["effects", "erp"]
    assert (erp["waiting"], erp["oldest_waiting_seconds"], erp["last_success"]) == (1, 90, None)
    attempt(house, Unavailable("no route to host"), OPENS_AFTER)
    erp = told(house)["effects", "erp"]
    assert erp["last_hour"] == {"attempts": 5, "failures": 5, "error_share": 1.0}
    assert erp["down_since"] and erp["parked"] == []
    house.clock.forward(hours=2)
    attempt(house, Rejected("case_closed", "The case is closed."))
    erp = told(house)["effects", "erp"]
    assert (erp["waiting"], erp["down_since"]) == (0, None)
    assert erp["last_hour"]["failures"] == 1 and erp["last_day"]["failures"] == 6
    (parked,) = erp["parked"]
    assert (parked["cause"], parked["count"]) == ("case_closed", 1)
    text = house.get("/metrics").text
    where = 'kind="effects",system="erp"'
    assert f'triage_integration_parked{{cause="case_closed",{where}}} 1.0' in text
    assert f'triage_integration_failures{{{where},window="day"}} 6.0' in text
    assert f"triage_integration_waiting{{{where}}} 0.0" in text


def test_what_the_erp_wrote_is_a_success(house: House) -> None:
    """One attempt without a failure, and the time of it."""
    house.post("/v1/returns", request_body())
    house.perform()
    erp = told(house)["effects", "erp"]
    assert erp["last_day"] == {"attempts": 1, "failures": 0, "error_share": 0.0}
    assert erp["last_success"] and erp["waiting"] == 0


def test_facts_by_source(empty_house: House) -> None:
    """What came too early waits and is a failure of its source until it is taken; what cannot be
    read waits for a person."""
    house = empty_house
    invoice = next(fact for fact in STORY.facts() if isinstance(fact, InvoiceRecorded))
    house.post("/v1/events", cloud_event(invoice, "i-1") | {"source": "/early"}, "feed")
    house.clock.forward(minutes=2)
    early = told(house)["facts", "/early"]
    assert (early["waiting"], early["oldest_waiting_seconds"]) == (1, 120)
    assert early["last_success"] is None
    assert early["last_hour"] == {"attempts": 1, "failures": 1, "error_share": 1.0}
    for number, fact in enumerate(STORY.facts()):
        house.post("/v1/events", cloud_event(fact, f"f-{number}"), "feed")
    assert told(house)["facts", "/early"]["waiting"] == 0
    assert told(house)["facts", "/early"]["last_success"]


def test_webhooks_are_there_though_nothing_was_sent(house: House) -> None:
    """One that nobody has answered yet has no success and no share of errors."""
    made = house.post("/v1/webhooks", {"url": "https://93.184.216.34/in"}, "admin")
    hook = told(house).get(("webhooks", made.json().get("webhook_id", "")))
    assert made.status_code == 201 and hook is not None, made.text
    assert (hook["waiting"], hook["last_success"]) == (0, None)
    assert hook["last_day"]["error_share"] is None


def test_only_people_and_programs_we_know_may_look(house: House) -> None:
    """401 without a key."""
    assert house.client.get(PATH).status_code == 401
    assert PEOPLE and house.get(PATH).status_code == 200


def test_files_wait_in_the_folder(tmp_path: Path) -> None:
    """Whole files only; what was rejected waits for a person."""
    (tmp_path / "lots.csv").write_text("a")
    (tmp_path / "lots.csv.part").write_text("a")
    (tmp_path / "rejected").mkdir()
    (tmp_path / "rejected" / "1-lots.csv").write_text("a")
    link = files(tmp_path)
    assert (link.waiting, link.last_success) == (1, None) and len(waiting(tmp_path)) == 1
    assert [(one.cause, one.count) for one in link.parked] == [("rejected", 1)]
