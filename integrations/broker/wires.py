"""NATS JetStream or RabbitMQ by FastStream: one subscriber for facts, one publisher of the feed.

A message is acknowledged only after ``take`` returned, which means after the commit; where it
raises, the message comes again. So a fact may come twice and is known by its source and id.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import structlog
from faststream import AckPolicy
from faststream.message import StreamMessage
from faststream.nats import JStream, NatsBroker
from faststream.nats.annotations import NatsMessage
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitQueue
from faststream.rabbit.annotations import RabbitMessage
from faststream.specification import AsyncAPI
from nats.js.api import ConsumerConfig

from integrations.broker.messages import FACTS, FEED, MOST_UNDER_WAY

log = structlog.get_logger("integrations.broker")
STREAM = "TRIAGE"
QUEUE = RabbitQueue(FACTS, durable=True)
EXCHANGE = RabbitExchange(FEED, type=ExchangeType.TOPIC, durable=True)
DURABLE = "triage-facts"
ACK_WAIT_SECONDS = 30.0
"""A message that was not acknowledged for so long is delivered to another program."""
PAUSE_SECONDS = 1.0
"""Before a message is given back: what was away may be there again."""
WITHOUT_END = -1
"""How often a server of NATS that is away is asked again."""

Broker = NatsBroker | RabbitBroker
Take = Callable[[bytes, Mapping[str, str]], object]
Publish = Callable[[str, dict[str, Any], dict[str, str]], Awaitable[object]]
"""Publishes an event to a subject with headers."""


class Settled(Protocol):
    """A message that can be kept or given back."""

    @property
    def headers(self) -> Mapping[str, Any]: ...
    async def ack(self) -> None: ...
    async def nack(self) -> None: ...


def broker_of(
    url: str, take: Take, pause: float = PAUSE_SECONDS, ack_wait: float = ACK_WAIT_SECONDS
) -> tuple[Broker, Publish]:
    """A broker that is not started, and how to publish to it.

    ``ack_wait`` is how long JetStream waits for a program that says nothing; RabbitMQ notices the
    end of its connection. ``take`` is given a message's body and headers in a thread of its own.
    Errors: ``ValueError`` for a URL that is neither ``nats://`` nor ``amqp://``.
    """
    scheme = url.partition("://")[0]
    if scheme in ("nats", "tls"):
        return _nats(url, take, pause, ack_wait)
    if scheme in ("amqp", "amqps"):
        return _rabbit(url, take, pause)
    raise ValueError(f"TRIAGE_BROKER_URL is nats://... or amqp://..., not {scheme}://...")


def _nats(url: str, take: Take, pause: float, ack_wait: float) -> tuple[Broker, Publish]:
    broker = NatsBroker(
        url, description=f"NATS JetStream, stream {STREAM}", max_reconnect_attempts=WITHOUT_END
    )
    # One of its own: FastStream declares a stream once, also where that failed.
    stream = JStream(STREAM, subjects=[FACTS, f"{FEED}.>"])

    @broker.subscriber(
        FACTS,
        stream=stream,
        durable=DURABLE,
        config=ConsumerConfig(ack_wait=ack_wait),
        pull_sub=True,
        ack_policy=AckPolicy.MANUAL,
        decoder=_raw,
        title="facts",
        description="Facts of other systems as CloudEvents 1.0.",
    )
    async def facts(body: bytes, message: NatsMessage) -> None:
        await _settle(take, body, message, pause)

    feed = broker.publisher(
        f"{FEED}.*", title="feed", schema=dict[str, Any], stream=STREAM,
        description="The journal's public feed, one subject a type; at least once.",
    )  # fmt: skip

    async def publish(subject: str, event: dict[str, Any], headers: dict[str, str]) -> object:
        named = headers | {"Nats-Msg-Id": str(event["id"])}
        return await broker.publish(event, subject, headers=named, stream=STREAM)

    del feed  # declared for the document; subjects are chosen by type
    return broker, publish


def _rabbit(url: str, take: Take, pause: float) -> tuple[Broker, Publish]:
    ahead = Channel(prefetch_count=MOST_UNDER_WAY)
    broker = RabbitBroker(url, description="RabbitMQ, AMQP 0-9-1", default_channel=ahead)

    @broker.subscriber(
        QUEUE,
        ack_policy=AckPolicy.MANUAL,
        decoder=_raw,
        title="facts",
        description="Facts of other systems as CloudEvents 1.0.",
    )
    async def facts(body: bytes, message: RabbitMessage) -> None:
        await _settle(take, body, message, pause)

    feed = broker.publisher(
        exchange=EXCHANGE, routing_key=f"{FEED}.*", title="feed", schema=dict[str, Any],
        description="The journal's public feed, one routing key a type; at least once.",
    )  # fmt: skip

    async def publish(subject: str, event: dict[str, Any], headers: dict[str, str]) -> object:
        return await broker.publish(
            event, exchange=EXCHANGE, routing_key=subject, persist=True,
            message_id=str(event["id"]), headers={**headers},
        )  # fmt: skip

    del feed
    return broker, publish


async def _raw(message: StreamMessage[Any]) -> bytes:
    """The body as it came: what it holds is judged by the intake, not by the broker."""
    return bytes(message.body)


async def _settle(take: Take, body: bytes, message: Settled, pause: float) -> None:
    headers = {name: str(value) for name, value in message.headers.items()}
    try:
        await asyncio.to_thread(take, body, headers)
    except Exception as error:  # whatever it is, the message is not lost
        log.warning("message given back", why=repr(error))
        await asyncio.sleep(pause)
        await message.nack()
        return
    await message.ack()


def document(broker: Broker, event_schema: Mapping[str, Any]) -> dict[str, Any]:
    """The AsyncAPI 3 document; every message is a CloudEvent of ``event_schema``."""
    spec = AsyncAPI(
        broker,
        title="Returns Triage",
        version="1",
        description="Facts in and the public feed out, by a broker.",
    )
    found: dict[str, Any] = spec.to_specification().to_jsonable()
    components = found.setdefault("components", {})
    components["schemas"] = {"CloudEvent": dict(event_schema)}
    for message in components.get("messages", {}).values():
        message["payload"] = {"$ref": "#/components/schemas/CloudEvent"}
        message["contentType"] = "application/cloudevents+json"
    return found
