"""``/v1/insights/integration``, ``/v1/webhooks`` and ``/v1/evidence``: ways in and out."""

from typing import Literal

from serving.answers.form import Answer, Currency, Share, Time


class Tries(Answer):
    attempts: int
    failures: int
    error_share: Share | None
    """Null where nothing was tried."""


class MoneyOfCause(Answer):
    currency: Currency
    minor: int


class ParkedForCause(Answer):
    cause: str
    count: int
    oldest_seconds: int | None
    money: list[MoneyOfCause]


class IntegrationLink(Answer):
    """How one way to another system is doing."""

    kind: Literal["effects", "webhooks", "facts", "broker", "files"]
    system: str
    waiting: int
    oldest_waiting_seconds: int | None
    """Null where none waits."""
    last_success: Time | None
    down_since: Time | None
    """Null while it answers."""
    last_hour: Tries
    last_day: Tries
    parked: list[ParkedForCause]


class IntegrationHealth(Answer):
    items: list[IntegrationLink]


class Webhook(Answer):
    """A subscription to the public feed."""

    webhook_id: str
    url: str
    description: str
    types: list[str]
    """Event types without their prefix; empty: all."""
    status: Literal["active", "disabled"]
    because: str | None
    """Why it is disabled."""
    created_by: str
    created_at: Time
    cursor: int
    """Up to this position of the journal, events have become messages."""
    failures: int
    """In a row."""
    failing_since: Time | None
    paused_until: Time | None
    last_success_at: Time | None
    last_failure_at: Time | None
    waiting: int
    """Messages."""
    failed: int
    """Messages, for good."""


class WebhookWithSecret(Webhook):
    secret: str | None = None
    """Shown this once; a repetition of the request is answered without it."""


class Webhooks(Answer):
    items: list[Webhook]


class DeliveryAttempt(Answer):
    """``status`` is the HTTP status; null, with ``error``, where there was no answer."""

    position: int
    at: Time
    attempt: int
    took_ms: int
    status: int | None
    answer: str
    """Cut off, secrets removed."""
    error: str | None


class Delivery(Answer):
    """One message: an event of the feed on its way to a subscriber."""

    position: int
    subject: str
    type: str
    status: Literal["waiting", "sending", "done", "failed"]
    attempts: int
    due_at: Time
    created_at: Time
    settled_at: Time | None
    tries: list[DeliveryAttempt]
    """The oldest first."""


class Deliveries(Answer):
    items: list[Delivery]


class StoredEvidence(Answer):
    """A file that is kept; the same bytes have the same id."""

    id: str
    """``sha256:`` and the hash of the bytes."""
    media_type: str
    size: int
    """Bytes."""
    name: str
    stored_by: str
    stored_at: Time
