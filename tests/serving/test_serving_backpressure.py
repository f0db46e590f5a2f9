"""Too much waiting is said at the door; models that are away leave the word to people."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.types import Message, Receive, Scope, Send

from journal import lookups
from journal.database import engine_for
from journal.worker import Hopeless
from models.protocol import Prediction
from serving.backpressure import Door
from serving.batches import Batches
from serving.doors import AT_ONCE, WHAT, Doors, door_of
from serving.feed import PREFIX
from serving.wanting import TYPE as WANTED_TYPE
from tests.integrations.edi_texts import WANTED, interchange
from tests.serving.house import STORY, House, cloud_event, request_body
from tests.serving.small_models import BrokenModel, SmallModel, abstains
from workflow.assessment import Row

UNSURE = abstains("too_uncertain")


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


def test_returns_by_events_and_edi_meet_the_same_door(house: House) -> None:
    """What asks for a return by an event or a 180 is answered 503 with Retry-After and is taken
    later under its own id; facts go on."""
    now = [0.0]
    house.services.door = Door(most=1, tick=lambda: now[0])
    assert house.post("/v1/returns", request_body(quantity=2)).status_code == 201
    now[0] += 10
    wanted = cloud_event(STORY.facts()[0], "w-1") | {
        "type": PREFIX + WANTED_TYPE,
        "data": {"id": "R-7", "customer": "C-1001", "lines": request_body(quantity=2)["lines"]},
    }
    told = house.post("/v1/events", wanted, "feed")
    assert (told.status_code, told.json()["code"]) == (503, "overloaded"), told.text
    assert told.headers["Retry-After"]
    edi = {"Content-Type": "text/plain"} | house.headers("feed", "")
    text = interchange(WANTED).encode()
    assert house.client.post("/v1/edi", content=text, headers=edi).status_code == 503
    assert house.tell(STORY.facts()[0]).status_code == 200
    house.perform()
    now[0] += 10
    taken = house.post("/v1/events", wanted, "feed").json()
    assert taken["items"][0]["status"] == "requested"
    (taken,) = house.client.post("/v1/edi", content=text, headers=edi).json()["sets"]
    assert taken["status"] == "requested"


def test_each_door_has_its_own_limit() -> None:
    """One request more than a door holds is told at once to come again, before it is read; other
    doors, and reading, go on; who leaves makes room."""
    told: list[int] = []

    async def play() -> None:
        leave = asyncio.Event()

        async def inner(scope: Scope, receive: Receive, send: Send) -> None:
            await leave.wait()
            told.append(200)

        doors = Doors(inner, {"facts": 2})

        async def ask(path: str, method: str = "POST") -> None:
            async def send(message: Message) -> None:
                if message["type"] == "http.response.start":
                    told.append(message["status"])
                    assert (b"retry-after", b"2") in message["headers"]

            scope = {"type": "http", "method": method, "path": path, "headers": []}
            await doors(scope, _unread, send)

        asked = [asyncio.create_task(ask("/v1/events")) for _ in range(3)]
        asked += [
            asyncio.create_task(ask("/v1/edi")),
            asyncio.create_task(ask("/v1/events", "GET")),
        ]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert told == [503]
        leave.set()
        await asyncio.gather(*asked)
        await ask("/v1/events")

    asyncio.run(play())
    assert told == [503, 200, 200, 200, 200, 200]


async def _unread() -> Message:
    raise AssertionError("a request that is refused is not read")


def test_every_door_is_named_and_found() -> None:
    """Each way that takes work in goes through a door with a limit on the page of limits."""
    assert set(AT_ONCE) == set(WHAT)
    for path, door in (
        ("/v1/score/disposition", "scoring"), ("/v2/models/reason/infer", "scoring"),
        ("/v1/returns", "returns"), ("/v1/returns/R-1/receipts", "handling"),
        ("/v1/events", "facts"), ("/v1/edi", "edi"), ("/v1/evidence", "evidence"),
        ("/v1/queue/T-1/decision", None), ("/v1/effects/retry", None),
    ):  # fmt: skip
        assert door_of("POST", path) == door
        assert door_of("GET", path) is None


def test_large_batches_wait_for_each_other_only(house_with: Callable[..., House]) -> None:
    """While as many are under way as may be, one more is told to come again and which limit it met;
    small ones, facts and people who sign in first now are answered at once."""
    begun, leave = threading.Semaphore(0), threading.Event()

    def slow(row: Row) -> Prediction:
        if row["text"] == "slow":
            begun.release()
            assert leave.wait(20) and threading.current_thread().name.startswith("batch")
        return Prediction(None, None, "too_uncertain")

    house = house_with(reason=SmallModel("reason", slow))
    house.app.state.batches = Batches(2)
    large = {"items": [{"text": "slow"}, *({"text": str(n)} for n in range(8))]}
    oip = {"inputs": [{"name": "text", "data": ["slow", *map(str, range(8))]}]}
    score, infer = "/v1/score/return-reason", "/v2/models/reason/infer"
    with ThreadPoolExecutor(2) as pool:
        under_way = [pool.submit(house.post, score, large), pool.submit(house.post, infer, oip)]
        try:
            assert all(begun.acquire(timeout=20) for _ in under_way)
            for path, body in ((score, large), (infer, oip)):
                refused = house.post(path, body)
                assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
                assert "batches" in refused.json()["detail"] and refused.headers["Retry-After"]
            assert house.post(score, {"items": [{"text": "x"}]}, "clerk").status_code == 200
            assert house.tell(STORY.facts()[0], who="feed").status_code == 200
        finally:
            leave.set()
        assert [one.result().status_code for one in under_way] == [200, 200]
    assert house.post(score, large).status_code == 200


def test_no_connection_free_is_overload_and_not_an_outage(house: House) -> None:
    """Where all connections are in use, reading and changing are told so, to come again."""
    engine = house.services.engine
    narrow = engine_for(house.services.database_url, pool_size=1, max_overflow=0)
    narrow.pool._timeout = 0.05  # type: ignore[attr-defined]
    house.services.engine = narrow
    try:
        with narrow.connect():
            read = house.get("/v1/returns/R-1001")
            asked = house.post("/v1/returns", request_body(), key="again")
        for answer in (read, asked):
            assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
            assert "TRIAGE_POOL_SIZE" in answer.json()["detail"] and answer.headers["Retry-After"]
        assert house.post("/v1/returns", request_body(), key="again").status_code == 201
    finally:
        house.services.engine = engine
        narrow.dispose()


def test_a_model_that_fails_is_named(house_with: Callable[..., House]) -> None:
    """By every way of scoring it is 503, which model and where it is logged, and nothing of what it
    said; the other models answer."""
    house = house_with(reason=BrokenModel("reason"), disposition=SmallModel("disposition", UNSURE))
    items = [{"text": "Seal leaks."}]
    oip = {"inputs": [{"name": "text", "data": ["Seal leaks."]}]}
    for path, body in (
        ("/v1/score/return-reason", {"items": items}),
        ("/v1/score/return-reason", {"items": items * 9}),
        ("/v2/models/reason/infer", oip),
    ):
        failed = house.post(path, body)
        assert (failed.status_code, failed.json()["code"]) == (503, "model_failed")
        assert "model reason 7" in failed.json()["detail"] and failed.headers["Retry-After"]
        assert "broken" not in failed.text
    other = house.post("/v1/score/disposition", {"items": [{"facts": {}}]})
    assert other.status_code == 200


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
