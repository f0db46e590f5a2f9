"""Webhooks at the edge: subscriptions as people make them, and the courier who carries messages.

The courier's work is a recurring look (``look``: make messages of what is new, ask for carriers)
and jobs of a queue of its own (``carry``), so that a slow receiver holds back nobody's effects.
"""

import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any
from uuid import uuid4

import orjson
import structlog
from opentelemetry.trace import Span, SpanKind, StatusCode
from sqlalchemy import Connection, Engine

from integrations.redaction import redacted
from integrations.webhooks import address, signing
from integrations.webhooks.address import Unfit
from integrations.webhooks.sending import Answer, Post, post
from journal import deliveries, outbox, traces, tracing, webhooks
from journal.alarms import raise_alarm
from journal.deliveries import Attempt, Message
from journal.journal import Journal
from journal.sealing import Sealer
from serving.feed import event_of
from serving.http import plain, retrying
from serving.settings import Settings
from workflow.actor import Actor
from workflow.approvals import require_any_role, require_role
from workflow.refused import Refused

log = structlog.get_logger("serving.webhooks")
QUEUE = "webhooks"
TASK = "carry_messages"
MOST_IN_A_ROW = 50
"""Messages a job carries before it leaves the place to another."""
READERS = ("admin", "auditor")


class Courier:
    """Signs, sends and records. ``post`` sends one message; tests give another."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        settings: Settings,
        clock: Callable[[], datetime],
        send: Post = post,
    ) -> None:
        self._engine, self._journal, self._clock, self.send = engine, journal, clock, send
        self._settings = settings
        self.networks = address.networks(settings.webhook_networks or "")

    @cached_property
    def sealer(self) -> Sealer:
        """Keeps secrets. Errors: ``ValueError`` where TRIAGE_SECRET_KEY is no key."""
        given = self._settings.secret_key
        return Sealer(given) if given else Sealer.at(self._settings.state_dir / "secrets.key")

    def look(self) -> None:
        """Make messages of what the feed has, and ask for carriers where something is due."""
        with self._engine.connect() as conn:
            names = webhooks.active(conn)
        for webhook_id in names:
            try:
                retrying(self._engine, partial(self._look, webhook_id))
            except Refused as gone:  # removed since
                log.info("webhook is gone", webhook=webhook_id, why=gone.message)

    def _look(self, webhook_id: str, conn: Connection) -> None:
        now = self._clock()
        deliveries.fill(self._journal, conn, webhook_id, now)
        if deliveries.due(conn, webhook_id, now):
            outbox.ask(conn, TASK, QUEUE, webhook_id, deliveries.MOST_AT_ONCE)

    def carry(self, webhook_id: str) -> None:
        """Send what is due, one message after the other, until nothing is or others should."""
        for _ in range(MOST_IN_A_ROW):
            try:
                message = retrying(
                    self._engine, lambda conn: deliveries.take(conn, webhook_id, self._clock())
                )
            except Refused:  # removed since
                return
            if message is None:
                return
            self._carry(message)

    def _carry(self, message: Message) -> None:
        now, started = self._clock(), time.monotonic()
        with self._engine.connect() as conn:
            (entry,) = self._journal.follow(conn, message.position - 1, 1)
            keys = webhooks.secrets_of(conn, self.sealer, message.webhook_id, now)
            parent = traces.of(conn, [entry.position]).get(entry.position)
        body = orjson.dumps(event_of(entry, entry.payload), default=str)
        head = signing.headers(keys, f"evt_{message.position}", now, body)
        head |= {"Content-Type": "application/cloudevents+json", "User-Agent": "returns-triage"}
        about = {"webhook": message.webhook_id, "event": entry.type, **_about(entry.stream)}
        with tracing.continued(parent, "webhook", SpanKind.CLIENT, about) as span:
            answer = self._send(message, head | tracing.headers(), body)
            _mark(span, answer)
        took = int(1000 * (time.monotonic() - started))
        attempt = Attempt(
            now,
            took,
            answer.status,
            redacted(answer.body, keys),
            redacted(answer.error, keys) if answer.error else None,
            answer.wait_seconds,
        )
        retrying(self._engine, partial(self._record, message, attempt))

    def _send(self, message: Message, head: Mapping[str, str], body: bytes) -> Answer:
        try:
            return self.send(address.target(message.url, self.networks), head, body)
        except Unfit as no:
            return Answer(None, "", str(no))

    def _record(self, message: Message, attempt: Attempt, conn: Connection) -> None:
        because = deliveries.record(conn, message, attempt, random.random())
        if because is not None:
            says = f"Webhook {message.webhook_id} is sent nothing more: {because}"
            raise_alarm(
                self._journal, conn, kind="webhook", subject=message.webhook_id, says=says,
                role="admin", at=attempt.at,
            )  # fmt: skip

    def subscribe(
        self,
        conn: Connection,
        actor: Actor,
        secret: str,
        url: str,
        types: list[str],
        description: str,
    ) -> dict[str, object]:
        """A new subscription to what is recorded from now on, signed with ``secret``.

        Refused: ``wrong_role``, ``unfit_address``, ``not_allowed_value``, ``too_many_webhooks``.
        """
        require_role(actor, "admin", "Subscribing a webhook")
        try:
            address.target(url, self.networks)
        except Unfit as no:
            raise Refused("unfit_address", str(no)) from no
        now, webhook_id = self._clock(), f"wh-{uuid4().hex[:16]}"
        cursor = self._journal.settled(conn)
        webhooks.subscribe(conn, webhook_id, url, description, types, actor.id, now, cursor)
        webhooks.add_secret(conn, self.sealer, webhook_id, secret, now, timedelta(0))
        return shown(conn, webhook_id)

    def rotate(
        self, conn: Connection, actor: Actor, webhook_id: str, secret: str, overlap_hours: int
    ) -> dict[str, object]:
        """Sign with ``secret`` too; the secrets before end after the overlap.

        Refused: ``wrong_role``, ``unknown_webhook``.
        """
        require_role(actor, "admin", "Replacing a webhook's secret")
        webhooks.one(conn, webhook_id, lock=True)
        overlap = timedelta(hours=overlap_hours)
        webhooks.add_secret(conn, self.sealer, webhook_id, secret, self._clock(), overlap)
        return shown(conn, webhook_id)

    def activate(self, conn: Connection, actor: Actor, webhook_id: str) -> dict[str, object]:
        """Send again to a receiver that was disabled, from where it stopped.

        Refused: ``wrong_role``, ``unknown_webhook``.
        """
        require_role(actor, "admin", "Activating a webhook")
        webhooks.activate(conn, webhook_id)
        return shown(conn, webhook_id)

    def replay(
        self, conn: Connection, actor: Actor, webhook_id: str, since: datetime
    ) -> dict[str, object]:
        """Send again, in the order of the feed, what was recorded from a moment on.

        Refused: ``wrong_role``, ``unknown_webhook``, ``too_old``, ``future_date``.
        """
        require_role(actor, "admin", "Replaying to a webhook")
        webhooks.rewind(conn, webhook_id, since, self._clock())
        return shown(conn, webhook_id)


def _about(stream: str) -> dict[str, str]:
    kind, _, name = stream.partition("/")
    return {"return_id": name} if kind == "case" else {}


def _mark(span: Span, answer: Answer) -> None:
    """What came of the attempt, without the receiver's words."""
    if answer.status is not None:
        span.set_attribute("http.response.status_code", answer.status)
    if not answer.taken:
        span.set_status(StatusCode.ERROR)


def shown(conn: Connection, webhook_id: str) -> dict[str, object]:
    """A subscription as the API and the desk tell it: no secret. Refused: ``unknown_webhook``."""
    return readable(webhooks.one(conn, webhook_id))


def readable(row: Mapping[Any, Any]) -> dict[str, object]:
    """A row of ``journal.webhooks`` without what is nobody's business: keys in the URL are removed,
    since auditors read it too."""
    hidden = ("ended_by", "ended_at")
    told = {name: value for name, value in plain(row).items() if name not in hidden}
    return told | {"url": redacted(str(told["url"]))}


def require_reader(actor: Actor) -> None:
    """Refused: ``wrong_role``: URLs and answers of receivers are for admins and auditors."""
    require_any_role(actor, READERS, "Reading webhooks")
