"""Facts that cannot be recorded when they are told: kept with a reason, taken later, or given up.

What came before what it refers to is taken by itself as soon as that is recorded; what nobody knew
how to read, when the program or the crosswalk knows it; what contradicts the ledgers, when a person
says so after looking. A person may also give a fact up. None is lost, none is taken twice.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection

from journal import parked, traces, tracing
from journal.accounts import find_account
from journal.entries import LedgerViolation
from serving import debits
from serving.away import DATABASE_ERRORS, is_unfit
from serving.cloud_events import MOST, Envelope, Told, read_envelope, read_told
from serving.codes import codes_of, meaning_json, take
from serving.errors import Invalid, Unavailable
from serving.http import retrying
from serving.reading import storable
from serving.telling import Waits, tell_in_turn
from serving.wanting import WantedShape, asks_about, number_of, request
from serving.wiring import Services
from workflow.actor import SYSTEM, Actor
from workflow.approvals import require_any_role
from workflow.parked_facts import FactParked
from workflow.refused import Refused
from workflow.waiting import supplies

Json = dict[str, object]
KEEPERS = ("returns_manager", "finance_lead", "warehouse", "procurement", "admin")
"""Who looks after facts that wait."""
WAITS = "waits"
BY_ITSELF = (WAITS, "unknown_event_type", "unknown_code")
"""Reasons that may end without anybody's word; contradictions wait for a person."""
CONTRADICTS = ("document_differs", "unknown_code")
"""Errors of reading and recording that are kept; what is malformed is the teller's to correct."""
MOST_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event: ``recorded``, ``requested``, ``late``, ``repeated``, ``parked``."""

    status: str
    position: int | None = None
    supplied: tuple[str, ...] = ()
    codes: tuple[Json, ...] = ()
    parked: FactParked | None = None
    return_id: str | None = None


def attempt(services: Services, conn: Connection, actor: Actor, envelope: Envelope) -> Outcome:
    """Record an event, or say why it must wait; what was begun in vain is undone.

    Errors: ``Invalid`` for a fact that is malformed.
    """
    if envelope.name == debits.TYPE:
        says = debits.says(envelope.event["data"])
        return _waiting(services, actor, envelope, debits.REASON, says)
    if not envelope.known:
        says = f"This version knows no fact of the type {envelope.type!r}."
        return _waiting(services, actor, envelope, "unknown_event_type", says)
    try:
        with conn.begin_nested():
            return _tried(services, conn, actor, envelope)
    except Waits as missing:
        return _waiting(services, actor, envelope, WAITS, str(missing), missing.references)
    except LedgerViolation as violation:
        return _waiting(services, actor, envelope, violation.code, violation.message)
    except Refused as no:
        return _waiting(services, actor, envelope, no.code, no.message)
    except Invalid as error:
        if error.code not in CONTRADICTS:
            raise
        return _waiting(services, actor, envelope, error.code, error.message)


def _tried(services: Services, conn: Connection, actor: Actor, envelope: Envelope) -> Outcome:
    now = services.clock()
    told = read_told(envelope, now)
    if isinstance(told.fact, WantedShape):
        return _requested(services, conn, actor, told, told.fact)
    status, position = tell_in_turn(services, conn, actor, told)
    if status != "recorded":
        return Outcome(status, position)
    meanings = take(services, conn, codes_of(told.fact), now)
    codes = tuple(meaning_json(one) for one in meanings)
    return Outcome(status, position, supplies(told.fact), codes)


def _requested(
    services: Services, conn: Connection, actor: Actor, told: Told, shape: WantedShape
) -> Outcome:
    missing = parked.unknown(conn, asks_about(shape))
    if missing:
        raise Waits(missing)
    done = request(services, conn, actor, shape, number_of(told.source, told.id))
    codes = tuple(meaning_json(one) for one in done.meanings)
    status = "repeated" if done.repeated else "requested"
    return Outcome(status, None, done.supplied, codes, return_id=done.return_id)


def _waiting(
    services: Services,
    actor: Actor,
    envelope: Envelope,
    reason: str,
    says: str,
    references: tuple[str, ...] = (),
) -> Outcome:
    fact = FactParked(
        parked_id=parked.parked_id_of(envelope.source, envelope.id),
        source=envelope.source,
        event_id=envelope.id,
        event_type=envelope.type,
        reason=reason,
        says=says,
        waits_for=references,
        event=envelope.text(),
        told_by=actor.id,
        received_at=services.clock(),
    )
    return Outcome("parked", parked=fact)


def keep(
    services: Services,
    actor: Actor,
    body: bytes,
    reason: str,
    says: str,
    event: Mapping[str, Any],
) -> str:
    """Park, once, what whoever told it cannot be answered about; its number. What is known of the
    event itself may be nothing: it then goes by the hash of its bytes."""
    digest = hashlib.sha256(body).hexdigest()

    def named(name: str) -> str:
        value = event.get(name)
        return storable(value)[: MOST[name]] if isinstance(value, str) else ""

    fact = FactParked(
        parked_id=parked.parked_id_of(f"/{actor.id}", digest),
        source=named("source") or f"/{actor.id}",
        event_id=named("id") or digest[:16],
        event_type=named("type") or "unknown",
        reason=reason,
        says=says,
        waits_for=(),
        event=storable(body.decode("utf-8", "replace")),
        told_by=actor.id,
        received_at=services.clock(),
    )
    retrying(services.engine, partial(_keep_once, services, actor, fact))
    return fact.parked_id


def _keep_once(services: Services, actor: Actor, fact: FactParked, conn: Connection) -> None:
    if parked.one(conn, fact.parked_id) is None:
        parked.park(services.journal, conn, fact, actor, fact.received_at)


def replay(services: Services, supplied: Collection[str]) -> int:
    """Take what waited for any of these, and what waited for that; how many were taken.

    More than ``MOST_AT_ONCE`` are left to the next run of ``replay_due``.
    """
    taken, tried, wanted = 0, 0, tuple(supplied)
    while wanted and tried < MOST_AT_ONCE:
        with services.engine.connect() as conn:
            found = parked.waiting_for(conn, wanted, MOST_AT_ONCE)
        # Only what is taken now can let others follow: without one the next round is the last.
        outcomes = [outcome for one in found if (outcome := _again(services, one)) is not None]
        tried, taken = tried + len(found), taken + len(outcomes)
        wanted = tuple(name for outcome in outcomes for name in outcome.supplied)
    return taken


def replay_due(services: Services) -> int:
    """Try again what may have become possible without a word from anybody; how many were taken."""
    with services.engine.connect() as conn:
        due = parked.waiting_because(conn, BY_ITSELF, MOST_AT_ONCE)
    taken = 0
    for parked_id in due:
        outcome = _again(services, parked_id)
        if outcome is not None:
            taken += 1 + replay(services, outcome.supplied)
    return taken


def retry(services: Services, conn: Connection, parked_id: str, actor: Actor) -> Outcome:
    """Try a parked fact again because a person says so; its outcome.

    Refused: ``wrong_role``, ``unknown_parked_fact``, ``already_decided``.
    """
    require_any_role(actor, KEEPERS, "Retrying a parked fact")
    return _once_more(services, conn, _locked(conn, parked_id))


def abandon(
    services: Services, conn: Connection, parked_id: str, actor: Actor, because: str
) -> None:
    """Give a parked fact up; it stays readable, with who says so and why.

    Refused: ``wrong_role``, ``unknown_parked_fact``, ``already_decided``, ``reason_required``.
    """
    require_any_role(actor, KEEPERS, "Giving up a parked fact")
    if actor.kind != "person":
        raise Refused("wrong_role", "Only a person gives up a parked fact.")
    if not because.strip():
        raise Refused("reason_required", "Say why the fact will never be recorded.")
    _locked(conn, parked_id)
    now = services.clock()
    parked.abandon(services.journal, conn, parked_id, actor, now, because.strip())


def _locked(conn: Connection, parked_id: str) -> Mapping[Any, Any]:
    row = parked.lock(conn, parked_id)
    if row is None:
        raise Refused("unknown_parked_fact", f"There is no parked fact {parked_id[:80]}.")
    if row["status"] != "waiting":
        raise Refused("already_decided", f"{parked_id} is {row['status']}.")
    return row


def _again(services: Services, parked_id: str) -> Outcome | None:
    """A parked fact once more in a transaction of its own; ``None`` where it still waits."""
    try:
        outcome = retrying(services.engine, partial(_if_waiting, services, parked_id))
    except Unavailable:
        return None  # whoever supplied it is done; the next run tries again
    except DATABASE_ERRORS as error:
        if not is_unfit(error):
            raise
        return None
    return outcome if outcome is not None and outcome.parked is None else None


def _if_waiting(services: Services, parked_id: str, conn: Connection) -> Outcome | None:
    row = parked.lock(conn, parked_id)
    if row is None or row["status"] != "waiting":
        return None
    return _once_more(services, conn, row)


def _once_more(services: Services, conn: Connection, row: Mapping[Any, Any]) -> Outcome:
    """In the trace of the message that told it, whoever lets it be tried again."""
    parent = traces.of_first(conn, f"parked/{row['parked_id']}")
    with tracing.continued(parent, "message again"):
        return _tried_again(services, conn, row)


def _tried_again(services: Services, conn: Connection, row: Mapping[Any, Any]) -> Outcome:
    now = services.clock()
    account = find_account(conn, row["told_by"])
    actor = account.actor if account else Actor(row["told_by"], frozenset(), "service")
    try:
        envelope = read_envelope(_event_of(row), now)
        outcome = attempt(services, conn, actor, envelope)
    except Invalid as error:
        if error.code == "overloaded":  # not of the fact's making: it waits as it did
            raise Unavailable(error.message) from error
        again = {name: row[name] for name in FactParked.__dataclass_fields__}
        changed = {"reason": error.code, "says": error.message, "waits_for": ()}
        outcome = Outcome("parked", parked=FactParked(**(again | changed)))
    if outcome.parked is None:
        parked.take(services.journal, conn, row["parked_id"], outcome.position, SYSTEM, now)
    elif _differs(outcome.parked, row):
        again = {"received_at": row["received_at"], "told_by": row["told_by"]}
        fact = _with(outcome.parked, again)
        parked.park(services.journal, conn, fact, SYSTEM, now)
    return outcome


def _event_of(row: Mapping[Any, Any]) -> Mapping[str, Any]:
    """The event of a row; a message of a broker may have been anything."""
    try:
        event = orjson.loads(row["event"])
    except orjson.JSONDecodeError as error:
        raise Invalid("malformed_message", f"The message is no JSON: {error}.") from error
    if not isinstance(event, dict):
        raise Invalid("malformed_message", "The message is no CloudEvent.")
    return event


def _with(fact: FactParked, changes: Mapping[str, Any]) -> FactParked:
    values = {name: getattr(fact, name) for name in FactParked.__dataclass_fields__}
    return FactParked(**(values | dict(changes)))


def _differs(fact: FactParked, row: Mapping[Any, Any]) -> bool:
    return (fact.reason, fact.says, list(fact.waits_for)) != (
        row["reason"], row["says"], list(row["waits_for"]),
    )  # fmt: skip
