"""Facts by a broker end as facts by HTTP; what cannot be read is parked; the feed goes out once."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import orjson
import psycopg
import pytest
from faststream.nats import NatsBroker, TestNatsBroker
from faststream.rabbit import RabbitBroker, TestRabbitBroker
from sqlalchemy.exc import OperationalError

from integrations.broker.messages import FACTS
from integrations.broker.wires import broker_of, document
from journal import accounts
from serving import broker as program
from serving.broker import publish_feed, run, take
from serving.errors import Unavailable
from serving.identity import COOKIE
from serving.openapi import CLOUD_EVENT
from tests.serving.house import STORY, House, cloud_event, request_body
from tests.serving.test_serving_parked import PARKED, by_kind
from workflow.facts import CustomerRegistered, InvoiceRecorded

NATS, RABBIT = "nats://127.0.0.1:4222", "amqp://guest:guest@127.0.0.1:5672/"
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "asyncapi.json"
Send = Callable[[bytes], Awaitable[object]]


async def sent(url: str, house: House, bodies: list[bytes]) -> None:
    """Messages through FastStream's broker in memory, one after the other."""
    broker, _ = broker_of(url, partial(take, house.services), pause=0)
    if isinstance(broker, NatsBroker):
        async with TestNatsBroker(broker) as nats:
            for body in bodies:
                await nats.publish(body, FACTS, stream="TRIAGE")
    else:
        assert isinstance(broker, RabbitBroker)
        async with TestRabbitBroker(broker) as rabbit:
            for body in bodies:
                await rabbit.publish(body, FACTS)


@pytest.mark.parametrize("url", [NATS, RABBIT])
def test_messages_are_taken_once_in_any_order(empty_house: House, url: str) -> None:
    """The invoice before its customer, each twice: once, nothing waits or is lost."""
    facts = [cloud_event(fact, f"b-{n}") for n, fact in enumerate(STORY.facts())]
    bodies = [orjson.dumps(event) for event in reversed(facts)]
    asyncio.run(sent(url, empty_house, [*bodies, *bodies[:2]]))
    assert empty_house.rows("SELECT count(*) FROM invoice") == [(1,)]
    assert empty_house.get(PARKED).json()["items"] == []
    assert empty_house.differences() == []


def test_dead_letters_are_parked(house: House) -> None:
    """What is no event and what is malformed: kept whole, once, for a person; others go on."""
    wrong = cloud_event(by_kind(CustomerRegistered), "w-1")
    wrong["data"]["colour"] = "red"
    bodies = [b"\x00no json", b"\x00no json", orjson.dumps(wrong)]
    asyncio.run(sent(NATS, house, bodies))
    waiting = house.get(PARKED).json()
    assert waiting["waiting"] == {"malformed_message": 1, "invalid_event": 1}
    (row,) = [item for item in waiting["items"] if item["reason"] == "invalid_event"]
    assert '"colour":"red"' in row["event"] and row["event_id"] == "w-1"
    for item in waiting["items"]:
        tried = house.post(f"{PARKED}/{item['parked_id']}/retry", {}, "returns")
        assert (tried.status_code, tried.json()["reason"]) == (202, item["reason"])


def odd(more: bytes) -> bytes:
    """An event like any other, with something in it that nobody can keep."""
    event = orjson.dumps(cloud_event(by_kind(CustomerRegistered), "o-1"))
    return event.replace(b'"data":{', b'"data":{' + more, 1)


DEEP = b"[" * 300 + b"]" * 300
ODD = {
    "half a character": odd(b'"a":"\\ud800",'),
    "half a name": odd(b'"\\ud800":1,'),
    "no number": odd(b'"a":NaN,'),
    "beyond 64 bits": odd(b'"a":' + b"9" * 40 + b","),
    "deep": odd(b'"a":' + DEEP + b","),
    "deep beside the fact": odd(b"").replace(b'"id"', b'"more":' + DEEP + b',"id"', 1),
    "bytes": b"\xff\xfe\x00",
    "nothing": b"",
}


def test_no_message_can_hold_up_the_queue(house: House) -> None:
    """Whatever the bytes are, a message is parked and acknowledged, never given back for ever; what
    came after it is taken. In binary mode as well, and where the fault is ours."""
    for name, body in ODD.items():
        (said,) = take(house.services, body, {})
        assert said["status"] == "parked", (name, said)
    half = {"ce-id": "\ud800", "ce-type": "t", "ce-source": "/x", "ce-specversion": "1.0"}
    assert take(house.services, b"{}", half)[0]["status"] == "parked"
    good = orjson.dumps(cloud_event(by_kind(CustomerRegistered), "o-9"))
    assert take(house.services, good, {})[0]["status"] in ("recorded", "repeated")
    assert house.get(PARKED).json()["waiting"].keys() == {"malformed_message", "invalid_event"}
    assert house.differences() == []


def test_a_fault_of_ours_parks_the_message(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is kept whole for a person, who tries it again with a mended program; an
    absence of the database is none of it."""

    def fails(*given: object) -> dict[str, object]:
        raise KeyError("a mistake")

    def away(*given: object) -> dict[str, object]:
        raise Unavailable("away")

    body = orjson.dumps(cloud_event(by_kind(CustomerRegistered), "f-1"))
    with monkeypatch.context() as patched:
        patched.setattr("serving.broker.record", fails)
        assert take(house.services, body, {}) == [{"status": "parked", "reason": "fault_of_ours"}]
        patched.setattr("serving.broker.record", away)
        with pytest.raises(Unavailable):
            take(house.services, body, {})
    (item,) = house.get(PARKED).json()["items"]
    assert orjson.loads(item["event"]) == orjson.loads(body)
    tried = house.post(f"{PARKED}/{item['parked_id']}/retry", {}, "returns")
    assert tried.status_code == 200 and house.get(PARKED).json()["items"] == []


def test_a_message_is_given_back_until_it_is_taken(house: House) -> None:
    """Killed between commit and acknowledgement, it comes again and is known."""
    invoice = orjson.dumps(cloud_event(by_kind(InvoiceRecorded), "k-1") | {"id": "k-1"})
    told: list[str] = []

    class Message:
        headers: ClassVar[dict[str, Any]] = {}

        async def ack(self) -> None:
            told.append("ack")

        async def nack(self) -> None:
            told.append("nack")

    def dies(body: bytes, headers: Any) -> None:
        take(house.services, body, headers)
        raise Unavailable("The program ended here.")

    from integrations.broker.wires import _settle

    before = house.rows("SELECT count(*) FROM invoice")
    asyncio.run(_settle(dies, invoice, Message(), 0))
    asyncio.run(_settle(partial(take, house.services), invoice, Message(), 0))
    assert told == ["nack", "ack"]
    assert house.rows("SELECT count(*) FROM invoice") == before


def test_the_feed_goes_out_in_order_and_goes_on_where_it_was(house: House) -> None:
    """Every event of the journal by its position, in the trace it was recorded in; a broker that
    fails gets the same again."""
    seen: list[tuple[str, str]] = []
    traced: dict[str, str] = {}

    async def publish(subject: str, event: dict[str, Any], headers: dict[str, str]) -> None:
        seen.append((subject, event["id"]))
        traced[event["subject"]] = headers.get("traceparent", "")

    async def fails(subject: str, event: dict[str, Any], headers: dict[str, str]) -> None:
        raise ConnectionError("away")

    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    told = house.post("/v1/returns", request_body(), traceparent=parent)
    assert told.status_code == 201
    with pytest.raises(ConnectionError):
        asyncio.run(publish_feed(house.services, fails))
    many = asyncio.run(publish_feed(house.services, publish))
    assert many == len(seen) == house.rows("SELECT count(*) FROM event")[0][0]
    assert [int(number) for _, number in seen] == sorted(int(number) for _, number in seen)
    assert seen[0][0].startswith("triage.feed.")
    named = {subject for subject, told in traced.items() if told[:35] == parent[:35]}
    assert named == {"case/R-1001"}
    assert asyncio.run(publish_feed(house.services, publish)) == 0


class Coming:
    """A broker that is away at its first start, and counts who comes and goes."""

    def __init__(self, start: Callable[[], Awaitable[None]]) -> None:
        self.start, self.left = start, 0

    async def stop(self) -> None:
        self.left += 1


def test_the_program_outlives_broker_and_database(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker is away at the start and again in the middle of the feed, the database once: each
    is waited for, nobody has to start the program again, and every event goes out in its order."""
    seen: list[int] = []
    refused = iter((ConnectionError("not there yet"), None, None))
    lost = iter((None, RuntimeError("the channel was closed"), None))
    stop = asyncio.Event()

    async def start() -> None:
        if error := next(refused):
            raise error

    async def publish(subject: str, event: dict[str, Any], headers: dict[str, str]) -> None:
        if error := next(lost, None):
            raise error
        seen.append(int(event["id"]))
        if len(seen) > house.rows("SELECT count(*) FROM event")[0][0]:
            stop.set()

    away = iter((True, False))
    follow = house.services.journal.follow

    def following(*given: Any) -> Any:
        if next(away, False):
            raise OperationalError("SELECT", {}, psycopg.OperationalError("gone"))
        return follow(*given)

    brokers: list[Coming] = []

    def build(services: object) -> tuple[Coming, Any]:
        brokers.append(Coming(start))
        return brokers[-1], publish

    monkeypatch.setattr(program, "build", build)
    monkeypatch.setattr(house.services.journal, "follow", following)
    monkeypatch.setattr(program, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(program, "FEED_PAUSE_SECONDS", 0.0)
    asyncio.run(asyncio.wait_for(run(house.services, stop), 20))
    assert [broker.left for broker in brokers] == [1, 1, 1]
    first, *rest = seen  # sent before the channel was lost, so it comes again under its id
    assert rest[0] == first and rest == sorted(set(rest))


def test_the_program_ends_while_it_waits_for_the_broker(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that asks for ever whether the broker is there does not keep the program."""

    async def start() -> None:
        await asyncio.sleep(600)

    waiting = Coming(start)
    monkeypatch.setattr(program, "build", lambda services: (waiting, None))

    async def play() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, stop.set)
        await asyncio.wait_for(run(house.services, stop), 5)

    asyncio.run(play())
    assert waiting.left == 1


def messages_page(house: House) -> str:
    """The page that says what goes over the broker, as somebody signed in sees it."""
    with house.services.engine.begin() as conn:
        session = accounts.open_session(conn, "rhea.returns", house.clock())
    found: str = house.client.get("/messages", headers={"Cookie": f"{COOKIE}={session}"}).text
    return found


def test_the_asyncapi_document_is_kept(house: House) -> None:
    """A golden file: ``TRIAGE_GOLDEN=write`` writes it; without a broker there is none."""
    assert house.get("/asyncapi.json").json()["code"] == "no_broker"
    made = {
        name: document(broker_of(url, lambda body, headers: None)[0], CLOUD_EVENT)
        for name, url in (("nats", NATS), ("rabbitmq", RABBIT))
    }
    text = json.dumps(made, indent=1, sort_keys=True) + "\n"
    if os.environ.get("TRIAGE_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == text
    house.services.settings.broker_url = "nats://user:secret@127.0.0.1:4222"
    served = house.get("/asyncapi.json")
    page = messages_page(house)
    assert "triage.facts" in page and "we publish" in page and "secret" not in page
    assert served.json()["asyncapi"].startswith("3.") and "secret" not in served.text
    with pytest.raises(ValueError, match="nats://"):
        broker_of("kafka://x", lambda body, headers: None)
