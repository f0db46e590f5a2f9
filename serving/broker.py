"""A broker beside HTTP: facts from it go through the same intake, the public feed goes out by it.

Off unless ``TRIAGE_BROKER_URL`` is set; FastStream is imported only then. What a message cannot be
read as is parked, as a broker has nobody to answer.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from sqlalchemy import Connection

from integrations.broker.messages import Unreadable, events_of, subject_of
from journal import parked
from journal.alone import alone
from journal.feed_position import published_up_to, save_published
from serving.cloud_events import MOST
from serving.errors import Unavailable
from serving.feed import event_of
from serving.http import retrying
from serving.intake import record
from serving.wiring import Services
from workflow.actor import Actor
from workflow.parked_facts import FactParked

if TYPE_CHECKING:
    from integrations.broker.wires import Broker, Publish

log = structlog.get_logger("serving.broker")
TELLER = Actor("broker", frozenset({"service"}), "service")
AGAIN = ("unavailable", "event_in_progress")
"""Problems that another delivery may not have."""
FEED_NAME = "broker"
FEED_BATCH = 200
FEED_PAUSE_SECONDS = 1.0


def take(services: Services, body: bytes, headers: Mapping[str, str]) -> list[dict[str, object]]:
    """Take the events of one message; after it returns the message may be forgotten.

    Errors: ``Unavailable`` where it must come again (what was taken of it is known then).
    """
    try:
        events = events_of(body, headers)
    except Unreadable as error:
        _keep(services, body, "malformed_message", str(error), {})
        return [{"status": "parked", "reason": "malformed_message"}]
    return [_taken(services, event) for event in events]


def _taken(services: Services, event: Mapping[str, Any]) -> dict[str, object]:
    item = record(services, TELLER, event)
    why = item.get("problem")
    if not isinstance(why, dict):
        return item
    if why["code"] in AGAIN:
        raise Unavailable(str(why["detail"]))
    text = orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
    _keep(services, text, str(why["code"]), str(why["detail"]), event)
    return {"status": "parked", "reason": why["code"]}


def _keep(
    services: Services, body: bytes, reason: str, says: str, event: Mapping[str, Any]
) -> None:
    """Park what nobody can be told about: the dead letters are on the list of facts that wait."""
    digest = hashlib.sha256(body).hexdigest()
    parked_id = parked.parked_id_of("/broker", digest)
    text = body.decode("utf-8", "replace").replace("\x00", "\ufffd")

    def named(name: str) -> str:
        value = event.get(name)
        return value[: MOST[name]].replace("\x00", "\ufffd") if isinstance(value, str) else ""

    now = services.clock()
    fact = FactParked(
        parked_id, named("source") or "/broker", named("id") or digest[:16],
        named("type") or "unknown", reason, says, (), text, TELLER.id, now,
    )  # fmt: skip

    def once(conn: Connection) -> None:
        if parked.one(conn, parked_id) is None:
            parked.park(services.journal, conn, fact, TELLER, now)

    retrying(services.engine, once)


def build(services: Services) -> "tuple[Broker, Publish]":
    """The broker of the settings, not started.

    Errors: ``ValueError`` for an unfit URL, ``ImportError`` without the extra ``broker``.
    """
    from integrations.broker.wires import broker_of

    url = services.settings.broker_url
    if url is None:
        raise ValueError("Set TRIAGE_BROKER_URL, such as nats://127.0.0.1:4222.")
    return broker_of(url, partial(take, services))


async def run(services: Services, stop: asyncio.Event) -> None:
    """Take facts and publish the feed until told to stop."""
    broker, publish = build(services)
    await broker.start()
    try:
        while not stop.is_set():
            sent = await publish_feed(services, publish)
            if sent < FEED_BATCH:
                await _wait(stop, FEED_PAUSE_SECONDS)
    finally:
        await broker.stop()


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def publish_feed(services: Services, publish: "Publish") -> int:
    """Publish the next events of the journal in their order; how many. One program at a time.

    Where to go on is kept after the broker has them: a crash in between sends some again, under the
    same id.
    """
    with alone(services.engine, "broker feed") as held:
        if not held:
            return 0
        with services.engine.connect() as conn:
            after = published_up_to(conn, FEED_NAME)
            entries = services.journal.follow(conn, after, FEED_BATCH)
        for entry in entries:
            event = event_of(entry, entry.payload)
            await publish(subject_of(event["type"]), event)
        if entries:
            with services.engine.begin() as conn:
                save_published(conn, FEED_NAME, entries[-1].position)
        return len(entries)
