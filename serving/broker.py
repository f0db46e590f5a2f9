"""A broker beside HTTP: facts from it go through the same intake, the public feed goes out by it.

Off unless ``TRIAGE_BROKER_URL`` is set; FastStream is imported only then. What a message cannot be
read as is parked, as a broker has nobody to answer.
"""

import asyncio
import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from integrations.broker.messages import Unreadable, events_of, subject_of
from journal import traces, tracing
from journal.alone import alone
from journal.feed_position import BROKER, published_up_to, save_published
from serving.away import DATABASE_ERRORS, is_away
from serving.errors import Unavailable
from serving.feed import event_of
from serving.intake import AGAIN, record
from serving.parking import keep
from serving.wiring import Services
from workflow.actor import Actor

if TYPE_CHECKING:
    from integrations.broker.wires import Broker, Publish

log = structlog.get_logger("serving.broker")
TELLER = Actor("broker", frozenset({"service"}), "service")
AWAY: tuple[type[Exception], ...] = (Unavailable, *DATABASE_ERRORS)
FAULT = "fault_of_ours"
"""Why a message is parked that nobody foresaw; it may be tried again when the program is newer."""
FEED_BATCH = 200
FEED_PAUSE_SECONDS = 1.0
AGAIN_SECONDS = 2.0
"""Before a broker that is away is asked again."""
LEAVING_SECONDS = 20.0
"""How long messages under way may take at the end."""


def take(services: Services, body: bytes, headers: Mapping[str, str]) -> list[dict[str, object]]:
    """Take the events of one message; after it returns the message may be forgotten.

    A step of the trace that its ``traceparent`` (or ``ce-traceparent``) names. Errors:
    ``Unavailable`` where it must come again (what was taken of it is known then).
    """
    lower = {name.lower(): value for name, value in headers.items()}
    told = lower.get("traceparent") or lower.get("ce-traceparent")
    with tracing.continued(told, "message"):
        return _take(services, body, headers)


def _take(services: Services, body: bytes, headers: Mapping[str, str]) -> list[dict[str, object]]:
    try:
        events = events_of(body, headers)
    except Unreadable as error:
        keep(services, TELLER, body, "malformed_message", str(error), {})
        return [{"status": "parked", "reason": "malformed_message"}]
    return [_taken(services, event) for event in events]


def _taken(services: Services, event: Mapping[str, Any]) -> dict[str, object]:
    try:
        item = record(services, TELLER, event)
    except AWAY:
        raise
    except Exception as error:  # a fault of ours, which another delivery would meet again
        log.exception("message parked")
        return _kept(services, event, FAULT, f"It could not be taken: {type(error).__name__}.")
    why = item.get("problem")
    if not isinstance(why, dict):
        return item
    if why["code"] in AGAIN:
        raise Unavailable(str(why["detail"]))
    return _kept(services, event, str(why["code"]), str(why["detail"]))


def _kept(
    services: Services, event: Mapping[str, Any], reason: str, says: str
) -> dict[str, object]:
    text = json.dumps(event, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    keep(services, TELLER, text.encode("utf-8", "replace"), reason, says, event)
    return {"status": "parked", "reason": reason}


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
    """Take facts and publish the feed until told to stop; a broker or a database that goes away,
    or is not there at first, is said and waited for."""
    while not stop.is_set():
        broker, publish = build(services)
        try:
            if await _connected(broker, stop):
                await _publish_until(services, publish, stop)
        except Exception as error:  # clients of brokers raise many kinds, and none is our end
            log.warning("the broker is away; trying again", why=repr(error))
            await _wait(stop, AGAIN_SECONDS)
        finally:
            await _left(broker)


async def _connected(broker: "Broker", stop: asyncio.Event) -> bool:
    """Whether the broker was reached; ``False`` where the end was asked for first."""
    starting, ending = asyncio.create_task(broker.start()), asyncio.create_task(stop.wait())
    await asyncio.wait((starting, ending), return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    if not starting.done():
        starting.cancel()
        return False
    starting.result()
    return True


async def _publish_until(services: Services, publish: "Publish", stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            sent = await publish_feed(services, publish)
        except DATABASE_ERRORS as error:
            if not is_away(error):
                raise
            log.warning("the database is away; trying again", why=type(error).__name__)
            sent = 0
        if sent < FEED_BATCH:
            await _wait(stop, FEED_PAUSE_SECONDS)


async def _left(broker: "Broker") -> None:
    """Disconnected, whatever is left of the connection; what was not acknowledged comes again."""
    try:
        await asyncio.wait_for(broker.stop(), LEAVING_SECONDS)
    except Exception as error:
        log.warning("the connection was cut", why=repr(error))


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
            after = published_up_to(conn, BROKER)
            entries = services.journal.follow(conn, after, FEED_BATCH)
            known = traces.of(conn, [entry.position for entry in entries])
        for entry in entries:
            event, parent = event_of(entry, entry.payload), known.get(entry.position)
            headers = {"traceparent": parent} if parent else {}
            await publish(subject_of(event["type"]), event, headers)
        if entries:
            with services.engine.begin() as conn:
                save_published(conn, BROKER, entries[-1].position)
        return len(entries)
