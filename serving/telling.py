"""What another system tells, recorded once, whoever repeats it, and what follows from it.

A document (an invoice, a credit note, a claim) is known by its own number: told again under
another id it changes nothing, told differently it is refused. What is told of a master after
something newer is kept beside it; the newer stands.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from journal import parked
from journal.codec import encode
from journal.entries import Append
from serving.claims import note_answer
from serving.cloud_events import Told
from serving.errors import Invalid
from serving.facts_in import ONCE_ONLY, stream_of
from serving.masters import check_told
from serving.recalls import reach
from serving.wiring import Services
from workflow.actor import Actor
from workflow.facts import RecallClosed, RecallOpened, SupplierClaimAnswered
from workflow.parked_facts import FactCameLate
from workflow.waiting import refers_to


class Waits(Exception):
    """A fact came before what it refers to."""

    def __init__(self, references: tuple[str, ...]) -> None:
        kinds = ", ".join(reference.replace("/", " ", 1) for reference in references[:5])
        more = f" and {len(references) - 5} more" if len(references) > 5 else ""
        super().__init__(f"Nobody has told us of {kinds}{more} yet.")
        self.references = references


def tell_in_turn(
    services: Services, conn: Connection, actor: Actor, told: Told
) -> tuple[str, int | None]:
    """Record what was told: ``recorded`` or ``late`` with its position, or ``repeated``.

    Errors: ``Waits``; as ``tell``.
    """
    missing = parked.unknown(conn, refers_to(told.fact))
    if missing:
        raise Waits(missing)
    now = services.clock()
    happened = _happened(told, now)
    if not isinstance(told.fact, ONCE_ONLY) and not parked.takes_turn(
        conn, stream_of(told.fact), happened
    ):
        return "late", _keep_beside(services, conn, actor, told, happened)
    position = tell(services, conn, actor, told.fact)
    return ("repeated" if position is None else "recorded"), position


def _happened(told: Told, now: datetime) -> datetime:
    """When it was so: a recall says it itself, else the event does, else now."""
    match told.fact:
        case RecallOpened(opened_at=at) | RecallClosed(closed_at=at):
            return at
        case _:
            return told.at or now


def _keep_beside(
    services: Services, conn: Connection, actor: Actor, told: Told, happened: datetime
) -> int:
    stream = stream_of(told.fact)
    name, data = encode(told.fact)
    fact = FactCameLate(stream, told.source, told.id, name, happened, orjson.dumps(data).decode())
    append = Append(f"late/{stream}", (fact,), actor, services.clock())
    (entry,) = services.journal.append(conn, [append])
    return entry.position


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
