"""Too much waiting is said at the door; models that are away leave the word to people."""

from collections.abc import Callable

import pytest

from journal import lookups
from journal.worker import Hopeless
from serving.backpressure import Door
from tests.serving.house import House, request_body
from tests.serving.small_models import BrokenModel


def test_intake_is_refused_while_too_much_waits(house: House) -> None:
    """A problem document that says to try again, for new returns only; what is there goes on, and
    once some is done the same key is taken."""
    now = [0.0]
    house.services.door = Door(most=1, tick=lambda: now[0])
    assert house.post("/v1/returns", request_body()).status_code == 201
    now[0] += 10
    before = house.footprint()
    refused = house.post("/v1/returns", request_body("R-1002"), key="again")
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert int(refused.headers["Retry-After"]) > 0
    assert house.footprint() == before
    assert house.case()["status"] == "authorised"
    house.perform()
    assert house.post("/v1/returns", request_body("R-1002"), key="again").status_code == 503
    now[0] += 10
    assert house.post("/v1/returns", request_body("R-1002"), key="again").status_code == 201


@pytest.mark.slow
def test_models_that_are_away_leave_the_word_to_people(house_with: Callable[..., House]) -> None:
    """Every model fails at every question: the request is taken, each question is asked so often
    and then goes to a person, and nothing is parked."""
    broken = {name: BrokenModel(name) for name in ("reason", "disposition", "credit_anomaly")}
    house = house_with(**broken)
    body = request_body()
    body["lines"][0] |= {"reason_code": None, "reason_text": "Seal leaks."}
    assert house.post("/v1/returns", body).status_code == 201
    give_up(house)
    (task,) = house.case()["tasks"]
    assert (task["point"], task["role"]) == ("reason", "customer_service")
    with house.services.engine.connect() as conn:
        assert lookups.effects(conn, statuses=("parked",)) == []
    assert house.get("/healthz").status_code == 200
    ready = house.client.get("/readyz")
    assert ready.status_code == 200
    assert house.differences() == []


def give_up(house: House) -> None:
    """Ask as the worker does until it is over."""
    with house.services.engine.connect() as conn:
        keys = [row["key"] for row in lookups.effects(conn, statuses=("pending",))]
    for key in keys:
        for _ in range(20):
            try:
                house.services.performer.perform(key)
            except Hopeless as error:
                house.services.performer.park(key, str(error))
                break
            except RuntimeError:
                pass
