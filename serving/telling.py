"""CloudEvents in: each is judged by itself and recorded once, whoever repeats it.

A repetition is known by source and id; a document (an invoice, a credit note, a claim) also by
its own number: told again under another id it changes nothing, told differently it is refused.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from journal import idempotency
from journal.codec import encode
from journal.entries import Append, LedgerViolation
from serving.away import DATABASE_ERRORS, is_unfit
from serving.claims import note_answer
from serving.codes import codes_of, meaning_json, take
from serving.errors import Invalid, Unavailable, problem, refused_problem
from serving.facts_in import KINDS, ONCE_ONLY, read_fact, stream_of
from serving.http import retrying
from serving.masters import check_told
from serving.reading import check_text
from serving.recalls import reach
from serving.wiring import Services
from workflow.actor import Actor
from workflow.facts import RecallOpened, SupplierClaimAnswered
from workflow.refused import Refused

PREFIX = "returns-triage."
KEPT_HOURS = 30 * 24
"""How long an event id is remembered; documents are known for ever by their own number."""

_MOST = {"id": 128, "source": 200, "type": 128}
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Told:
    """A CloudEvent that was read: who says so under which id, and the fact."""

    id: str
    source: str
    fact: object
    digest: bytes


def record(services: Services, actor: Actor, event: Mapping[str, Any]) -> Json:
    """``{"id", "status": "recorded" | "repeated"}``, or ``{"id", "problem"}``; never raises for
    what one event holds."""
    given = event.get("id")
    event_id = given[: _MOST["id"]] if isinstance(given, str) else ""
    try:
        told = read_event(event, services.clock())
        return retrying(services.engine, lambda conn: _record(services, actor, told, conn))
    except Invalid as error:
        more: Json = {"errors": error.errors} if error.errors else {}
        return _refuse(event_id, problem(error.status, error.code, error.message, more))
    except LedgerViolation as violation:
        no = Refused(violation.code, violation.message)
        return _refuse(event_id, refused_problem(no))
    except Refused as no:
        return _refuse(event_id, refused_problem(no))
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


def read_event(event: Mapping[str, Any], now: datetime) -> Told:
    """A CloudEvent 1.0 with one of our facts. Errors: ``Invalid``."""
    for name, most in _MOST.items():
        value = event.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= most:
            raise Invalid(
                "invalid_event", f"A CloudEvent needs {name}: a text of 1 to {most} characters."
            )
        check_text(value, name)
    if event.get("specversion") != "1.0":
        raise Invalid("invalid_event", "Only CloudEvents specversion 1.0 is understood.")
    name = event["type"].removeprefix(PREFIX)
    if name not in KINDS:
        raise Invalid(
            "unknown_event_type",
            f"Type {event['type']!r} is not one of {PREFIX}{{{', '.join(sorted(KINDS))}}}.",
        )
    data = event.get("data")
    if not isinstance(data, dict):
        raise Invalid("invalid_event", "data is a JSON object.")
    digest = hashlib.sha256(orjson.dumps([name, data], option=orjson.OPT_SORT_KEYS)).digest()
    return Told(event["id"], event["source"], read_fact(name, data, now), digest)


def _record(services: Services, actor: Actor, told: Told, conn: Connection) -> Json:
    now, fact = services.clock(), told.fact
    teller = f"event:{told.source}"
    if idempotency.begin(conn, teller, told.id, "/v1/events", told.digest, now, KEPT_HOURS):
        return {"id": told.id, "status": "repeated"}
    position = tell(services, conn, actor, fact)
    status: Json = {"status": "repeated"}
    if position is not None:
        status = {"status": "recorded", "position": position}
        if told_codes := take(services, conn, codes_of(fact), now):
            status["codes"] = [meaning_json(one) for one in told_codes]
    idempotency.finish(conn, teller, told.id, idempotency.Answer(200, {}, b"{}"))
    return {"id": told.id, **status}


def tell(services: Services, conn: Connection, actor: Actor, fact: object) -> int | None:
    """Record a fact and what follows from it; its position, or ``None`` where it is known.

    Errors: ``Invalid`` 409 ``document_differs``.
    """
    now, stream = services.clock(), stream_of(fact)
    once = isinstance(fact, ONCE_ONLY)
    kept = services.journal.read_stream(conn, stream) if once else []
    same = [entry for entry in kept if _is_document(entry.payload, fact)]
    if same:
        if not any(encode(entry.event) == encode(fact) for entry in same):
            raise Invalid(
                "document_differs",
                f"{stream} is recorded with other content; a document is told once. Send a"
                " correcting document under its own number.",
                409,
            )
        return None
    append = Append(stream, (fact,), actor, now, len(kept) if once else None)
    (entry,) = services.journal.append(conn, [append])
    if isinstance(fact, SupplierClaimAnswered):
        note_answer(services.cases, conn, fact, now)
    if isinstance(fact, RecallOpened):
        reach(services.cases, services.journal, conn, fact, now)
    check_told(services, conn, fact, now)
    return entry.position


def _is_document(payload: Mapping[str, Any], fact: object) -> bool:
    """Whether an entry of a document's stream is this document. A supplier's answers to one claim
    share its stream, and each is one."""
    if isinstance(fact, SupplierClaimAnswered):
        return bool(payload.get("answer_id", "") == fact.answer_id)
    return True
