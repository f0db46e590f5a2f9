"""``/v1/effects``: what we ask of other systems, and what they would not do."""

from typing import Any, Literal

from serving.answers.form import Answer, Time


class GivingUp(Answer):
    """What the first of two people said."""

    reason: str
    note: str
    proposed_by: str
    proposed_at: Time


class Effect(Answer):
    """One change that another system shall make, whatever the number of attempts."""

    key: str
    """Comes from the decision, never from the attempt: the other system does it once."""
    kind: str
    return_id: str
    payload: dict[str, Any]
    """What is asked, by kind."""
    status: Literal["pending", "doing", "done", "parked", "abandoned"]
    attempts: int
    reference: str | None
    """The other system's number."""
    error: str | None
    created_at: Time
    updated_at: Time
    decided_at_position: int
    """Of the journal."""
    traceparent: str | None
    giving_up: GivingUp | None
    """Null where nobody asked to give it up, or it was corrected since."""
    cause: str | None
    """What failed, without which: the beginning of ``error``."""
    system: str | None
    """Null for what is our own to do."""
    money_minor: int | None
    """With tax, in minor units of ``currency``; null for what is not about money."""
    currency: str | None


class EffectAttempt(Answer):
    """What was asked and answered, secrets removed."""

    at: Time
    took_ms: int
    outcome: str
    request: Any
    answer: str


class CorrectableField(Answer):
    path: str
    """As ``lines.1.lot``; lines count from 1."""
    value: Any


class EffectWithAttempts(Effect):
    tries: list[EffectAttempt]
    """The oldest first; kept for some weeks."""
    correctable: list[CorrectableField]
    """Of a parked effect: what may be corrected; empty otherwise."""


class SystemDown(Answer):
    """A system that does not answer: nobody asks it before ``retry_at``."""

    system: str
    failures: int
    opened_at: Time
    retry_at: Time | None
    free_at: Time | None
    error: str | None


class EffectList(Answer):
    items: list[Effect]
    causes: dict[str, int]
    """How many there are for each cause."""
    down: list[SystemDown]


class EffectsQueued(Answer):
    queued: list[str]
    """Keys."""
