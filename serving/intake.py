"""CloudEvents in, however they travel: each is judged by itself and taken once.

A repetition is known by source and id. Malformed events are refused; everything else that cannot be
recorded now is parked (``parking.py``).
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from journal import idempotency, parked
from serving.away import DATABASE_ERRORS, is_unfit
from serving.cloud_events import MOST, Envelope, read_envelope
from serving.errors import Invalid, Unavailable, problem
from serving.http import retrying
from serving.parking import Outcome, attempt, replay
from serving.wiring import Services
from workflow.actor import Actor

KEPT_HOURS = 30 * 24
"""How long an event id is remembered; documents and parked facts are known for ever."""

AGAIN = ("unavailable", "event_in_progress", "overloaded")
"""Problems that another delivery may not have."""
Json = dict[str, object]


def record(services: Services, actor: Actor, event: Mapping[str, Any]) -> Json:
    """``{"id", "status"}`` (``recorded``, ``requested``, ``late``, ``repeated``, ``parked``), or
    ``{"id", "problem"}``; never raises for what one event holds."""
    given = event.get("id")
    event_id = given[: MOST["id"]] if isinstance(given, str) else ""
    try:
        envelope = read_envelope(event, services.clock())
        item, supplied = retrying(
            services.engine, lambda conn: _record(services, actor, envelope, conn)
        )
        if supplied:
            replay(services, supplied)
        return item
    except Invalid as error:
        more: Json = {"errors": error.errors} if error.errors else {}
        return _refuse(event_id, problem(error.status, error.code, error.message, more))
    except Unavailable as error:
        return _refuse(event_id, problem(503, "unavailable", str(error)))
    except DATABASE_ERRORS as error:
        if not is_unfit(error):
            raise
        return _refuse(event_id, problem(422, "invalid_value", "A value cannot be stored."))
    except idempotency.KeyReused:
        detail = f"Event {event_id} of {event['source']} came before with other data."
        return _refuse(event_id, problem(409, "event_id_reused", detail))
    except idempotency.InProgress:
        detail = f"Event {event_id} is being recorded by another request; ask again shortly."
        return _refuse(event_id, problem(409, "event_in_progress", detail))


def _refuse(event_id: str, why: Json) -> Json:
    return {"id": event_id, "problem": why}


def _record(
    services: Services, actor: Actor, envelope: Envelope, conn: Connection
) -> tuple[Json, tuple[str, ...]]:
    """The answer to one event, and what others may have waited for."""
    now, teller = services.clock(), f"event:{envelope.source}"
    begun = idempotency.begin(
        conn, teller, envelope.id, "/v1/events", envelope.digest, now, KEPT_HOURS
    )
    kept = parked.one(conn, parked.parked_id_of(envelope.source, envelope.id))
    if begun is None:
        idempotency.finish(conn, teller, envelope.id, idempotency.Answer(200, {}, b"{}"))
    if kept is not None and kept["status"] == "waiting":
        return {"id": envelope.id, **parked_json(kept)}, ()
    if begun is not None or kept is not None:
        return {"id": envelope.id, "status": "repeated"}, ()
    outcome = attempt(services, conn, actor, envelope)
    if outcome.parked is not None:
        parked.park(services.journal, conn, outcome.parked, actor, now)
    return {"id": envelope.id, **outcome_json(outcome)}, outcome.supplied


def outcome_json(outcome: Outcome) -> Json:
    """What became of an event, as it is answered."""
    if outcome.parked is not None:
        fields = {name: getattr(outcome.parked, name) for name in _TOLD}
        return parked_json(fields)
    told: Json = {"status": outcome.status}
    if outcome.return_id is not None:
        told["return_id"] = outcome.return_id
    if outcome.position is not None:
        told["position"] = outcome.position
    return told | ({"codes": list(outcome.codes)} if outcome.codes else {})


_TOLD = ("parked_id", "reason", "says", "waits_for")


def parked_json(row: Mapping[Any, Any]) -> Json:
    """A parked fact as the answer to whoever told it."""
    return {"status": "parked", **{name: row[name] for name in _TOLD}}
